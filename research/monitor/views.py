"""What the parts of the page of a ledger show: texts, ready to print."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from engine.clock import SECOND_NS
from engine.live.alerts.table import ALERTS, Severity
from engine.live.feed import Quota
from engine.live.ledger.control import Command
from engine.live.running.status import CHANNEL, BandLine, BreakerLine
from engine.promotion.bands import end_shown
from research.monitor.html import FILES, part, static
from research.monitor.watcher import Snapshot
from research.report.naming import reason_name
from research.report.status import age, first_line, instant
from research.report.text import NOTHING, count, money, number, percent, sentence_case, span

#: alerts and decisions that the page lists
_ALERTS: Final = 5
#: a pulse of this age is late
_LATE_NS: Final = 30 * SECOND_NS

_COMMANDS: Final = {
    Command.KILL: "kill switch set", Command.RESUME: "resume asked for", Command.STOP: "stop asked for",
    Command.ACKNOWLEDGE: "acknowledged",
}  # fmt: skip


@dataclass(frozen=True)
class View:
    """A snapshot at an instant of the machine's clock."""

    known: Snapshot
    now_ns: int

    def __getattr__(self, name: str) -> Any:
        made = _MADE.get(name)
        if made is None:
            raise AttributeError(name)
        return made(self)


def _state(view: View) -> dict[str, Any]:
    known, status = view.known, view.known.status
    if known.failed:
        tone, word = "bad", "not readable"
    elif status.killed or status.runner == "dead":
        tone, word = "bad", "killed" if status.killed else "dead"
    elif any(line.tripped and not line.name.startswith(CHANNEL) for line in status.breakers):
        tone, word = "warn", "breaker open"
    elif status.runner == "running":
        tone, word = "good", "running"
    else:
        tone, word = "warn", status.runner
    notes = [f"The ledger cannot be read: {known.failed}"] if known.failed else []
    notes += [
        f"{sentence_case(_COMMANDS[row.command])} by {row.person}: {row.reason}. No runner has read it yet."
        for row in known.unread
    ]
    gates = list(status.acknowledged)
    return {
        "tone": tone, "word": word, "notes": notes, "gates": gates, "killed": status.killed,
        "opened": f"{count(len(gates), 'gate')} of the promotion failed and a person opened them" if gates else "",
        "sentence": first_line(status, view.now_ns) if status.name else "This ledger was not read yet.",
        "facts": f"Market {instant(status.at_ns)} UTC · feed {status.feed or NOTHING} · "
        f"{count(status.entries, 'entry', 'entries')}",
    }  # fmt: skip


def _equity(view: View) -> dict[str, Any]:
    status, points = view.known.status, view.known.equity
    now = f"{money(status.equity_minor)} {status.currency}"
    if not points:
        return {"data": "", "now": now, "answer": "Nothing is settled yet.", "rows": []}
    worst = max(point.fall for point in points)
    limits, allows = _drawdown_limits(view)
    answer = (
        f"{now} of {money(status.bankroll_minor)} deposited: profit {money(status.pnl_minor, sign=True)}, commission "
        f"{money(status.commission_minor)}, tax {money(status.tax_minor)}. Largest drawdown {percent(worst)}"
    )
    data = {
        "at": [point.at_ns // SECOND_NS for point in points],
        "equity": [point.minor / 100 for point in points],
        "drawdown": [round(-100 * point.fall, 3) for point in points],
        "limit": [None if limit is None else round(-100 * limit, 3) for limit in limits] or None,
        "currency": status.currency,
    }
    rows = [
        (instant(point.at_ns), money(point.minor), percent(point.fall), percent(limit))
        for point, limit in list(zip_longest(points, limits))[:-21:-1]
    ]
    return {"data": json.dumps(data, separators=(",", ":")), "now": now, "answer": f"{answer}{allows}.", "rows": rows}


def _drawdown_limits(view: View) -> tuple[tuple[float | None, ...], str]:
    """How far drawdown may go at each point of the curve, and in words how far it may go now."""
    known = view.known
    if known.drawdown_most:
        now = known.drawdown_most[-1]
        said = "the days of the promotion's band are over" if now is None else f"its band allows {percent(now)} so far"
        return known.drawdown_most, f"; {said}"
    stop = next((one for one in known.status.breakers if one.name == "drawdown" and one.limit), None)
    if stop is None:
        return (), ""
    return (stop.limit,) * len(known.equity), f"; its breaker stops bets at {percent(stop.limit)}"


def _exposure(view: View) -> dict[str, Any]:
    status = view.known.status
    unknown = money(status.unknown_minor)
    if status.unknown_minor:
        unknown += f", the oldest for {age(status.unknown_age_ns)}"
    rows = [
        ("free", money(status.cash_minor), ""),
        ("reserved", money(status.reserved_minor), ""),
        ("open at cost", money(status.open_minor), ""),
        ("unknown", unknown, "bad" if status.unknown_minor else ""),
    ]
    return {"rows": rows, "bets": [(word, number(n)) for word, n in status.bets.items()]}


def _breakers(view: View) -> dict[str, Any]:
    status = view.known.status
    rows = [_breaker(line) for line in status.breakers if line.name != "kill"]
    rows.sort(key=lambda row: (not row["tripped"], row["left"]))
    known_at = view.known.pulse_ns
    when = f"Distances as of {age(view.now_ns - known_at)} ago." if known_at else "No runner has told any distance."
    if status.runner == "stopped":
        when = "The runner is stopped: only what is tripped is known."
    return {"rows": rows, "when": when}


def _breaker(line: BreakerLine) -> dict[str, Any]:
    used = 0.0
    if line.tripped:
        used = 1.0
    elif line.measured is not None and line.limit and line.limit > 0:
        used = min(1.0, max(0.0, line.measured / line.limit))
    channel = line.name.startswith(CHANNEL)
    shown = NOTHING
    if line.measured is not None and line.limit is not None:
        shown = f"{_small(line.measured)} of {_small(line.limit)}"
    word = "tripped" if line.tripped else {"watched": "only watched", "off": "off"}.get(line.state, "closed")
    ends = ""
    if line.tripped and not channel:
        ends = f"until {instant(line.until_ns)}" if line.until_ns else "" if line.human else "ends by its rule"
    return {
        "name": line.name, "title": line.name.replace("_", " "), "tripped": line.tripped, "word": word,
        "shown": shown + (f" ({line.measure.replace('_', ' ')})" if line.measure else ""), "ends": ends,
        "cause": line.cause, "left": 1.0 - used, "used": f"{used:.2f}", "resume": line.tripped and not channel,
    }  # fmt: skip


def _feed(view: View) -> dict[str, Any]:
    known, status = view.known, view.known.status
    latency, alerts = status.latency, status.alerts
    heard = f"{age(view.now_ns - known.heard_ns)} ago" if known.heard_ns else NOTHING
    pulse = f"{age(view.now_ns - known.pulse_ns)} ago" if known.pulse_ns else NOTHING
    late = status.runner == "running" and known.pulse_ns and view.now_ns - known.pulse_ns > _LATE_NS
    p99 = NOTHING if latency.p99_ms is None else f"{number(latency.p99_ms, 2)} ms ({count(latency.n, 'intent')})"
    rows = [
        ("feed last heard", heard, ""),
        ("runner's last pulse", pulse, "warn" if late else ""),
        ("quote to intent, p99", p99, ""),
        ("quote to intent, p50", NOTHING if latency.p50_ms is None else f"{number(latency.p50_ms, 2)} ms", ""),
        ("alerts sent", NOTHING if alerts is None else f"{number(alerts.sent)}, {number(alerts.failed)} failed",
         "bad" if alerts is not None and alerts.failed else ""),
    ]  # fmt: skip
    return {"rows": rows + ([] if status.quota is None else _credits(status.quota))}


def _credits(quota: Quota) -> list[tuple[str, str, str]]:
    """What a feed spent, and what is left; nothing left is bad, less than a day's budget at the service a warning."""
    rows = [("credits spent by this run", number(quota.spent), "")]
    if quota.budget_left is not None:
        today = f"{number(quota.budget_left)} of {number(quota.budget)}"
        rows.append(("credits left for today", today, "" if quota.budget_left else "bad"))
    if quota.left is not None:
        few = "warn" if quota.budget is not None and quota.left < quota.budget else ""
        rows.append(("credits left at the service", number(quota.left), few if quota.left > 0 else "bad"))
    return rows


def _decisions(view: View) -> dict[str, Any]:
    status, days = view.known.status, view.known.days
    rows = [
        {
            "at": instant(one.at_ns)[5:], "event": f"{one.event_id & 0xFFFFFFFF:08x}", "market": one.market,
            "selection": one.selection, "bookmaker": one.bookmaker, "odds": number(one.odds, 2),
            "stake": money(one.stake_minor) if one.stake_minor else NOTHING,
            "reason": sentence_case(reason_name(one.reason)), "placed": one.reason == "placed",
        }
        for one in reversed(status.decisions)
    ]  # fmt: skip
    if not days:
        return {"rows": rows, "day": "", "funnel": [], "total": ""}
    day, sums = days[-1]
    funnel = [
        (sentence_case(reason_name(name)), number(n), f"{n / max(1, sums.decisions):.3f}")
        for name, n in sums.reasons.most_common()
    ]
    return {"rows": rows, "day": day, "funnel": funnel, "total": count(sums.decisions, "decision")}


def _clv(view: View) -> dict[str, Any]:
    clv = view.known.clv
    band = next((one for one in view.known.status.bands if one.measure == "clv"), None)
    if clv.mean is None:
        answer = "No settled bet has a closing price yet."
    elif clv.low is None or clv.high is None:
        answer = f"{percent(clv.mean, 2, sign=True)} over one bet: too few for an interval."
    else:
        answer = (
            f"{percent(clv.mean, 2, sign=True)} over {count(clv.n, 'bet')}, 90% interval {span(clv.low, clv.high, 2)}."
        )
    promised = ""
    if band is not None:
        ends = _ends(band, as_percent=True)
        promised = f"The promotion's band is {ends}: {band.position}." if ends != NOTHING else "No day has ended yet."
    return {"answer": answer, "promised": promised, "tone": _tone(band)}


def _drift(view: View) -> dict[str, Any]:
    rows = [
        {
            "measure": band.measure.replace("_", " "), "value": _small(band.value), "ends": _ends(band),
            "position": band.position, "tone": _tone(band),
        }
        for band in view.known.status.bands
    ]  # fmt: skip
    out = [row["measure"] for row in rows if row["position"] == "outside"]
    if not rows:
        answer = "No day has ended since this runner started, or the promotion has no bands."
    elif out:
        answer = f"Outside of its band: {', '.join(out)}."
    else:
        answer = "Every measure is inside its band, or it is too early to tell."
    return {"rows": rows, "answer": answer, "command": f"bea drift {view.known.name}"}


def _bets(view: View) -> dict[str, Any]:
    status = view.known.status
    opened = [
        {
            "state": bet.state, "event": f"{bet.event_id & 0xFFFFFFFF:08x}", "market": bet.market,
            "selection": bet.selection, "odds": number(bet.odds, 2), "age": age(status.at_ns - bet.since_ns),
            "stake": money(bet.reserved_minor + bet.stake_minor), "tone": "bad" if bet.state == "unknown" else "",
        }
        for bet in status.open_bets[-50:][::-1]
    ]  # fmt: skip
    settled = [
        {
            "at": instant(bet.at_ns)[5:], "state": bet.state.replace("_", " "), "market": bet.market,
            "event": f"{bet.event_id & 0xFFFFFFFF:08x}", "selection": bet.selection, "odds": number(bet.odds, 2),
            "pnl": money(bet.pnl_minor, sign=True), "tone": "gain" if bet.pnl_minor > 0 else "loss",
        }
        for bet in view.known.settled
    ]  # fmt: skip
    return {"opened": opened, "settled": settled, "count": count(len(status.open_bets), "open bet")}


def _alerts(view: View) -> dict[str, Any]:
    serious = [one for one in view.known.alerts if one.severity != Severity.INFO]
    quiet = [one for one in view.known.alerts if one.severity == Severity.INFO]
    tones = {Severity.CRITICAL.value: "bad", Severity.WARNING.value: "warn"}
    rows = [
        {
            "key": one.key, "severity": one.severity, "tone": tones.get(one.severity, ""), "text": one.text,
            "facts": one.facts, "at": f"{instant(one.wall_ns)} UTC", "name": one.name,
            "said": f"{one.person}: {one.reason}" if one.person else "",
        }
        for one in serious[:_ALERTS]
    ]  # fmt: skip
    unread = sum(not one.person for one in serious)
    told = "All alerts are acknowledged." if serious else "There was no alert."
    if unread:
        told = f"{count(unread, 'alert')} not acknowledged."
    loud = [name for name in view.known.told if name in ALERTS and ALERTS[name].severity != Severity.INFO]
    more = [
        {
            "severity": ALERTS[name].severity.value, "tone": tones.get(ALERTS[name].severity, ""),
            "text": ALERTS[name].text, "times": count(view.known.told[name].n, "time"),
            "at": f"{instant(view.known.told[name].wall_ns)} UTC",
        }
        for name in loud
    ]  # fmt: skip
    if more and not serious:
        told = "The runner told of what is no entry of the ledger."
    return {
        "rows": rows, "unread": told, "more": more,
        "quiet": [f"{instant(one.wall_ns)} {one.text}: {one.facts}" for one in quiet[:5]],
    }  # fmt: skip


def _review(view: View) -> dict[str, Any]:
    rows = []
    for day, sums in reversed(view.known.days[-8:]):
        signed = view.known.signed.get(day)
        whole = signed is not None and signed.last >= sums.last
        word = f"signed by {signed.person}" if signed is not None and whole else "more came after the sign-off"
        rows.append(
            {
                "day": day, "decisions": number(sums.decisions), "bets": number(sums.reasons["placed"]),
                "word": word if signed is not None else "not signed", "tone": "good" if whole else "warn",
            }
        )  # fmt: skip
    return {"rows": rows}


def _tone(band: BandLine | None) -> str:
    return "" if band is None else {"inside": "good", "outside": "bad"}.get(band.position, "")


def _ends(band: BandLine, *, as_percent: bool = False) -> str:
    def text(value: float | None) -> str:
        return percent(value, 2, sign=True) if as_percent and value is not None else _small(value)

    upper = None if band.upper is None else end_shown(band.measure, band.upper)
    if band.lower is None:
        return NOTHING if upper is None else f"up to {text(upper)}"
    return f"from {text(band.lower)}" if upper is None else f"{text(band.lower)} to {text(upper)}"


def _small(value: float | None) -> str:
    if value is not None and value == int(value):
        return number(value)
    return number(value, 4 if value is not None and abs(value) < 1 else 2)


_MADE: Final[dict[str, Callable[[View], dict[str, Any]]]] = {
    "state": _state, "equity": _equity, "exposure": _exposure, "breakers": _breakers, "feed": _feed,
    "decisions": _decisions, "clv": _clv, "drift": _drift, "bets": _bets, "alerts": _alerts, "review": _review,
}  # fmt: skip
#: parts of the page, in its order
PARTS: Final[Sequence[str]] = tuple(_MADE)


def parts(view: View) -> dict[str, str]:
    """The HTML of each part of the page."""
    return {name: str(part(name, _MADE[name](view))) for name in PARTS}


def warm() -> None:
    """Compile the templates and pack the files, so that the first page is as quick as the others."""
    parts(View(Snapshot(""), 0))
    for name in FILES:
        static(name)
