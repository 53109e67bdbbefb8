"""Objects under an address such as ``s3://bucket/prefix``: create a new one, read, list; repeats and errors in words.

An object is never replaced and never removed here. That is all a store needs: contents are named by their hash, and of
two imports that create the same generation of the manifest exactly one succeeds (`engine.store.mirror`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from engine.errors import StoreError, UsageError

_Result = TypeVar("_Result")

_ADDRESS: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[^/]+)*)/?")
#: seconds between the attempts of one request; a server that asks to slow down is asked again after these
_WAITS_S: Final = (0.1, 0.3, 1.0, 3.0)
_TIMEOUT_S: Final = 20
#: answers after which the same request may succeed
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
_PASSING_CODES: Final = frozenset({
    "SlowDown", "RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch",
    "ConditionalRequestConflict", "OperationAborted",
})  # fmt: skip
_CREDENTIALS: Final = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws"


def checked_address(text: str) -> str:
    """An address as ``s3://bucket/prefix``, without a slash at its end.

    Raises
    ------
    UsageError
        It is of another service, or the name of its bucket is none.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise UsageError(
            "not an address of a store", where=text, expected="s3://BUCKET or s3://BUCKET/PREFIX, or a folder"
        )
    return f"s3://{match[1]}{match[2]}"


class Bucket:
    """The objects under an address.

    Parameters
    ----------
    address : str
        As `checked_address` gives it. Credentials, region and endpoint are those of the AWS tools: ``AWS_*`` in the
        environment, profiles in ``~/.aws``, or the role of the machine.
    sleep : callable
        Waits some seconds, between attempts.
    part_bytes : int
        Objects of twice this and more are sent in parts.

    Raises
    ------
    UsageError
        The extra ``objects`` is not installed.
    """

    def __init__(
        self, address: str, sleep: Callable[[float], None] = time.sleep, part_bytes: int = 50 * 1024 * 1024
    ) -> None:
        try:
            from s3fs import S3FileSystem
        except ImportError:
            raise UsageError(
                "a store on an object store needs the extra `objects`",
                where=address,
                todo='pip install "betting-expert-advisor[objects]"',
            ) from None
        self.address, self._sleep, self._part_bytes = address, sleep, part_bytes
        self._bucket, _, prefix = address.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        # attempts are counted here alone: neither botocore nor s3fs repeats a request
        self._files = S3FileSystem(
            config_kwargs={
                "retries": {"total_max_attempts": 1},
                "connect_timeout": _TIMEOUT_S,
                "read_timeout": _TIMEOUT_S,
            },
            max_concurrency=1,
            use_listings_cache=False,
        )
        self._files.retries = 1

    def endpoint(self) -> str:
        """URL of the service, which tells two buckets of one name apart."""
        return str(self._ask("", lambda: self._files.s3).meta.endpoint_url)

    def create(self, name: str, content: bytes) -> bool:
        """Create an object, unless there is one of that name.

        Returns
        -------
        bool
            False: there is one. It may be our own, from an attempt whose answer was lost: compare its content.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        try:
            place, size = self._place(name), self._part_bytes
            self._ask(name, lambda: self._files.pipe_file(place, content, mode="create", chunksize=size))
        except FileExistsError:
            return False
        return True

    def publish(self, name: str, content: bytes) -> None:
        """Create an object, or see that the one of that name has the same content.

        Raises
        ------
        StoreError
            It has another content, which stays; or it cannot be written.
        """
        if not self.create(name, content) and self.read(name) != content:
            raise StoreError(
                "another content has this name already",
                where=f"{self.address}/{name}",
                todo="find out which of the two is wrong, and remove it",
            )

    def read(self, name: str) -> bytes:
        """The content of an object; raises `StoreError` if it cannot be read."""
        return bytes(self._ask(name, lambda: self._files.cat_file(self._place(name))))

    def list(self, folder: str, after: str = "") -> dict[str, str]:
        """Names under ``folder/`` in order, each with the mark (ETag) of its content.

        Parameters
        ----------
        folder : str
            Empty: the names at the top, folders among them with an empty mark.
        after : str
            Only names later than this one.
        """
        prefix = self._prefix + (f"{folder}/" if folder else "")
        found: dict[str, str] = {}
        more: dict[str, str] = {"StartAfter": prefix + after} if after else {}
        while True:
            asked = {"Bucket": self._bucket, "Prefix": prefix, "Delimiter": "/", **more}
            page = self._ask(folder, lambda asked=asked: self._files.call_s3("list_objects_v2", **asked))  # type: ignore[misc]
            for one in page.get("CommonPrefixes", ()):
                found[one["Prefix"].removeprefix(prefix).rstrip("/")] = ""
            for one in page.get("Contents", ()):
                found[one["Key"].removeprefix(prefix)] = one["ETag"].strip('"')
            if not page.get("IsTruncated"):
                return dict(sorted(found.items()))
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _place(self, name: str) -> str:
        return f"{self._bucket}/{self._prefix}{name}"

    def _ask(self, name: str, request: Callable[[], _Result]) -> _Result:
        """Make a request, again where that may help; FileExistsError where the object to create exists."""
        for wait_s in (*_WAITS_S, None):
            try:
                return request()
            except Exception as error:
                status, code = _answer(error)
                if isinstance(error, FileExistsError) or status == 412:
                    raise FileExistsError(name) from None
                if wait_s is None or not _may_pass(error, status, code):
                    where = f"{self.address}/{name}".rstrip("/")
                    raise _in_words(error, status, code, where) from None
                self._sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")


def _answer(error: BaseException) -> tuple[int, str]:
    """Status and code of the answer behind an error; 0 and an empty text without one."""
    for one in (error, error.__cause__):
        response = getattr(one, "response", None)
        if isinstance(response, Mapping):
            meta: Any = response.get("ResponseMetadata") or {}
            return int(meta.get("HTTPStatusCode") or 0), str((response.get("Error") or {}).get("Code") or "")
    return 0, ""


def _may_pass(error: Exception, status: int, code: str) -> bool:
    """Whether the same request may succeed a little later."""
    import aiohttp
    from botocore import exceptions as failures
    from botocore.parsers import ResponseParserError

    if status:
        return status in _PASSING or code in _PASSING_CODES
    kinds = (
        failures.ConnectionError,
        failures.HTTPClientError,
        failures.FlexibleChecksumError,
        failures.IncompleteReadError,
        ResponseParserError,
        aiohttp.ClientError,
        ConnectionError,
        TimeoutError,
    )
    return isinstance(error, kinds)


def _in_words(error: Exception, status: int, code: str, where: str) -> StoreError:
    """The one line that says what an answer, or none, means."""
    from botocore import exceptions as failures

    found = f"{status} {code}".strip() if status else f"{type(error).__name__} {str(error)[:120]}".strip()
    if isinstance(error, failures.NoCredentialsError | failures.PartialCredentialsError | failures.ProfileNotFound):
        return StoreError("no credentials for the object store", where=where, found=found, todo=_CREDENTIALS)
    if code == "NoSuchBucket":
        return StoreError("there is no such bucket", where=where, todo="create it, or correct the name")
    if status == 404:
        return StoreError("an object is missing", where=where, todo="restore it, or import again under a new prefix")
    if status in (401, 403):
        todo = "check the credentials and the policy of the bucket: it must allow to list, read and write"
        return StoreError("access is denied", where=where, found=found, todo=todo)
    if status == 501 or code == "NotImplemented":
        return no_conditions(where)
    if status in (301, 307, 308):
        todo = "set AWS_REGION to the region of the bucket"
        return StoreError("the bucket is in another region", where=where, found=found, todo=todo)
    if _may_pass(error, status, code):
        todo = "nothing is lost; try again later" if status else "nothing is lost; check the network and the endpoint"
        attempts = f"{found} after {len(_WAITS_S) + 1} attempts"
        return StoreError("the object store does not answer", where=where, found=attempts, todo=todo)
    return StoreError("the object store refuses a request", where=where, found=found)


def no_conditions(where: str) -> StoreError:
    """The refusal of a server on which one of two imports at once could be lost."""
    return StoreError(
        "the object store does not know conditional writes",
        where=where,
        expected="a PUT with If-None-Match: * is refused where the object exists",
        todo="use a server that has them, or let one machine import into a folder",
    )
