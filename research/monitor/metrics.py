"""What the page shows, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.live.alerts.table import ALERTS
from engine.live.alerts.tally import Count
from research.monitor.context import Monitor
from research.monitor.measures import MEASURES
from research.monitor.watcher import Snapshot

#: alerts of the monitor, which concern itself, or a runner that cannot tell them
OWN_ALERTS: Final = frozenset({"monitor_failed", "runner_dead"})

_ALERT_LABELS: Final = ("ledger", "alert", "severity")
_LISTED: Final = "bea_ledgers_listed", (), "1 while the monitor can list the ledgers"
_LATENCY: Final = (
    "bea_intent_latency_seconds", ("ledger", "quantile"), "from the quote to the committed intent, of the current run"
)  # fmt: skip
_RAISED: Final = "bea_alerts_raised_total", _ALERT_LABELS, "alerts that were raised, sent or not"
_RAISED_AT: Final = "bea_alert_raised_timestamp_seconds", _ALERT_LABELS, "when it was raised last"
#: name, labels and help text of the metrics that are made here; the others are in `MEASURES`
FURTHER: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (_LISTED, _LATENCY, _RAISED, _RAISED_AT)


def exposition(monitor: Monitor) -> bytes:
    """All metrics of all ledgers, and of the process of the monitor."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ledgers(monitor))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Ledgers(Collector):
    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        """As `prometheus_client.registry.Collector`."""
        watcher = self._monitor.watcher
        snapshots = watcher.snapshots()
        listed = GaugeMetricFamily(_LISTED[0], _LISTED[2], labels=_LISTED[1])
        listed.add_metric([], float(not watcher.failed))
        yield listed
        for measure in MEASURES:
            kind = CounterMetricFamily if measure.name.endswith("_total") else GaugeMetricFamily
            family = kind(measure.name, measure.words, labels=["ledger", *measure.labels])
            for ledger, one in snapshots.items():
                for labels, value in measure.samples(one):
                    if value is not None:
                        family.add_metric([ledger, *labels], value)
            yield family
        yield _latency(snapshots)
        yield from self._alerts(snapshots)

    def _alerts(self, snapshots: Mapping[str, Snapshot]) -> Iterator[Metric]:
        """How often each alert was raised, and when last; those of the monitor have no ledger."""
        total = CounterMetricFamily(_RAISED[0], _RAISED[2], labels=_ALERT_LABELS)
        at = GaugeMetricFamily(_RAISED_AT[0], _RAISED_AT[2], labels=_ALERT_LABELS)
        others = frozenset(ALERTS) - OWN_ALERTS
        owners: list[tuple[str, Mapping[str, Count], frozenset[str]]] = [
            ("", self._monitor.tally.counts(), OWN_ALERTS),
            *((ledger, one.raised, others) for ledger, one in snapshots.items()),
        ]
        for owner, counts, names in owners:
            for name, severity, count in _counts(counts, names):
                total.add_metric([owner, name, severity], count.n)
                at.add_metric([owner, name, severity], count.wall_ns / 1e9)
        yield total
        yield at


def _counts(counts: Mapping[str, Count], names: Iterable[str]) -> Iterator[tuple[str, str, Count]]:
    """Name, severity and count of each alert: one that was never raised is 0, so that its first time is a change."""
    for name in sorted(names):
        yield name, ALERTS[name].severity.value, counts.get(name, Count(0, 0))


def _latency(snapshots: Mapping[str, Snapshot]) -> Metric:
    """Percentiles over all intents of a run, which the runner has measured: a summary that has no sum."""
    name, _, words = _LATENCY
    family = Metric(name, words, "summary")
    for ledger, one in snapshots.items():
        latency = one.status.latency
        for quantile, value_ms in (("0.5", latency.p50_ms), ("0.99", latency.p99_ms)):
            if value_ms is not None:
                family.add_sample(name, {"ledger": ledger, "quantile": quantile}, value_ms / 1e3)
        family.add_sample(f"{name}_count", {"ledger": ledger}, latency.n)
    return family
