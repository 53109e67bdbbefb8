"""Answers kept as they came: one file each, named by instant, call and content, so that they are imported in order.

A file has the form of a historical snapshot, so that both are imported alike: ``timestamp`` is the instant at which the
answer was received, ``call`` what was asked, and ``data`` the answer byte for byte. A snapshot is kept as it is, by its
own instant. Prices that the answer before had, and this one has no more, are in a file of their own before it, in the
same form, their markets with ``gone``. All of them are when the service fails.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from engine.clock import SECOND_NS, instant_ns
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

    def keep(self, call: Call, answer: Answer, before: Any = None) -> Path:
        """Keep an answer.

        Parameters
        ----------
        call : Call
        answer : Answer
        before : object
            JSON of the answer to the same call before this one; None where there is none.

        Raises
        ------
        BeaError
            A file cannot be written.
        """
        if call.path.startswith("/historical"):  # it has the form of a snapshot, and its own time
            return self._write(call, _taken_ns(answer), answer.content)
        self.keep_gone(call, answer.received_ns, before, answer.value)
        return self._write(call, answer.received_ns, stamped(answer.content, call.key, answer.received_ns))

    def keep_gone(self, call: Call, received_ns: int, before: Any, now: Any) -> None:
        """Keep what the JSON of an answer has no more; raises as `keep`."""
        found = gone(before, now)
        if found:
            with suppress(RecursionError):  # lists without end in a price: the answer with it could not be read
                content = json.dumps(found).encode()
                self._write(call, received_ns, stamped(content, call.key, received_ns), "gone-")

    def _write(self, call: Call, at_ns: int, content: bytes, kind: str = "") -> Path:
        content = content.replace(self._key, HIDDEN.encode()) if self._key else content
        at = datetime.fromtimestamp(at_ns // SECOND_NS, UTC)
        what = _NO_NAME.sub("-", call.path.lower()).strip("-")[:120]
        has_events = call.path.endswith(("/odds", "/events", "/scores"))
        top = self._folder if has_events else self._folder.with_name(f"{self._folder.name}_lists")
        folder = top / f"{at:%Y-%m-%d}"
        instant = f"{at:%H%M%S}.{at_ns % SECOND_NS // 1_000:06d}"
        path = folder / f"{instant}-{kind}{what}-{sha256(content).hexdigest()[:32]}.json.gz"
        try:
            if not path.is_file():
                folder.mkdir(parents=True, exist_ok=True)
                write_bytes(path, gzip.compress(content, 6, mtime=0))
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


def _taken_ns(answer: Answer) -> int:
    """When the snapshot of an answer was taken; when the answer was received, where it does not say so."""
    try:
        return instant_ns(datetime.fromisoformat(answer.value["timestamp"]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return answer.received_ns


def gone(before: Any, now: Any) -> list[dict[str, Any]]:
    """The prices of one answer that the next one has no more, as events in its form, each market with ``gone``.

    >>> was = {"id": "x", "bookmakers": [{"key": "a", "markets": [{"key": "h2h", "outcomes": [{"name": "Draw"}]}]}]}
    >>> gone([was], [{"id": "x", "bookmakers": []}])[0]["bookmakers"][0]["markets"]
    [{'key': 'h2h', 'outcomes': [{'name': 'Draw'}], 'gone': True}]
    >>> gone([was], [was])
    []
    """
    there = {place for event in items(now) for place, _ in _outcomes(event)}
    heads = {str(event.get("id")): event for event in items(now)}
    found = list[dict[str, Any]]()
    for event in items(before):
        books = dict[str, dict[str, dict[str, Any]]]()
        lost = [(place, parts) for place, parts in _outcomes(event) if place not in there]
        for (_, book, market, *_), (whole, outcome) in lost:
            made = books.setdefault(book, {}).setdefault(market, {**whole, "outcomes": [], "gone": True})
            made["outcomes"].append(outcome)
        if books:
            head = heads.get(str(event.get("id")), event)
            bookmakers = [{"key": book, "markets": list(markets.values())} for book, markets in books.items()]
            found.append({**head, "bookmakers": bookmakers})
    return found


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, or an object as the only one; what is none has no price."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _outcomes(event: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], tuple[dict[str, Any], dict[str, Any]]]]:
    """Where each outcome of an event stands, with its market."""
    for book in items(event.get("bookmakers")):
        for market in items(book.get("markets")):
            for outcome in items(market.get("outcomes")):
                names = (event.get("id"), book.get("key"), market.get("key"), outcome.get("name"), outcome.get("point"))
                yield tuple(map(str, names)), (market, outcome)
