"""What a ledger says was traded: decisions with their reasons, bets with their money, and what the accounts hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from engine.live.ledger.entries import ACCOUNTS, Kind, Recorded
from engine.live.running.winding import WIND_DOWN

#: columns of `Traded.decisions`
DECISIONS: Final[dict[str, Any]] = {
    "id": pl.Int64,
    "decided_ns": pl.Int64,
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "bookmaker": pl.String,
    "side": pl.String,
    "odds": pl.Float64,
    "prob": pl.Float64,
    "edge_frac": pl.Float64,
    "reason": pl.String,
    "stake_minor": pl.Int64,
    "key": pl.String,
    "quote_known_ns": pl.Int64,
    "asked_minor": pl.Int64,
    "backer_minor": pl.Int64,
    "odds_placed": pl.Float64,
    "pnl_minor": pl.Int64,
    "settled_ns": pl.Int64,
    "ended": pl.String,
    "state": pl.String,
}
#: the end of a gap that has none yet
_OPEN: Final = 2**63 - 1
#: a market that is charged commission
Place = tuple[int, str, float | None, str]
_STATES: Final = (Kind.PLACED, Kind.PARTIAL, Kind.LAPSED, Kind.PENDING)
#: entries that show how far the world had come
_WORLDLY: Final = (Kind.DECIDED, Kind.ROLLED, Kind.SETTLED, Kind.VOID, Kind.REVERSED, Kind.COMMISSION, Kind.INTENDED)


@dataclass
class _Bet:
    """One bet as the ledger has it so far."""

    asked_minor: int
    matched_minor: int = 0
    backer_minor: int = 0
    odds: float | None = None
    pnl_minor: int | None = None
    settled_ns: int | None = None
    ended: str | None = None
    state: str | None = None
    word: str = "not_sent"

    def apply(self, kind: Kind, at_ns: int, body: Mapping[str, Any]) -> None:
        if kind in _STATES:
            self.matched_minor, self.odds = int(body["matched_minor"]), body.get("odds")
            self.ended = None
            self.backer_minor = int(body.get("backer_minor") or 0)
            self.word = "pending" if kind is Kind.PENDING else "placed"
        elif kind in (Kind.SENT, Kind.UNKNOWN):
            self.word = "unknown"
        elif kind in (Kind.REJECTED, Kind.ABANDONED):
            self.matched_minor, self.word, self.ended = 0, str(body.get("reason", kind.value)), kind.value
        elif kind in (Kind.SETTLED, Kind.VOID):
            self.pnl_minor, self.settled_ns = int(body["pnl_minor"]), at_ns
            self.state = body.get("state")
        elif kind is Kind.REVERSED:
            self.pnl_minor = self.settled_ns = self.state = None


@dataclass
class Traded:
    """A ledger, folded.

    Attributes
    ----------
    opened : mapping
        Body of its first entry.
    balances : dict of str to int
        Sum of each account (`engine.live.ledger.entries.ACCOUNTS`), minor units.
    commission : dict of (event, market, line, bookmaker) to int
        Paid, minor units.
    artifacts : dict of int to str
        Hash of each model by the instant of its fit, UTC nanoseconds.
    since_ns, until_ns : int or None
        First start of a runner, and the last instant that the entries have reached.
    starts : list of (int or None, mapping)
        Each start of a runner that decides: the instant reached before, and the body of its entry.
    decided_ns : set of int
        Instants with decisions.
    gaps : list of (int, int)
        Instants between which no runner was there that decides, both excluded.
    paid : list of (int, int)
        Instant and amount of commission (below 0) and of what was stated, minor units.
    """

    opened: Mapping[str, Any] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0))
    commission: dict[Place, int] = field(default_factory=dict)
    artifacts: dict[int, str] = field(default_factory=dict)
    since_ns: int | None = None
    until_ns: int | None = None
    starts: list[tuple[int | None, Mapping[str, Any]]] = field(default_factory=list)
    decided_ns: set[int] = field(default_factory=set)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    paid: list[tuple[int, int]] = field(default_factory=list)
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _bets: dict[str, _Bet] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Recorded]) -> Traded:
        """Fold entries, in their order."""
        traded = cls()
        for recorded in entries:
            traded.apply(recorded)
        return traded

    def apply(self, recorded: Recorded) -> None:
        """Take in the next entry."""
        entry, body = recorded.entry, recorded.entry.body
        for name in ACCOUNTS:
            self.balances[name] += getattr(entry.money, name)
        if entry.kind is Kind.INTENDED:
            self._bets[entry.intent] = _Bet(int(body["stake_minor"]))
        elif entry.intent in self._bets:
            self._bets[entry.intent].apply(entry.kind, entry.at_ns, body)
        self._note(entry.kind, entry.at_ns, body)
        if entry.kind is Kind.COMMISSION:
            place = int(body["event_id"]), str(body["market"]), body["line"], str(body["bookmaker"])
            self.commission[place] = self.commission.get(place, 0) + entry.money.commission
        if entry.kind in (Kind.COMMISSION, Kind.ADJUSTED):
            self.paid.append((entry.at_ns, -entry.money.commission - entry.money.adjustment))
        if entry.kind in _WORLDLY:
            self.until_ns = entry.at_ns if self.until_ns is None else max(self.until_ns, entry.at_ns)

    def _note(self, kind: Kind, at_ns: int, body: Mapping[str, Any]) -> None:
        if kind is Kind.OPENED:
            self.opened = body
        elif kind is Kind.STARTED:
            if not body.get(WIND_DOWN):
                self.starts.append((self.until_ns, body))
            if self.gaps and self.gaps[-1][1] == _OPEN:  # the runner before only settled
                self.gaps[-1] = self.gaps[-1][0], at_ns
            if body.get(WIND_DOWN):
                self.gaps.append((at_ns if self.until_ns is None else self.until_ns, _OPEN))
            elif self.since_ns is None:
                self.since_ns = at_ns
            elif self.until_ns is not None and at_ns > self.until_ns:
                self.gaps.append((self.until_ns, at_ns))
        elif kind is Kind.ARTIFACT:
            self.artifacts[int(body["fitted_ns"])] = str(body["hash"])
        elif kind is Kind.DECIDED:
            self.decided_ns.add(at_ns)
            self._rows += [{**row, "decided_ns": at_ns} for row in body["decisions"]]

    @property
    def profit_minor(self) -> int:
        """Profit after commission, tax and what was stated, minor units."""
        return -sum(self.balances[name] for name in ("pnl", "commission", "tax", "adjustment"))

    @property
    def equity_minor(self) -> int:
        """Cash and everything at risk, at cost, minor units."""
        return sum(self.balances[name] for name in ("cash", "reserved", "stakes"))

    def was_stopped(self, at_ns: int) -> bool:
        """Whether no runner was there at an instant."""
        return any(first < at_ns < last for first, last in self.gaps)

    def decisions(self) -> pl.DataFrame:
        """All decisions with what became of their bets, in the order of the ledger; columns `DECISIONS`."""
        rows = []
        for row in self._rows:
            bet = self._bets.get(row["key"]) if row["key"] else None
            known = row.get("quote_known_at_ns")
            out = {name: row.get(name) for name in DECISIONS} | {"quote_known_ns": known or None}
            if bet is not None:
                out |= {"asked_minor": bet.asked_minor, "odds_placed": bet.odds, "backer_minor": bet.backer_minor}
                out |= {
                    "pnl_minor": bet.pnl_minor,
                    "settled_ns": bet.settled_ns,
                    "ended": bet.ended,
                    "state": bet.state,
                }
                out |= {"stake_minor": bet.matched_minor, "reason": bet.word}
            rows.append(out)
        return pl.DataFrame(rows, schema=DECISIONS)
