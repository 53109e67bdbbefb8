"""What a breaker is: it measures, it trips, it says how far it is from tripping, and entries of the ledger move it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from engine.kernel.account import ACTIVE, CASH, COOLING, DAY_BLOCKED, DAY_START, DRAWDOWN, HALTED, OPEN, STREAK
from engine.live.ledger.entries import Entry, Kind, Recorded


class RiskState(NamedTuple):
    """The account as the risk breakers see it, and their limits. Fractions are of equity; an infinite limit is off."""

    drawdown_frac: float = 0.0
    halted: bool = False
    streak: int = 0
    cooling: bool = False
    day_loss_frac: float = 0.0
    day_blocked: bool = False
    drawdown_warn_frac: float = float("inf")
    drawdown_stop_frac: float = float("inf")
    streak_warn: float = float("inf")
    streak_stop: float = float("inf")
    daily_loss_frac: float = float("inf")

    @classmethod
    def of(cls, cells: Any, params: Any) -> RiskState:
        """From the account of the kernel.

        Parameters
        ----------
        cells : float64, shape (engine.kernel.account.N_CELLS,)
            After the close of an instant.
        params : engine.kernel.params.Params
        """
        start, now = float(cells[DAY_START]), float(cells[CASH] + cells[OPEN])
        return cls(
            drawdown_frac=float(cells[DRAWDOWN]),
            halted=cells[HALTED] == ACTIVE,
            streak=int(cells[STREAK]),
            cooling=cells[COOLING] == ACTIVE,
            day_loss_frac=(start - now) / start if start > 0.0 else 0.0,
            day_blocked=cells[DAY_BLOCKED] == ACTIVE,
            drawdown_warn_frac=float(params.drawdown_warn_frac),
            drawdown_stop_frac=float(params.drawdown_stop_frac),
            streak_warn=float(params.streak_warn),
            streak_stop=float(params.streak_stop),
            daily_loss_frac=float(params.daily_loss_frac),
        )


@dataclass(frozen=True)
class Context:
    """The moment at which breakers are asked.

    Attributes
    ----------
    at_ns : int
        Instant of the runner's world, UTC nanoseconds; in a replay that of the last message.
    wall_ns, monotonic_ns : int
        Of the machine's clock.
    risk : RiskState or None
        None: the account is not looked at.
    """

    at_ns: int
    wall_ns: int
    monotonic_ns: int
    risk: RiskState | None = None


class Wanted(NamedTuple):
    """A bet that is about to be intended or sent.

    Attributes
    ----------
    at_ns : int
        Now, on the runner's clock of the world.
    event_id, market, line, selection, bookmaker, side, odds
        What is bet on, where, and at which quote.
    quote_known_at_ns : int
        When that quote became known.
    venue : str
        Name of the venue's profile.
    source : str
        Name of the feed.
    key : str
        Key of the intent, if there is one already: the probe of a half-open breaker is let through under its own key.
    """

    at_ns: int
    event_id: int
    market: str
    line: float | None
    selection: str
    bookmaker: str
    side: str
    odds: float
    quote_known_at_ns: int
    venue: str = ""
    source: str = ""
    key: str = ""


@dataclass(frozen=True)
class Trip:
    """A breaker stops new bets.

    Attributes
    ----------
    breaker : str
        Its name, such as ``clock`` or ``service/venue/paper``.
    cause : str
        In plain words, with the measured value and its limit.
    measured, limit : float
    human : bool
        Whether only a person ends it (``bea resume NAME --breaker BREAKER --reason TEXT``).
    until_ns : int or None
        When it ends by itself, on the runner's clock of the world; None: not at a known instant.
    """

    breaker: str
    cause: str
    measured: float
    limit: float
    human: bool = False
    until_ns: int | None = None


@dataclass(frozen=True)
class Distance:
    """How far a breaker is from tripping, for the view.

    Attributes
    ----------
    breaker : str
    state : str
        ``closed``, ``open`` or ``half_open``; ``watched`` where it measures and stops nothing, ``off`` without a limit.
    measured, limit : float
        NaN: nothing measured yet.
    left_frac : float
        1 far away, 0 tripped, NaN unknown.
    human : bool
        Whether an open one needs a person.
    cause : str
        Of an open one.
    measure : str
        What is measured, where a breaker has several measures.
    """

    breaker: str
    state: str
    measured: float
    limit: float
    left_frac: float
    human: bool = False
    cause: str = ""
    measure: str = ""


class Breaker(Protocol):
    """One breaker. Its state is a fold of the ledger's entries; what it measures may be lost with the process.

    Attributes
    ----------
    name : str
    """

    name: str

    def check(self, context: Context) -> Trip | str | None:
        """A trip that is not on record yet, the reason why an open one ends by rule, or None."""
        ...

    def reason(self, wanted: Wanted) -> str:
        """Why this bet may not be made; empty: this breaker allows it. Changes nothing."""
        ...

    def distance(self) -> Distance:
        """How far it is from tripping."""
        ...

    def apply(self, recorded: Recorded) -> None:
        """Take an entry of the ledger in."""
        ...


class Latch:
    """The part of a breaker's state that survives: whether it is tripped, and why.

    Parameters
    ----------
    name : str
        Of the breaker whose TRIPPED and RESUMED entries count.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        #: of the trip that stands; empty: none does
        self.body: dict[str, Any] = {}

    @property
    def tripped(self) -> bool:
        """Whether it is open."""
        return bool(self.body)

    @property
    def human(self) -> bool:
        """Whether only a person ends it."""
        return bool(self.body.get("human"))

    @property
    def cause(self) -> str:
        """Of the trip that stands; empty if none does."""
        return str(self.body.get("cause", ""))

    def apply(self, recorded: Recorded) -> bool:
        """Take an entry in; whether it changed this latch."""
        entry = recorded.entry
        if entry.kind not in (Kind.TRIPPED, Kind.RESUMED) or entry.body.get("breaker") != self.name:
            return False
        self.body = dict(entry.body) if entry.kind is Kind.TRIPPED else {}
        return True

    def distance(self, measured: float, limit: float, *, watched: bool = False) -> Distance:
        """The row of the view: a measured value that trips at `limit` from below."""
        state = "open" if self.tripped else "watched" if watched else "closed"
        left = 0.0 if self.tripped else share_left(measured, limit)
        return Distance(self.name, state, measured, limit, left, self.human, self.cause)


def share_left(measured: float, limit: float) -> float:
    """1 at a measured value of 0, 0 at the limit and beyond it; NaN where nothing is measured or the limit is off.

    >>> share_left(5.0, 20.0)
    0.75
    """
    if measured != measured or not 0.0 < limit < float("inf"):
        return float("nan")
    return min(1.0, max(0.0, 1.0 - measured / limit))


def trip_entry(trip: Trip, n: int, at_ns: int) -> Entry:
    """The entry of the n-th trip of a breaker. Without `until_ns`, measured or limit where they are not finite."""
    body: dict[str, Any] = {"breaker": trip.breaker, "n": n, "cause": trip.cause, "human": trip.human}
    body |= {"until_ns": trip.until_ns} if trip.until_ns is not None else {}
    body |= {
        name: value
        for name, value in (("measured", trip.measured), ("limit", trip.limit))
        if value - value == 0.0  # finite
    }
    return Entry(Kind.TRIPPED, f"tripped:{trip.breaker}:{n}", at_ns, body=body)


def resume_entry(breaker: str, n: int, at_ns: int, reason: str, person: str = "") -> Entry:
    """The entry that ends the n-th trip of a breaker: by its rule, or by a person."""
    body = {"breaker": breaker, "n": n, "reason": reason, "person": person}
    return Entry(Kind.RESUMED, f"resumed:{breaker}:{n}", at_ns, body=body)
