"""The contract of a venue: orders in, answers out, and what an adapter promises about requests without an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from engine.clock import SECOND_NS
from engine.errors import ConfigurationError

#: reason of a rejection that says that the venue knows our reference already; never a rejection to us: it is looked up
DUPLICATE: Final = "duplicate"
#: reason of a rejection for want of money at the venue; new bets stop, for the ledger thought otherwise
INSUFFICIENT_FUNDS: Final = "insufficient_funds"
#: reason of a rejection while the guard of the paper venue stops it: its results are too good to be true
IMPLAUSIBLE: Final = "implausible"
#: reason of a rejection by a venue that takes no more bets of this account: limits of losses, exclusion, a closed login
ACCOUNT_STOPPED: Final = "account_stopped"
#: reason of a rejection of an order that came after its reference was closed
CLOSED_KEY: Final = "closed_key"


class ProofClass(StrEnum):
    """How a venue can prove that it holds a bet, or that it does not."""

    SHORT_WINDOW = "short_window"  # de-duplicates for a short time; bets are found by our reference
    LOOK_UP = "look_up"  # de-duplicates and finds by our reference for a longer time
    LISTS = "lists"  # knows no reference of ours; only lists of bets
    PAPER = "paper"  # de-duplicates for ever, always knows, and can refuse a reference for ever


@dataclass(frozen=True)
class Profile:
    """What is true of a venue. Every duration is in nanoseconds of the monotonic clock.

    Attributes
    ----------
    name : str
    proof : ProofClass
    send_timeout_ns, connect_timeout_ns : int
        After them a send without an answer counts as unanswered.
    look_up_after_ns : int
        From the last send to the first look-up.
    absence_reads : int
        Complete reads without the bet that prove its absence.
    absence_gap_ns, absence_wait_ns : int
        Between two such reads, and from the last send to the first of them.
    proof_until_ns : int or None
        From the first send; later a look-up proves nothing any more. None: it always does.
    declined_ns : tuple of (int, int) or None
        From the first send, from when and until when a bet that the venue has not decided, and that complete readings
        do not show, was not accepted: the venue forgets such a bet and lists all others. None: it waits for a person.
    resend : bool
        Whether a request that may have arrived may be sent again under the same key. Off unless the user opts in.
    resend_until_ns : int
        From the first send, for an opted-in resend.
    all_or_none : bool
        Whether a batch can be placed as a whole or not at all. Without it no legs of a group are bet there.
    reference_characters : str
        Regular expression that a reference must match as a whole. A venue that has references and cannot carry our keys
        as they are is refused at the start (`check_references`); an adapter never shortens a key.
    not_accepted_status : tuple of int
        HTTP statuses that this venue defines as "not accepted".
    """

    name: str
    proof: ProofClass
    send_timeout_ns: int = 16 * SECOND_NS
    connect_timeout_ns: int = 3 * SECOND_NS
    look_up_after_ns: int = 6 * SECOND_NS
    absence_reads: int = 3
    absence_gap_ns: int = 10 * SECOND_NS
    absence_wait_ns: int = 180 * SECOND_NS
    proof_until_ns: int | None = None
    declined_ns: tuple[int, int] | None = None
    resend: bool = False
    resend_until_ns: int = 0
    all_or_none: bool = False
    reference_characters: str = "[0-9a-f]{32}"
    not_accepted_status: tuple[int, ...] = ()


def check_references(profile: Profile) -> None:
    """Refuse a venue whose references cannot carry our keys as they are: 32 hexadecimal digits, any of them anywhere.

    A venue that only has lists has no references and is not asked.

    Raises
    ------
    ConfigurationError
    """
    keys = [digit * 32 for digit in "0123456789abcdef"] + ["0123456789abcdef" * 2, "fedcba9876543210" * 2]
    if profile.proof is ProofClass.LISTS:
        return
    refused = next((key for key in keys if re.fullmatch(profile.reference_characters, key) is None), None)
    if refused is not None:
        raise ConfigurationError(
            "the references of a venue cannot carry our keys",
            where=f"venue {profile.name}, reference_characters",
            expected=f"a pattern that matches {refused}",
            found=profile.reference_characters,
            todo="a key is never shortened: use a field of the venue that takes 32 characters, or its class `lists`",
        )


def usual(name: str, proof: ProofClass, **own: Any) -> Profile:
    """The profile of a venue of a class, with the times that its proofs need; whatever is its own replaces them.

    Sources: Betfair placeOrders (references are remembered for 60 s; a timed-out order may take up to 2 min to appear,
    so the first proof is 3 min after the send), Pinnacle bets by uniqueRequestId (30 min).

    Parameters
    ----------
    name : str
    proof : ProofClass
    **own
        Fields of `Profile`.
    """
    times: dict[str, Any] = {
        ProofClass.SHORT_WINDOW: {"resend_until_ns": 36 * SECOND_NS},
        ProofClass.LOOK_UP: {
            "absence_reads": 2,
            "absence_wait_ns": 16 * SECOND_NS,
            "proof_until_ns": 1800 * SECOND_NS,
            "resend_until_ns": 1500 * SECOND_NS,
        },
        ProofClass.LISTS: {"absence_reads": 2, "absence_wait_ns": 600 * SECOND_NS},
        ProofClass.PAPER: {"absence_reads": 1, "absence_gap_ns": 0, "absence_wait_ns": 0, "look_up_after_ns": 0},
    }[proof]
    return Profile(name, proof, **{**times, **own})


@dataclass(frozen=True)
class Order:
    """What is sent to a venue. Money is in whole minor units.

    Attributes
    ----------
    key : str
        32 hexadecimal digits (`engine.live.bets.intent`): the reference under which the venue must find the bet.
    opportunity_id : int
        Identity of the opportunity (`engine.identity.opportunity_ids`).
    event_id, market, line, selection, bookmaker, side
        What is bet on, and where. `line` is None where the market has none.
    odds : float
        Quoted at the decision.
    odds_worst : float
        The worst odds that are accepted: the lowest of a back bet, the highest of a lay.
    stake_minor : int
        The most that may be at risk: of a back bet the stake, of a lay the liability.
    backer_minor : int
        Of a lay: the backer's stake at `odds`; 0 for a back bet.
    decided_at_ns : int
        Instant of the decision, UTC nanoseconds.
    expires_ns : int
        End of the decision window, UTC nanoseconds: nothing is sent after it.
    group : str
        Legs of one group are placed together; empty for a single bet.
    """

    key: str
    opportunity_id: int
    event_id: int
    market: str
    line: float | None
    selection: str
    bookmaker: str
    side: str
    odds: float
    odds_worst: float
    stake_minor: int
    backer_minor: int
    decided_at_ns: int
    expires_ns: int
    group: str = ""


class Outcome(StrEnum):
    """What a venue says of a bet."""

    PLACED = "placed"
    PARTIAL = "partial"
    PENDING = "pending"
    REJECTED = "rejected"
    LAPSED = "lapsed"  # nothing more will be matched
    SETTLED = "settled"
    VOID = "void"


@dataclass(frozen=True)
class Receipt:
    """A definite statement of a venue about one bet. Money is in whole minor units and cumulative.

    Attributes
    ----------
    key : str
        Our reference, as the venue echoes it.
    venue_bet_id : str
        Unique at the venue; empty for a rejection, and for a bet that is not decided where ids come with acceptance.
    outcome : Outcome
    odds : float
        At which the matched part was matched, on average; 0 where nothing is matched.
    matched_minor : int
        At risk: of a back bet the matched stake, of a lay its liability.
    backer_minor : int
        Of a lay: the matched backer's stake.
    open_minor : int
        The rest that may still be matched, at risk.
    reason : str
        Why it was rejected: a name of `engine.kernel.codes.REASONS` in lower case, or the venue's own word.
    pnl_minor, commission_minor : int or None
        Of a settled bet, as the venue states them.
    version : int
        Of a settlement: 1, and one more for each correction; 0: the venue does not count them.
    raw : mapping
        The answer with secrets removed, plain JSON values.
    event_id : int or None
    selection, side : str
        What the venue says the bet is on, where it does; None and empty otherwise. Where it is not what we ordered,
        somebody else uses our references and the runner stops.
    bookmaker : str
        Whose wallet holds its money, where the venue says so.
    """

    key: str
    venue_bet_id: str
    outcome: Outcome
    odds: float = 0.0
    matched_minor: int = 0
    backer_minor: int = 0
    open_minor: int = 0
    reason: str = ""
    pnl_minor: int | None = None
    commission_minor: int | None = None
    version: int = 0
    raw: Mapping[str, Any] = field(default_factory=dict)
    event_id: int | None = None
    selection: str = ""
    side: str = ""
    bookmaker: str = ""

    @property
    def at_risk_minor(self) -> int:
        """What is at risk by it, whole minor units: nothing once the bet is settled or refused.

        >>> Receipt("00", "1", Outcome.PARTIAL, odds=2.0, matched_minor=30, open_minor=70).at_risk_minor
        100
        """
        ended = self.outcome in (Outcome.SETTLED, Outcome.VOID, Outcome.REJECTED)
        return 0 if ended else self.matched_minor + self.open_minor


@dataclass(frozen=True)
class ForeignBet:
    """A bet at the venue that carries none of our references: placed by hand, or by another program.

    At a venue that only has lists (`ProofClass.LISTS`) every bet is one; then the fields from `market` on say which of
    our intents it can be.

    Attributes
    ----------
    venue_bet_id : str
    event_id : int or None
        None: not one of our events.
    at_risk_minor : int
        Matched and open, in whole minor units.
    raw : mapping
    market, line, selection, side
        As of `Order`; empty and None where the venue does not say.
    odds : float
    placed_at_ns : int
        By the venue's clock, UTC nanoseconds.
    receipt : Receipt or None
        What the venue states of it, with an empty key.
    bookmaker : str
        Whose wallet holds its money, where the venue says so; empty: it may be any.
    """

    venue_bet_id: str
    event_id: int | None
    at_risk_minor: int
    raw: Mapping[str, Any] = field(default_factory=dict)
    market: str = ""
    line: float | None = None
    selection: str = ""
    side: str = ""
    odds: float = 0.0
    placed_at_ns: int = 0
    receipt: Receipt | None = None
    bookmaker: str = ""


@dataclass(frozen=True)
class Reading:
    """What one look-up or list read gave.

    Attributes
    ----------
    receipts : tuple of Receipt
        Bets with a reference of ours. Duplicates have been collapsed by venue bet id.
    complete : bool
        Every page of every place where a bet can be was read. Only a complete reading can prove an absence.
    foreign : tuple of ForeignBet
    """

    receipts: tuple[Receipt, ...]
    complete: bool
    foreign: tuple[ForeignBet, ...] = ()


class VenueFailure(Exception):
    """Base of what an adapter raises. `cause` is one short word, such as ``connect``, ``timeout``, ``status_503``."""

    def __init__(self, cause: str, retry_after_ns: int | None = None) -> None:
        self.cause, self.retry_after_ns = cause, retry_after_ns
        super().__init__(cause)


class NotTaken(VenueFailure):
    """The request provably did not reach the venue, or the venue defines its answer as "not accepted"."""


class Unanswered(VenueFailure):
    """The request may have arrived. Nothing is known of the bet."""


class ReadFailed(VenueFailure):
    """A look-up, list or balance could not be read. It proves nothing."""


class Venue(Protocol):
    """A venue. Every call ends within the time-outs of the profile."""

    profile: Profile

    def place(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        """Send orders in one request; the answer of each, in the order of `orders`.

        A receipt belongs to the order whose key it has; a failure to the order at its place, as long as the receipts
        stand at theirs. One call is one request, for each has an entry of its own: an adapter whose session has ended
        renews it and raises `NotTaken`, and the executor asks again.

        Raises
        ------
        NotTaken, Unanswered
            For the request as a whole. Any other exception of an adapter counts as `Unanswered`.
        """
        ...

    def look_up(self, keys: Sequence[str]) -> Reading:
        """What the venue knows of bets with these references, in every place where a bet can be.

        Raises
        ------
        ReadFailed
        """
        ...

    def bets(self) -> Reading:
        """All bets of the account that are open, pending, or settled lately.

        Raises
        ------
        ReadFailed
        """
        ...

    def balance_minor(self) -> int:
        """The money of the account that is free for bets, whole minor units.

        Raises
        ------
        ReadFailed
        """
        ...

    def cancel(self, key: str) -> Receipt:
        """Cancel the open rest of a bet; what is matched stays.

        Raises
        ------
        NotTaken, Unanswered
        """
        ...

    def close_key(self, key: str) -> Reading:
        """Refuse every order under a reference from now on, unless one stands there: then it is in the reading.

        Without it a request that a stopped process still holds could arrive after the bet was called absent. Only
        venues of the class ``PAPER`` can do it and are asked.

        Raises
        ------
        ReadFailed
        """
        ...
