"""Answers kept as they came: one file each, named by instant, call and content, so that they are imported in order.

A file has the form of a historical snapshot, so that both are imported alike: ``timestamp`` is the instant at which the
answer was received, ``call`` what was asked, and ``data`` the answer byte for byte.
"""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from engine.clock import SECOND_NS
from engine.errors import BeaError
from engine.files import write_bytes
from engine.live.adapters.the_odds_api.calls import Call
from engine.live.adapters.the_odds_api.client import Answer
from engine.logs.secrets import HIDDEN

_NO_NAME: Final = re.compile(r"[^a-z0-9_]+")


class RawAnswers:
    """The answers of a service below a folder.

    Parameters
    ----------
    folder : Path
        ``data/raw/the_odds_api`` of the home folder; made when it is needed. Answers without events, such as the list
        of sports, go beside it, for there is nothing in them to import.
    key : str
        Taken out of every answer that repeats it.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key.encode()

    def keep(self, call: Call, answer: Answer) -> Path:
        """Keep an answer.

        Raises
        ------
        BeaError
            The file cannot be written.
        """
        content = answer.content.replace(self._key, HIDDEN.encode()) if self._key else answer.content
        at = datetime.fromtimestamp(answer.received_ns // SECOND_NS, UTC)
        what = _NO_NAME.sub("-", call.path.lower()).strip("-")[:120]
        has_events = call.path.endswith(("/odds", "/events", "/scores"))
        top = self._folder if has_events else self._folder.with_name(f"{self._folder.name}_lists")
        folder = top / f"{at:%Y-%m-%d}"
        instant = f"{at:%H%M%S}.{answer.received_ns % SECOND_NS // 1_000:06d}"
        path = folder / f"{instant}-{what}-{sha256(content).hexdigest()[:32]}.json.gz"
        try:
            if not path.is_file():
                folder.mkdir(parents=True, exist_ok=True)
                write_bytes(path, gzip.compress(stamped(content, call.key, answer.received_ns), 6, mtime=0))
        except OSError as error:
            raise BeaError(
                "an answer of The Odds API cannot be kept", where=str(path), found=error.strerror or str(error),
                todo="free the disk or its rights, then start again",
            ) from error  # fmt: skip
        return path


def stamped(content: bytes, call: str, received_ns: int) -> bytes:
    """An answer in the form of a historical snapshot.

    >>> stamped(b"[]", "/sports", 1_500_000_000)
    b'{"timestamp":"1970-01-01T00:00:01.500000Z","call":"/sports","data":[]}'
    """
    at = datetime.fromtimestamp(received_ns // SECOND_NS, UTC)
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{received_ns % SECOND_NS // 1_000:06d}Z"
    return f'{{"timestamp":{json.dumps(stamp)},"call":{json.dumps(call)},"data":'.encode() + content + b"}"
