"""What an account without references looks like before a send, so that a bet can be told from the ones before it."""

from __future__ import annotations

from typing import Any

from engine.live.bets.book import Book
from engine.live.venue import ReadFailed, Venue


def snapshot(venue: Venue, book: Book) -> dict[str, Any]:
    """The bet ids of the account and its free money, for the body of a SENT entry.

    Parameters
    ----------
    venue : Venue
    book : Book

    Returns
    -------
    dict
        ``bet_ids``, sorted, and ``offset_minor``: the venue's balance less what the book expects it to be
        (`Book.free_minor`). A bet that the venue took and the book counts as unsure lowers it by its stake.

    Raises
    ------
    ReadFailed
        The list is not complete, or there is no answer.
    """
    reading = venue.bets()
    if not reading.complete:
        raise ReadFailed("incomplete")
    ids = {bet.venue_bet_id for bet in reading.foreign} | {receipt.venue_bet_id for receipt in reading.receipts}
    return {"bet_ids": sorted(ids), "offset_minor": venue.balance_minor() - book.free_minor()}
