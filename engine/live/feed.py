"""The contract of a feed: one message at a time, in the order in which each became known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from engine.clock import instant_ns

#: states that a ruling can give a selection: names of `engine.kernel.codes.State` in lower case
RULED: Final = ("lose", "half_lose", "void", "half_win", "win", "dead_heat")


@dataclass(frozen=True)
class Fixture:
    """An event, new or changed: the columns of `schema.ALL_EVENTS` that are known before it starts.

    Attributes
    ----------
    known_at_ns : int
    values : mapping
        Plain Python values by column; scores, winner and settled_at are None.
    """

    known_at_ns: int
    values: Mapping[str, Any]

    @property
    def starts_ns(self) -> int | None:
        """When the event starts, UTC nanoseconds; None where it is not known."""
        starts = self.values.get("starts_at")
        return instant_ns(starts) if isinstance(starts, datetime) else starts


@dataclass(frozen=True)
class Quote:
    """A price: one row of `schema.QUOTES`.

    Attributes
    ----------
    known_at_ns : int
    event_id, market, line, selection, bookmaker, side, odds
        `line` is None where the market has none.
    size_minor : float or None
        Largest stake that the price takes; None: unknown.
    kind : str
        open | close | snapshot | in_play.
    suspect : bool
    stale : bool
        From a cache whose source does not answer: shown, never bet at.
    """

    known_at_ns: int
    event_id: int
    market: str
    line: float | None
    selection: str
    bookmaker: str
    side: str
    odds: float
    size_minor: float | None = None
    kind: str = "snapshot"
    suspect: bool = False
    stale: bool = False


@dataclass(frozen=True)
class Ruling:
    """How one selection ended where a score does not say it: a dead heat, a part that is void, a market by itself.

    Attributes
    ----------
    market, line, selection
        `line` is None where the market has none. An empty selection without a line is the whole market, which is then
        void: every selection at every line that no other ruling names.
    state : str
        How the selection ended, one of `RULED`.
    share : float
        Of a dead heat: the part of the stake that is paid at the full odds, above 0, up to 1; 1 otherwise.
    void_frac : float
        Part of each stake that is given back; the rest ends as `state` says. 0 to 1.
    """

    market: str
    line: float | None
    selection: str
    state: str
    share: float = 1.0
    void_frac: float = 0.0


@dataclass(frozen=True)
class Result:
    """The result of an event, or a correction of it: the event's columns with status, scores, winner, settled_at.

    Attributes
    ----------
    known_at_ns : int
        When bets on it can be settled; `settled_at` of the event.
    values : mapping
        Plain Python values by column of `schema.ALL_EVENTS`.
    version : int
        1, and one more for each correction.
    rulings : tuple of Ruling
        Selections that end otherwise than by score and status; those that are not named end by them.
    """

    known_at_ns: int
    values: Mapping[str, Any]
    version: int = 1
    rulings: tuple[Ruling, ...] = ()


@dataclass(frozen=True)
class Gap:
    """Messages of a source may be missing since its last one: its quotes are stale until a new one of each comes."""

    known_at_ns: int
    source: str


@dataclass(frozen=True)
class Mark:
    """Every message known at or before this instant has been given: decisions up to it may be taken."""

    known_at_ns: int


Message = Fixture | Quote | Result | Gap | Mark


@dataclass(frozen=True)
class Quota:
    """Credits of a service that is paid by the call, as far as its feed knows.

    Attributes
    ----------
    left : int or None
        Of the account until its reset, as the service last said; can be negative.
    budget, budget_left : int or None
        What may be spent on a day, and what is left of it, for every process that draws on the same budget.
    spent : int
        By this process since it started; for a call without an answer, what it may have cost.
    """

    left: int | None = None
    budget: int | None = None
    budget_left: int | None = None
    spent: int = 0


class Feed(Protocol):
    """A source of messages.

    Attributes
    ----------
    name : str
    is_live : bool
        Whether it listens to the world. A replay is not live and never counts as paper trading on a live feed.

    A feed may have a `passed_over`, a Counter: what it could not use, by reason; and a `quota`, a `Quota` or None. The
    status shows both.
    """

    name: str
    is_live: bool

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """The next messages, at most up to and with one `Mark`; an empty sequence after `timeout_ns`, None at the end.

        Raises
        ------
        FeedFailure
            The source does not answer. The runner's breaker of this source counts it.
        """
        ...


class FeedFailure(Exception):
    """A source did not answer, or its answer cannot be read."""
