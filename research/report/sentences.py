"""The sentences at the head of the page: what was found and how sure it is, what was tried, what to mind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from engine.schema import AGGREGATES
from research.inference.bootstrap import Interval
from research.report.breakdown import yield_interval
from research.report.data import Chosen, ReportData
from research.report.text import NOTHING, count, known, listing, measure_name, money, number, percent
from research.report.verdict import headline, reading

_BASIS: Final = {
    "assumed:match_day": "an opening price counts as known from 00:00 UTC of the match day",
    "assumed:kick_off": "a closing price counts as known at kick-off, or at 12:00 UTC where no time is given",
    "assumed:end_of_day": "a result counts as known at 23:59:59 UTC of the date",
    "assumed:noon": "a start without a time counts as 12:00 UTC",
}


def net_interval(one: Chosen, seed: int) -> Interval | None:
    """Yield of a configuration after commission with its 90 % interval; None without bets.

    The interval is drawn over events from P&L before commission, then moved by the commission per turnover.
    """
    value = one.metrics.get("yield")
    if one.bets.is_empty() or not known(value):
        return None
    found = yield_interval(one.bets, seed)
    shift = float(value or 0.0) - found.estimate
    return Interval(found.estimate + shift, found.low + shift, found.high + shift, found.se, found.level)


def verdict(data: ReportData) -> tuple[str, str]:
    """The sentence of the page and the one that says how to read it."""
    if data.luck is not None and data.luck.verdict is not None:
        return headline(data.luck.verdict, data.luck.findings.out_of_sample), reading(data.luck)
    tried = len(data.results)
    betting = [one for one in data.chosen if one.metrics.get("n_bets")]
    if not betting:
        who = f"Not one of the {number(tried)} configurations" if tried > 1 else "The configuration"
        return f"{who} placed {'a' if tried > 1 else 'no'} bet.", _why_none(data)
    best = betting[0]
    interval = net_interval(best, data.seed)
    bets, events = int(best.metrics["n_bets"]), best.bets["event_id"].n_unique()
    who = f"The best of {number(tried)} configurations" if tried > 1 else "The one configuration tried"
    value = best.metrics.get("yield")
    money_word = "earned" if known(value) and float(value or 0) >= 0 else "lost"
    size = percent(abs(float(value))) if known(value) and value is not None else "an unknown share"
    text = f"{who} {money_word} {size} of its stakes over {count(bets, 'bet')}"
    if interval is None or not interval.known:
        return f"{text}, on too few bets for an interval.", _reading(tried, data.order, None)
    ends = f"{percent(interval.low)} and {percent(interval.high)}"
    text += f"; 90\u202f% of resamplings of its {count(events, 'event')} lie between {ends}."
    return text, _reading(tried, data.order, interval)


def _reading(tried: int, order: str, interval: Interval | None) -> str:
    if interval is None:
        luck = "Nothing can be said about luck here."
    elif interval.low > 0:
        luck = "The interval lies above zero"
    elif interval.high < 0:
        luck = "The interval lies below zero: this loses money."
    else:
        luck = "The interval holds zero: this cannot be told from luck."
    if tried == 1:
        end = "In sample: nothing was searched in this run; what was tried before on these events is counted below."
        return (luck + ". " if luck.endswith("zero") else luck + " ") + end
    search = (
        f"In sample: it was picked by {measure_name(order)} out of {number(tried)} on these very bets, "
        "and nothing here is corrected for that search."
    )
    if luck.endswith("zero"):
        return f"{luck}, but the best of many always looks good. {search} It is no evidence of an edge yet."
    return f"{luck} {search}"


def _why_none(data: ReportData) -> str:
    if not data.chosen:
        return "No path was stored."
    counts = {r: c for r, c in data.chosen[0].reasons.iter_rows() if c}
    if not counts:
        return "There was no opportunity to decide on: the strategy found none in this data."
    breakers = sum(c for r, c in counts.items() if r.startswith("breaker"))
    if breakers == sum(counts.values()):
        return "Every opportunity was refused by a breaker; the funnel below says which."
    return "The funnel below says at which question each opportunity ended."


def tried_line(data: ReportData) -> str:
    """What was tried, in one line."""
    facts, parts = data.facts, [count(len(data.results), "configuration")]
    if data.chosen:
        best = data.chosen[0]
        parts.append(
            f"{count(int(best.metrics.get('n_opportunities') or 0), 'opportunity', 'opportunities')} for {best.label}"
        )
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


def warnings(data: ReportData) -> list[tuple[str, str]]:
    """What a reader must know before believing a number: a word and a sentence each."""
    facts, out = data.facts, []
    sources = [str(name) for name in facts.get("sources") or []]
    if "simulator" in sources:
        out.append(
            ("Simulated", "The odds come from the market simulator; a profit here proves nothing about any market.")
        )
    out += _of_bets(data.chosen)
    bases = [str(name) for key in ("known_at_basis", "settled_at_basis") for name in facts.get(key) or []]
    assumed = [name for name in bases if name != "recorded"]
    if assumed:
        words = "; ".join(_BASIS.get(name, name) for name in dict.fromkeys(assumed))
        out.append(("Assumed times", f"The source does not give all times: {words}."))
    suspect = facts.get("n_suspect")
    if suspect and not any(word == "Suspect prices" for word, _ in out):
        out.append(
            (
                "Suspect prices",
                f"{count(int(suspect), 'price')} of the data are flagged as suspect and were not left out.",
            )
        )
    charged = [one.label for one in data.chosen if one.metrics.get("commission_minor")]
    if charged:
        out.append(
            (
                "Commission",
                f"{listing(charged)}: yields by group are before commission; all other figures after it.",
            )
        )
    out += [("Note", str(note)) for note in data.manifest.get("notes") or []]
    return out


#: what bets can be that a reader must know: word, column, condition, what it means
_KINDS: Final = (
    (
        "Not executable",
        "instant",
        pl.col("instant") == "close",
        "at closing prices. Nobody can be sure of such a price: it is known to be the last one only when it is gone.",
    ),
    (
        "Aggregate price",
        "bookmaker",
        pl.col("bookmaker").is_in(list(AGGREGATES)),
        "at the maximum or average that the source publishes over bookmakers; who quoted it is not recorded.",
    ),
    ("Suspect prices", "suspect", pl.col("suspect"), "at prices flagged as suspect."),
    ("Open bets", "state", pl.col("state") == "unknown", "without a known end; they count as turnover, at cost."),
)


def _of_bets(chosen: Sequence[Chosen]) -> list[tuple[str, str]]:
    """Warnings that the bets of the configurations themselves give, one a kind."""
    out = []
    for word, column, condition, meaning in _KINDS:
        parts = []
        for one in chosen:
            found = _rows(one.bets, condition, column)
            if found:
                share = "all" if found == len(one.bets) else f"{number(found)} of"
                parts.append(f"{share} {number(len(one.bets))} of {one.label}")
        if parts:
            out.append((word, f"Bets {meaning} ({listing(parts, len(parts))})".replace(". (", " (") + "."))
    return out


def _rows(bets: pl.DataFrame, condition: pl.Expr, column: str) -> int:
    return int(bets.select(condition.fill_null(False).sum()).item()) if column in bets.columns else 0


def configuration_line(one: Chosen, values: Mapping[str, str]) -> str:
    """One configuration in a line: its parameters, those that are set, and its main measures."""
    settings = ", ".join(f"{name} {value}" for name, value in values.items() if value != NOTHING)
    metrics = one.metrics
    measured = (
        f"{count(int(metrics.get('n_bets') or 0), 'bet')}, P&L {money(metrics.get('pnl_minor'), sign=True)}, "
        f"deepest drawdown {percent(metrics.get('max_drawdown_frac'))}"
    )
    return f"{settings}: {measured}" if settings else measured
