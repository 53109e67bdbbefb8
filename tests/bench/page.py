"""The results as Markdown: what the terminal shows and what docs/benchmarks.md holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.bench import growth
from tests.bench.contender import CONTENDERS
from tests.bench.measure import TOLERANCE
from tests.bench.study import SWEPT

Row = dict[str, Any]

_HEAD = """# Benchmarks

Terms: [glossary](glossary.md).

This page is written by the command that it shows; do not edit it by hand. Use its ratios, which come from one run with
interleaved repetitions; seconds differ from machine to machine and from hour to hour.
"""


def page(found: Row) -> str:
    """The whole page."""
    parts = [_HEAD, _machine(found), _equal_work(found), _words(), _sweeps(found), _cpp(found), _rest(found)]
    return "\n".join(part for part in parts if part)


def _machine(found: Row) -> str:
    at = found["machine"]
    peers = ", ".join(f"{name} {version}" for name, version in at["peers"].items())
    own = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    return f"""```
{found["command"]}
```

| | |
|---|---|
| processor | {at["processor"]}, {at["cores"]} cores, {at["memory_gb"]} GB |
| system | {at["system"]}, Python {at["python"]} |
| versions | {own} |
| peers | {peers}; their environment is pinned in `tests/bench/peers.txt` and made by the command |
| source | {at["commit"] or "not a checkout"}, measured {found["measured"]} |
| load before the run | {at["load_before"]} |
| repetitions | {found["repeat"]}, median; the whole run took {found["took_s"]:.0f} s |
"""


def _equal_work(found: Row) -> str:
    if not found["equal_work"]:
        return ""
    threads = found["threads"]
    lines = [
        _row(_titles(threads)),
        _row(["---"] * len(_titles(threads))),
        *(_row(_equal_row(row)) for row in found["equal_work"]),
    ]
    return f"""## The nearest equal work

A tape of single bets, each settled before the next is decided: what all of them can express. Timed is the work from
data in the form that each package asks for to the final bankrolls, inside its process, imports and compilation
excluded. A step is one row of the tape for one configuration; a fifth of the steps pass the filters.

*Same job*: both do exactly that job. *In a sweep*: time a step against ours in a sweep of {SWEPT:,} configurations over
the same tape, which is what a user of many configurations gets, since the others' cost grows with each one.
*Agrees*: final bankroll of every configuration within {TOLERANCE:g} of ours and the same number of bets (ours rounds
stakes down to whole minor units).

{chr(10).join(lines)}
"""


def _titles(threads: int) -> list[str]:
    return [
        "contender",
        "rows x configurations",
        "seconds (spread)",
        "ns a step",
        "ours, 1 thread",
        "ratio, same job, 1 thread",
        "ratio in a sweep, 1 thread",
        f"ratio in a sweep, {threads} threads",
        "peak MB",
        "agrees",
    ]


def _equal_row(row: Row) -> list[str]:
    if row["reason"]:
        return [row["title"], f"{row['rows']:,}", f"not measured: {row['reason']}", *[""] * 7]
    spread = f"{row['seconds_fastest']:.3g} to {row['seconds_slowest']:.3g}"
    agrees = f"yes ({row['difference']:.0e})" if row["agrees"] else f"**no** ({row['difference']:.0e})"
    return [
        row["title"],
        f"{row['rows']:,} x {row['configurations']:,}",
        f"{row['seconds']:.3g} ({spread})",
        f"{row['ns_per_step']:,.0f}",
        f"{row['ours_seconds_one_thread'] * 1e3:.2f} ms",
        f"**{_times(row['ratio_same_job_one_thread'])}**",
        f"{_times(row['ratio_in_a_sweep_one_thread'])}",
        f"{_times(row['ratio_in_a_sweep'])}",
        f"{row['peak_bytes'] / 1e6:,.0f}",
        agrees,
    ]


def _words() -> str:
    lines = [_row(["contender", "equal", "not equal"]), _row(["---"] * 3)]
    lines += [_row([one.title, one.equal, one.unequal]) for one in CONTENDERS]
    return f"""### What is equal and what is not

Ours does the same bets and, beyond them, in every one of these timings: whole minor units, stakes locked until
settlement, every limit and breaker asked (switched off here), day rolls, drawdown, streaks, CLV, a reason for every
opportunity.

{chr(10).join(lines)}
"""


def _sweeps(found: Row) -> str:
    if not found["own_sweeps"]:
        return ""
    titles = [
        "rows",
        "configurations",
        "passing",
        "threads",
        "cores used",
        "seconds",
        "ns a step",
        "ns a bet",
        "bets",
        "peak MB",
    ]
    lines = [_row(titles), _row(["---"] * len(titles))]
    for row in found["own_sweeps"]:
        name = [f"{row['rows']:,}", f"{row['configurations']:,}", f"{row['passing']:.0%}", f"{row['threads']}"]
        if row["reason"]:
            lines.append(_row([*name, f"not measured: {row['reason']}", *[""] * 5]))
            continue
        figures = [
            f"{row['cores_used']:.1f}",
            f"{row['seconds']:.3g}",
            f"{row['ns_per_step']:.3g}",
            f"{row['ns_per_bet']:.3g}",
        ]
        lines.append(_row([*name, *figures, f"{row['bets']:,}", f"{row['peak_bytes'] / 1e6:,.0f}"]))
    return f"""## Our own sweep, every rule

Six overlapping opportunities an event, voids and half wins, stakes locked, caps of bet, event, competition, day and
open exposure, one bet a market, commission on the net of a market, the three breakers. Peak memory is that of the
process, interpreter and compiled kernel included, and what making the tape from frames in the same process leaves with
its allocators: a tape of 10,000,000 rows that is read from its file takes less than half of it. *Cores used* is
processor time over time passed: well below the number of threads, the machine was busy with something else.

{chr(10).join(lines)}

{_growth(found)}"""


def _growth(found: Row) -> str:
    if not growth.drawable(found["own_sweeps"]):
        return ""
    return f"""![Cost of a bet by rows of the tape: {growth.words(found["own_sweeps"])}](images/{growth.NAME})

{growth.words(found["own_sweeps"])}
"""


def _cpp(found: Row) -> str:
    if not found["cpp"]:
        return ""
    titles = [
        "rows x configurations", "passing", "threads", "seconds", "C++", "ratio to C++", "ns a step", "ns a bet",
        "times the walk of one", "shared, ns a row", "same bits",
    ]  # fmt: skip
    lines = [_row(titles), _row(["---"] * len(titles))]
    for row in found["cpp"]:
        cells = [
            f"{row['rows']:,} x {row['configurations']:,}", f"{row['passing']:.0%}", str(row["threads"]),
            f"{row['seconds']:.3g}", f"{row['cpp_seconds']:.3g}", f"**{row['ratio']:.2f}**",
            f"{row['ns_per_step']:.3f}", f"{row['ns_per_bet']:.2f}", f"{row['times_alone']:.0f}x",
            f"{row['shared_ns_per_row']:.0f}", "yes" if row["equal"] else "**no**",
        ]  # fmt: skip
        lines.append(_row(cells))
    return f"""## Against C++

`tests/bench/cpp` is the same algorithm with the same rules in C++, vectors written out, compiled by the system's
compiler for this processor and fed with the same streams: what a language that is compiled ahead gives. Timed on both
sides are the compaction of each block and its walk; the preparation of the streams (*shared*) stands apart. It divides
at every close where ours compares products, which is why ours can be the faster one. *Times the walk of one*: against
our own walk of one configuration after another, on one thread, six configurations timed.

{chr(10).join(lines)}
{_prototype(found)}"""


def _prototype(found: Row) -> str:
    lines = [
        f"- {row['rows']:,} x {row['configurations']:,}, {row['passing']:.0%} passing, one thread: prototype "
        f"{row['prototype_seconds']:.3f} s, ours {row['seconds']:.3f} s (**{row['ratio']:.2f} times**), our comparator "
        f"in C++ {row['cpp_seconds']:.3f} s ({row['cpp_ratio']:.2f} times)."
        for row in found["prototype"]
    ]
    if not lines:
        return ""
    return f"""
A prototype in C++ with hand-made vectors shows what fewer rules cost: it has no reasons, no instants as batches, no
commission of markets, no warnings, no count of voids, collapses all breakers into one instant, and asks one affine form
for every stake. On its tape and configurations, in the nearest of our rules:

{chr(10).join(lines)}
"""


def _rest(found: Row) -> str:
    lines = []
    at, twin, command = found["budget"], found["twin"], found["sweep_command"]
    if at:
        lines.append(
            f"- 10,000 configurations over 100,000 opportunities, {at['passing']:.0%} passing, "
            f"{at['threads']} threads: "
            f"**{at['seconds']:.1f} s**, {at['ns_per_step']:.2f} ns a step (budget {at['budget_seconds']:.0f} s)."
        )
    if command and command["reason"]:
        lines.append(f"- The sweep around the kernel was not measured: {command['reason']}.")
    elif command:
        lines.append(
            f"- `research.sweep` on the embedded sample, {command['configurations']:,} configurations, no report: "
            f"{command['seconds']:.2f} s, of these {command['kernel_seconds']:.2f} s in the kernel; a further "
            f"configuration costs **{command['ms_per_configuration']:.4f} ms** around the kernel (budget "
            f"{command['budget_ms_per_configuration']} ms), a sweep of one "
            f"{command['around_seconds_one_configuration']:.2f} s."
        )
    if twin and twin["reason"]:
        lines.append(f"- The interpreted twin was not measured: {twin['reason']}.")
    elif twin:
        same = "the same bits" if twin["agrees"] else "**other results**"
        lines.append(
            f"- The interpreted twin, every rule in plain Python, {twin['rows']:,} rows x {twin['configurations']}: "
            f"{twin['seconds']:.2f} s against {twin['ours_seconds_one_thread'] * 1e3:.2f} ms on one thread, "
            f"{_times(twin['ratio_same_job_one_thread'])}, {same}; a step of a sweep of {SWEPT:,} configurations costs "
            f"it **{_times(twin['ratio_in_a_sweep_one_thread'])}** as much as ours on one thread."
        )
    if found["matches"]:
        one = found["matches"]
        lines.append(
            f"- {one['configurations']:,} configurations over {one['rows']:,} matches, full path, every rule, "
            f"{one['threads']} threads: **{one['seconds']:.3f} s**."
        )
    if found["margin"]:
        rates = ", ".join(f"{row['name']} {row['per_second'] / 1e6:.1f}" for row in found["margin"])
        lines.append(f"- Margin removal and exact Kelly, three-way markets a second on one core, in millions: {rates}.")
    return "## Budgets and the twin\n\n" + "\n".join(lines) + "\n" if lines else ""


def disagreements(found: Row) -> list[str]:
    """Titles of what gave other results than ours."""
    wrong = [f"{row['title']}, {row['rows']:,} rows" for row in found["equal_work"] if row.get("agrees") is False]
    if found["twin"] and found["twin"].get("agrees") is False:
        wrong.append("the interpreted twin")
    wrong += [f"C++, {row['rows']:,} x {row['configurations']:,}" for row in found.get("cpp", []) if not row["equal"]]
    return wrong


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


def _row(cells: Sequence[str] | Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
