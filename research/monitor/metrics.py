"""Numbers of the page for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from research.monitor.context import Monitor
from research.monitor.watcher import Snapshot

_SECOND_NS: Final = 1_000_000_000
#: name, what it is; the value comes from `_plain`
PLAIN: Final = {
    "bea_up": "1 while the runner is running",
    "bea_killed": "1 while the kill switch is set",
    "bea_readable": "1 while the ledger can be read",
    "bea_entries": "entries of the ledger",
    "bea_equity_minor": "free, reserved and open money, minor units",
    "bea_bankroll_minor": "deposited money, minor units",
    "bea_cash_minor": "free money, minor units",
    "bea_reserved_minor": "reserved money, minor units",
    "bea_open_minor": "open stakes at cost, minor units",
    "bea_unknown_minor": "reserved by bets whose fate is unknown, minor units",
    "bea_unknown_age_seconds": "age of the oldest of these bets",
    "bea_pnl_minor": "won less lost, before commission and tax, minor units",
    "bea_commission_minor": "commission, minor units",
    "bea_tax_minor": "tax, minor units",
    "bea_drawdown_fraction": "fall of equity from its peak, a fraction of the peak",
    "bea_market_time_seconds": "where the market is, Unix time",
    "bea_feed_heard_time_seconds": "when the feed last said something, Unix time; 0: never",
    "bea_pulse_time_seconds": "when the runner last gave a pulse, Unix time; 0: never",
    "bea_ledger_read_time_seconds": "when the monitor last read the ledger, Unix time",
    "bea_intents": "intents whose latency was measured",
    "bea_latency_p99_seconds": "quote to committed intent, 99th percentile",
    "bea_alerts_sent": "alerts that a channel took",
    "bea_alerts_failed": "alerts that no channel took",
    "bea_alerts_open": "alerts that nobody acknowledged, informative ones left out",
    "bea_clv_mean": "mean closing line value of the settled bets",
    "bea_clv_bets": "settled bets with a closing line value",
}
LABELLED: Final = {
    "bea_bets": ("bets by state", "state"),
    "bea_decisions": ("decisions by reason", "reason"),
    "bea_breaker_tripped": ("1 while the breaker is tripped", "breaker"),
    "bea_breaker_measured": ("what the breaker measures", "breaker"),
    "bea_breaker_limit": ("where it trips", "breaker"),
    "bea_band_value": ("a measure of the promotion's bands", "measure"),
    "bea_band_outside": ("1 while the measure is outside of its band", "measure"),
}


def exposition(monitor: Monitor) -> bytes:
    """All metrics of all ledgers in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ledgers(list(monitor.watcher.snapshots().values())))
    return generate_latest(registry)


class _Ledgers(Collector):
    def __init__(self, snapshots: list[Snapshot]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        """As `prometheus_client.registry.Collector`."""
        plain = [(one.name, _plain(one)) for one in self._snapshots]
        for name, words in PLAIN.items():
            family = GaugeMetricFamily(name, words, labels=["ledger"])
            for ledger, values in plain:
                if (value := values[name]) is not None:
                    family.add_metric([ledger], value)
            yield family
        labelled = [(one.name, _labelled(one)) for one in self._snapshots]
        for name, (words, label) in LABELLED.items():
            family = GaugeMetricFamily(name, words, labels=["ledger", label])
            for ledger, tables in labelled:
                for key, value in tables[name].items():
                    family.add_metric([ledger, key], value)
            yield family


def _plain(one: Snapshot) -> dict[str, float | None]:
    status, alerts = one.status, one.status.alerts
    p99_ms = status.latency.p99_ms
    return {
        "bea_up": float(status.runner == "running"),
        "bea_killed": float(status.killed),
        "bea_readable": float(not one.failed),
        "bea_entries": status.entries,
        "bea_equity_minor": status.equity_minor,
        "bea_bankroll_minor": status.bankroll_minor,
        "bea_cash_minor": status.cash_minor,
        "bea_reserved_minor": status.reserved_minor,
        "bea_open_minor": status.open_minor,
        "bea_unknown_minor": status.unknown_minor,
        "bea_unknown_age_seconds": status.unknown_age_ns / _SECOND_NS,
        "bea_pnl_minor": status.pnl_minor,
        "bea_commission_minor": status.commission_minor,
        "bea_tax_minor": status.tax_minor,
        "bea_drawdown_fraction": one.equity[-1][2] if one.equity else None,
        "bea_market_time_seconds": status.at_ns / _SECOND_NS,
        "bea_feed_heard_time_seconds": one.heard_ns / _SECOND_NS,
        "bea_pulse_time_seconds": one.pulse_ns / _SECOND_NS,
        "bea_ledger_read_time_seconds": one.read_ns / _SECOND_NS,
        "bea_intents": status.latency.n,
        "bea_latency_p99_seconds": None if p99_ms is None else p99_ms / 1e3,
        "bea_alerts_sent": None if alerts is None else alerts.sent,
        "bea_alerts_failed": None if alerts is None else alerts.failed,
        "bea_alerts_open": sum(not alert.person and alert.severity != "info" for alert in one.alerts),
        "bea_clv_mean": one.clv.mean,
        "bea_clv_bets": one.clv.n,
    }


def _labelled(one: Snapshot) -> dict[str, dict[str, float]]:
    status = one.status
    breakers = [line for line in status.breakers if line.name]
    return {
        "bea_bets": dict(status.bets),
        "bea_decisions": dict(status.reasons),
        "bea_breaker_tripped": {line.name: float(line.tripped) for line in breakers},
        "bea_breaker_measured": {line.name: line.measured for line in breakers if line.measured is not None},
        "bea_breaker_limit": {line.name: line.limit for line in breakers if line.limit is not None},
        "bea_band_value": {band.measure: band.value for band in status.bands if band.value is not None},
        "bea_band_outside": {band.measure: float(band.position == "outside") for band in status.bands},
    }
