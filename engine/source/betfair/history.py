"""Files of Betfair's historical data (BASIC, ADVANCED, PRO) and recordings of its stream, as events and quotes.

Each line is a message; each is used, passed over or refused, with a reason. Betfair's historical data: one JSON message
(`op` ``mcm``) a line; times in ms UTC, money in GBP; the last definition of a market has its results.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.clock import SECOND_NS
from engine.exchange.book import Books, MarketBook, UnreadableChange
from engine.exchange.files import Lines
from engine.exchange.recorded import starting_prices
from engine.schema import CLOSE, IN_PLAY, INSTANT_DTYPE, QUOTES, SNAPSHOT
from engine.source.batch import Counts, Parsed
from engine.source.betfair.definitions import Described, UnknownMarket, describe, finish_of, winner_of
from engine.source.betfair.sampling import Rows, Sampler
from engine.source.events import finish_events
from engine.source.quarantine import Origin, Quarantine

EXCHANGE: Final = "betfair_exchange"
#: Betfair starting price: the price of bets that were left to it
STARTING: Final = "betfair_sp"
#: last traded price: told, never offered
TRADED: Final = "betfair_traded"
_MS_NS: Final = SECOND_NS // 1000
_LAST_MS: Final = 2**43


@dataclass
class _Market:
    """A market of the file: its first line, its last definition, and what became of it."""

    first_line: int
    definition: Mapping[str, Any] = field(default_factory=dict)
    unknown: str = ""
    sampler: Sampler = field(default_factory=Sampler)
    reconciled: tuple[int, int] | None = None  # instant and line
    closed_ns: int | None = None
    last_line: int = 0


def read_file(path: Path, origin: Origin) -> Parsed:
    """Read a file of messages.

    Parameters
    ----------
    path : Path
        Plain, bz2 or gzip, of one or many markets.
    origin : Origin

    Returns
    -------
    Parsed
        `rows_read` are lines; those that were passed over or refused are in the quarantine, one entry each.
    """
    reader = _Reader()
    lines = Lines(path)
    for number, text in lines:
        reason = reader.take(number, text)
        if reason:
            reader.quarantine.row(number, "", reason)
            reader.n_passed += 1
    if not lines.packed and origin.name.endswith((".bz2", ".gz")):
        reader.quarantine.flag(None, None, "", "the name says packed, the bytes are not: read as plain text")
    if lines.cut:
        reader.quarantine.flag(None, None, "", f"cut off after {lines.n_lines} lines: {lines.cut}")
    return reader.parsed(origin, lines.n_lines)


class _Reader:
    def __init__(self) -> None:
        self.quarantine = Quarantine()
        self.n_passed = 0
        self._books = Books()
        self._markets: dict[str, _Market] = {}

    def take(self, number: int, text: bytes) -> str:
        """Take in a line; returns why it was not used, empty if it was."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return "refused: half a line" if text.lstrip().startswith(b"{") else "refused: no JSON"
        if not isinstance(message, dict):
            return "refused: no message"
        if message.get("op") != "mcm":
            return f"passed over: a message of another kind: {str(message.get('op'))[:20]!r}"
        published, changes = message.get("pt"), message.get("mc")
        if isinstance(published, bool) or not isinstance(published, int) or not 0 < published < _LAST_MS:
            return "refused: a message without the instant at which it was published"
        if not changes:
            return "passed over: a message without a change (heartbeat)"
        if not isinstance(changes, list):
            return "refused: changes that are no list"
        if message.get("ct") == "SUB_IMAGE" and message.get("segmentType") in (None, "SEG_START"):
            self._books.forget()
        reasons = [self._change(number, change, published * _MS_NS) for change in changes]
        if all(reasons):
            return reasons[0]
        for reason in filter(None, reasons):
            self.quarantine.flag(number, "mc", "", reason)
        return ""

    def _change(self, number: int, change: Any, at_ns: int) -> str:
        if not isinstance(change, Mapping):
            return "refused: a change that is no object"
        market_id = str(change.get("id"))
        market = self._markets.get(market_id)
        before = self._books.markets.get(market_id)
        if before is None and market is not None and market.definition and "marketDefinition" not in change:
            return "passed over: a change of a market that is not known before its next definition"
        if market is None and "marketDefinition" not in change:
            return "passed over: a change of a market before its definition"
        try:
            book = self._books.apply(change, at_ns)
        except UnreadableChange as error:
            return f"refused: {error}"
        market = self._markets.setdefault(market_id, _Market(number))
        if not book.definition and market.definition:  # an image without its definition
            book.definition = market.definition
        if "marketDefinition" in change:
            _defined(market, book, number)
        market.last_line = number
        if market.unknown:
            return f"passed over: {market.unknown}"
        market.sampler.take(book, change, number)
        return ""

    def parsed(self, origin: Origin, n_lines: int) -> Parsed:
        """Events, quotes and counts of all markets."""
        known = []
        for market_id, market in self._markets.items():
            try:
                described = describe(market.definition)
            except UnknownMarket:
                continue
            known.append((market_id, market, described))
        events = _events(known, origin, self.quarantine)
        frames, lines, n_bad = [], list[int](), 0
        for row, (_, market, described) in enumerate(known):
            frame, bad = _quotes(market, described, row, self.quarantine)
            frames.append(frame)
            n_bad += bad
        quotes = pl.concat(frames) if frames else _frame([])
        ids = _event_of_market(known, events)
        quotes = quotes.with_columns(event_id=pl.Series([ids[row] for row in quotes["event_id"]], dtype=pl.Int64))
        lines = quotes["_line"].to_list()
        counts = Counts(
            rows_read=n_lines,
            rows_kept=n_lines - self.n_passed,
            rows_quarantined=self.n_passed,
            prices_read=quotes.height + n_bad,
            prices_kept=quotes.height,
            prices_quarantined=n_bad,
            flags=self.quarantine.n_flags,
        )
        return Parsed(
            events,
            quotes.select(list(QUOTES)),
            self.quarantine.frame(origin),
            counts,
            quote_lines=pl.Series(lines, dtype=pl.Int64),
        )


def _defined(market: _Market, book: MarketBook, number: int) -> None:
    market.definition = book.definition
    try:
        describe(market.definition)
        market.unknown = ""
    except UnknownMarket as error:
        market.unknown = str(error)
    if market.reconciled is None and book.definition.get("bspReconciled") is True:
        market.reconciled = (book.published_ns, number)
    if book.definition.get("status") == "CLOSED" and market.closed_ns is None:
        market.closed_ns = book.published_ns


_Known = list[tuple[str, _Market, Described]]


def _identity(described: Described) -> tuple[str, ...]:
    return described.sport, described.competition, str(described.starts_ns // (86_400 * SECOND_NS)), *_names(described)


def _names(described: Described) -> tuple[str, str]:
    return described.home, described.away


def _events(known: _Known, origin: Origin, quarantine: Quarantine) -> pl.DataFrame:
    """One event for all markets on it, with what each of them says of its end."""
    rows = dict[tuple[str, ...], dict[str, Any]]()
    for market_id, market, described in known:
        row = rows.setdefault(_identity(described), _event(market, described))
        if market.closed_ns is None:
            quarantine.flag(market.last_line, "status", market_id, "the file ends before the market is settled")
            continue
        for name, value in _result(market, described, market_id, quarantine).items():
            row[name] = value
    names = list(next(iter(rows.values()))) if rows else ["competition", "starts_at", "settled_at"]
    columns = {name: [row[name] for row in rows.values()] for name in names}
    sports = [row["sport"] for row in rows.values()]
    neutral = [row["neutral"] for row in rows.values()]
    columns.pop("sport", None)
    columns.pop("neutral", None)
    if not rows:
        columns = {name: [] for name in _EVENT}
    return finish_events(columns, origin, sport=sports, neutral=neutral)


_EVENT: Final = (
    "competition", "season", "date", "home", "away", "starts_at", "starts_at_basis", "settled_at", "settled_at_basis",
    "status", "home_score", "away_score", "winner", "raw_line", "winner_finish", "place_finish",
)  # fmt: skip


def _event(market: _Market, described: Described) -> dict[str, Any]:
    return dict.fromkeys(_EVENT) | {
        "sport": described.sport,
        "neutral": described.neutral,
        "competition": described.competition,
        "season": described.season,
        "date": datetime.fromtimestamp(described.starts_ns // SECOND_NS, UTC).date(),
        "home": described.home,
        "away": described.away,
        "starts_at": described.starts_ns,
        "starts_at_basis": "recorded",
        "status": "scheduled",
        "raw_line": market.first_line,
    }


def _result(market: _Market, described: Described, market_id: str, quarantine: Quarantine) -> dict[str, Any]:
    """What the last definition says of the end of its event; nothing where it says nothing."""
    runners = market.definition["runners"]
    over = {"settled_at": market.closed_ns, "settled_at_basis": "recorded"}
    gone = {"REMOVED", "REMOVED_VACANT"}
    if described.market in ("winner", "place"):
        finish = finish_of(market.definition)
        if ":tied" in finish:
            reason = "more runners won than there are places: bets on them are not settled"
            quarantine.flag(market.last_line, "runners", market_id, reason)
        return {**over, "status": "played", f"{described.market}_finish": finish}
    if runners and all(runner.get("status") in gone for runner in runners):
        return {**over, "status": "abandoned"} if described.market in ("1x2", "moneyline") else {}
    winner = winner_of(market.definition, described)
    return {**over, "status": "played", "winner": winner} if winner else {}


def event_of(described: Described, origin: Origin, ended: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One event by the columns of `schema.ALL_EVENTS`; `ended` is what `end_of` says of it."""
    row = _event(_Market(1), described) | dict(ended or {})
    sport, neutral = row.pop("sport"), row.pop("neutral")
    columns = {name: [value] for name, value in row.items()}
    return finish_events(columns, origin, sport=sport, neutral=neutral).row(0, named=True)


def end_of(definition: Mapping[str, Any], described: Described, closed_ns: int) -> dict[str, Any]:
    """What the last definition of a market, closed at `closed_ns`, says of the end of its event; may be empty."""
    return _result(_Market(1, definition, closed_ns=closed_ns), described, "", Quarantine())


def _event_of_market(known: _Known, events: pl.DataFrame) -> list[int]:
    ids = dict(
        zip(dict.fromkeys(_identity(described) for _, _, described in known), events["event_id"].to_list(), strict=True)
    )
    return [ids[_identity(described)] for _, _, described in known]


def _quotes(market: _Market, described: Described, row: int, quarantine: Quarantine) -> tuple[pl.DataFrame, int]:
    """Rows of a market, `event_id` being its number in the file, and the number of prices that are none."""
    found: Rows = market.sampler.rows
    values, bad = list[tuple[Any, ...]](), 0
    books = {"back": (EXCHANGE, "back"), "lay": (EXCHANGE, "lay"), "traded": (TRADED, "back")}
    columns = (found.runner, found.word, found.known_ns, found.odds, found.size, found.in_play, found.line)
    for runner, word, known_ns, odds, size, in_play, line in zip(*columns, strict=True):
        selection = described.selections.get(runner)
        if selection is None or odds <= 1.0:
            reason = (
                "a price of a runner without a place in its market" if selection is None else "not a price: up to 1"
            )
            quarantine.cell(line, word, f"{runner[0]} {odds:g}", reason)
            bad += 1
            continue
        minor = nan if word == "traded" else round(size * 100.0)
        instant = IN_PLAY if in_play else SNAPSHOT
        values.append((row, described.market, selection, *books[word], instant, known_ns, odds, minor, line))
    for runner, price in starting_prices(market.definition).items():
        selection = described.selections.get(runner)
        if selection is not None and market.reconciled is not None:
            known_ns, line = market.reconciled
            values += [
                (row, described.market, selection, STARTING, side, CLOSE, known_ns, price, nan, line)
                for side in ("back", "lay")
            ]
    return _frame(values), bad


def _frame(values: list[tuple[Any, ...]]) -> pl.DataFrame:
    row, market, selection, bookmaker, side, instant, known, odds, size, line = (
        [list(column) for column in zip(*values, strict=True)] if values else [[] for _ in range(10)]
    )
    frame = pl.DataFrame(
        {
            "event_id": pl.Series(row, dtype=pl.Int64),
            "market": pl.Series(market, dtype=pl.String),
            "line": pl.Series([one[1] for one in selection], dtype=pl.Float64),
            "selection": pl.Series([one[0] for one in selection], dtype=pl.String),
            "bookmaker": pl.Series(bookmaker, dtype=pl.String),
            "side": pl.Series(side, dtype=pl.String),
            "instant": pl.Series(instant, dtype=pl.String),
            "known_at": pl.Series(known, dtype=pl.Int64).cast(INSTANT_DTYPE),
            "odds": pl.Series(odds, dtype=pl.Float64),
            "size_minor": pl.Series(size, dtype=pl.Float64).fill_nan(None),
            "_line": pl.Series(line, dtype=pl.Int64),
        }
    )
    return frame.with_columns(known_at_basis=pl.lit("recorded"), suspect=pl.lit(False))
