"""An object store over HTTP on the loopback: the part of S3 that a store needs, with faults where a test wants them.

Strongly consistent, one request at a time. Bodies and their checksums are compared; a signature is read for its access
key only.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.venue_server.wire import Delivery
from tests.wire_server.server import Answer, Heard, WireServer

KEY: Final = "AKIATEST"
_PAGE: Final = 1000


@dataclass(frozen=True)
class Fault:
    """What happens to a request instead of its answer.

    `status` and `code` take the place of the answer and nothing is done; with a `delivery` alone the request is carried
    out, and its answer does not arrive whole.
    """

    status: int = 0
    code: str = ""
    delivery: Delivery = Delivery.WHOLE


@dataclass
class Objects:
    """Buckets and their objects, and what a test may change of them.

    Attributes
    ----------
    buckets : dict of str to dict of str to bytes
    faulty : callable
        Gives the fault of a request, or None.
    has_conditions : bool
        Whether the server knows If-None-Match and If-Match; one that does not, ignores them.
    page : int
        Objects in one answer of a list.
    asked : Counter
        Requests by operation.
    """

    buckets: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"odds": {}})
    faulty: Callable[[Heard], Fault | None] = lambda heard: None
    has_conditions: bool = True
    page: int = _PAGE
    asked: Counter[str] = field(default_factory=Counter)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def handle(self, heard: Heard) -> Answer:
        """The answer to a request."""
        self.asked[operation(heard)] += 1
        fault = self.faulty(heard)
        if fault is not None and fault.delivery is Delivery.REFUSED:
            return Answer(delivery=fault.delivery)
        if fault is not None and fault.status:
            return _error(fault.status, fault.code)
        reply = self._carried_out(heard)
        if fault is not None:
            return Answer(reply.status, reply.content, reply.headers, fault.delivery)
        return reply

    def _carried_out(self, heard: Heard) -> Answer:
        if f"Credential={KEY}/" not in heard.headers.get("authorization", ""):
            return _error(403, "InvalidAccessKeyId")
        bucket, _, key = unquote(heard.path).lstrip("/").partition("/")
        if bucket not in self.buckets:
            return _error(404, "NoSuchBucket")
        objects, query = self.buckets[bucket], dict(parse_qsl(heard.query, keep_blank_values=True))
        if not key:
            return self._list(objects, query)
        if heard.method == "POST" or "uploadId" in query:
            return self._multipart(objects, key, query, heard)
        if heard.method == "PUT":
            return self._put(objects, key, heard.content, heard.headers)
        if heard.method == "DELETE":
            objects.pop(key, None)
            return Answer(204)
        if key not in objects:
            return _error(404, "NoSuchKey")
        return _part(objects[key], heard.headers.get("range", ""))

    def _put(self, objects: dict[str, bytes], key: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        if not _is_whole(content, headers):
            return _error(400, "BadDigest")
        refusal = self._condition(objects.get(key), headers)
        if refusal is not None:
            return refusal
        objects[key] = content
        return Answer(headers={"etag": f'"{mark(content)}"'})

    def _condition(self, there: bytes | None, headers: Mapping[str, str]) -> Answer | None:
        if not self.has_conditions:
            return None
        if headers.get("if-none-match") == "*" and there is not None:
            return _error(412, "PreconditionFailed", "If-None-Match")
        wanted = headers.get("if-match")
        if wanted is not None and there is None:
            return _error(404, "NoSuchKey")
        if wanted is not None and there is not None and wanted.strip('"') != mark(there):
            return _error(412, "PreconditionFailed", "If-Match")
        return None

    def _multipart(self, objects: dict[str, bytes], key: str, query: dict[str, str], heard: Heard) -> Answer:
        if "uploads" in query:
            name = f"upload-{len(self.uploads)}"
            self.uploads[name] = {}
            return _xml(f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId></InitiateMultipartUploadResult>")
        parts = self.uploads.get(query["uploadId"])
        if parts is None:
            return _error(404, "NoSuchUpload")
        if heard.method == "DELETE":
            del self.uploads[query["uploadId"]]
            return Answer(204)
        if heard.method == "PUT":
            if not _is_whole(heard.content, heard.headers):
                return _error(400, "BadDigest")
            parts[int(query["partNumber"])] = heard.content
            return Answer(headers={"etag": f'"{mark(heard.content)}"'})
        numbers = [
            int(number.text or 0) for number in ElementTree.fromstring(heard.content).iter() if _is_number(number)
        ]
        if any(number not in parts for number in numbers):
            return _error(400, "InvalidPart")
        reply = self._put(objects, key, b"".join(parts[number] for number in numbers), _conditions(heard.headers))
        if reply.status != 200:
            return reply
        del self.uploads[query["uploadId"]]
        return _xml(f"<CompleteMultipartUploadResult><ETag>{mark(objects[key])}</ETag></CompleteMultipartUploadResult>")

    def _list(self, objects: dict[str, bytes], query: dict[str, str]) -> Answer:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token") or query.get("start-after", "")
        found: dict[str, bytes | None] = {}
        for key in sorted(objects):
            if key.startswith(prefix):
                head, is_cut, _ = key.removeprefix(prefix).partition(delimiter) if delimiter else ("", "", "")
                found.setdefault(f"{prefix}{head}{delimiter}" if is_cut else key, None if is_cut else objects[key])
        rest = [name for name in found if name > after]
        limit = min(self.page, int(query.get("max-keys", _PAGE)))
        page = rest[:limit]
        parts = [f"<IsTruncated>{str(len(rest) > limit).lower()}</IsTruncated>"]
        if len(rest) > limit:
            parts.append(f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>")
        for name in page:
            content = found[name]
            if content is None:
                parts.append(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>")
            else:
                facts = f"<ETag>&quot;{mark(content)}&quot;</ETag><Size>{len(content)}</Size>"
                when = "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                parts.append(f"<Contents><Key>{escape(name)}</Key>{when}{facts}</Contents>")
        return _xml(f"<ListBucketResult>{''.join(parts)}</ListBucketResult>")


def operation(heard: Heard) -> str:
    """Name of a request: its method, LIST for a list."""
    return "LIST" if "list-type" in heard.query else heard.method


def mark(content: bytes) -> str:
    """ETag of a content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def object_server(objects: Objects) -> WireServer:
    """A server of some objects, not started."""
    return WireServer(objects.handle)


def environment(url: str, key: str = KEY) -> dict[str, str]:
    """Variables under which the AWS tools find the server; nothing of the user's is read."""
    return {
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": "secret of the tests",
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _conditions(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in headers.items() if name in ("if-match", "if-none-match")}


def _is_number(element: ElementTree.Element) -> bool:
    return element.tag.rpartition("}")[2] == "PartNumber"


def _is_whole(content: bytes, headers: Mapping[str, str]) -> bool:
    """Whether a body has the checksum that its request names; every PUT of botocore names one."""
    crc = headers.get("x-amz-checksum-crc32")
    digest = headers.get("content-md5")
    if crc is not None:
        return base64.b64decode(crc) == zlib.crc32(content).to_bytes(4, "big")
    if digest is not None:
        return base64.b64decode(digest) == hashlib.md5(content, usedforsecurity=False).digest()
    return True


def _part(content: bytes, wanted: str) -> Answer:
    """An object, or the range of it that is wanted."""
    headers = {"etag": f'"{mark(content)}"', "accept-ranges": "bytes"}
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
    if match is None:
        return Answer(200, content, headers)
    first, last = int(match[1]), int(match[2]) if match[2] else len(content) - 1
    if first >= len(content):
        return _error(416, "InvalidRange")
    span = f"bytes {first}-{min(last, len(content) - 1)}/{len(content)}"
    return Answer(206, content[first : last + 1], headers | {"content-range": span})


def _xml(text: str, status: int = 200) -> Answer:
    whole = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
    return Answer(status, whole.encode(), {"content-type": "application/xml"})


def _error(status: int, code: str, condition: str = "") -> Answer:
    named = f"<Condition>{condition}</Condition>" if condition else ""
    return _xml(f"<Error><Code>{code}</Code><Message>{code} by the test</Message>{named}</Error>", status)
