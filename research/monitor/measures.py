"""The numbers of a ledger under the names that Prometheus knows them by.

A name is ``bea_``, what it is, its unit. Times are Unix time in seconds, 0: never. Money is in minor units of the
ledger's currency, as everywhere. What is not known has no sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from engine.live.alerts.rules import alert_of_breaker
from engine.live.alerts.table import ALERTS, Severity
from engine.live.feed import Quota
from engine.live.running.status import CHANNEL, BandLine, BreakerLine, Status
from engine.promotion.bands import end_shown
from research.monitor.watcher import Snapshot

#: values of `Status.runner`
RUNNER: Final = ("running", "stopped", "dead", "never")

#: days that the page lists for their sign-off
_DAYS: Final = 8
#: fields of `AlertCounts`
_OUTCOMES: Final = ("sent", "failed", "dropped", "repeated")

#: values of the labels after the ledger, and the number; None: not known
Samples = Iterable[tuple[tuple[str, ...], float | None]]


class Measure(NamedTuple):
    """One metric of each ledger.

    Attributes
    ----------
    name : str
        A counter ends with ``_total``.
    words : str
        Its help text.
    samples : callable
        Its samples of a snapshot.
    labels : tuple of str
        After ``ledger``.
    """

    name: str
    words: str
    samples: Callable[[Snapshot], Samples]
    labels: tuple[str, ...] = ()


def _one(value: Callable[[Snapshot], float | None]) -> Callable[[Snapshot], Samples]:
    return lambda one: [((), value(one))]


def _of_status(value: Callable[[Status], float | None]) -> Callable[[Snapshot], Samples]:
    return lambda one: [((), value(one.status))]


def _time(value: Callable[[Snapshot], int]) -> Callable[[Snapshot], Samples]:
    return lambda one: [((), value(one) / 1e9)]


def _table(table: Callable[[Snapshot], Mapping[str, float]]) -> Callable[[Snapshot], Samples]:
    return lambda one: [((key,), value) for key, value in table(one).items()]


def _credits(value: Callable[[Quota], float | None]) -> Callable[[Snapshot], Samples]:
    return lambda one: [] if one.status.quota is None else [((), value(one.status.quota))]


def _breakers(value: Callable[[BreakerLine], float | None]) -> Callable[[Snapshot], Samples]:
    return lambda one: [
        ((line.name,), value(line)) for line in one.status.breakers if not line.name.startswith(CHANNEL)
    ]


def _bands(value: Callable[[BandLine], float | None]) -> Callable[[Snapshot], Samples]:
    return lambda one: [((line.measure,), value(line)) for line in one.status.bands]


def _info(one: Snapshot) -> Samples:
    status = one.status
    return [((status.mode, status.currency, status.promotion, status.feed), 1.0)]


def _tripped(one: Snapshot) -> Samples:
    for line in one.status.breakers:
        if not line.name.startswith(CHANNEL):
            alert = "killed" if line.name == "kill" else alert_of_breaker(line.name)
            yield (line.name, alert, ALERTS[alert].severity.value), float(line.tripped)


def _channels(one: Snapshot) -> Samples:
    lines = [line for line in one.status.breakers if line.name.startswith(CHANNEL)]
    return [((line.name.removeprefix(CHANNEL),), float(line.tripped)) for line in lines]


def _deliveries(one: Snapshot) -> Samples:
    counts = one.status.alerts
    return [] if counts is None else [((name,), getattr(counts, name)) for name in _OUTCOMES]


def _unacknowledged(one: Snapshot) -> Samples:
    found = Counter(alert.severity for alert in one.alerts if not alert.person)
    return [((severity.value,), found[severity.value]) for severity in Severity if severity is not Severity.INFO]


def _unsigned(one: Snapshot) -> float:
    """Ended days among those that the page lists whose decisions nobody signed, or not all of them."""
    ended = one.days[-_DAYS:-1]
    return float(sum((one.signed[day].last if day in one.signed else -1) < sums.last for day, sums in ended))


MEASURES: Final = (
    Measure("bea_ledger_info", "1; its labels say what is traded", _info, ("mode", "currency", "promotion", "feed")),
    Measure("bea_ledger_readable", "1 while the ledger can be read", _one(lambda one: float(not one.failed))),
    Measure("bea_ledger_entries_total", "entries of the ledger", _of_status(lambda status: status.entries)),
    Measure("bea_ledger_read_timestamp_seconds", "when the monitor last read it", _time(lambda one: one.read_ns)),
    Measure("bea_runner_state", "1 for the state of the runner, 0 for the others",
            _table(lambda one: {state: float(one.status.runner == state) for state in RUNNER}), ("state",)),
    Measure("bea_runner_since_timestamp_seconds", "since when it is in its state",
            _time(lambda one: one.status.since_ns)),
    Measure("bea_runner_pulse_timestamp_seconds", "last pulse of the runner", _time(lambda one: one.pulse_ns)),
    Measure("bea_runner_winds_down", "1 while it only settles", _of_status(lambda status: float(status.winds_down))),
    Measure("bea_killed", "1 while the kill switch is set", _of_status(lambda status: float(status.killed))),
    Measure("bea_control_unread", "rows of control that no runner has read", _one(lambda one: len(one.unread))),
    Measure("bea_gates_opened", "failed gates of the promotion that a person opened",
            _of_status(lambda status: len(status.acknowledged))),
    Measure("bea_equity_minor", "free, reserved and open money", _of_status(lambda status: status.equity_minor)),
    Measure("bea_bankroll_minor", "deposited money", _of_status(lambda status: status.bankroll_minor)),
    Measure("bea_cash_minor", "free money", _of_status(lambda status: status.cash_minor)),
    Measure("bea_reserved_minor", "reserved money", _of_status(lambda status: status.reserved_minor)),
    Measure("bea_open_minor", "open stakes at cost", _of_status(lambda status: status.open_minor)),
    Measure("bea_unknown_minor", "reserved by bets whose fate is unknown",
            _of_status(lambda status: status.unknown_minor)),
    Measure("bea_unknown_age_seconds", "age of the oldest of these bets",
            _of_status(lambda status: status.unknown_age_ns / 1e9)),
    Measure("bea_pnl_minor", "won less lost, before commission and tax", _of_status(lambda status: status.pnl_minor)),
    Measure("bea_commission_minor", "commission", _of_status(lambda status: status.commission_minor)),
    Measure("bea_tax_minor", "tax", _of_status(lambda status: status.tax_minor)),
    Measure("bea_drawdown_ratio", "fall of equity from its peak, as a fraction of the peak",
            _one(lambda one: one.equity[-1].fall if one.equity else None)),
    Measure("bea_drawdown_max_ratio", "largest fall so far", _one(lambda one: max((point.fall for point in one.equity),
                                                                                 default=None))),
    Measure("bea_market_timestamp_seconds", "where the market is", _time(lambda one: one.status.at_ns)),
    Measure("bea_feed_heard_timestamp_seconds", "when the feed last said something", _time(lambda one: one.heard_ns)),
    Measure("bea_feed_passed_over_total", "what the feed passed over in the current run, by reason",
            _table(lambda one: one.status.passed_over), ("reason",)),
    Measure("bea_feed_credits_left", "credits of the feed's account, as the service last said",
            _credits(lambda quota: quota.left)),
    Measure("bea_feed_credits_spent_total", "credits that the current run spent", _credits(lambda quota: quota.spent)),
    Measure("bea_feed_budget", "credits that may be spent on a day", _credits(lambda quota: quota.budget)),
    Measure("bea_feed_budget_left", "what is left of them today", _credits(lambda quota: quota.budget_left)),
    Measure("bea_bets", "bets by state", _table(lambda one: one.status.bets), ("state",)),
    Measure("bea_bets_open", "bets that are not over", _of_status(lambda status: len(status.open_bets))),
    Measure("bea_decisions_total", "decisions by reason", _table(lambda one: one.status.reasons), ("reason",)),
    Measure("bea_day_decisions", "decisions of the last day by reason",
            _table(lambda one: one.days[-1][1].reasons if one.days else {}), ("reason",)),
    Measure("bea_signoffs_missing", "of the last days that have ended, those that nobody signed", _one(_unsigned)),
    Measure("bea_clv_mean_ratio", "mean closing line value of the settled bets", _one(lambda one: one.clv.mean)),
    Measure("bea_clv_low_ratio", "lower end of its 90% interval", _one(lambda one: one.clv.low)),
    Measure("bea_clv_high_ratio", "upper end of its 90% interval", _one(lambda one: one.clv.high)),
    Measure("bea_clv_bets", "settled bets with a closing line value", _one(lambda one: one.clv.n)),
    Measure("bea_breaker_tripped", "1 while the breaker is tripped", _tripped, ("breaker", "alert", "severity")),
    Measure("bea_breaker_measured", "what it measures", _breakers(lambda line: line.measured), ("breaker",)),
    Measure("bea_breaker_limit", "where it trips", _breakers(lambda line: line.limit), ("breaker",)),
    Measure("bea_breaker_person", "1 where only a person can end its trip",
            _breakers(lambda line: float(line.human)), ("breaker",)),
    Measure("bea_breaker_until_timestamp_seconds", "when its trip ends by its rule",
            _breakers(lambda line: None if line.until_ns is None else line.until_ns / 1e9), ("breaker",)),
    Measure("bea_band_value", "a measure of the promotion's bands", _bands(lambda line: line.value), ("measure",)),
    Measure("bea_band_lower", "lower end of its band", _bands(lambda line: line.lower), ("measure",)),
    Measure("bea_band_upper", "upper end of its band",
            _bands(lambda line: None if line.upper is None else end_shown(line.measure, line.upper)), ("measure",)),
    Measure("bea_band_outside", "1 while the measure is outside of its band",
            _bands(lambda line: float(line.position == "outside")), ("measure",)),
    Measure("bea_alerts_open", "alerts that nobody acknowledged", _unacknowledged, ("severity",)),
    Measure("bea_alert_deliveries_total", "alerts of the current run by what became of them", _deliveries,
            ("outcome",)),
    Measure("bea_alert_channel_dead", "1 while a channel takes no alerts", _channels, ("channel",)),
)  # fmt: skip
