"""The status of a runner in the terminal: one sentence, the money, bets, breakers, decisions, latency."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from engine.clock import DAY_NS, HOUR_NS, SECOND_NS
from engine.errors import printable
from engine.live.feed import Quota
from engine.live.running.status import CHANNEL, BandLine, BetLine, BreakerLine, Status
from research.report.naming import reason_name
from research.report.text import NOTHING, count, money, number, percent, sentence_case

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_BARS: Final = "▁▂▃▄▅▆▇█"
#: rows of open bets
_BETS: Final = 6
#: characters of the curve of equity
_CURVE: Final = 40
#: columns of tables that are never cut
_WHOLE: Final = ("decided", "odds", "stake", "age")
#: characters that a cut word keeps at least, with its ellipsis
_SHORTEST: Final = 3
#: below these columns of the terminal, decisions are shown without their year
_NARROW: Final = 100
#: columns before the text of a line
_INDENT: Final = 12


def sparkline(values: Sequence[float], width: int = _CURVE) -> str:
    """A curve as a row of bars, lowest to highest; one longer than `width` shows every n-th value and the last.

    >>> sparkline([1, 2, 3])
    '▁▅█'
    """
    step = -(-len(values) // width) if values else 1
    shown = list(values[::-1][::step][::-1])
    if not shown:
        return ""
    low, span = min(shown), max(shown) - min(shown)
    return "".join(_BARS[round((value - low) / span * (len(_BARS) - 1)) if span else 3] for value in shown)


def age(duration_ns: int) -> str:
    """A duration in its largest unit, rounded down.

    >>> age(90 * 1_000_000_000), age(3 * 86_400 * 1_000_000_000)
    ('1 min', '3 d')
    """
    for unit_ns, word in ((DAY_NS, "d"), (HOUR_NS, "h"), (60 * SECOND_NS, "min")):
        if duration_ns >= unit_ns:
            return f"{duration_ns // unit_ns} {word}"
    return f"{max(0, duration_ns) // SECOND_NS} s"


def instant(at_ns: int) -> str:
    """An instant in UTC, to the minute; a dash for none."""
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M") if at_ns else NOTHING


def first_line(status: Status, now_ns: int) -> str:
    """What the runner does, and since when, in one sentence."""
    words = {
        "running": "runs",
        "stopped": "is stopped",
        "dead": "is not running: its runner ended without a word",
        "never": "has never run",
    }
    text = f"{status.name} ({status.mode or 'paper'}) {words.get(status.runner, status.runner)}"
    if status.since_ns:
        text += f" since {instant(status.since_ns)} UTC ({age(now_ns - status.since_ns)})"
    if status.winds_down:
        does = "settles what is" if status.runner == "running" else "settled what was"
        text += f"; it only {does} open (--wind-down)"
    return text + ("; the kill switch is set: nothing is sent." if status.killed else ".")


def lines(status: Status, now_ns: int) -> list[str]:
    """The status as plain lines, each of which has an entry in the runbook."""
    paid = f"P&L {money(status.pnl_minor, sign=True)}, commission {money(status.commission_minor)}"
    found = [
        first_line(status, now_ns),
        f"Market:     {instant(status.at_ns)} UTC, feed {status.feed or NOTHING}, "
        f"{count(status.entries, 'entry', 'entries')}",
        f"Equity:     {money(status.equity_minor)} {status.currency} of {money(status.bankroll_minor)} deposited; "
        f"{paid}, tax {money(status.tax_minor)}",
        f"            {sparkline(status.equity_days_minor)}",
        f"Exposure:   free {money(status.cash_minor)}, reserved {money(status.reserved_minor)}, "
        f"open {money(status.open_minor)}",
        f"Unknown:    {money(status.unknown_minor)}"
        + (f", the oldest for {age(status.unknown_age_ns)}" if status.unknown_minor else ""),
        f"Bets:       {_counts(status.bets)}",
        f"Decisions:  {_counts({reason_name(name): n for name, n in status.reasons.items()})}",
    ]
    found += [f"Band:       {_band(line)}" for line in status.bands]
    found += [f"Breaker:    {_breaker(line, status.at_ns)}" for line in status.breakers] or ["Breaker:    none tripped"]
    found += [f"Latency:    {_latency(status)}"]
    found += [f"Alerts:     {_alerts(status)}"]
    if status.passed_over:
        found += [f"Passed over: {_counts({printable(name, 100): n for name, n in status.passed_over.items()}, ' × ')}"]
    if status.quota is not None:
        found += [f"Credits:    {_credits(status.quota)}"]
    found += [f"Acknowledged: {printable(line)}" for line in status.acknowledged]
    return found


def rendered(status: Status, width: int, now_ns: int | None = None) -> Group:
    """The lines, open bets and last decisions, as rich prints them.

    Parameters
    ----------
    status : Status
    width : int
        Columns of the terminal.
    now_ns : int, optional
        The machine's clock; by default now.
    """
    from rich.console import Group
    from rich.text import Text

    now_ns = time.time_ns() if now_ns is None else now_ns
    head, *rest = lines(status, now_ns)
    style = "bold red" if status.killed or status.runner == "dead" else "bold"
    parts: list[Text | Table] = [Text(head, style=style)]
    for line in rest:
        indent = " " * _INDENT
        parts += [Text(part, style=_style(line)) for part in wrap(line, width, subsequent_indent=indent)]
    if status.open_bets:
        parts += [Text(""), _bets_table(status.open_bets, status.at_ns, width)]
    if status.decisions:
        parts += [Text(""), _decisions_table(status, width)]
    return Group(*parts)


def _style(line: str) -> str:
    if line.startswith("Breaker:") and "TRIPPED" in line:
        return "red"
    return "yellow" if line.startswith("Unknown:") and "oldest" in line else ""


def _counts(counts: object, between: str = " ") -> str:
    assert isinstance(counts, dict)
    return ", ".join(f"{number(n)}{between}{name}" for name, n in counts.items()) or "none"


def _band(line: BandLine) -> str:
    from engine.promotion.bands import end_shown

    upper = None if line.upper is None else end_shown(line.measure, line.upper)
    ends = f"{_small(line.lower)} to {_small(upper)}" if line.lower is not None else f"up to {_small(upper)}"
    return f"{line.measure.replace('_', ' ')} {_small(line.value)}, band {ends}: {line.position}"


def _small(value: float | None) -> str:
    return number(value, 4 if value is not None and abs(value) < 1 else 2)


def _breaker(line: BreakerLine, at_ns: int) -> str:
    text = f"{line.name.replace('_', ' ')}"
    if line.tripped:
        text += " TRIPPED" + (f": {printable(line.cause, 60)}" if line.cause else "")
        if line.name.startswith(CHANNEL):  # a channel: it stops nothing, and nothing is ended
            return text
        ends = f"until {instant(line.until_ns)}" if line.until_ns else "ends by its rule"
        return f"{text}; {'a person must resume it' if line.human else ends}"
    if line.state == "off":
        return f"{text} off"
    text += f": {line.measure.replace('_', ' ')}" if line.measure not in ("", line.name) else ""
    if line.measured is None or line.limit is None:
        return f"{text} {'only watched' if line.state == 'watched' else 'closed'}"
    measured, limit = _small(line.measured), _small(line.limit)
    if line.measured == int(line.measured) and line.limit == int(line.limit) and not line.measure:
        measured, limit = number(line.measured), number(line.limit)
    shown = f"{measured}, limit {limit}" if line.measure else f"{measured} of {limit}"
    return f"{text} {shown}" + (" (only watched)" if line.state == "watched" else "")


def _latency(status: Status) -> str:
    latency = status.latency
    if not latency.n:
        return "no intent yet"
    share = f", {percent(latency.fsync_frac, 0)} on disk" if latency.fsync_frac is not None else ""
    return (
        f"quote to committed intent p50 {number(latency.p50_ms, 2)} ms, p99 {number(latency.p99_ms, 2)} ms "
        f"({count(latency.n, 'intent')}){share}"
    )


def _alerts(status: Status) -> str:
    alerts = status.alerts
    if alerts is None:
        return "no channel, or no run has ended yet"
    repeated = f", {number(alerts.repeated)} repeated ones kept back" if alerts.repeated else ""
    return f"{number(alerts.sent)} sent, {number(alerts.failed)} failed, {number(alerts.dropped)} left out{repeated}"


def _credits(quota: Quota) -> str:
    found = [f"{number(quota.spent)} spent by this run"]
    if quota.budget_left is not None:
        found.append(f"{number(quota.budget_left)} of {number(quota.budget)} left for today")
    if quota.left is not None:
        found.append(f"{number(quota.left)} left at the service")
    return ", ".join(found)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Table:
    """A table that fits: where it is too wide, heads are cut, then the longest words, never numbers or times."""
    from rich.table import Table

    filled = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths = [max(len(head), broad) for head, broad in zip(heads, filled, strict=True)]
    words = [column for column, head in enumerate(heads) if head not in _WHOLE]
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths[column] for column in words) > _SHORTEST:
        longest = max(words, key=lambda column: (max(0, widths[column] - filled[column]), widths[column]))
        widths[longest] -= 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head, broad in zip(heads, widths, strict=True):
        right = head in ("odds", "stake", "age")
        table.add_column(head, justify="right" if right else "left", no_wrap=True, overflow="ellipsis", width=broad)
    for row in rows:
        table.add_row(*row)
    return table


def _bets_table(bets: Sequence[BetLine], at_ns: int, width: int) -> Table:
    rows: list[Sequence[str]] = []
    for bet in bets[-_BETS:]:
        at_risk = bet.reserved_minor + bet.stake_minor
        cells = (bet.key[:10], bet.state, f"{bet.event_id & 0xFFFFFFFF:08x}", bet.market, printable(bet.selection, 16))
        rows.append((*cells, number(bet.odds, 2), money(at_risk), age(at_ns - bet.since_ns)))
    if len(bets) > _BETS:
        rows.append((f"{len(bets) - _BETS} more", *[""] * 7))
    return _table(("open bet", "state", "event", "market", "selection", "odds", "stake", "age"), rows, width)


def _decisions_table(status: Status, width: int) -> Table:
    rows: list[Sequence[str]] = []
    for one in status.decisions:
        at = instant(one.at_ns)[5 if width < _NARROW else 0 :]
        cells = (at, f"{one.event_id & 0xFFFFFFFF:08x}", one.market, printable(one.selection, 16))
        stake = money(one.stake_minor) if one.stake_minor else NOTHING
        prices = (printable(one.bookmaker, 12), number(one.odds, 2), stake)
        rows.append((*cells, *prices, sentence_case(reason_name(one.reason))))
    heads = ("decided", "event", "market", "selection", "bookmaker", "odds", "stake", "reason")
    return _table(heads, rows, width)
