"""The book of bets: a pure fold over entries. What it refuses is refused before it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from engine.errors import KeyConflict, LedgerError
from engine.live.bets.bet import STATE_KINDS, UNDER_WAY, Bet, after
from engine.live.bets.states import ENDED, UNSURE, BetState
from engine.live.ledger.entries import ACCOUNTS, Entry, Kind, Recorded

#: kinds of entry that change a bet
BET_KINDS: Final = STATE_KINDS | {Kind.REVERSED, Kind.READ}


class External(NamedTuple):
    """What is at risk in a bet at the venue that is not ours, and where; empty where that is not known.

    Attributes
    ----------
    event_id : int or None
        None: not one of our events.
    risk_minor : int
    sport, competition, bookmaker : str
    """

    event_id: int | None = None
    risk_minor: int = 0
    sport: str = ""
    competition: str = ""
    bookmaker: str = ""


class Book:
    """Every bet, every balance and every bet id of the venue, as the entries so far give them.

    `check` looks at entries that are about to be written; `apply` takes those that were. Both go through
    `engine.live.bets.bet.after`, so nothing that `check` passes can fail later.
    """

    def __init__(self) -> None:
        self.balances: dict[str, int] = dict.fromkeys(ACCOUNTS, 0)
        self.last_number = 0
        #: the latest instant of an entry: a wall clock that says less after a restart was set back
        self.latest_ns = 0
        self.trips: dict[str, int] = {}
        self.external: dict[str, External] = {}
        self.external_entries = 0
        self.adjustments = 0
        self._bets: dict[str, Bet] = {}
        self._alive: dict[str, Bet] = {}
        self._claims: dict[str, str] = {}
        self._adopted: dict[str, str] = {}
        self._standing: set[str] = set()

    def __len__(self) -> int:
        return len(self._bets)

    def __contains__(self, key: str) -> bool:
        return key in self._bets

    def get(self, key: str) -> Bet | None:
        """The bet of a key; None where there is no such intent."""
        return self._bets.get(key)

    def bets(self) -> Mapping[str, Bet]:
        """All bets by key, in the order in which they were intended."""
        return MappingProxyType(self._bets)

    def alive(self) -> list[Bet]:
        """Bets at which something is at risk, in the order in which they were intended."""
        return list(self._alive.values())

    def under_way(self) -> list[Bet]:
        """Bets of which the venue still has something to say before their event is decided."""
        return [bet for bet in self._alive.values() if bet.state in UNDER_WAY]

    def unknown(self) -> list[Bet]:
        """Bets without a definite answer."""
        return [bet for bet in self._alive.values() if bet.state is BetState.UNKNOWN]

    def owner(self, venue_bet: str) -> str | None:
        """Key of the intent that has claimed a bet id (``venue/bet id``)."""
        return self._claims.get(venue_bet)

    def is_adopted(self, key: str) -> bool:
        """Whether a person took a bet with this key over after a backup was restored: it is never sent again."""
        return key in self._adopted

    def adopted_bets(self) -> set[str]:
        """Bet ids of the venue that a person took over."""
        return set(self._adopted.values())

    def is_tripped(self, breaker: str) -> bool:
        """Whether a breaker stands: tripped, and not resumed since."""
        return breaker in self._standing

    def is_closed(self, event_id: int, market: str, line: float | None, *, now_ns: int, after_ns: int) -> bool:
        """Whether a market is closed to us: a bet of ours there has been UNKNOWN for `after_ns` or longer.

        Parameters
        ----------
        event_id, market, line
            As of `engine.live.venue.Order`.
        now_ns : int
            UTC nanoseconds on the runner's clock of the world.
        after_ns : int
        """
        return any(
            bet.market == (event_id, market, line) and now_ns - bet.unknown_since_ns >= after_ns
            for bet in self.unknown()
        )

    def external_minor(self, event_id: int | None = None) -> int:
        """What is at risk in bets at the venue that are not ours: on one event, or in all."""
        return sum(one.risk_minor for one in self.external.values() if event_id is None or one.event_id == event_id)

    def free_minor(self) -> int:
        """Money that the venue should show as free: cash, and what is reserved for bets that it may not have."""
        return self.balances["cash"] + sum(b.reserved_minor for b in self._alive.values() if b.state in UNSURE)

    def check(self, entries: Sequence[Entry]) -> None:
        """Refuse entries that must not be written, in the order in which they would be.

        Raises
        ------
        KeyConflict
            A bet id of the venue belongs to another intent already.
        LedgerError
            A transition that the table does not have, wrong money, a matched size that falls, a settlement out of
            order, or one that is taken back without the next.
        """
        bets: dict[str, Bet] = {}
        claims: dict[str, str] = {}
        for entry in entries:
            if entry.venue_bet is not None:
                owner = claims.get(entry.venue_bet, self._claims.get(entry.venue_bet))
                if owner is not None and owner != entry.intent:
                    raise _two_intents(entry, owner)
                claims[entry.venue_bet] = entry.intent
            if entry.kind in BET_KINDS:
                bets[entry.intent] = after(bets.get(entry.intent, self._bets.get(entry.intent)), entry)
        for key, bet in bets.items():
            if bet.reversed:
                raise LedgerError(
                    "a settlement is taken back without the next one",
                    where=f"bet {key}",
                    expected=f"settlement {bet.version + 1} in the same commit",
                    todo="nothing was written",
                )

    def apply(self, recorded: Recorded) -> None:
        """Take an entry that is in the ledger.

        Raises
        ------
        LedgerError
            A number is missing, or the entry is one that `check` would have refused: the ledger is damaged.
        """
        entry = recorded.entry
        if recorded.number != self.last_number + 1:
            raise LedgerError(
                "an entry is missing",
                expected=f"number {self.last_number + 1}",
                found=str(recorded.number),
                todo="bea ledger verify",
            )
        if entry.venue_bet is not None and self._claims.setdefault(entry.venue_bet, entry.intent) != entry.intent:
            raise _two_intents(entry, self._claims[entry.venue_bet])
        if entry.kind in BET_KINDS:
            self._put(after(self._bets.get(entry.intent), entry))
        elif entry.kind is Kind.TRIPPED:
            name = str(entry.body.get("breaker", ""))
            self.trips[name] = self.trips.get(name, 0) + 1
            self._standing.add(name)
        elif entry.kind is Kind.RESUMED:
            self._standing.discard(str(entry.body.get("breaker", "")))
        elif entry.kind is Kind.EXTERNAL:
            self._take_external(entry)
        elif entry.kind is Kind.ADJUSTED:
            self.adjustments += 1
        for name in ACCOUNTS:
            self.balances[name] += getattr(entry.money, name)
        self.last_number = recorded.number
        self.latest_ns = max(self.latest_ns, entry.at_ns)

    def _put(self, bet: Bet) -> None:
        self._bets[bet.key] = bet
        if bet.state in ENDED or (bet.state is BetState.LAPSED and bet.matched_minor == 0):
            self._alive.pop(bet.key, None)
        else:
            self._alive[bet.key] = bet

    def _take_external(self, entry: Entry) -> None:
        body = entry.body
        self.external_entries += 1
        name, risk = str(body["venue_bet_id"]), int(body["at_risk_minor"])
        if entry.intent:
            self._adopted[entry.intent] = name
        if risk:
            place = (str(body.get(field, "")) for field in External._fields[2:])
            self.external[name] = External(body.get("event_id"), risk, *place)
        else:
            self.external.pop(name, None)

    def __iter__(self) -> Iterator[Bet]:
        return iter(self._bets.values())


def _two_intents(entry: Entry, owner: str) -> KeyConflict:
    return KeyConflict(
        "a bet id of the venue belongs to two intents",
        where=f"bet id {entry.venue_bet}",
        expected=f"intent {owner}",
        found=f"intent {entry.intent}",
        todo="nothing was written; the runner stops: compare both bets at the venue",
    )
