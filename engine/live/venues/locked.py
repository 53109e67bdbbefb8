"""A real venue behind its limits: a stake that is too large, or a day that could lose too much, is never sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from engine.clock import day_of
from engine.live.alarm import Alarm, Tell, no_tell
from engine.live.clock import Clock
from engine.live.ledger.entries import Kind, Recorded
from engine.live.venue import NotTaken, Order, Outcome, Reading, Receipt, Unanswered, Venue, VenueFailure
from engine.live.venues.locks import Permit
from engine.logs.setup import logger

_LOG = logger(__name__)
_Place = Callable[[Sequence[Order]], Sequence[Receipt | VenueFailure]]

#: reasons of rejections; nothing left this machine
ORDER_LIMIT: Final = "order_limit"
DAY_LOSS_LIMIT: Final = "day_loss_limit"
NOT_RECORDED: Final = "not_recorded"
OTHER_BOOKMAKER: Final = "other_bookmaker"
DRY_RUN: Final = "dry_run"
#: in the body of the first STARTED entry: money of the account that is not of the ledger, whole minor units
ASIDE: Final = "set_aside_minor"


class _Real:
    """A real venue, as an observer of the ledger: it takes bets at its own bookmakers, and has the ledger's money.

    An account may hold more than the bankroll. What it held beyond that at the first start is in the entry of that
    start, under `ASIDE`, and is not counted as free.
    """

    def __init__(self, venue: Venue, bookmakers: Sequence[str]) -> None:
        self._venue, self.profile = venue, venue.profile
        self._bookmakers, self._aside_minor = frozenset(bookmakers), 0

    def apply(self, recorded: Recorded) -> None:
        """Take in an entry of the ledger."""
        if recorded.entry.kind is Kind.STARTED:
            self._aside_minor = int(recorded.entry.body.get(ASIDE, self._aside_minor))

    def look_up(self, keys: Sequence[str]) -> Reading:
        """As `Venue.look_up`."""
        return self._venue.look_up(keys)

    def bets(self) -> Reading:
        """As `Venue.bets`."""
        return self._venue.bets()

    def balance_minor(self) -> int:
        """As `Venue.balance_minor`, without what was set aside."""
        return self._venue.balance_minor() - self._aside_minor

    def cancel(self, key: str) -> Receipt:
        """As `Venue.cancel`."""
        return self._venue.cancel(key)

    def close_key(self, key: str) -> Reading:
        """As `Venue.close_key`."""
        return self._venue.close_key(key)


class LockedVenue(_Real):
    """A venue for real money.

    It follows the ledger as an observer, so after a restart it knows what this day has lost already. The limits are
    kept here, below the judgement and the breakers, so that no mistake up there can bet more. A day loses what its
    entries of the ledger lose in total, or nothing where they win; everything that was sent and is not settled counts
    as lost. Bets that are not ours are not in the ledger and not counted.

    Parameters
    ----------
    venue : Venue
    bookmakers : sequence of str
        Our names of what is sold there.
    permit : Permit
        From `engine.live.venues.locks.unlock`.
    clock : Clock
    zone : str
        Of the days.
    """

    def __init__(self, venue: Venue, bookmakers: Sequence[str], permit: Permit, clock: Clock, zone: str) -> None:
        super().__init__(venue, bookmakers)
        self._limits, self._clock, self._zone = permit.limits, clock, zone
        #: told of an order that is kept back, once a day for each reason
        self.tell: Tell = no_tell
        self._told: set[tuple[date, str]] = set()
        self._risk: defaultdict[str, int] = defaultdict(int)
        self._sent: set[str] = set()
        self._lost: defaultdict[date, int] = defaultdict(int)
        self._latest_ns = 0

    def apply(self, recorded: Recorded) -> None:
        """Take in an entry of the ledger."""
        super().apply(recorded)
        entry, money = recorded.entry, recorded.entry.money
        self._latest_ns = max(self._latest_ns, entry.at_ns)
        # money that somebody paid in is a correction too, and no win
        if lost := money.pnl + money.commission + money.tax + max(0, money.adjustment):
            self._lost[day_of(entry.at_ns, self._zone)] += lost
        if entry.kind is Kind.SENT:
            self._sent.add(entry.intent)
        if change := money.reserved + money.stakes:
            self._risk[entry.intent] += change
            if not self._risk[entry.intent]:
                del self._risk[entry.intent]
                self._sent.discard(entry.intent)

    def left_minor(self, without: Sequence[str] = ()) -> int:
        """What may still be put at risk today, whole minor units, as if the bets of these keys were not there."""
        standing = sum(risk for key, risk in self._risk.items() if key in self._sent and key not in without)
        return self._limits.day_loss_minor - max(0, self._lost[self._today()]) - standing

    def place(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        """As `Venue.place`; an order beyond a limit is rejected here, and its whole group with it."""
        left, refused = self.left_minor([order.key for order in orders]), dict[str, str]()
        for order in orders:
            if reason := self._reason(order, left):
                refused[order.key] = reason
            else:
                left -= order.stake_minor
        groups = {order.group: refused[order.key] for order in orders if order.group and order.key in refused}
        refused |= {order.key: groups[order.group] for order in orders if order.group in groups}
        self._tell(refused)
        return _answered(self._venue.place, orders, refused)

    def _tell(self, refused: Mapping[str, str]) -> None:
        for key, reason in refused.items():
            if (told := (self._today(), reason)) not in self._told:
                self._told.add(told)
                self.tell(Alarm("limit_reached", f"{reason}: bet {key} was not sent", key))

    def _today(self) -> date:
        """The day by the later of the clock and the ledger: a clock that is set back opens nothing."""
        return day_of(max(self._clock.wall_ns(), self._latest_ns), self._zone)

    def _reason(self, order: Order, left_minor: int) -> str:
        if order.key not in self._sent:
            return NOT_RECORDED  # the limits are worth nothing for what is not in the ledger
        if order.bookmaker not in self._bookmakers:
            return OTHER_BOOKMAKER
        if order.stake_minor > self._limits.order_most_minor:
            return ORDER_LIMIT
        return DAY_LOSS_LIMIT if order.stake_minor > left_minor else ""


class DryVenue(_Real):
    """A venue whose adapter shows orders instead of sending them.

    Each order is answered as rejected: by the adapter, where it would not have sent it, else because this is a dry run.
    So none is repeated or looked up.

    Parameters
    ----------
    venue : Venue
        Opened with `Around.dry_run`.
    bookmakers : sequence of str
        Our names of what is sold there.
    """

    def place(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        """As `Venue.place`; nothing is placed."""
        refused = {order.key: OTHER_BOOKMAKER for order in orders if order.bookmaker not in self._bookmakers}
        return _answered(self._show, orders, refused)

    def _show(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        try:
            answers = self._venue.place(orders)
        except Unanswered:
            answers = ()
        except NotTaken as failure:
            if failure.cause != DRY_RUN:
                raise
            answers = ()
        refused = {answer.key: answer for answer in answers if isinstance(answer, Receipt)}
        return [refused.get(order.key) or _rejected(order, DRY_RUN) for order in orders]


def _answered(place: _Place, orders: Sequence[Order], refused: Mapping[str, str]) -> Sequence[Receipt | VenueFailure]:
    """The answers to orders of which those in `refused` (reason by key) are not sent."""
    if not refused:
        return place(orders)
    for key, reason in refused.items():
        _LOG.warning("not sent", key=key, reason=reason)
    sent = [order for order in orders if order.key not in refused]
    answers = iter(place(sent) if sent else ())
    return [_rejected(order, refused[order.key]) if order.key in refused else next(answers) for order in orders]


def _rejected(order: Order, reason: str) -> Receipt:
    return Receipt(order.key, "", Outcome.REJECTED, reason=reason)
