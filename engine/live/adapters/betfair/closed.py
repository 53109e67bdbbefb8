"""Markets that closed while nothing ran: catalogue and stream have them no more, their books say how they ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from engine.errors import BeaError
from engine.files import exclusive, read_json, write_bytes
from engine.live.adapters.betfair.api import Api
from engine.live.adapters.betfair.catalogue import Listed
from engine.live.adapters.betfair.fields import rows
from engine.live.adapters.betfair.following import LASTS_NS
from engine.live.venue import ReadFailed
from engine.live.wire.fields import Misread, Row, number_or_none, whole, word

_VERSION: Final = 1
#: markets of one question: a book without prices weighs 2, and a question may weigh 200
_AT_ONCE: Final = 100
#: what a book says of the end of a runner, in the words of a definition
_OF_END: Final = ("status", "adjustmentFactor", "removalDate")


class KeptMarkets:
    """A file of the markets that were followed, with their names, until long after their start.

    Processes share it: each puts its own in.

    Parameters
    ----------
    path : Path
        Its folder is made.

    Raises
    ------
    BeaError
        The file is damaged.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._rows = self._load()

    def _load(self) -> dict[str, tuple[int, Row]]:
        return read_json(self._path, _read, "the markets of Betfair", "move the file away: results of what closed"
                         " meanwhile are then not asked for") or {}  # fmt: skip

    def keep(self, followed: Mapping[str, Listed], now_ns: int) -> None:
        """Put followed markets in, and leave out those that started too long ago.

        Raises
        ------
        BeaError
            It cannot be written.
        """
        found = self._rows | {name: (one.described.starts_ns, one.definition) for name, one in followed.items()}
        found = {name: row for name, row in found.items() if row[0] > now_ns - LASTS_NS}
        if found == self._rows:
            return
        self._rows = found
        try:
            with exclusive(self._path.with_suffix(".lock"), None):
                document = {"version": _VERSION, "markets": self._load() | found}
                write_bytes(self._path, json.dumps(document, separators=(",", ":")).encode())
        except OSError as error:
            raise BeaError(
                "the markets of Betfair cannot be kept", where=str(self._path), found=error.strerror or "no space",
                todo="make room, or let the program write there",
            ) from None  # fmt: skip

    def closed(self, api: Api, followed: Mapping[str, Listed], show: Callable[[str], None]) -> list[dict[str, Any]]:
        """Those that are followed no more and are closed: each as an image of the stream, with the end of its runners.

        Parameters
        ----------
        api : Api
        followed : mapping of str to Listed
        show : callable
            Gets a line where something could not be read. The next start asks again.
        """
        asked, found, unread = sorted(self._rows.keys() - followed.keys()), list[dict[str, Any]](), Counter[str]()
        waiting = [asked[start : start + _AT_ONCE] for start in range(0, len(asked), _AT_ONCE)]
        while waiting:
            some = waiting.pop(0)
            try:
                books = rows({"books": api.read("listMarketBook", {"marketIds": some}).value}, "books")
            except (Misread, ReadFailed) as failure:
                unread[str(failure)] += len(some)
                continue
            told = {book.get("marketId") for book in books if isinstance(book.get("marketId"), str)}.intersection(some)
            if told and (others := [name for name in some if name not in told]):
                waiting.append(others)  # of open and closed markets together only the open ones come
            for book in books:
                try:
                    if book.get("status") == "CLOSED" and (name := word(book, "marketId")) in some:
                        definition = _ended(self._rows[name][1], book)
                        found.append({"id": name, "img": True, "marketDefinition": definition})
                except Misread as field:
                    unread[str(field)] += 1
        for reason, number in sorted(unread.items()):
            show(f"how {number} markets ended that closed meanwhile is asked again at the next start: {reason}")
        return found


def _ended(definition: Row, book: Row) -> dict[str, Any]:
    """A definition with the end of its runners, as a book has it."""
    ends = {(whole(one, "selectionId"), number_or_none(one, "handicap") or 0.0): one for one in rows(book, "runners")}
    runners = [
        {**one, **{name: end[name] for name in _OF_END if name in end}}
        for one in definition["runners"]
        for end in [ends.get((one["id"], one["hc"]), {})]
    ]
    places = {} if book.get("numberOfWinners") is None else {"numberOfWinners": book["numberOfWinners"]}
    return {**definition, **places, "status": "CLOSED", "runners": runners}


def _read(document: Any) -> dict[str, tuple[int, Row]]:
    if document["version"] != _VERSION:
        raise ValueError("version")
    found = {str(name): (int(starts_ns), row) for name, (starts_ns, row) in document["markets"].items()}
    if not all(isinstance(row["runners"], list) for _, row in found.values()):
        raise ValueError("runners")
    return found
