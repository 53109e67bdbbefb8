"""One bet as its entries tell it, and what each kind of entry may do to it. Whatever is not allowed here is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final

from engine.errors import KeyConflict, LedgerError
from engine.live.bets.states import MATCHED, RESERVED, BetState, is_allowed
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.venue import Order

#: kinds of entry that are states of a bet
STATE_KINDS: Final = frozenset(Kind(state.value) for state in BetState)
#: states of bets whose story may go on at the venue
UNDER_WAY: Final = frozenset({BetState.SENT, BetState.UNKNOWN, BetState.PENDING, BetState.PARTIAL})
_ORDER_FIELDS: Final = tuple(part.name for part in fields(Order))


@dataclass(frozen=True)
class Bet:
    """A bet. Money is in whole minor units; times are UTC nanoseconds on the runner's clock of the world.

    Attributes
    ----------
    order : Order
        As it was intended.
    facts : mapping
        What else the intent holds: sport, competition, prob, position and so on.
    state : BetState
    attempts : int
        Requests that may have been made.
    first_sent_ns, last_sent_ns : int
        0 before the first attempt.
    sent : mapping
        Body of the last SENT entry.
    unknown_since_ns : int
        When it first became UNKNOWN; 0: never. From then on only evidence by key ends it: that a later attempt was not
        taken proves nothing about the one before.
    cause : str
        Of UNKNOWN, of a rejection or an abandonment; empty once the venue has placed it.
    reads : int
        READ entries so far.
    venue_bet_id : str
    odds : float
        At which the matched part was matched; 0 while nothing is.
    matched_minor, backer_minor, open_minor : int
        As in `engine.live.venue.Receipt`.
    version, venue_version : int
        Of the last settlement: ours, and the venue's where it states one.
    pnl_minor, tax_minor : int
        Of the settlement in force.
    reversed : bool
        The last settlement is taken back and the next one follows in the same commit.
    at_ns : int
        Of its last entry.
    """

    order: Order
    facts: Mapping[str, Any] = field(default_factory=dict)
    state: BetState = BetState.INTENDED
    attempts: int = 0
    first_sent_ns: int = 0
    last_sent_ns: int = 0
    sent: Mapping[str, Any] = field(default_factory=dict)
    unknown_since_ns: int = 0
    cause: str = ""
    reads: int = 0
    venue_bet_id: str = ""
    odds: float = 0.0
    matched_minor: int = 0
    backer_minor: int = 0
    open_minor: int = 0
    version: int = 0
    venue_version: int = 0
    pnl_minor: int = 0
    tax_minor: int = 0
    reversed: bool = False
    at_ns: int = 0

    @property
    def key(self) -> str:
        """Key of its intent."""
        return self.order.key

    @property
    def market(self) -> tuple[int, str, float | None]:
        """Event, market and line."""
        return (self.order.event_id, self.order.market, self.order.line)

    @property
    def reserved_minor(self) -> int:
        """What it holds of the account `reserved`."""
        if self.state in RESERVED:
            return self.order.stake_minor
        return self.open_minor if self.state is BetState.PARTIAL else 0

    @property
    def stakes_minor(self) -> int:
        """What it holds of the account `stakes`."""
        return self.matched_minor if self.state in MATCHED or self.reversed else 0

    @property
    def at_risk_minor(self) -> int:
        """The most that can be lost from here on."""
        return self.reserved_minor + self.stakes_minor


def order_body(order: Order) -> dict[str, Any]:
    """An order as plain JSON."""
    return asdict(order)


def order_of(body: Mapping[str, Any]) -> Order:
    """The order in the body of an INTENDED entry."""
    return Order(**{name: body[name] for name in _ORDER_FIELDS})


def money_of(bet: Bet | None, target: BetState, *, matched: int = 0, rest: int = 0, stake: int = 0) -> Money:
    """Changes of the accounts when a bet goes to a state that is not a settlement.

    What it held before is freed and what it holds then is taken; cash gives or gets the difference.

    Parameters
    ----------
    bet : Bet or None
        Before; None for a new intent.
    target : BetState
    matched, rest : int
        At risk then: matched, and open at the venue.
    stake : int
        Of a new intent.
    """
    whole = stake if bet is None else bet.order.stake_minor
    reserved = (whole if target in RESERVED else rest) - (0 if bet is None else bet.reserved_minor)
    stakes = (matched if target in MATCHED else 0) - (0 if bet is None else bet.stakes_minor)
    return Money(cash=-reserved - stakes, reserved=reserved, stakes=stakes)


def settlement_money(bet: Bet, pnl_minor: int, tax_minor: int) -> Money:
    """Changes of the accounts when a bet is settled or void: the stake comes back with the profit, an open rest too."""
    matched, rest = bet.matched_minor, bet.open_minor if bet.state is BetState.PARTIAL else 0
    return Money(
        cash=matched + pnl_minor + rest, reserved=-rest, stakes=-matched, pnl=-pnl_minor - tax_minor, tax=tax_minor
    )


def reversal_money(bet: Bet) -> Money:
    """Changes of the accounts when the settlement in force is taken back; an open rest does not come back."""
    m, pnl, tax = bet.matched_minor, bet.pnl_minor, bet.tax_minor
    return Money(cash=-m - pnl, stakes=m, pnl=pnl + tax, tax=-tax)


def after(bet: Bet | None, entry: Entry) -> Bet:
    """The bet after an entry.

    Raises
    ------
    KeyConflict
        The entry claims a second bet id of the venue for it.
    LedgerError
        The table has no such transition, the money is not what the transition moves, what is matched falls, or a
        settlement has the wrong version.
    """
    if entry.kind in STATE_KINDS:
        return _to_state(bet, entry, BetState(entry.kind.value))
    if bet is None:
        raise _refusal(entry, "an entry of a known bet", "no such intent")
    if entry.kind is Kind.REVERSED:
        return _reversed(bet, entry)
    if entry.kind is Kind.READ:
        _check_money(entry, Money())
        return replace(bet, reads=bet.reads + 1, at_ns=entry.at_ns)
    return bet  # alerts and acknowledgements that name a bet change nothing of it


def _to_state(bet: Bet | None, entry: Entry, target: BetState) -> Bet:
    source = None if bet is None else bet.state
    if not is_allowed(source, target):
        raise _refusal(entry, f"a transition of docs/states.md from {source or 'nothing'}", str(target))
    if bet is None:
        return _intended(entry)
    if target in (BetState.SETTLED, BetState.VOID):
        return _settled(bet, entry, target)
    if target is BetState.SENT:
        return _sent(bet, entry)
    if target in (BetState.UNKNOWN, BetState.ABANDONED, BetState.REJECTED):
        _check_money(entry, money_of(bet, target))
        if target is BetState.ABANDONED and bet.unknown_since_ns:
            raise _refusal(entry, "a bet of which every attempt was provably not taken", "one without an answer")
        cause = str(entry.body.get("cause", entry.body.get("reason", "")))
        since = bet.unknown_since_ns or (entry.at_ns if target is BetState.UNKNOWN else 0)
        claimed = _claimed(bet, entry)
        return replace(
            bet,
            state=target,
            cause=cause,
            unknown_since_ns=since,
            venue_bet_id=claimed,
            open_minor=0,
            at_ns=entry.at_ns,
        )
    return _received(bet, entry, target)


def _intended(entry: Entry) -> Bet:
    try:
        order = order_of(entry.body)
    except (KeyError, TypeError) as error:
        raise _refusal(entry, "all fields of an order", str(error)) from error
    if order.key != entry.intent or order.stake_minor <= 0:
        raise _refusal(entry, "its own key and a positive stake", f"{order.key}, {order.stake_minor}")
    _check_money(entry, money_of(None, BetState.INTENDED, stake=order.stake_minor))
    facts = {name: value for name, value in entry.body.items() if name not in _ORDER_FIELDS}
    return Bet(order=order, facts=facts, at_ns=entry.at_ns)


def _sent(bet: Bet, entry: Entry) -> Bet:
    _check_money(entry, Money())
    if entry.body.get("attempt") != bet.attempts + 1:
        raise _refusal(entry, f"attempt {bet.attempts + 1}", str(entry.body.get("attempt")))
    return replace(
        bet,
        state=BetState.SENT,
        attempts=bet.attempts + 1,
        first_sent_ns=bet.first_sent_ns or entry.at_ns,
        last_sent_ns=entry.at_ns,
        sent=entry.body,
        at_ns=entry.at_ns,
    )


def _received(bet: Bet, entry: Entry, target: BetState) -> Bet:
    body = entry.body
    matched, rest = _whole(entry, "matched_minor"), _whole(entry, "open_minor")
    backer, odds = _whole(entry, "backer_minor"), float(body.get("odds", 0.0))
    if matched < bet.matched_minor:
        raise _refusal(entry, f"at least {bet.matched_minor} matched", str(matched))
    wrong = {
        BetState.PENDING: matched > 0,
        BetState.PLACED: matched == 0 or rest > 0,
        BetState.PARTIAL: rest == 0,
        BetState.LAPSED: rest > 0,
    }[target]
    if wrong or (matched > 0 and odds <= 1.0):
        raise _refusal(entry, f"sizes and odds of a bet that is {target}", f"{matched} and {rest} at {odds}")
    _check_money(entry, money_of(bet, target, matched=matched, rest=rest))
    return replace(
        bet,
        state=target,
        matched_minor=matched,
        open_minor=rest,
        backer_minor=backer,
        odds=odds,
        cause="",
        venue_bet_id=_claimed(bet, entry),
        at_ns=entry.at_ns,
    )


def _settled(bet: Bet, entry: Entry, target: BetState) -> Bet:
    if bet.state in (BetState.SETTLED, BetState.VOID) and not bet.reversed:
        raise _refusal(entry, f"a reversal of settlement {bet.version} before it", str(target))
    if entry.body.get("version") != bet.version + 1:
        raise _refusal(entry, f"settlement {bet.version + 1}", str(entry.body.get("version")))
    pnl, tax = entry.body.get("pnl_minor"), entry.body.get("tax_minor", 0)
    if type(pnl) is not int or type(tax) is not int:
        raise _refusal(entry, "profit and tax in whole minor units", f"{pnl}, {tax}")
    _check_money(entry, settlement_money(bet, pnl, tax))
    return replace(
        bet,
        state=target,
        open_minor=0,
        version=bet.version + 1,
        venue_version=int(entry.body.get("venue_version", bet.venue_version)),
        pnl_minor=pnl,
        tax_minor=tax,
        reversed=False,
        venue_bet_id=_claimed(bet, entry),
        at_ns=entry.at_ns,
    )


def _reversed(bet: Bet, entry: Entry) -> Bet:
    if bet.state not in (BetState.SETTLED, BetState.VOID) or bet.reversed:
        raise _refusal(entry, "a settled bet", str(bet.state))
    _check_money(entry, reversal_money(bet))
    return replace(bet, reversed=True, at_ns=entry.at_ns)


def _claimed(bet: Bet, entry: Entry) -> str:
    """Bet id at the venue after an entry; a second, different one is refused."""
    stated = str(entry.body.get("venue_bet_id", "") or "")
    if stated and bet.venue_bet_id and stated != bet.venue_bet_id:
        raise KeyConflict(
            "the venue gave one bet two ids",
            where=f"bet {bet.key}",
            expected=bet.venue_bet_id,
            found=stated,
            todo="stop and compare both bets at the venue",
        )
    return stated or bet.venue_bet_id


def _whole(entry: Entry, name: str) -> int:
    value = entry.body.get(name, 0)
    if type(value) is not int or value < 0:
        raise _refusal(entry, f"{name} as whole minor units, not negative", str(value))
    return value


def _check_money(entry: Entry, expected: Money) -> None:
    if entry.money != expected:
        raise _refusal(entry, f"{expected}", f"{entry.money}")


def _refusal(entry: Entry, expected: str, found: str) -> LedgerError:
    return LedgerError(
        f"the entry {entry.key!r} is not possible",
        where=f"bet {entry.intent}",
        expected=expected,
        found=found,
        todo="nothing was written; see docs/states.md",
    )
