"""The sentences of the page: what was found and how sure it is, what was tried, and the caveats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from engine.schema import AGGREGATES
from research.inference.bootstrap import Interval
from research.report.breakdown import yield_interval
from research.report.charts.axes import metric_of
from research.report.data import Configuration, Luck, ReportData, SetAside
from research.report.headline import profit
from research.report.money_lines import doubts
from research.report.naming import settings
from research.report.selection import bankrupt_lines, stopped_lines
from research.report.text import LEVEL, count, known, listing, measure_name, money, number, percent, sentence_case, span
from research.report.verdict import reading

_BASIS: Final = {
    "assumed:match_day": "an opening price counts as known from 00:00 UTC on the day of the match",
    "assumed:kick_off": "a closing price counts as known at kick-off, or at 12:00 UTC where no time is given",
    "assumed:end_of_day": "a result counts as known at 23:59:59 UTC on its date",
    "assumed:noon": "a start without a time counts as 12:00 UTC",
}


def net_interval(data: Configuration) -> Interval | None:
    """Yield of a configuration after commission with its 90 % interval; None without bets.

    Events are resampled with P&L before commission. The interval is then shifted by commission over turnover.
    """
    value = data.metrics.get("yield")
    if data.bets.is_empty() or not known(value):
        return None
    gross = yield_interval(data.bets, data.seed)
    shift = float(value or 0.0) - gross.estimate
    return Interval(gross.estimate + shift, gross.low + shift, gross.high + shift, gross.se, gross.level)


def statement(data: ReportData) -> tuple[str, str]:
    """The headline of the page, and the sentences that say how to read it."""
    luck = data.luck
    if luck is not None and luck.verdict is not None:
        return profit(luck.verdict, luck.findings, luck.trials.effective), reading(luck)
    tried = len(data.results)
    betting = [entry for entry in data.selected if entry.metrics.get("n_bets")]
    if not betting:
        who = f"Not one of the {number(tried)} configurations" if tried > 1 else "The configuration"
        return f"{who} placed {'a bet' if tried > 1 else 'no bets'}.", _why_no_bets(data)
    best = betting[0]
    interval = net_interval(best)
    bets, events = int(best.metrics["n_bets"]), best.bets["event_id"].n_unique()
    who = f"The best of {number(tried)} configurations" if tried > 1 else "The configuration"
    value = best.metrics.get("yield")
    size = percent(float(value)) if known(value) and value is not None else "unknown"
    text = f"{who} has a yield of {size} over {count(bets, 'bet')} on {count(events, 'event')}"
    if interval is None or not interval.known:
        return f"{text}, too few for an interval.", _in_sample(tried, data.order, None)
    text += f" ({LEVEL} interval {span(interval.low, interval.high)})."
    return text, _in_sample(tried, data.order, interval)


def _in_sample(tried: int, order: str, interval: Interval | None) -> str:
    """How to read a result of which nothing was tested out of sample."""
    if interval is None:
        luck = "There are too few bets to separate skill from luck."
    elif interval.low > 0:
        luck = "The interval is above zero"
        luck += "." if tried == 1 else ", but the best of many always looks good."
    elif interval.high < 0:
        luck = "The interval is below zero: this configuration loses money."
    else:
        luck = "The interval contains zero: the result is indistinguishable from luck."
    if tried == 1:
        return (
            f"{luck} In sample: this run searched nothing, but earlier trials on these events count too and are "
            "listed below."
        )
    return (
        f"{luck} In sample: the configuration was selected by {measure_name(order)} from {number(tried)} on these same "
        "bets, and nothing here corrects for that search. It is not yet evidence of an edge."
    )


def _why_no_bets(data: ReportData) -> str:
    if data.manifest.get("no_bets"):
        return f"{data.manifest['no_bets']}."
    if not data.selected:
        return "No bets were stored."
    counts = {reason: amount for reason, amount in data.selected[0].reasons.iter_rows() if amount}
    if not counts:
        return "The strategy found no opportunity in this data."
    breakers = sum(amount for reason, amount in counts.items() if reason.startswith("breaker"))
    if breakers == sum(counts.values()):
        return "A breaker refused every opportunity; the funnel below shows which one."
    return "The funnel below shows why each opportunity was refused."


def tried_line(data: ReportData) -> str:
    """What was tried, in one line."""
    facts, parts = data.facts, [count(len(data.results), "configuration")]
    if data.selected:
        best = data.selected[0]
        opportunities = int(best.metrics.get("n_opportunities") or 0)
        parts.append(f"{count(opportunities, 'opportunity', 'opportunities')} for {best.label}")
        if best.daily.height:
            parts.append(count(best.daily.height, "day"))
    if facts.get("n_events"):
        parts.append(count(int(facts["n_events"]), "event"))
    if facts.get("n_quotes"):
        parts.append(count(int(facts["n_quotes"]), "price"))
    if facts.get("first_date") and facts.get("last_date"):
        parts.append(f"{facts['first_date']} to {facts['last_date']}")
    if facts.get("sources"):
        parts.append("source " + listing([str(name) for name in facts["sources"]]))
    return " · ".join(parts)


def flags(luck: Luck, run: str) -> list[tuple[str, str]]:
    """The flags of a run: a name and a sentence each, with the command that acknowledges the flag."""
    lines = []
    if luck.aside:
        lines.append(("Set aside", set_aside_line(luck.aside, len(luck.findings.set_aside))))
    for name, meaning in luck.flags.items():
        seen, command = name in luck.acknowledged, f"`bea report {run} --acknowledge {name}`"
        state = "acknowledged" if seen else f"no rank and no part in the verdict until {command}"
        lines.append((f"Flag {name.replace('_', ' ')}", f"{sentence_case(meaning)} ({state})."))
    return lines


def set_aside_line(aside: Sequence[SetAside], amount: int) -> str:
    """Which configurations are set aside, with their flags and settings; what that means."""
    verb = "is" if amount == 1 else "are"
    named = "; ".join(
        f"#{one.config}, {', '.join(flag.replace('_', ' ') for flag in one.flags)}"
        + (f" ({one.settings})" if one.settings else "")
        for one in aside
    )
    more = f"; and {number(amount - len(aside))} more" if amount > len(aside) else ""
    return (
        f"{count(amount, 'configuration')} with a flag {verb} neither selected nor judged, and still "
        f"{'counts' if amount == 1 else 'count'} as tried: {named}{more}."
    )


def selection_line(luck: Luck) -> str:
    """How the configurations of the path were selected, for the section of luck."""
    windows = luck.findings.windows
    if luck.verdict is None:
        return "Everything here is in sample. Only the number of trials accounts for how this configuration was found."
    if not windows:
        return "Nothing was validated: validation=none."
    qualified, metric = sum(window.config is not None for window in windows), metric_of(luck.findings.metric).name
    return (
        f"At the start of each of {count(len(windows), 'fold')}, the configuration with the best {metric} up to then "
        f"was selected and used for that fold. {_qualified(qualified, len(windows))}"
    )


def _qualified(folds: int, total: int) -> str:
    if folds in (0, total):
        return f"{'A' if folds else 'No'} configuration qualified in {'each' if folds else 'any'} of them."
    return f"A configuration qualified in {number(folds)} of them."


def warnings(data: ReportData) -> list[tuple[str, str]]:
    """The caveats of a run: a name and a sentence each."""
    facts, lines = data.facts, []
    sources = [str(name) for name in facts.get("sources") or []]
    if "simulator" in sources:
        lines.append(
            ("Simulated", "The odds come from the market simulator; a profit here proves nothing about a real market.")
        )
    if data.luck is not None:
        if data.luck.verdict is not None and data.manifest.get("no_bets"):
            lines.append(("No bets", f"{data.manifest['no_bets']}."))
        lines += doubts(data.luck.findings.evidence)
        lines += [("Betting stopped", line) for line in stopped_lines(data.luck)]
    lines += [("Bankrupt", line) for line in bankrupt_lines(data.luck, data.bankrupt, data.n_bankrupt)]
    lines += _of_bets(data.selected)
    bases = [str(name) for key in ("known_at_basis", "settled_at_basis") for name in facts.get(key) or []]
    assumed = [name for name in bases if name != "recorded"]
    if assumed:
        rules = "; ".join(_BASIS.get(name, name) for name in dict.fromkeys(assumed))
        lines.append(("Assumed times", f"The source does not give all times: {rules}."))
    suspect = facts.get("n_suspect")
    told = any("suspect price" in str(note) for note in data.manifest.get("notes") or [])
    if suspect and not told and not any(name == "Suspect prices" for name, _ in lines):
        verb = "is flagged as suspect and was" if int(suspect) == 1 else "are flagged as suspect and were"
        lines.append(("Suspect prices", f"{count(int(suspect), 'price')} of the data {verb} not excluded."))
    charged = [entry.label for entry in data.selected if entry.metrics.get("commission_minor")]
    if charged:
        lines.append(
            ("Commission", f"{listing(charged)}: yields by group are before commission, all other figures after it.")
        )
    lines += [("Note", str(note)) for note in data.manifest.get("notes") or []]
    return lines


#: kinds of bets that need a caveat: name, column, condition, what it means
_KINDS: Final = (
    (
        "Not executable",
        "instant",
        pl.col("instant") == "close",
        "at closing prices. Nobody can bet at such a price for sure: it is known to be the last one only in hindsight.",
    ),
    (
        "Aggregate price",
        "bookmaker",
        pl.col("bookmaker").is_in(list(AGGREGATES)),
        "at the maximum or average over bookmakers that the source publishes; which bookmaker quoted it is unknown.",
    ),
    ("Suspect prices", "suspect", pl.col("suspect"), "at prices flagged as suspect."),
    ("Open bets", "state", pl.col("state") == "unknown", "without a known result; their stakes count as turnover."),
)


def _of_bets(selected: Sequence[Configuration]) -> list[tuple[str, str]]:
    """Caveats about the bets of the selected configurations, one a kind."""
    lines = []
    for name, column, condition, meaning in _KINDS:
        parts = []
        for data in selected:
            amount = _rows(data.bets, condition, column)
            if amount:
                share = "all" if amount == len(data.bets) else f"{number(amount)} of"
                parts.append(f"{share} {number(len(data.bets))} of {data.label}")
        if parts:
            lines.append((name, f"Bets {meaning} ({listing(parts, len(parts))})".replace(". (", " (") + "."))
    return lines


def _rows(bets: pl.DataFrame, condition: pl.Expr, column: str) -> int:
    """Rows that meet a condition; 0 without the column."""
    return int(bets.select(condition.fill_null(False).sum()).item()) if column in bets.columns else 0


def configuration_line(data: Configuration, keys: Sequence[str]) -> str:
    """One configuration in a line: the parameters that are set, and its main measures."""
    named, metrics = settings(data.parameters, keys), data.metrics
    measured = (
        f"{count(int(metrics.get('n_bets') or 0), 'bet')}, P&L {money(metrics.get('pnl_minor'), sign=True)}, "
        f"maximum drawdown {percent(metrics.get('max_drawdown_frac'))}"
    )
    return f"{named}: {measured}" if named else measured
