"""Values that the metrics have for a ledger whose story is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.live.alerts import ALERTS, Count, raised
from engine.live.feed import Quota
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Kind
from engine.live.running.pulse import pulse_text
from engine.live.running.status import BandLine, BreakerLine, Latency, Status
from tests.research.monitor.conftest import NOON_NS, Served, entry


def samples(served: Served) -> dict[tuple[str, ...], float]:
    """Values by name and the values of the labels in the order of their names, without the ledger's."""
    with served.program() as client:
        text = client.get("/metrics").text
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = [value for name, value in sorted(sample.labels.items()) if name != "ledger"]
            assert sample.labels.get("ledger", "spring") in ("spring", "")
            found[sample.name, *labels] = sample.value
    return found


def test_money_bets_and_decisions(served: Served) -> None:
    found = samples(served)
    expected: dict[tuple[str, ...], Any] = {
        ("bea_equity_minor",): 100_550, ("bea_bankroll_minor",): 100_000, ("bea_cash_minor",): 100_250,
        ("bea_reserved_minor",): 300, ("bea_open_minor",): 0, ("bea_unknown_minor",): 300, ("bea_pnl_minor",): 550,
        ("bea_unknown_age_seconds",): 0, ("bea_drawdown_ratio",): 0, ("bea_drawdown_max_ratio",): 0,
        ("bea_bets", "settled"): 1, ("bea_bets", "unknown"): 1, ("bea_bets_open",): 1,
        ("bea_decisions_total", "placed"): 1, ("bea_decisions_total", "edge"): 1,
        ("bea_day_decisions", "placed"): 1, ("bea_clv_bets",): 1, ("bea_clv_mean_ratio",): pytest.approx(0.05),
        ("bea_signoffs_missing",): 0, ("bea_ledger_entries_total",): 13, ("bea_control_unread",): 0,
        ("bea_runner_state", "running"): 1, ("bea_runner_state", "dead"): 0, ("bea_killed",): 0,
        ("bea_ledgers_listed",): 1, ("bea_ledger_readable",): 1, ("bea_alerts_open", "critical"): 1,
        ("bea_alerts_open", "warning"): 1, ("bea_market_timestamp_seconds",): pytest.approx(NOON_NS / 1e9),
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    assert found["bea_ledger_read_timestamp_seconds",] > NOON_NS / 1e9
    assert ("bea_clv_low_ratio",) not in found and found["process_resident_memory_bytes",] > 1e6


def test_the_breaker_carries_its_alert(served: Served) -> None:
    found = samples(served)
    assert found["bea_breaker_tripped", "breaker_model", "model", "warning"] == 1
    assert (found["bea_breaker_measured", "model"], found["bea_breaker_limit", "model"]) == (0.3, 0.2)
    assert found["bea_breaker_person", "model"] == 1


def test_every_alert_is_counted_from_the_beginning(served: Served, spring: ChainedLedger) -> None:
    before = samples(served)
    names = {key[1]: key[2] for key in before if key[0] == "bea_alerts_raised_total"}
    assert names == {name: alert.severity for name, alert in ALERTS.items()}
    raised_now = {key[1]: value for key, value in before.items() if key[0] == "bea_alerts_raised_total" and value}
    assert raised_now == {"started": 1, "breaker_model": 1, "bet_unknown": 1}
    assert before["bea_alert_raised_timestamp_seconds", "balance_differs", "warning"] == 0
    spring.renew(pulse_text(Status(epoch=spring.epoch), 5, 4, {"balance_differs": Count(3, 7 * 10**9),
                                                               "bet_unknown": Count(1, 1)}))  # fmt: skip
    served.monitor.tell(raised("monitor_failed", "an id"))
    spring.append([entry(Kind.REVERSED, NOON_NS + 9, "b" * 32)])
    served.again()
    after = samples(served)
    assert after["bea_alerts_raised_total", "balance_differs", "warning"] == 3
    assert after["bea_alert_raised_timestamp_seconds", "balance_differs", "warning"] == 7
    assert after["bea_alerts_raised_total", "bet_unknown", "critical"] == 1
    assert after["bea_alert_raised_timestamp_seconds", "bet_unknown", "critical"] > 1e9
    assert after["bea_alerts_raised_total", "settlement_corrected", "warning"] == 1
    assert after["bea_alerts_raised_total", "monitor_failed", "warning"] == 1


def test_what_the_pulse_tells(served: Served, spring: ChainedLedger) -> None:
    status = Status(
        epoch=spring.epoch, entries=99,
        breakers=(BreakerLine("streak", False, 2.0, 5.0, state="closed"), BreakerLine("alerts/phone", True, 3)),
        bands=(BandLine("fill_rate", 0.9, 0.5, 1.04, "inside"), BandLine("clv", -0.1, 0.0, 0.1, "outside")),
        latency=Latency(12, 1.5, 4.25), passed_over={"late": 4}, quota=Quota(-3, 600, 592, 8),
    )  # fmt: skip
    spring.renew(pulse_text(status, 6 * 10**9, 5 * 10**9))
    served.again()
    found = samples(served)
    expected = {
        ("bea_runner_pulse_timestamp_seconds",): 6, ("bea_feed_heard_timestamp_seconds",): 5,
        ("bea_intent_latency_seconds", "0.5"): 0.0015, ("bea_intent_latency_seconds", "0.99"): 0.00425,
        ("bea_intent_latency_seconds_count",): 12, ("bea_alert_channel_dead", "phone"): 1,
        ("bea_breaker_tripped", "breaker_streak", "streak", "warning"): 0,
        ("bea_band_upper", "fill_rate"): 1, ("bea_band_outside", "fill_rate"): 0, ("bea_band_outside", "clv"): 1,
        ("bea_feed_passed_over_total", "late"): 4, ("bea_feed_credits_left",): -3, ("bea_feed_budget",): 600,
        ("bea_feed_budget_left",): 592, ("bea_feed_credits_spent_total",): 8,
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    unknown = replace(status, quota=Quota(spent=8))
    spring.renew(pulse_text(unknown, 7 * 10**9, 5 * 10**9))
    served.again()
    counted = {key[0] for key in samples(served) if key[0].startswith(("bea_feed_credits", "bea_feed_budget"))}
    assert counted == {"bea_feed_credits_spent_total"}, "what is not known has no sample"
    assert not [key for key in found if key[0].startswith("bea_breaker") and "phone" in key[1]]
