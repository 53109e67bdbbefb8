"""From what a venue states of a bet to the entries that follow from it. What says nothing new follows nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.live.alarm import Alarm
from engine.live.bets.bet import Bet, after
from engine.live.bets.postings import received, settled
from engine.live.bets.states import BetState
from engine.live.execution.evidence import fault_of, surprises
from engine.live.ledger.entries import Entry
from engine.live.venue import Outcome, Receipt

_GONE = frozenset({BetState.REJECTED, BetState.ABANDONED})
_DECIDED = frozenset({BetState.SETTLED, BetState.VOID})


@dataclass
class Statement:
    """What follows from a receipt.

    Attributes
    ----------
    entries : list of Entry
        For one commit, in their order.
    alarms : list of Alarm
    trips : list of tuple of str
        Breaker and cause of each trip.
    """

    entries: list[Entry] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    trips: list[tuple[str, str]] = field(default_factory=list)


def follows(bet: Bet, receipt: Receipt, venue: str, at_ns: int, *, settles: bool) -> Statement:
    """What a receipt from a look-up, a list or a stream changes about a bet.

    Matched sizes are cumulative: a statement with less than is known is old and changes nothing. So is a settlement of
    an earlier version. The same statement twice changes something once.

    Parameters
    ----------
    bet : Bet
        In any state; nothing is done about one that is INTENDED or SENT, whose answer is still to come.
    receipt : Receipt
        With a definite meaning (`engine.live.execution.evidence.fault_of` is empty).
    venue : str
        Name of its profile.
    at_ns : int
    settles : bool
        Whether the venue decides the money of a bet; on paper the results do.
    """
    found = Statement()
    if fault_of(receipt) or bet.state in (BetState.INTENDED, BetState.SENT):
        return found
    placed = _as_placed(bet, receipt)
    if placed is not None and _is_news(bet, placed):
        entry = received(bet, placed, venue, at_ns)
        found.entries.append(entry)
        for alarm, breaker in surprises(bet, placed, venue):
            found.alarms.append(alarm)
            found.trips.append((breaker, alarm.text))
        if bet.state in _GONE or (bet.state is BetState.LAPSED and placed.outcome is not Outcome.LAPSED):
            text = f"bet {bet.key}: {bet.state} here ({bet.cause or 'rest gone'}), {receipt.outcome} at the venue"
            found.alarms.append(Alarm("bet_after_all", text, bet.key))
            found.trips.append((f"proof/venue/{venue}", text))
        bet = after(bet, entry)
    if settles and receipt.outcome in (Outcome.SETTLED, Outcome.VOID) and bet.matched_minor:
        _settle(bet, receipt, at_ns, found)
    return found


def _as_placed(bet: Bet, receipt: Receipt) -> Receipt | None:
    """The receipt as one of a bet that is not settled; None: it says nothing about placing."""
    matched, rest = receipt.matched_minor, receipt.open_minor
    match receipt.outcome:
        case Outcome.SETTLED | Outcome.VOID:
            return replace(receipt, outcome=Outcome.PLACED if matched else Outcome.LAPSED, open_minor=0)
        case Outcome.PENDING if bet.state in _GONE:
            # open and undecided: an order of which nothing is matched yet
            return replace(receipt, outcome=Outcome.PARTIAL, open_minor=bet.order.stake_minor)
        case Outcome.LAPSED if bet.state in _GONE:
            return replace(receipt, outcome=Outcome.PLACED) if matched else None
        case _ if bet.state in _GONE and not matched and not rest:
            return None
        case _:
            return receipt


def _is_news(bet: Bet, receipt: Receipt) -> bool:
    matched, rest, outcome = receipt.matched_minor, receipt.open_minor, receipt.outcome
    if bet.state is BetState.UNKNOWN:
        return True
    if bet.state is BetState.PENDING:
        return outcome is not Outcome.PENDING
    if matched < bet.matched_minor or outcome in (Outcome.PENDING, Outcome.REJECTED):
        return False
    if bet.state is BetState.PARTIAL:
        return outcome is not Outcome.PARTIAL or matched > bet.matched_minor or rest < bet.open_minor
    if bet.state is BetState.LAPSED:
        return matched > bet.matched_minor and outcome is not Outcome.LAPSED
    return bet.state in _GONE


def _settle(bet: Bet, receipt: Receipt, at_ns: int, found: Statement) -> None:
    """Add the venue's settlement, if it is another one than ours."""
    outcome = BetState.VOID if receipt.outcome is Outcome.VOID else BetState.SETTLED
    pnl = 0 if receipt.pnl_minor is None and outcome is BetState.VOID else receipt.pnl_minor
    if pnl is None:
        return  # settled, and the venue does not say yet with how much
    if bet.state in _DECIDED:
        is_old = 0 < receipt.version <= bet.venue_version
        if is_old or (outcome, pnl) == (bet.state, bet.pnl_minor):
            return
        text = f"bet {bet.key}: {bet.state} with {bet.pnl_minor} here, {outcome} with {pnl} at the venue (minor units)"
        found.alarms.append(Alarm("settlement_differs", text, bet.key))
    more = {"by": "venue", "venue_version": receipt.version, "commission_minor": receipt.commission_minor}
    found.entries += settled(bet, outcome, pnl, 0, at_ns, more)
