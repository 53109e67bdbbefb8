"""The bets of the desk in the words of Betfair: ids, rows of lists, and reports of placed orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.live.linking.contract import Ours, Theirs
from engine.live.venue import Order

SELECTIONS: Final = {"home": 11, "draw": 12, "away": 13}
_NAMES: Final = {number: name for name, number in SELECTIONS.items()}
#: why the desk refuses an order, and the code of Betfair; any other order is killed
_CODES: Final = {
    "suspended": "MARKET_SUSPENDED", "insufficient_funds": "INSUFFICIENT_FUNDS",
    **dict.fromkeys(("postponed", "started", "cut_off", "market_closed"), "MARKET_NOT_OPEN_FOR_BETTING"),
}  # fmt: skip
_DATE: Final = "2023-11-14T22:13:20.000Z"
_KNOWN: Final = frozenset(
    {
        "key", "venue_bet_id", "outcome", "odds", "matched_minor", "backer_minor", "open_minor", "reason", "pnl_minor",
        "commission_minor", "version", "raw", "event_id", "selection", "side", "bookmaker", "error",
    }
)  # fmt: skip

Row = dict[str, Any]


def market_of(event_id: int | None) -> str:
    """The market of an event; of one that nobody here knows, another."""
    return "1.9" if event_id is None else f"1.{100_000 + event_id}"


def event_of(market: str) -> int | None:
    """The event of a market."""
    number = int(market.partition(".")[2])
    return number - 100_000 if number >= 100_000 else None


class Everything:
    """A directory in which every event is linked."""

    def theirs(self, ours: Ours) -> Theirs | None:
        """As `Directory.theirs`."""
        return Theirs(f"{ours.event_id}", market_of(ours.event_id), f"{SELECTIONS[ours.selection]}", 0.0)

    def ours(self, theirs: Theirs) -> Ours | None:
        """As `Directory.ours`."""
        name = _NAMES.get(int(theirs.selection))
        known = name is not None and theirs.event.isdigit() and theirs.market == market_of(int(theirs.event))
        return Ours(int(theirs.event), "1x2", None, str(name)) if known else None


def instruction_of(order: Order) -> Row:
    """What was asked for, as a report echoes it."""
    return {
        "selectionId": SELECTIONS[order.selection], "handicap": 0.0, "side": order.side.upper(), "orderType": "LIMIT",
        "customerOrderRef": order.key,
        "limitOrder": {"size": whole_minor(order) / 100, "price": order.odds_worst, "timeInForce": "FILL_OR_KILL"},
    }  # fmt: skip


def whole_minor(order: Order) -> int:
    """The backer's stake of an order."""
    return order.backer_minor if order.side == "lay" else order.stake_minor


def matched_of(row: Row, side: str) -> tuple[int, float]:
    """Matched stake and average price: of a lay those that give its liability exactly."""
    if side == "lay":
        backer = row["backer_minor"]
        return backer, 1.0 + row["matched_minor"] / backer if backer else 0.0
    return row["matched_minor"], row["odds"] if row["matched_minor"] else 0.0


def rest_of(row: Row, order: Order, matched: int) -> int:
    """The open rest of the backer's stake."""
    if not row["open_minor"]:
        return 0
    return whole_minor(order) - matched if order.side == "lay" else row["open_minor"]


# -- lists ------------------------------------------------------------------------------------------------------------


def current_row(row: Row, order: Order | None) -> Row:
    """A row of listCurrentOrders; without an order: somebody's bet by hand."""
    if order is None:
        event_id, selection, side = row["raw"].get("event_id"), "home", "back"
        whole, limit, rest = row["matched_minor"], row["odds"], 0
    else:
        event_id, selection, side = row["event_id"], order.selection, order.side
        whole, limit = whole_minor(order), order.odds_worst
        rest = rest_of(row, order, matched_of(row, side)[0])
    matched, average = matched_of(row, side)
    found = {
        "betId": row["venue_bet_id"], "marketId": market_of(event_id), "selectionId": SELECTIONS[selection],
        "handicap": 0.0, "priceSize": {"price": limit, "size": whole / 100}, "bspLiability": 0.0, "side": side.upper(),
        "status": "EXECUTABLE" if rest else "EXECUTION_COMPLETE", "persistenceType": "LAPSE", "orderType": "LIMIT",
        "placedDate": _DATE, "averagePriceMatched": average, "sizeMatched": matched / 100, "sizeRemaining": rest / 100,
        "sizeLapsed": (whole - matched - rest) / 100, "sizeCancelled": 0.0, "sizeVoided": 0.0,
    }  # fmt: skip
    return found | ({"customerOrderRef": row["key"], "customerStrategyRef": "bea"} if row["key"] else {})


def cleared_row(row: Row, order: Order, charged_minor: int = 0) -> Row:
    """A row of listClearedOrders at the level of bets; `charged_minor` is taken at the level of its market."""
    matched, average = matched_of(row, order.side)
    event = {} if row["event_id"] is None else {"eventId": f"{row['event_id']}"}
    return event | {
        "marketId": market_of(row["event_id"]), "selectionId": SELECTIONS[order.selection], "handicap": 0.0,
        "betId": row["venue_bet_id"], "placedDate": _DATE, "persistenceType": "LAPSE", "orderType": "LIMIT",
        "side": order.side.upper(), "priceRequested": order.odds_worst, "settledDate": _DATE, "betCount": 1,
        "priceMatched": average, "priceReduced": False, "sizeSettled": matched / 100,
        "profit": ((row["pnl_minor"] or 0) + charged_minor) / 100, "sizeCancelled": 0.0, "customerOrderRef": row["key"],
    }  # fmt: skip


def kinds(row: Row) -> set[str]:
    """The lists in which a bet is shown: ``CURRENT``, or kinds of cleared orders."""
    outcome, matched = row["outcome"], row["matched_minor"]
    if outcome in ("settled", "void"):
        return {"SETTLED" if outcome == "settled" else "VOIDED"}
    if outcome == "rejected":
        return {"LAPSED"}
    return ({"CURRENT"} if matched or outcome != "lapsed" else set()) | ({"LAPSED"} if outcome == "lapsed" else set())


# -- reports ----------------------------------------------------------------------------------------------------------


def place_report(rows: Sequence[Row], orders: Mapping[str, Order], market: str, reference: str) -> Row:
    """A PlaceExecutionReport from the rows of the desk, in their order."""
    whole = {"customerRef": reference, "marketId": market}
    if rows and all(row.get("error") == "duplicate" for row in rows):
        return whole | {"status": "FAILURE", "errorCode": "DUPLICATE_TRANSACTION", "instructionReports": []}
    reports = [_report(row, orders) for row in rows]
    words = {str(report.get("status")) for report in reports}
    if words == {"FAILURE"}:
        whole |= {"status": "FAILURE", "errorCode": "BET_ACTION_ERROR"}
    else:
        whole["status"] = "SUCCESS" if words == {"SUCCESS"} else "PROCESSED_WITH_ERRORS"
    return whole | {"instructionReports": reports}


def _report(row: Row, orders: Mapping[str, Order]) -> Row:
    key = row.get("key", "")
    order = orders.get(key) or next(iter(orders.values()))
    report: Row = {name: value for name, value in row.items() if name not in _KNOWN}
    report["instruction"] = instruction_of(order) | {"customerOrderRef": key}
    outcome = row.get("outcome")
    if row.get("error") or outcome == "timeout":
        return report | {"status": "TIMEOUT"}
    if outcome == "rejected":
        code = _CODES.get(row["reason"])
        if code is not None:
            return report | {"status": "FAILURE", "errorCode": code}
        return report | {
            "status": "SUCCESS", "orderStatus": "EXPIRED", "betId": f"killed-{key[:12]}", "placedDate": _DATE,
            "averagePriceMatched": 0.0, "sizeMatched": 0.0,
        }  # fmt: skip
    if outcome not in ("placed", "partial", "pending", "lapsed"):
        return report | ({"status": outcome.upper()} if isinstance(outcome, str) else {})
    matched, average = matched_of(row, order.side)
    return report | {
        "status": "SUCCESS", "orderStatus": "EXECUTABLE" if row["open_minor"] else "EXECUTION_COMPLETE",
        "betId": row["venue_bet_id"], "placedDate": _DATE, "averagePriceMatched": average, "sizeMatched": matched / 100,
    }  # fmt: skip
