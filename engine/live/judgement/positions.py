"""What is open, by event, competition, question, market and bookmaker: dense ids and the kernel's arrays."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

import numpy as np

from engine.kernel.record import Work
from engine.live.ledger.entries import NO_MONEY, Money

_ROOM: Final = 256
#: arrays by dense id: the name of the id, and the value of an id that is new
_BY_ID: Final[dict[str, tuple[str, float]]] = {
    "open_on_event": ("event", 0.0),
    "open_on_competition": ("competition", 0.0),
    "taken": ("question", 0),
    "commission_market_pnl": ("market", 0.0),
    "commission_market_open": ("market", 0),
    "wallet": ("bookmaker", 0.0),
    "won_since": ("bookmaker", 0.0),
    "limit_factor": ("bookmaker", 1.0),
}
_TYPES: Final = {"taken": np.int8, "commission_market_open": np.int64}
#: the word of a bet that is written down and not sent yet
INTENDED: Final = "intended"
Question = tuple[int, str, float | None]


class Standing(StrEnum):
    """How an account counts a bet."""

    OPEN = "open"
    REFUSED = "refused"
    SETTLED = "settled"


class Ids(NamedTuple):
    """Dense ids of a bet."""

    event: int
    competition: int
    question: int
    market: int
    bookmaker: int


class Charge(NamedTuple):
    """Commission of a market: number of charges, the last one, its net result, and whether that is being corrected."""

    number: int
    charge_minor: int
    net_minor: float
    is_open: bool = False


def line_of(value: Any) -> float | None:
    """A line as a key: NaN and null are None, -0.0 is 0.0."""
    return None if value is None or math.isnan(value) else float(value) + 0.0


@dataclass
class Bet:
    """One bet of the account; money in whole minor units as float64.

    Attributes
    ----------
    number : int
        Of its INTENDED entry: bets settle in this order.
    key : str
    event_id, market, line, selection, bookmaker, side
    ids : Ids
    day : int
        Days rolled before it was decided.
    locked : float
        At risk now, reserved or matched.
    matched, backer, odds : float
        What the venue matched; 0 until it says so.
    standing : Standing
    word : str
        The reason of its decision: ``placed``, ``pending``, ``unknown``, or why it was refused.
    pnl : float
        Of the settlement that stands.
    version : int
        Of that settlement; 0: none.
    is_void : bool
        Whether that settlement is a void.
    is_by_venue : bool
        Whether the venue stated that settlement: then no result changes it.
    arrived_odds : float
        Price at which its order arrived, as a paper venue states it; NaN: unknown.
    settlement : Money
        Of the settlement that stands.
    decided_at_ns : int
        UTC nanoseconds.
    """

    number: int
    key: str
    event_id: int
    market: str
    line: float | None
    selection: str
    bookmaker: str
    side: str
    ids: Ids
    day: int
    locked: float = 0.0
    matched: float = 0.0
    backer: float = 0.0
    odds: float = 0.0
    standing: Standing = Standing.OPEN
    word: str = INTENDED
    pnl: float = 0.0
    version: int = 0
    is_void: bool = False
    is_by_venue: bool = False
    arrived_odds: float = math.nan
    settlement: Money = NO_MONEY
    decided_at_ns: int = 0

    @classmethod
    def of(cls, number: int, key: str, body: Mapping[str, Any], ids: Ids, day: int) -> Bet:
        """The bet of an INTENDED entry."""
        return cls(
            number=number,
            key=key,
            event_id=int(body["event_id"]),
            market=str(body["market"]),
            line=line_of(body["line"]),
            selection=str(body["selection"]),
            bookmaker=str(body["bookmaker"]),
            side=str(body["side"]),
            ids=ids,
            day=day,
            decided_at_ns=int(body["decided_at_ns"]),
        )

    @property
    def is_over(self) -> bool:
        """Whether it was refused or is settled."""
        return self.standing is not Standing.OPEN


class Positions:
    """Dense ids that grow, and the arrays of the kernel by id. `work` has no rows; a judgement adds its own."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[Hashable, int]] = {name: {} for name, _ in _BY_ID.values()}
        self._bets_on_question: dict[int, int] = {}
        self._charges: dict[int, Charge] = {}
        empty: dict[str, Any] = dict.fromkeys(Work._fields, np.zeros(0))
        for name in _BY_ID:
            empty[name] = np.zeros(0, _TYPES.get(name, np.float64))
        empty |= {"reason": np.zeros(0, np.int8), "counts": np.zeros(0, np.int64)}
        empty |= {name: np.zeros(0, np.int64) for name in ("passing", "closed_rows")}
        self.work = Work(**empty)

    def _number(self, kind: str, key: Hashable) -> int:
        known = self._ids[kind]
        number = known.setdefault(key, len(known))
        for name, (of, first) in _BY_ID.items():
            if of == kind and number >= len(getattr(self.work, name)):
                array = getattr(self.work, name)
                grown = np.full(max(_ROOM, 2 * len(array)), first, array.dtype)
                grown[: len(array)] = array
                self.work = self.work._replace(**{name: grown})
        return number

    def event(self, event_id: int) -> int:
        """Dense id of an event."""
        return self._number("event", event_id)

    def competition(self, sport: str, competition: str) -> int:
        """Dense id of a competition."""
        return self._number("competition", (sport, competition))

    def question(self, question: Question) -> int:
        """Dense id of an event, market and line."""
        return self._number("question", question)

    def market(self, question: Question, bookmaker: str) -> int:
        """Dense id of a question at a bookmaker: what is charged commission together."""
        return self._number("market", (*question, bookmaker))

    def bookmaker(self, name: str) -> int:
        """Dense id of a bookmaker."""
        return self._number("bookmaker", name)

    def bookmakers(self) -> tuple[int, ...]:
        """Dense ids of all bookmakers so far."""
        return tuple(self._ids["bookmaker"].values())

    def ids_of(self, body: Mapping[str, Any]) -> Ids:
        """The ids of a bet with these fields of an order, and its sport and competition."""
        question = int(body["event_id"]), str(body["market"]), line_of(body["line"])
        bookmaker = str(body["bookmaker"])
        return Ids(
            self.event(question[0]),
            self.competition(str(body["sport"]), str(body["competition"])),
            self.question(question),
            self.market(question, bookmaker),
            self.bookmaker(bookmaker),
        )

    def count(self, bet: Bet, change: int) -> None:
        """Count a bet on its question and its market, or (-1) take it back."""
        left = self._bets_on_question.get(bet.ids.question, 0) + change
        self._bets_on_question[bet.ids.question] = left
        self.work.taken[bet.ids.question] = 1 if left else 0
        self.work.commission_market_open[bet.ids.market] += change

    def charged(self, market: int, charge_minor: int, net_minor: float) -> None:
        """Keep the last charge of a market and its net result, for a correction of one of its bets."""
        self._charges[market] = Charge(self.charge(market).number + 1, charge_minor, net_minor)

    def reopen(self, market: int) -> float:
        """The net result of the last charge, which is now computed anew; 0 if there is none, or it was reopened."""
        net_minor = self.net_of_last_charge(market)
        if market in self._charges:
            self._charges[market] = self._charges[market]._replace(is_open=True)
        return net_minor

    def net_of_last_charge(self, market: int) -> float:
        """What `reopen` would return."""
        last = self.charge(market)
        return 0.0 if last.is_open else last.net_minor

    def charge(self, market: int) -> Charge:
        """The last charge of a market; one of nothing if there is none."""
        return self._charges.get(market, Charge(0, 0, 0.0))
