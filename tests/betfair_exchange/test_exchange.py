"""The fake exchange speaks as documented: another client of Betfair reads its answers and finds what stands."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from betfairlightweight import resources

from engine.live.wire.request import Reply, Request
from tests.live.adapters.betfair.scene import Scene, order
from tests.live.venues.orders import BANKROLL


def test_another_client_reads_every_answer() -> None:
    scene, results = Scene(), defaultdict[str, list[Any]](list)
    right = scene.line.exchange

    def exchange(request: Request) -> Reply:
        reply = right(request)
        if "/exchange/" in request.url:
            method = json.loads(request.content)["method"].rpartition("/")[2]
            results[method].append(json.loads(reply.content)["result"])
        return reply

    scene.line.exchange = exchange  # type: ignore[method-assign]
    scene.receipt(order(1))
    scene.inject("partial_for_ever")
    scene.receipt(order(2))
    scene.receipt(order(3, side="lay", backer_minor=1_000, odds_worst=2.0))
    scene.desk.settle(order(3).key, 900)
    scene.venue.bets()
    scene.venue.cancel(order(2).key)
    scene.venue.account()

    placed = [resources.PlaceOrders(**result) for result in results["placeOrders"]]
    reports = [report for one in placed for report in one.place_instruction_reports]
    assert [report.status for report in reports] == ["SUCCESS"] * 3
    assert [report.order_status for report in reports] == ["EXECUTION_COMPLETE", "EXECUTABLE", "EXECUTION_COMPLETE"]
    assert [report.size_matched for report in reports] == [10.0, 5.0, 10.0]
    assert reports[0].instruction.customer_order_ref == order(1).key

    current = [row for result in results["listCurrentOrders"] for row in resources.CurrentOrders(**result).orders]
    sizes = {row.customer_order_ref: (row.size_matched, row.size_remaining) for row in current[:2]}
    assert sizes == {order(1).key: (10.0, 0.0), order(2).key: (5.0, 5.0)}
    assert current[0].placed_date is not None and current[0].price_size.size == 10.0

    cleared = [row for result in results["listClearedOrders"] for row in resources.ClearedOrders(**result).orders]
    settled = next(row for row in cleared if row.customer_order_ref == order(3).key)
    assert (settled.profit, settled.size_settled, settled.side) == (9.0, 10.0, "LAY")
    assert settled.settled_date is not None

    cancelled = resources.CancelOrders(**results["cancelOrders"][0])
    assert [report.size_cancelled for report in cancelled.cancel_instruction_reports] == [5.0]
    funds = resources.AccountFunds(**results["getAccountFunds"][0])
    assert funds.available_to_bet_balance - funds.exposure == (BANKROLL + 900) / 100
    assert resources.AccountDetails(**results["getAccountDetails"][0]).currency_code == "GBP"
