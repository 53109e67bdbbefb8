"""Bets of the account: by our request ids, and as lists with pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from engine.clock import DAY_NS, SECOND_NS
from engine.live.adapters.pinnacle.api import Api
from engine.live.adapters.pinnacle.fields import amount_minor, key_of, odds, rows
from engine.live.linking.contract import Directory, Ours, Theirs
from engine.live.venue import ForeignBet, Outcome, ReadFailed, Reading, Receipt
from engine.live.wire.fields import Misread, Row, instant_ns, number_or_none, whole, word
from engine.logs.setup import logger

_LOG: Final = logger(__name__)

#: request ids of one request
MOST_IDS: Final = 10
_PAGE: Final = 1_000
_LATELY_NS: Final = 7 * DAY_NS
#: fields that are kept with a receipt; no other text of an answer gets into the ledger
KEPT: Final = (
    "betId", "uniqueRequestId", "betStatus", "betType", "placedAt", "settledAt", "win", "risk", "winLoss", "price",
    "eventId", "periodNumber", "handicap", "side", "updateSequence", "status", "errorCode", "betterLineWasAccepted",
)  # fmt: skip
_OUTCOMES: Final = {
    "ACCEPTED": Outcome.PLACED, "PENDING_ACCEPTANCE": Outcome.PENDING, "NOT_ACCEPTED": Outcome.REJECTED,
    "WON": Outcome.SETTLED, "LOSE": Outcome.SETTLED, "LOST": Outcome.SETTLED, "HALF_WON_HALF_PUSHED": Outcome.SETTLED,
    "HALF_LOST_HALF_PUSHED": Outcome.SETTLED, "CANCELLED": Outcome.VOID, "REFUNDED": Outcome.VOID,
    "REJECTED": Outcome.VOID,
}  # fmt: skip


class Bets:
    """The lists of bets.

    Parameters
    ----------
    api : Api
    directory : Directory
        Says what a bet is on, in our words.
    """

    def __init__(self, api: Api, directory: Directory) -> None:
        self._api, self._directory = api, directory

    def of_keys(self, keys: Sequence[str]) -> Reading:
        """Bets by request id. Pinnacle knows them for 30 minutes; the lists show those that are older.

        Raises
        ------
        ReadFailed
        """
        found: list[Row] = []
        complete = True
        for start in range(0, len(keys), MOST_IDS):
            ids = ",".join(str(UUID(key)) for key in keys[start : start + MOST_IDS])
            answer = self._api.read("/v4/bets", {"uniqueRequestIds": ids})
            found += _straight(answer)
            complete = complete and answer.get("moreAvailable") is not True
        reading = self._reading(found, complete)
        wanted = tuple(one for one in reading.receipts if one.key in keys)
        return Reading(wanted, reading.complete)

    def lately(self, now_ns: int, keys: Collection[str] | None = None) -> Reading:
        """Running bets, and those that were settled within a week.

        Parameters
        ----------
        now_ns : int
            UTC nanoseconds.
        keys : collection of str, optional
            Bets that are asked for. A row that cannot be read leaves the reading complete for them where it is
            another's. None: every row must be read.

        Raises
        ------
        ReadFailed
        """
        since, until = _text(now_ns - _LATELY_NS), _text(now_ns + SECOND_NS)
        running, all_running = self._pages({"betList": "RUNNING"})
        settled, all_settled = self._pages({"betList": "SETTLED", "fromDate": since, "toDate": until})
        return self._reading([*running, *settled], all_running and all_settled, keys)

    def _pages(self, params: Mapping[str, str]) -> tuple[list[Row], bool]:
        found: list[Row] = []
        while True:
            page = {"pageSize": f"{_PAGE}", "fromRecord": f"{len(found)}"}
            answer = self._api.read("/v4/bets", {**params, **page})
            rows_of_page = _straight(answer)
            found += rows_of_page
            if answer.get("moreAvailable") is not True:
                return found, True
            if not rows_of_page:
                return found, False

    def _reading(self, found: Sequence[Row], complete: bool, keys: Collection[str] | None = None) -> Reading:
        """Each bet once: the last of its rows counts, for lists are read one after the other.

        A row that cannot be read is named in the log. What it is of is not known, so it proves nothing: not that the
        bet is there, nor that it is not.
        """
        receipts: dict[tuple[str, str], Receipt] = {}
        foreign: dict[str, ForeignBet] = {}
        for row in found:
            try:
                receipt = self.receipt(row)
                if receipt.key:
                    receipts[receipt.venue_bet_id or receipt.key, receipt.key] = receipt
                elif receipt.at_risk_minor:
                    foreign[receipt.venue_bet_id] = self._foreign(row, receipt)
            except Misread as error:
                named = kept(row)
                bet, unique = named.get("betId"), named.get("uniqueRequestId")
                _LOG.warning("a bet of a list cannot be read", bet=bet, request=unique, field=f"{error}")
                complete = complete and keys is not None and _is_of_another(row, keys)
        return Reading(tuple(receipts.values()), complete, tuple(foreign.values()))

    def receipt(self, row: Row) -> Receipt:
        """What a row states of a bet.

        Raises
        ------
        Misread
        """
        outcome, key, raw = _OUTCOMES.get(word(row, "betStatus")), key_of(row), kept(row)
        if outcome is None:
            raise Misread("betStatus")
        if outcome in (Outcome.PENDING, Outcome.REJECTED):
            if not key:
                raise Misread("uniqueRequestId")
            # the row has nothing else; a bet gets its id when it is accepted
            return Receipt(key, "", outcome, reason="not_accepted" if outcome is Outcome.REJECTED else "", raw=raw)
        price, risk, ours = odds(row, "price"), amount_minor(row, "risk"), self._ours(row)
        if price is None or risk < (outcome is Outcome.PLACED):  # a bet that stands has money in it
            raise Misread("price" if price is None else "risk")
        pnl = amount_minor(row, "winLoss") if outcome is Outcome.SETTLED else None
        if outcome is Outcome.VOID:
            pnl = 0 if row.get("winLoss") is None else amount_minor(row, "winLoss")
        return Receipt(
            key, f"{whole(row, 'betId')}", outcome, odds=price, matched_minor=risk, raw=raw, pnl_minor=pnl,
            event_id=None if ours is None else ours.event_id, selection="" if ours is None else ours.selection,
            side="back",
        )  # fmt: skip

    def _ours(self, row: Row) -> Ours | None:
        if row.get("eventId") is None:
            return None
        kind = word(row, "betType")
        team = _team(row)
        handicap = None if kind == "MONEYLINE" else number_or_none(row, "handicap")
        market = f"{whole(row, 'periodNumber')}/{kind}"
        return self._directory.ours(Theirs(f"{whole(row, 'eventId')}", market, team, handicap))

    def _foreign(self, row: Row, receipt: Receipt) -> ForeignBet:
        ours = self._ours(row)
        event_id, market, line, selection = ours if ours is not None else (None, "", None, "")
        return ForeignBet(
            receipt.venue_bet_id, event_id, receipt.at_risk_minor, receipt.raw, market=market, line=line,
            selection=selection, side="back", odds=receipt.odds, placed_at_ns=instant_ns(row, "placedAt"),
            receipt=receipt,
        )  # fmt: skip


def kept(row: Row) -> dict[str, object]:
    """The documented fields of an answer that are kept: short texts, numbers and truth values."""
    return {
        name: value for name in KEPT
        if isinstance(value := row.get(name), str | int | float) and not (isinstance(value, str) and len(value) > 60)
    }  # fmt: skip


def _is_of_another(row: Row, keys: Collection[str]) -> bool:
    """Whether a row has a request id that none of some bets has, or none at all: it was placed by hand."""
    try:
        key = key_of(row)
    except Misread:
        return False
    return key not in keys if key else row.get("uniqueRequestId") is None and row.get("betId") is not None


def _straight(answer: Row) -> Sequence[Row]:
    try:
        return rows(answer, "straightBets")
    except Misread as error:
        raise ReadFailed(f"unreadable_{error}") from None


def _team(row: Row) -> str:
    """TEAM1, TEAM2, DRAW, OVER or UNDER: a list names a team, not its number."""
    if side := word(row, "side"):
        return side
    name = word(row, "teamName")
    return {word(row, "team1"): "TEAM1", word(row, "team2"): "TEAM2"}.get(name, "DRAW") if name else ""


def _text(instant_at_ns: int) -> str:
    return datetime.fromtimestamp(instant_at_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
