"""Which bets of the store stand in which recordings of Betfair, by the definitions of their markets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.errors import DataError
from engine.exchange.files import Lines, is_tar
from engine.exchange.recorded import Bet, Recordings, Runner
from engine.source.betfair.definitions import UnknownMarket, describe
from engine.source.betfair.history import EXCHANGE, STARTING, TRADED, event_of
from engine.source.folders import readable_files
from engine.source.quarantine import Origin

_ORIGIN: Final = Origin("betfair_history", "", "0")
_DEFINITION: Final = b'"marketDefinition"'


@dataclass
class _Market:
    """The last definition of a market, and its files with the instant of the first one in each."""

    definition: Mapping[str, Any] = field(default_factory=dict)
    at_ms: int = -1
    first_ms: dict[Path, int] = field(default_factory=dict)


def recording_files(paths: Sequence[str | Path]) -> list[Path]:
    """The files themselves, and those below folders.

    Raises
    ------
    DataError
        One is missing, or is a tar archive.
    SourceError
        A folder has no file.
    """
    found = list[Path]()
    for path in map(Path, paths):
        if not path.exists():
            raise DataError("no such recording", where=str(path), todo="name files or folders of recordings")
        found += readable_files(path, ())
    for path in found:
        if is_tar(path):
            raise DataError(
                "a tar archive is not read for fills", where=str(path), expected="files: plain, bz2 or gzip",
                todo="unpack it",
            )  # fmt: skip
    return list(dict.fromkeys(found))


def recordings_of(paths: Sequence[str | Path]) -> Recordings:
    """The runners of recordings as bets of the store: events, markets and selections as the import names them.

    Parameters
    ----------
    paths : sequence of str or Path
        Files, or folders of them.

    Raises
    ------
    DataError
        Files as of `recording_files`; there is no market in them, or two markets are the same bet.
    """
    markets, passed = dict[str, _Market](), Counter[str]()
    for path in recording_files(paths):
        lines = Lines(path)
        for _, text in lines:
            if _DEFINITION in text:
                _look(path, text, markets, passed)
        if lines.cut:
            passed[f"a recording is cut off, {lines.cut}"] += 1
    runners = dict[Bet, Runner]()
    for market_id, market in markets.items():
        files = tuple(sorted(market.first_ms, key=lambda path: market.first_ms[path]))
        try:
            described = describe(market.definition)
        except UnknownMarket as unknown:
            passed[str(unknown)] += 1
            continue
        event_id = int(event_of(described, _ORIGIN)["event_id"])
        for key, (selection, line) in described.selections.items():
            bet = event_id, described.market, line, selection
            if bet in runners and runners[bet].market_id != market_id:
                raise DataError(
                    "two recorded markets are one market of the store", where=str(files[0]),
                    found=f"{runners[bet].market_id} and {market_id}", todo="leave the files of one of them out",
                )  # fmt: skip
            runners[bet] = Runner(files, market_id, key)
    if not runners:
        raise DataError(
            "no market in the recordings", where=", ".join(map(str, paths))[:120],
            found="; ".join(passed) or "no definition of a market",
        )  # fmt: skip
    notes = tuple(f"recordings: {reason} ({count})" for reason, count in sorted(passed.items()))
    return Recordings(EXCHANGE, runners, (STARTING, TRADED), notes)


def _look(path: Path, text: bytes, markets: dict[str, _Market], passed: Counter[str]) -> None:
    """Keep the definitions of a line; later ones count."""
    try:
        message = json.loads(text)
        at_ms, changes = int(message["pt"]), [one for one in message["mc"] if "marketDefinition" in one]
        found = [(str(one["id"]), dict(one["marketDefinition"])) for one in changes]
    except (ValueError, TypeError, KeyError, RecursionError):
        passed["a definition that cannot be read"] += 1
        return
    for market_id, definition in found:
        market = markets.setdefault(market_id, _Market())
        market.first_ms.setdefault(path, at_ms)
        if at_ms >= market.at_ms:
            market.at_ms, market.definition = at_ms, definition
