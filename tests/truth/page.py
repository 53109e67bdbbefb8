"""The page of results, docs/simulated-truth.md, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from research.inference.bootstrap import FEWEST_BETS, FEWEST_DAYS
from research.verdict.judge import OUT_OF_SAMPLE_LEVEL
from tests.truth import charts
from tests.truth.closes import CLOSES
from tests.truth.market import CONFIGURATIONS, DAYS
from tests.truth.study import BETS, EDGES, FEW, HOLDERS, MOVED, REQUIRED
from tests.truth.summary import CERTAINTY, LEVEL, most_allowed, tail
from tests.truth.sweep import RULES

Row = dict[str, Any]

#: the verdicts of an earlier version on the same simulated sweeps, in their order: 1 with evidence
BEFORE: Final = Path(__file__).with_name("before.json")
#: size above which the page of a sweep should warn of slow dependence, and the share in which it should
WARNED_ABOVE, WARNED = 0.10, 0.80
#: smallest number of printed intervals for a line about the yield shown
FEWEST_SHOWN: Final = 40

_HEAD: Final = f"""# Simulated truth

Terms: [glossary](glossary.md).

This page is written by the command below; do not edit it by hand. In a simulation the truth is known. The page shows
how often the two verdicts of a sweep are wrong, how often they detect a real edge, and how often an interval contains
the true value.

```
python -m tests.truth --page docs/simulated-truth.md
```

Finished pieces are stored under `--out`. They are not computed again as long as the code they depend on is the same.
The verdicts are made from stored p-values, so a changed level needs no new simulation. `--quick` takes minutes instead
of hours.

## How a sweep is simulated

A tape of {DAYS} days has configurations that bet on parts of it: {FEW} of them unless stated otherwise. They go through
the code of `bea sweep`: the walk, the daily returns, the walk-forward choice ({RULES.folds} folds, metric
{RULES.metric}), the stitched path, the evidence, the plausibility flags and the verdicts. Each is the first sweep of
its family, and the effective number of trials is that of the sweep alone, as in an empty ledger; only the families
below fill a ledger. A bet wins with probability (1 + edge) / odds. Stakes are flat and odds near 2 (1.8 to 2.2) unless
stated otherwise. An edge of zero is exactly zero, not the loss of a margin, which would make the verdict easier.
Breakers and caps are off, so the number of bets is the one in the table. The sweeps of a batch of twenty share the
prices and configurations of one tape; the results are new for each sweep. ± is one standard error of the simulation.
"""


def page(tables: Row, earlier: str = "") -> str:
    """The complete page; the section on intervals is that of the earlier page where they were not measured again."""
    parts = [
        _HEAD,
        f"Measured: {tables['measured']}.\n",
        _false(tables["false"]),
        _families(tables["families"]),
        _slow(tables["slow"]),
        _power(tables["power"]),
        _required(tables["required"]),
        _price(tables["power"], tables["price"]),
        _yields(tables["power"]),
        _coverage(tables["coverage"]) or _section(earlier, "Coverage of intervals"),
        _foot(tables),
    ]
    return "\n".join(part for part in parts if part)


def _section(text: str, title: str) -> str:
    """A section of a page with its title; empty if there is none."""
    _, found, rest = text.partition(f"## {title}\n")
    return f"{found}{rest.partition(f'{chr(10)}## ')[0].rstrip()}\n" if found else ""


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join([_row(titles), _row(["---"] * len(titles)), *(_row(row) for row in rows)])


def _test(row: Row) -> tuple[str, str, str]:
    """Share of wrong verdicts, its p-value, and the largest number that is allowed."""
    p_value = tail(row["evidence"], row["sweeps"])
    share = f"**{row['share']:.1%}**" + ("" if p_value >= CERTAINTY else " (too many)")
    return share, f"{p_value:.3f}", f"{most_allowed(row['sweeps'])}"


def _false(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    titles = [
        "configurations", "number", "sweeps", "with evidence", "share", "p of more than 5 %", "most allowed",
        "by (a) and (b)", "by (e)", "effective trials", "path's interval contains zero",
    ]  # fmt: skip
    lines = []
    for row in rows:
        share, p_value, allowed = _test(row)
        held = f"{row['path_held']:.1%} of {row['paths']:,}" if row["paths"] else "none printed"
        count = row["world"].get("configurations", CONFIGURATIONS)
        cells = [row["title"], f"{count}", _count(row), f"{row['evidence']}", share, p_value, allowed]
        lines.append([*cells, f"{row['selected']:.1%}", f"{row['ensemble']:.1%}", f"{row['effective']:,.0f}", held])
    return f"""## False positives of the verdict of money

No configuration has an edge, so each verdict "evidence of an edge" is wrong. *p of more than 5 %*: exact one-sided
binomial test that the verdict is wrong in more than {LEVEL:.0%} of such sweeps; below {CERTAINTY:g} there are too many.
*By (a) and (b)*, *by (e)*: share of sweeps with evidence by the best configuration, and by the portfolio of all.
*Effective trials*: median. *Path's interval*: 90 % interval of the out-of-sample yield, whose true value is zero here,
in the sweeps whose path has one. It resamples matches, so it is too narrow where the results of one day are correlated.
The tests resample days and are not affected.

{_table(titles, lines)}
"""


def _families(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    titles = [
        "family", "families", "with evidence at least once", "share", "p of more than 5 %", "most allowed",
        "after the first look", "after half", "effective trials of the last",
    ]  # fmt: skip
    lines = []
    for row in rows:
        share, p_value, allowed = _test(row)
        after = [row["after"][0], row["after"][(row["looks"] - 1) // 2]]
        cells = [row["title"], _count(row), f"{row['evidence']}", share, p_value, allowed]
        lines.append([*cells, *(f"{one:.1%}" for one in after), f"{row['effective'][-1]:,.0f}"])
    return f"""## Families of sweeps

Sweeps of {FEW} configurations without an edge on the same events, 400 bets each, each read as it comes with a real
trial ledger: the number of trials and the place in the family are the ledger's. A family counts as wrong if any of its
sweeps had evidence when it was read.

{_table(titles, lines)}
"""


def _slow(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    titles = ["configurations", "sweeps", "with evidence", "the page warns", "by (a) and (b)", "by (e)"]
    lines = [
        [
            row["title"], _count(row), f"**{row['share']:.1%}** ± {row['error']:.1%}", f"{row['warns']:.1%}",
            f"{row['selected']:.1%}", f"{row['ensemble']:.1%}",
        ]
        for row in rows
    ]  # fmt: skip
    return f"""## Slow dependence

Here the edge is zero in the long run, but it wanders slowly, so that two years hold fewer independent results than they
have bets. No test of daily results can tell two good years from an edge, and the verdict is wrong too often. The page
of a sweep warns where the sums of weeks, months or seasons vary significantly more than those of independent days, and
the configuration that is judged is then tested by its months too. Each configuration has 2,000 bets.

{_table(titles, lines)}
"""


def _before() -> Row:
    """Verdicts of the earlier version by bets, edge, holders and number of configurations."""
    return dict(json.loads(BEFORE.read_text(encoding="utf-8"))) if BEFORE.is_file() else {}


def _share_of(verdicts: str) -> str:
    """Share of the ones in a text of zeros and ones."""
    return f"{verdicts.count('1') / len(verdicts):.0%}" if verdicts else "–"


def _cells(rows: Sequence[Row], edge: float) -> dict[tuple[int, int, int], Row]:
    """Cells of a table of power by bets, holders and number of configurations."""
    worlds = ((row["world"], row) for row in rows)
    return {(w["bets"], w["holders"], w["configurations"]): row for w, row in worlds if w["edge_frac"] == edge}


def _power(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    before, lines = _before(), []
    cells = {edge: _cells(rows, edge) for edge in EDGES}
    for bets in BETS:
        for holders, of in HOLDERS:
            line = [f"{bets:,}", f"{holders} of {of}"]
            for edge in EDGES:
                row = cells[edge].get((bets, holders, of))
                old = before.get("evidence", {}).get(f"{bets} {edge} {holders} {of}", "")
                line += ["not measured"] * 3 if row is None else [
                    f"**{row['share']:.0%}** ± {row['error']:.0%}", _share_of(old[: row["sweeps"]]),
                    f"{row['single']:.0%}",
                ]  # fmt: skip
            lines.append(line)
    titles = ["bets", "with the edge"]
    for edge in EDGES:
        titles += [f"edge {edge:.0%}", "before", "one test"]
    picture = f"![{charts.POWER_CAPTION}](images/{charts.POWER})\n" if len(charts.drawn(rows)) > 1 else ""
    return f"""## Power of the verdict of money

Some configurations bet in a class of bets that has an edge; the others bet on other rows without one. *Bets* is the
size of the class, all of which the first configuration takes. The other configurations with the edge each leave out a
different part of the class, up to 30 %. Each cell has the share of sweeps with evidence. *Before*: the same sweeps by
the rule of commit {before.get("commit", "–")}, without level stakes, portfolio and spending over sweeps. *One test*: a
one-sided 5 % test of the first configuration alone. No test of money that must first find this configuration can have
more power, but for the portfolio, which gains where many configurations have the edge.

{_table(titles, lines)}

{picture}"""


def _required(rows: Sequence[Row]) -> str:
    """Failed conditions in the cells with many bets."""
    if not rows:
        return ""
    titles = [
        "with the edge", "sweeps", "evidence", "(a) fails", "(b) fails", "(e) fails", "(c) fails", "(d) fails",
        "selected one has it", "windows that chose one", "effective trials",
    ]  # fmt: skip
    lines = []
    for row in rows:
        failed = [f"{row['failed'][letter]:.1%}" for letter in "abecd"]
        cells = [f"{row['world']['holders']}", _count(row), f"**{row['share']:.1%}** ± {row['error']:.1%}", *failed]
        windows = f"{row['windows_hold']:.1f} of {RULES.folds - 1}"
        lines.append([*cells, f"{row['picked_holds']:.1%}", windows, f"{row['effective']:,.0f}"])
    return f"""### Conditions that fail at {REQUIRED[0]:,} bets and {REQUIRED[1]:.0%}

Of {CONFIGURATIONS} configurations. (a) superior predictive ability over all configurations; (b) the selected
configuration alone, corrected for the effective trials; (e) the portfolio of all; (c) yield of the out-of-sample path
above zero at one-sided {1 - OUT_OF_SAMPLE_LEVEL:.0%}; (d) plausibility. Evidence needs (a) and (b), or (e), and (c) and
(d).

{_table(titles, lines)}
"""


def _price(rows: Sequence[Row], without: Sequence[Row]) -> str:
    """Power and size of the verdict of price, by kind of close."""
    by_cell = _cells(rows, EDGES[0])
    lines = [
        [f"{bets:,}", f"{holders} of {of}", *_by_close(by_cell.get((bets, holders, of)))]
        for bets in BETS
        for holders, of in HOLDERS
    ]
    lines += [[f"{row['world']['bets']:,}", f"none of {FEW}", *_by_close(row)] for row in without]
    if not rows and not without:
        return ""
    titles = ["bets", "with the edge", *(close.title for close in CLOSES), "one test of money"]
    return f"""## The verdict of price

The same sweeps with an edge of {EDGES[0]:.0%}, and sweeps without an edge, judged against the closing line. The true
edge of a bet has a standard deviation of {MOVED:.0%} around its mean, and the fair close knows it. The noisy close adds
an error of {MOVED:.0%} to each price; the two biased ones have this error and overrate all bets by 1.1 % and by 3.3 %.
The bias that the sweep is told is the measured one of a store of 60,000 matches: it has a standard error of 0.4 %. In
brackets: sweeps in which the verdict is silent, because the close failed its calibration. Where no configuration has an
edge, each verdict "beats the closing line" is wrong.

{_table(titles, lines)}
"""


def _by_close(row: Row | None) -> list[str]:
    if row is None:
        return ["not measured"] * (len(CLOSES) + 1)
    cells = []
    for close in CLOSES:
        one = row["price"].get(close.name)
        if one is None:
            cells.append("not measured")
            continue
        silent = f" ({one['silent']:.0%} silent)" if one["silent"] else ""
        cells.append(f"**{one['share']:.1%}** ± {one['error']:.1%}{silent}")
    return [*cells, f"{row['single']:.0%}" if row["world"].get("holders") else "–"]


def _yields(rows: Sequence[Row]) -> str:
    """The yield that is shown with evidence."""
    lines = []
    for row in rows:
        world, one = row["world"], row["shown"]
        if one["printed"] >= FEWEST_SHOWN:
            name = [
                f"{world['bets']:,}",
                f"{world['edge_frac']:.0%}",
                f"{world['holders']} of {world['configurations']}",
            ]
            shares = [f"{one['raw']:.1%}", f"{one['middle']:.1%}", f"**{one['held']:.0%}** of {one['printed']}"]
            lines.append([*name, f"{one['sweeps']}", *shares])
    if not lines:
        return ""
    titles = [
        "bets", "true edge", "with the edge", "sweeps with evidence", "measured yield, mean", "corrected, mean",
        "corrected interval contains the truth",
    ]  # fmt: skip
    return f"""## The yield that is shown with evidence

A yield is shown only because it passed a test, so the measured one is too high. Here are the sweeps with evidence whose
selected configuration has the edge, where they are at least {FEWEST_SHOWN}: the yield as measured, the corrected one
that the page shows, and how often its 90 % interval contains the true edge.

{_table(titles, lines)}
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

Hash of the measured code, without comments: sweeps {_codes(tables["sources"])}; verdicts
{_codes(tables["verdict_sources"])}; intervals {_codes(tables["interval_sources"]) or "as on the earlier page"}.
"""


def _codes(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", ") if name)


def _count(row: Row) -> str:
    return f"{row['sweeps']:,}" if row["sweeps"] >= row["asked"] else f"{row['sweeps']:,} of {row['asked']:,}"


def _row(cells: Sequence[str] | Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
