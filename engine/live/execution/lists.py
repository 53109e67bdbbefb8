"""Whose bet is it? At a venue without references a bet is ours only by a match that is unique both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.clock import SECOND_NS
from engine.live.bets.bet import Bet
from engine.live.bets.book import Book
from engine.live.execution.evidence import is_worse
from engine.live.venue import ForeignBet

#: by how much the clock of a venue may differ from ours
CLOCK_NS = 60 * SECOND_NS


@dataclass
class Matches:
    """What a list says of bets without an answer.

    Attributes
    ----------
    found : dict of str to ForeignBet
        By key of the intent; unique both ways.
    unclear : set of str
        Keys of bets with more than one candidate, or whose candidate fits another bet too; also of bets that nothing
        fits, while a bet that we have not placed stands on their selection (`resembles`): it may be theirs all the
        same, after a clock that was wrong, at a price beyond the limit or with a stake that was cut.
    foreign : list of ForeignBet
        Those that fit none of our bets.
    """

    found: dict[str, ForeignBet] = field(default_factory=dict)
    unclear: set[str] = field(default_factory=set)
    foreign: list[ForeignBet] = field(default_factory=list)


def match(bets: Sequence[Bet], listed: Sequence[ForeignBet], now_ns: int) -> Matches:
    """Match bets without an answer with the entries of a list that nobody has claimed.

    Parameters
    ----------
    bets : sequence of Bet
        Without an answer.
    listed : sequence of ForeignBet
        Of one reading, those that an intent claimed already left out.
    now_ns : int
    """
    candidates = {bet.key: [entry for entry in listed if fits(bet, entry, now_ns)] for bet in bets}
    alike = {bet.key for bet in bets if any(resembles(bet, entry) for entry in listed)}
    wanted: dict[str, list[str]] = {}
    for key, entries in candidates.items():
        for entry in entries:
            wanted.setdefault(entry.venue_bet_id, []).append(key)
    result = Matches()
    for key, entries in candidates.items():
        if len(entries) == 1 and wanted[entries[0].venue_bet_id] == [key]:
            result.found[key] = entries[0]
        elif key in alike:
            result.unclear.add(key)
    result.foreign = [entry for entry in listed if entry.venue_bet_id not in wanted]
    return result


def fits(bet: Bet, entry: ForeignBet, now_ns: int) -> bool:
    """Whether an entry of a list can be a bet of ours: everything that the list states agrees.

    It was not there before the send, is on the same event, market, line, selection and side, has the ordered size, a
    price within the limit, and was placed after the send by the venue's clock, give or take a minute.
    """
    order, receipt = bet.order, entry.receipt
    if receipt is None or entry.event_id is None or not resembles(bet, entry):
        return False
    size = receipt.matched_minor + receipt.open_minor == order.stake_minor
    in_time = bet.first_sent_ns - CLOCK_NS <= entry.placed_at_ns <= now_ns + CLOCK_NS
    return size and in_time and not is_worse(order, entry.odds)


def resembles(bet: Bet, entry: ForeignBet) -> bool:
    """Whether an entry that was not there before the send is on the event, market, line, selection and side of a bet.

    While there is one that nobody has claimed, the absence of the bet is not proved. One whose event nobody here knows
    may be on any event: an event that was moved can have a new id at the venue.
    """
    order = bet.order
    stated = entry.market, entry.line, entry.selection, entry.side
    wanted = order.market, order.line, order.selection, order.side
    return (
        entry.event_id in (None, order.event_id)
        and stated == wanted
        and entry.venue_bet_id not in bet.sent.get("bet_ids", ())
    )


def claimed(listed: Sequence[ForeignBet], book: Book, venue: str) -> tuple[Mapping[str, ForeignBet], list[ForeignBet]]:
    """Entries of a list that an intent has claimed, by its key, and the others."""
    ours: dict[str, ForeignBet] = {}
    others = []
    for entry in listed:
        key = book.owner(f"{venue}/{entry.venue_bet_id}")
        if key is None:
            others.append(entry)
        else:
            ours[key] = entry
    return ours, others
