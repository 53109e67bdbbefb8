"""The results as Markdown: docs/simulated-truth.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from research.verdict.judge import LEVEL, OUT_OF_SAMPLE_LEVEL
from research.verdict.plausibility import SHARPE_BOUND
from tests.truth import charts
from tests.truth.market import CONFIGURATIONS, DAY_CORRELATION, DAYS, ROWS_PER_EVENT, World
from tests.truth.study import BETS, EDGES, HOLDERS, REQUIRED
from tests.truth.summary import CERTAINTY, most_allowed, tail
from tests.truth.sweep import RULES

Row = dict[str, Any]

_HEAD: Final = f"""# Simulated truth

This page is written by the command below; do not edit it by hand. A simulation knows the truth, so it can tell how
often the verdict of a sweep is wrong, how often it finds what is there, and how often an interval holds the true value.

```
python -m tests.truth --page docs/simulated-truth.md
```

What is finished is kept under `--out` and is not computed again as long as the sources on its way are the same;
`--quick` takes minutes instead of hours.

## How a sweep is simulated

A tape of {DAYS} days and {CONFIGURATIONS} configurations that bet flat stakes on parts of it go through the code that
`bea sweep` runs: the walk, the daily returns, walk-forward choice ({RULES.folds} folds, metric {RULES.metric}), the
stitched path, the evidence, the flags of plausibility, the verdict. The effective number of trials is that of the sweep
alone, as in an empty ledger. A bet wins with probability (1 + edge) / odds; odds are near 2 (1.8 to 2.2) unless told
otherwise. Where the edge is zero it is exactly zero: not a margin's loss, which would make the verdict's work easier.
Breakers and limits are off, so that the number of bets is the one in the table. Sweeps in a batch of twenty share a
tape's prices and configurations; results are drawn anew for each.
"""
_KINDS: Final = {
    "disjoint": "no two configurations share a bet, {bets:,} bets each, odds {odds[0]:g} to {odds[1]:g}",
    "correlated": "configurations overlap; "
    f"{ROWS_PER_EVENT} bets an event share its result, results of one day have a correlation of {DAY_CORRELATION:g}; "
    "{bets:,} bets each",
    "copies": "any two configurations share 90 % of their bets or more, {bets:,} bets each",
    "overlapping": "configurations overlap, odds from 1.3 to 6, {bets:,} bets each",
}


def page(tables: Row) -> str:
    """The whole page."""
    parts = [
        _HEAD,
        f"Measured: {tables['measured']}.\n",
        _false(tables["false"]),
        _power(tables["power"]),
        _coverage(tables["coverage"]),
        _foot(tables),
    ]
    return "\n".join(part for part in parts if part)


def _false(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    titles = [
        "configurations", "sweeps", "evidence said", "share", "p of more than 5 %", "most that pass",
        "(a) and (b) hold", "effective trials", "path's interval holds zero",
    ]  # fmt: skip
    lines = [_row(titles), _row(["---"] * len(titles))]
    for row in rows:
        p_value = tail(row["evidence"], row["sweeps"])
        lines.append(
            _row(
                [
                    _KINDS[row["world"]["kind"]].format(**World(**row["world"]).plain()),
                    _count(row),
                    f"{row['evidence']}",
                    f"**{row['share']:.1%}**" + ("" if p_value >= CERTAINTY else " (too many)"),
                    f"{p_value:.3f}",
                    f"{most_allowed(row['sweeps'])}",
                    f"{row['both']:.1%}",
                    f"{row['effective']:,.0f}",
                    f"{row['path_held']:.1%} of {row['paths']:,}",
                ]
            )
        )
    return f"""## False positives

No configuration has an edge; "evidence of an edge" is wrong each time. *p of more than 5 %*: exact one-sided binomial
test that the verdict is wrong in more than {LEVEL:.0%} of such sweeps; it fails below {CERTAINTY:g}. *(a) and (b)
hold*: how often the two tests alone would have said it, without the out-of-sample path. *Effective trials*: median, of
{CONFIGURATIONS}. *Path's interval*: the 90 % interval of the out-of-sample yield, whose true value is zero here, in the
sweeps whose path has one. It resamples events, so it is too narrow where the results of a day hang together; the tests
(a) and (b) resample days and do not mind.

{chr(10).join(lines)}
"""


def _power(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    tables = [_power_table(rows, holders) for holders in HOLDERS]
    most, fewest = max(row["asked"] for row in rows), min(row["sweeps"] for row in rows)
    picture = f"![{charts.power_words(rows)}](images/{charts.POWER})\n" if len(rows) > 1 else ""
    return f"""## Power

Some configurations bet inside a class of bets that holds an edge, the others on other bets without one. *Bets* are
those of the class, all of which the first configuration takes; the others that hold it leave out up to 30 % of the
class, each another part. A cell: share of the sweeps in which evidence is said, its standard error, and in brackets the
power of a one-sided 5 % test of the first configuration alone, which no procedure that has to find it first can beat.
*Flagged*: sweeps in which a result is implausible, here a Sharpe ratio beyond {SHARPE_BOUND:g} a year, which a bettor
has to acknowledge first. At most {most} sweeps a cell, the fewest {fewest}.

{chr(10).join(tables)}
{picture}
{_required(rows)}"""


def _power_table(rows: Sequence[Row], holders: int) -> str:
    found = {(r["world"]["bets"], r["world"]["edge_frac"]): r for r in rows if r["world"]["holders"] == holders}
    lines = [_row(["bets", *(f"edge {edge:.0%}" for edge in EDGES)]), _row(["---"] * (len(EDGES) + 1))]
    for bets in BETS:
        cells = [_cell(found.get((bets, edge))) for edge in EDGES]
        lines.append(_row([f"{bets:,}", *cells]))
    many = "one configuration holds" if holders == 1 else f"{holders} configurations hold"
    return f"### {many.capitalize()} the edge\n\n{chr(10).join(lines)}\n"


def _cell(row: Row | None) -> str:
    if row is None:
        return "not measured"
    flagged = f", {row['failed']['d']:.0%} flagged" if row["failed"]["d"] else ""
    return f"{row['share']:.0%} ± {row['error']:.0%} ({row['single']:.0%}){flagged}"


def _required(rows: Sequence[Row]) -> str:
    """What stands in the way in the cells that a power is required of."""
    mine = [row for row in rows if (row["world"]["bets"], row["world"]["edge_frac"]) == REQUIRED]
    if not mine:
        return ""
    titles = [
        "hold it", "sweeps", "evidence", "(a) fails", "(b) fails", "(c) fails", "(d) fails",
        "one that holds it is judged", "windows that chose one", "effective trials",
    ]  # fmt: skip
    lines = [_row(titles), _row(["---"] * len(titles))]
    for row in mine:
        failed = [f"{row['failed'][letter]:.1%}" for letter in "abcd"]
        cells = [f"{row['world']['holders']}", _count(row), f"**{row['share']:.1%}** ± {row['error']:.1%}", *failed]
        windows = f"{row['windows_hold']:.1f} of {RULES.folds - 1}"
        lines.append(_row([*cells, f"{row['picked_holds']:.1%}", windows, f"{row['effective']:,.0f}"]))
    return f"""### What loses power at {REQUIRED[0]:,} bets and {REQUIRED[1]:.0%}

(a) superior predictive ability over all configurations; (b) the judged one alone, after the effective trials; (c) yield
of the out-of-sample path above zero at one-sided {1 - OUT_OF_SAMPLE_LEVEL:.0%}; (d) plausibility.

{chr(10).join(lines)}
"""


def _coverage(every: Sequence[Row]) -> str:
    rows = [row for row in every if row["printed"] >= min(charts.LEAST_PRINTED, row["logs"])]
    if not rows:
        return ""
    titles = ["interval", "bets", "days", "kinds of log", "printed", "mean", "least", "most"]
    lines = [_row(titles), _row(["---"] * len(titles))]
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in sorted(rows, key=lambda one: (one["name"], one["world"]["bets"])):
        groups.setdefault((row["name"], row["world"]["bets"]), []).append(row)
    for (name, bets), mine in groups.items():
        held, printed = [row["held"] for row in mine], [row["printed"] for row in mine]
        shares = [f"{one:.1%}" for one in (sum(held) / len(held), min(held), max(held))]
        days = f"{mine[0]['world']['days']}"
        lines.append(
            _row([name, f"{bets:,}", days, f"{len(mine)}", f"{sum(printed):,}", f"**{shares[0]}**", *shares[1:]])
        )
    low, high = charts.HELD
    outside = [row for row in rows if not low <= row["held"] <= high]
    return f"""## Coverage of intervals

Bet logs with a true edge of 3 %, with one bet an event or with one to three that win and lose together, in bands of
odds and from 1.3 to 10; stakes are equal, or Kelly's for an edge that varies from event to event. The probabilities
that are scored stray from the true ones by 10 %, the market's by 5 %. Every interval is the one that the report prints,
and only where it prints one: from 100 bets on 30 days on, of a difference of two configurations from 100 common events
on. A 90 % interval should hold the truth in {low:.0%} to {high:.0%} of a thousand logs: {len(rows) - len(outside)} of
{len(rows)} kinds of log and interval do, all of them together {sum(r["held"] for r in rows) / len(rows):.1%}. The share
of one kind has a standard error of about 1 % at a thousand; kinds that are printed less than
{charts.LEAST_PRINTED} times are left out.

![{charts.coverage_words(rows)}](images/{charts.COVERAGE})

{chr(10).join(lines)}

{_outside(outside)}"""


def _outside(rows: Sequence[Row]) -> str:
    """Kinds of log of which an interval holds the truth too seldom or too often."""
    if not rows:
        return ""
    titles = [
        "interval",
        "bets",
        "odds",
        "most bets an event",
        "stakes",
        "printed",
        "holds the truth",
        "below",
        "above",
    ]
    lines = [_row(titles), _row(["---"] * len(titles))]
    for row in sorted(rows, key=lambda one: one["held"]):
        world = row["world"]
        cells = [row["name"], f"{world['bets']:,}", "{:g} to {:g}".format(*world["odds"]), f"{world['per_event']}"]
        shares = [f"**{row['held']:.1%}**", f"{row['below']:.1%}", f"{row['above']:.1%}"]
        lines.append(_row([*cells, world["stakes"], f"{row['printed']:,}", *shares]))
    return f"""Outside of it, with the shares in which the truth lies below and above the interval:

{chr(10).join(lines)}
"""


def _foot(tables: Row) -> str:
    return f"""## What this does not show

Real odds are not fair, real edges fade, and real results of one day hang together in ways that no simulation knows. A
verdict that is right here is right about luck, not about the next season.

Sources of the sweeps `{tables["sources"]}`, of the intervals `{tables["interval_sources"]}` (hash without comments).
"""


def _count(row: Row) -> str:
    return f"{row['sweeps']:,}" if row["sweeps"] >= row["asked"] else f"{row['sweeps']:,} of {row['asked']:,}"


def _row(cells: Sequence[str] | Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
