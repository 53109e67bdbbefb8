"""The faults of a venue, each a small object with its row of the table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from engine.live.venue import Outcome, Receipt
from tests.venue_server.desk import FOR_EVER, Act, Desk, Fault, Go
from tests.venue_server.wire import Delivery, Reply, Request, receipt_json, reply

SECOND_NS: Final = 10**9
FAULTS: Final[dict[str, Fault]] = {}


def _fault(fault_id: str, name: str, on: str, act: Act) -> None:
    assert name not in FAULTS
    FAULTS[name] = Fault(fault_id, name, on, act)


def _undelivered(delivery: Delivery, *, taken: bool) -> Act:
    """The answer does not arrive; the request is processed or not."""

    def act(desk: Desk, request: Request, go: Go) -> Reply:
        return replace(go() if taken else Reply(), delivery=delivery)

    return act


def _status(status: int, *, taken: bool = False, **headers: str) -> Act:
    def act(desk: Desk, request: Request, go: Go) -> Reply:
        if taken:
            go()
        return reply({"error": f"status {status}"}, status, **headers)

    return act


def _content(change: Callable[[bytes], bytes]) -> Act:
    """The request is processed; its answer is spoilt."""

    def act(desk: Desk, request: Request, go: Go) -> Reply:
        honest = go()
        return replace(honest, content=change(honest.content))

    return act


def _items(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Act:
    """The request is processed; the rows of its answer are changed."""

    def spoilt(content: bytes) -> bytes:
        values = json.loads(content)
        return json.dumps(values | {"orders": change(values["orders"])}).encode()

    return _content(spoilt)


def _market(change: Callable[[Desk, dict[str, Any]], object]) -> Act:
    """The market is changed for each order of the request before it is processed."""

    def act(desk: Desk, request: Request, go: Go) -> Reply:
        for order in request.body["orders"]:
            change(desk, order)
        return go()

    return act


def _refusal(reason: str) -> Act:
    """Every order of the request is refused, in an honest answer."""

    def act(desk: Desk, request: Request, go: Go) -> Reply:
        return reply({"orders": [_rejected(order["key"], reason) for order in request.body["orders"]]})

    return act


def _rejected(key: str, reason: str) -> dict[str, Any]:
    return receipt_json(Receipt(key, "", Outcome.REJECTED, reason=reason))


# F01 to F08: no answer, or no readable one
_fault("F01", "connection_refused", "place", _undelivered(Delivery.REFUSED, taken=False))
_fault("F02", "timeout_before", "place", _undelivered(Delivery.SILENT, taken=False))
_fault("F03", "timeout_after", "place", _undelivered(Delivery.SILENT, taken=True))
_fault("F04", "reset_in_request", "place", _undelivered(Delivery.DROPPED, taken=False))
_fault("F04", "reset_after_request", "place", _undelivered(Delivery.DROPPED, taken=True))
_fault("F05", "answer_cut", "place", _undelivered(Delivery.CUT, taken=True))
_fault("F05", "length_too_long", "place", _undelivered(Delivery.SHORT, taken=True))
_fault("F05", "chunk_missing", "place", _undelivered(Delivery.UNCHUNKED, taken=True))
_fault("F06", "json_truncated", "place", _content(lambda content: content[: len(content) // 2]))
_fault("F06", "html", "place", _content(lambda content: b"<html><body>Please wait</body></html>"))
_fault("F06", "empty_body", "place", _content(lambda content: b""))
_fault("F06", "unknown_status", "place", _items(lambda rows: [row | {"outcome": "ticked"} for row in rows]))
_fault("F06", "extra_fields", "place", _items(lambda rows: [row | {"promotion": "free bet"} for row in rows]))
_fault("F06", "missing_fields", "place", _items(lambda rows: [{"key": row["key"], "odds": 2.0} for row in rows]))
_fault("F07", "wrong_reference", "place", _items(lambda rows: [row | {"key": "f" * 32} for row in rows]))
for _code in (500, 502, 503, 504):
    _fault("F08", f"status_{_code}_taken", "place", _status(_code, taken=True))
    _fault("F08", f"status_{_code}", "place", _status(_code))

# F09 to F14: refusals, limits of the rate, sessions, answers twice or late
_fault("F09", "status_400", "place", _status(400))
_fault("F09", "status_403", "place", _status(403))
_fault("F09", "business_refusal", "place", _refusal("market_closed"))
_fault("F10", "rate_limit", "place", _status(429, retry_after="2"))
_fault("F10", "rate_limit_without_time", "place", _status(429))
_fault("F10", "rate_limit_absurd", "place", _status(429, retry_after="86400"))
_fault("F10", "rate_limit_date", "place", _status(429, retry_after="Wed, 21 Oct 2099 07:28:00 GMT"))
_fault("F11", "lying_429", "place", _status(429, taken=True))
_fault("F11", "lying_400", "place", _status(400, taken=True))


def _session_ends(desk: Desk, request: Request, go: Go) -> Reply:
    desk.sessions.discard(request.token)
    return go()


_fault("F09", "status_401", "place", _session_ends)
_fault("F12", "session_expired", "", _session_ends)
_fault("F12", "login_fails", "session", _status(503))
_fault("F13", "answer_twice", "place", _items(lambda rows: rows + rows))
_fault("F14", "answer_late", "place", _undelivered(Delivery.SILENT, taken=True))


# F15 to F20: what the market does
def _wait(desk: Desk, order: dict[str, Any], seconds: float | None, *, refused: bool = False) -> None:
    key, market = order["key"], desk.market
    market.waiting.add(key)
    if seconds is not None:
        desk.later(seconds, key, lambda: (refused and market.gone.add(key), market.waiting.discard(key)))


def _part(then: str) -> Act:
    """Half is matched at once; the rest is matched later, lapses, or is cancelled by a suspension."""

    def act(desk: Desk, request: Request, go: Go) -> Reply:
        rows = []
        for order in request.body["orders"]:
            _wait(desk, order, None)
            (row,) = desk.take([order])
            held = row["open_minor"] if row.get("outcome") == "pending" else 0
            if held >= 2:
                row = _half(desk, order, held, then)
            rows.append(row)
        return reply({"orders": rows})

    return act


def _half(desk: Desk, order: dict[str, Any], held: int, then: str) -> dict[str, Any]:
    key, odds, half = order["key"], order["odds"], held // 2
    backer = order["backer_minor"] // 2
    stated = desk.venue.match(key, half, held - half, odds=odds, backer_minor=backer)
    if then == "matched":
        rest = order["backer_minor"]
        desk.later(3, key, lambda: _if_open(desk, key, held, odds, rest))
    elif then == "lapsed":
        desk.later(3, key, lambda: _if_open(desk, key, half, odds, backer))
    return desk.shown(stated)


def _if_open(desk: Desk, key: str, matched: int, odds: float, backer: int) -> None:
    bet = desk.truth(key)
    if bet is not None and bet.outcome is Outcome.PARTIAL:
        desk.venue.match(key, matched, 0, odds=odds, backer_minor=backer)


def _worse(desk: Desk, request: Request, go: Go) -> Reply:
    """The venue takes the order at odds beyond its limit."""
    rows = []
    for order in request.body["orders"]:
        _wait(desk, order, None)
        (row,) = desk.take([order])
        worse = order["odds"] * (1.5 if order["side"] == "lay" else 0.5) + 0.505
        if row.get("outcome") == "pending":
            held, backer = row["open_minor"], order["backer_minor"]
            row = desk.shown(desk.venue.match(order["key"], held, 0, odds=worse, backer_minor=backer))
        rows.append(row)
    return reply({"orders": rows})


def _better(desk: Desk, order: dict[str, Any]) -> None:
    better = -0.1 if order["side"] == "lay" else 0.1
    desk.market.odds[order["key"]] = max(1.01, order["odds"] + better)


def _cut(part: float) -> Callable[[Desk, dict[str, Any]], None]:
    def change(desk: Desk, order: dict[str, Any]) -> None:
        size = order["backer_minor"] if order["side"] == "lay" else order["stake_minor"]
        desk.market.sizes[order["key"]] = float(int(size * part) // 10 * 10)

    return change


def _no_money(desk: Desk, request: Request, go: Go) -> Reply:
    free = desk.venue.balance_minor()
    desk.venue.deposit(f"withdrawn:{len(desk.requests)}", -free)
    answer = go()
    desk.venue.deposit(f"returned:{len(desk.requests)}", free)
    return answer


_fault("F15", "pending_then_taken", "place", _market(lambda desk, order: _wait(desk, order, 6)))
_fault("F15", "pending_then_refused", "place", _market(lambda desk, order: _wait(desk, order, 6, refused=True)))
_fault("F15", "pending_for_ever", "place", _market(lambda desk, order: _wait(desk, order, None)))
_fault("F16", "partial_then_matched", "place", _part("matched"))
_fault("F16", "partial_then_lapsed", "place", _part("lapsed"))
_fault("F16", "partial_for_ever", "place", _part("open"))
_fault("F17", "price_moved", "place", _market(lambda desk, order: desk.market.gone.add(order["key"])))
_fault("F17", "price_better", "place", _market(_better))
_fault("F17", "price_worse_taken", "place", _worse)
_fault("F18", "stake_cut", "place", _market(_cut(0.6)))
_fault("F18", "stake_rounded", "place", _market(_cut(0.999)))
_fault("F19", "insufficient_funds", "place", _no_money)
for _word in ("suspended", "postponed", "started", "cut_off"):
    _fault("F20", _word, "place", _refusal(_word))


# F21, F22: batches and duplicates
def _mixed(desk: Desk, request: Request, go: Go) -> Reply:
    """The first order is taken, the second has no known end (and is taken), the third is refused; all backwards."""
    rows = []
    for place, order in enumerate(request.body["orders"]):
        if place % 3 == 2:
            rows.append(_rejected(order["key"], "market_closed"))
            continue
        (row,) = desk.take([order])
        rows.append({"key": order["key"], "outcome": "timeout"} if place % 3 == 1 else row)
    return reply({"orders": rows[::-1]})


def _duplicate(desk: Desk, request: Request, go: Go) -> Reply:
    return reply({"orders": [{"key": order["key"], "error": "duplicate"} for order in request.body["orders"]]})


def _stranger(desk: Desk, request: Request, go: Go) -> Reply:
    """A bet of somebody else stands under the key of the order."""
    for order in request.body["orders"]:
        desk.take([order | {"event_id": order["event_id"] + 1, "opportunity_id": order["opportunity_id"] + 1}])
    return go()


_fault("F21", "batch_mixed", "place", _mixed)
_fault("F21", "batch_backwards", "place", _items(lambda rows: rows[::-1]))
_fault("F22", "duplicate_on_first", "place", _duplicate)
_fault("F22", "key_of_a_stranger", "place", _stranger)


# F23 to F28: lists
def _shown_late(seconds: float) -> Act:
    """The order is taken, the answer is lost, and the lists show the bet only later."""

    def act(desk: Desk, request: Request, go: Go) -> Reply:
        for order in request.body["orders"]:
            desk.lists.visible_from_ns[order["key"]] = desk.now_ns() + int(seconds * 1e9)
        return replace(go(), delivery=Delivery.SILENT)

    return act


def _flicker(desk: Desk, request: Request, go: Go) -> Reply:
    """Every second list is empty."""
    odd = desk.met["list_flickers"] % 2
    return reply({"orders": [], "pages": 1, "all": True}) if odd == 0 else go()


def _cached(desk: Desk, request: Request, go: Go) -> Reply:
    """An answer is kept for a minute, and says so."""
    name = json.dumps([request.operation, dict(request.body)], sort_keys=True)
    at_ns, kept = desk.cache.get(name, (-FOR_EVER, Reply()))
    if desk.now_ns() - at_ns > 60 * SECOND_NS:
        at_ns, kept = desk.cache[name] = (desk.now_ns(), go())
    return replace(kept, headers=dict(kept.headers) | {"age": str((desk.now_ns() - at_ns) // SECOND_NS)})


def _lists(change: Callable[[Desk], object]) -> Act:
    def act(desk: Desk, request: Request, go: Go) -> Reply:
        change(desk)
        return go()

    return act


def _foreign(desk: Desk) -> None:
    if not desk.lists.foreign:
        bet = _rejected("", "") | {"venue_bet_id": "hand-1", "outcome": "placed", "odds": 3.0, "matched_minor": 700}
        desk.lists.foreign.append(bet | {"raw": {"event_id": 1}})


for _seconds in (0.1, 30, 150):
    _fault("F23", f"shown_after_{_seconds:g}_s", "place", _shown_late(_seconds))
_fault("F24", "list_flickers", "look_up", _flicker)
_fault("F25", "look_up_timeout", "look_up", _undelivered(Delivery.SILENT, taken=False))
_fault("F25", "look_up_status_500", "look_up", _status(500))
_fault("F25", "look_up_refused", "look_up", _undelivered(Delivery.REFUSED, taken=False))
_fault("F25", "bets_timeout", "bets", _undelivered(Delivery.SILENT, taken=False))
_fault("F25", "bets_status_500", "bets", _status(500))
_fault("F26", "list_cached", "look_up", _cached)
_fault("F26", "list_capped", "", _lists(lambda desk: setattr(desk.lists, "cap", 0)))
_fault("F26", "list_twice", "", _lists(lambda desk: setattr(desk.lists, "twice", True)))
_fault("F27", "foreign_bet", "bets", _lists(_foreign))
_fault("F28", "ids_reused", "", _lists(lambda desk: setattr(desk.lists, "one_id", "1")))


def named(fault_id: str) -> list[Fault]:
    """All faults of a row of the table."""
    return [fault for fault in FAULTS.values() if fault.id == fault_id]
