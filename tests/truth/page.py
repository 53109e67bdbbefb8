"""The page of results, docs/simulated-truth.md, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from research.inference.bootstrap import FEWEST_BETS, FEWEST_DAYS
from research.verdict.judge import OUT_OF_SAMPLE_LEVEL
from research.verdict.levels import ALPHA as LEVEL
from research.verdict.plausibility import SHARPE_BOUND
from tests.truth import charts
from tests.truth.market import CONFIGURATIONS, DAY_CORRELATION, DAYS, ROWS_PER_EVENT, World
from tests.truth.study import BETS, EDGES, HOLDERS, REQUIRED
from tests.truth.summary import CERTAINTY, most_allowed, tail
from tests.truth.sweep import RULES

Row = dict[str, Any]

_HEAD: Final = f"""# Simulated truth

Terms: [glossary](glossary.md).

This page is written by the command below; do not edit it by hand. In a simulation the truth is known. The page shows
how often the verdict of a sweep is wrong, how often it detects a real edge, and how often an interval contains the true
value.

```
python -m tests.truth --page docs/simulated-truth.md
```

Finished pieces are stored under `--out`. They are not computed again as long as the code they depend on is the same.
`--quick` takes minutes instead of hours.

## How a sweep is simulated

The simulation uses a tape of {DAYS} days and {CONFIGURATIONS} configurations that bet flat stakes on parts of it. They
go through the code of `bea sweep`: the walk, the daily returns, the walk-forward choice ({RULES.folds} folds, metric
{RULES.metric}), the stitched path, the evidence, the plausibility flags and the verdict. The effective number of trials
is that of the sweep alone, as in an empty ledger. A bet wins with probability (1 + edge) / odds. Odds are near 2 (1.8
to 2.2) unless stated otherwise. An edge of zero is exactly zero, not the loss of a margin, which would make the verdict
easier. Breakers and caps are off, so the number of bets is the one in the table. The sweeps of a batch of twenty share
the prices and configurations of one tape; the results are new for each sweep.
"""
_KINDS: Final = {
    "disjoint": "no two configurations share a bet, {bets:,} bets each, odds {odds[0]:g} to {odds[1]:g}",
    "correlated": "configurations overlap; "
    f"{ROWS_PER_EVENT} bets per event share its result, results of one day have a correlation of {DAY_CORRELATION:g}; "
    "{bets:,} bets each",
    "copies": "any two configurations share 90 % of their bets or more, {bets:,} bets each",
    "overlapping": "configurations overlap, odds from 1.3 to 6, {bets:,} bets each",
}


def page(tables: Row) -> str:
    """The complete page."""
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
        "configurations", "sweeps", "with evidence", "share", "p of more than 5 %", "most allowed",
        "(a) and (b) hold", "effective trials", "path's interval contains zero",
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

No configuration has an edge, so each verdict "evidence of an edge" is wrong. *p of more than 5 %*: exact one-sided
binomial test that the verdict is wrong in more than {LEVEL:.0%} of such sweeps; below {CERTAINTY:g} there are too many.
*(a) and (b) hold*: share of sweeps that would have evidence by these two tests and plausibility, without the
out-of-sample path. *Effective trials*: median, out of {CONFIGURATIONS}. *Path's interval*: 90 % interval of the
out-of-sample yield, whose true value is zero here, in the sweeps whose path has one. It resamples events, so it is too
narrow where the results of one day are correlated. The tests (a) and (b) resample days and are not affected.

{chr(10).join(lines)}
"""


def _power(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    tables = [_power_table(rows, holders) for holders in HOLDERS]
    most, fewest = max(row["asked"] for row in rows), min(row["sweeps"] for row in rows)
    picture = f"![{charts.power_caption(rows)}](images/{charts.POWER})\n" if len(rows) > 1 else ""
    return f"""## Power

Some configurations bet in a class of bets that has an edge; the others bet on other rows without one. *Bets* is the
size of the class, all of which the first configuration takes. The other configurations with the edge each leave out a
different part of the class, up to 30 %. Each cell has the share of sweeps with evidence, its standard error, and in
brackets the power of a one-sided 5 % test of the first configuration alone. No procedure that must first find this
configuration can have more power. A configuration with an implausible result, here an annual Sharpe ratio above
{SHARPE_BOUND:g}, is set aside, and the others are judged. *Flagged*: sweeps in which more are set aside than are left,
which a bettor must acknowledge first. The cells have {fewest} to {most} sweeps.

{chr(10).join(tables)}
{picture}
{_required(rows)}"""


def _power_table(rows: Sequence[Row], holders: int) -> str:
    by_cell = {(r["world"]["bets"], r["world"]["edge_frac"]): r for r in rows if r["world"]["holders"] == holders}
    lines = [_row(["bets", *(f"edge {edge:.0%}" for edge in EDGES)]), _row(["---"] * (len(EDGES) + 1))]
    for bets in BETS:
        cells = [_cell(by_cell.get((bets, edge))) for edge in EDGES]
        lines.append(_row([f"{bets:,}", *cells]))
    subject = "one configuration has" if holders == 1 else f"{holders} configurations have"
    return f"### {subject.capitalize()} the edge\n\n{chr(10).join(lines)}\n"


def _cell(row: Row | None) -> str:
    if row is None:
        return "not measured"
    flagged = f", {row['failed']['d']:.0%} flagged" if row["failed"]["d"] else ""
    return f"{row['share']:.0%} ± {row['error']:.0%} ({row['single']:.0%}){flagged}"


def _required(rows: Sequence[Row]) -> str:
    """Failed conditions in the cells with a required power."""
    cells_required = [row for row in rows if (row["world"]["bets"], row["world"]["edge_frac"]) == REQUIRED]
    if not cells_required:
        return ""
    titles = [
        "with the edge", "sweeps", "evidence", "(a) fails", "(b) fails", "(c) fails", "(d) fails",
        "selected one has it", "windows that chose one", "effective trials",
    ]  # fmt: skip
    lines = [_row(titles), _row(["---"] * len(titles))]
    for row in cells_required:
        failed = [f"{row['failed'][letter]:.1%}" for letter in "abcd"]
        cells = [f"{row['world']['holders']}", _count(row), f"**{row['share']:.1%}** ± {row['error']:.1%}", *failed]
        windows = f"{row['windows_hold']:.1f} of {RULES.folds - 1}"
        lines.append(_row([*cells, f"{row['picked_holds']:.1%}", windows, f"{row['effective']:,.0f}"]))
    return f"""### Conditions that fail at {REQUIRED[0]:,} bets and {REQUIRED[1]:.0%}

(a) superior predictive ability over all configurations; (b) the selected configuration alone, corrected for the
effective trials; (c) yield of the out-of-sample path above zero at one-sided {1 - OUT_OF_SAMPLE_LEVEL:.0%}; (d)
plausibility.

{chr(10).join(lines)}
"""


def _coverage(all_rows: Sequence[Row]) -> str:
    rows = [row for row in all_rows if row["printed"] >= min(charts.LEAST_PRINTED, row["logs"])]
    if not rows:
        return ""
    titles = ["interval", "bets", "days", "kinds of log", "printed", "mean", "lowest", "highest"]
    lines = [_row(titles), _row(["---"] * len(titles))]
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["name"], row["world"]["bets"])):
        groups.setdefault((row["name"], row["world"]["bets"]), []).append(row)
    for (name, bets), group in groups.items():
        held, printed = [row["held"] for row in group], [row["printed"] for row in group]
        shares = [f"{share:.1%}" for share in (sum(held) / len(held), min(held), max(held))]
        days = f"{group[0]['world']['days']}"
        lines.append(
            _row([name, f"{bets:,}", days, f"{len(group)}", f"{sum(printed):,}", f"**{shares[0]}**", *shares[1:]])
        )
    low, high = charts.HELD
    outside = [row for row in rows if not low <= row["held"] <= high]
    return f"""## Coverage of intervals

The bet logs have a true edge of 3 %, one bet per event or one to three that win and lose together, and odds from narrow
ranges or from 1.3 to 10. Stakes are equal, or Kelly stakes for an edge that varies from event to event. The scored
probabilities deviate from the true ones by 10 %, those of the market by 5 %. Each interval is computed as in the
report, and only where the report prints it: from {FEWEST_BETS} bets on {FEWEST_DAYS} days, and for the difference of
two configurations from {FEWEST_BETS} common events. A 90 % interval should contain the truth in {low:.0%} to
{high:.0%} of a thousand logs. That holds
for {len(rows) - len(outside)} of {len(rows)} combinations of log and interval; the mean over all of them is
{sum(r["held"] for r in rows) / len(rows):.1%}. The share of one combination has a standard error of about 1 % at a
thousand logs. Combinations printed less than {charts.LEAST_PRINTED} times are left out.

![{charts.coverage_caption(rows)}](images/{charts.COVERAGE})

{chr(10).join(lines)}

{_outside(outside)}"""


def _outside(rows: Sequence[Row]) -> str:
    """Logs whose intervals contain the truth too rarely or too often."""
    if not rows:
        return ""
    titles = [
        "interval",
        "bets",
        "odds",
        "most bets per event",
        "stakes",
        "printed",
        "contains the truth",
        "below",
        "above",
    ]
    lines = [_row(titles), _row(["---"] * len(titles))]
    for row in sorted(rows, key=lambda row: row["held"]):
        world = row["world"]
        cells = [row["name"], f"{world['bets']:,}", "{:g} to {:g}".format(*world["odds"]), f"{world['per_event']}"]
        shares = [f"**{row['held']:.1%}**", f"{row['below']:.1%}", f"{row['above']:.1%}"]
        lines.append(_row([*cells, world["stakes"], f"{row['printed']:,}", *shares]))
    return f"""Outside of this range, with the shares of logs whose truth is below and above the interval:

{chr(10).join(lines)}
"""


def _foot(tables: Row) -> str:
    return f"""## What this does not show

Real odds are not fair, real edges fade, and real results of one day are correlated in ways that a simulation does not
know. A verdict that is right here is right about luck, not about the next season.

Hash of the measured code, without comments: sweeps `{tables["sources"]}`, intervals `{tables["interval_sources"]}`.
"""


def _count(row: Row) -> str:
    return f"{row['sweeps']:,}" if row["sweeps"] >= row["asked"] else f"{row['sweeps']:,} of {row['asked']:,}"


def _row(cells: Sequence[str] | Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
