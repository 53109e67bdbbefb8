"""The results as Markdown, for the terminal and for docs/benchmarks.md."""

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

The command below writes this page; do not edit it by hand. Rely on the ratios: they come from one run with interleaved
repetitions. Seconds differ between machines and from hour to hour.
"""


def page(results: Row) -> str:
    """The whole page."""
    parts = [_HEAD, _machine(results), _equal_work(results), _words(), _sweeps(results), _cpp(results), _rest(results)]
    return "\n".join(part for part in parts if part)


def _machine(results: Row) -> str:
    at = results["machine"]
    peers = ", ".join(f"{name} {version}" for name, version in at["peers"].items())
    versions = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    return f"""```
{results["command"]}
```

| | |
|---|---|
| processor | {at["processor"]}, {at["cores"]} cores, {at["memory_gb"]} GB |
| system | {at["system"]}, Python {at["python"]} |
| versions | {versions} |
| peers | {peers}; their environment is pinned in `tests/bench/peers.txt` and made by the command |
| source | {at["commit"] or "not a checkout"}, measured {results["measured"]} |
| load before the run | {at["load_before"]} |
| repetitions | {results["repeat"]}, median; the whole run took {results["took_s"]:.0f} s |
"""


def _equal_work(results: Row) -> str:
    if not results["equal_work"]:
        return ""
    threads = results["threads"]
    lines = [
        _row(_titles(threads)),
        _row(["---"] * len(_titles(threads))),
        *(_row(_equal_row(row)) for row in results["equal_work"]),
    ]
    return f"""## The nearest equal work

A tape of single bets, each settled before the next is decided, which all contenders can express. The time is that from
data in the form that a package needs to the final bankrolls, inside its process, without imports and compilation. A
step is one row of the tape for one configuration; a fifth of the steps pass the filters.

*Same job*: both do exactly that job. *In a sweep*: time per step against ours in a sweep of {SWEPT:,} configurations
over the same tape. A user of many configurations gets this ratio, since the cost of the others grows with each one.
*Agrees*: the final bankroll of every configuration is within {TOLERANCE:g} of ours, and the number of bets is equal
(ours rounds stakes down to whole minor units).

{chr(10).join(lines)}
"""


def _titles(threads: int) -> list[str]:
    return [
        "contender",
        "rows x configurations",
        "seconds (spread)",
        "ns per step",
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
    lines += [_row([contender.title, contender.equal, contender.unequal]) for contender in CONTENDERS]
    return f"""### What is equal and what is not

Ours places the same bets and in addition, in each of these timings, does the following: whole minor units, stakes
locked until settlement, every limit and breaker checked (they are off here), day rolls, drawdown, streaks, CLV, a
reason for every opportunity.

{chr(10).join(lines)}
"""


def _sweeps(results: Row) -> str:
    if not results["own_sweeps"]:
        return ""
    titles = [
        "rows",
        "configurations",
        "passing",
        "threads",
        "cores used",
        "seconds",
        "ns per step",
        "ns per bet",
        "bets",
        "peak MB",
    ]
    lines = [_row(titles), _row(["---"] * len(titles))]
    for row in results["own_sweeps"]:
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

Six overlapping opportunities per event, voids and half wins, stakes locked, caps on bet, event, competition, day and
open exposure, one bet per market, commission on the net of a market, the three breakers. Peak memory is that of the
process, with the interpreter, the compiled kernel, and memory that the allocators hold after the tape was made from
frames in the same process; a tape of 10,000,000 rows read from its file takes less than half of it. *Cores used* is
processor time over elapsed time. If it is well below the number of threads, the machine was busy with other work.

{chr(10).join(lines)}

{_growth(results)}"""


def _growth(results: Row) -> str:
    if not growth.drawable(results["own_sweeps"]):
        return ""
    return f"""![Cost of a bet by rows of the tape: {growth.words(results["own_sweeps"])}](images/{growth.NAME})

{growth.words(results["own_sweeps"])}
"""


def _cpp(results: Row) -> str:
    if not results["cpp"]:
        return ""
    titles = [
        "rows x configurations", "passing", "threads", "seconds", "C++", "ratio to C++", "ns per step", "ns per bet",
        "times the single walk", "shared, ns per row", "same bits",
    ]  # fmt: skip
    lines = [_row(titles), _row(["---"] * len(titles))]
    for row in results["cpp"]:
        cells = [
            f"{row['rows']:,} x {row['configurations']:,}", f"{row['passing']:.0%}", str(row["threads"]),
            f"{row['seconds']:.3g}", f"{row['cpp_seconds']:.3g}", f"**{row['ratio']:.2f}**",
            f"{row['ns_per_step']:.3f}", f"{row['ns_per_bet']:.2f}", f"{row['times_alone']:.0f}x",
            f"{row['shared_ns_per_row']:.0f}", "yes" if row["equal"] else "**no**",
        ]  # fmt: skip
        lines.append(_row(cells))
    return f"""## Against C++

`tests/bench/cpp` is the same algorithm with the same rules in C++ with explicit vectors, compiled by the system's
compiler for this processor and given the same streams. It shows the speed of a language that is compiled ahead of time.
Both sides time the compaction and the walk of each block; the preparation of the streams (*shared*) is separate. The
C++ divides at every close where ours compares products, so ours can be faster. *Times the single walk*: speed against
our walk of one configuration after another on one thread, timed on six configurations.

{chr(10).join(lines)}
{_prototype(results)}"""


def _prototype(results: Row) -> str:
    lines = [
        f"- {row['rows']:,} x {row['configurations']:,}, {row['passing']:.0%} passing, one thread: prototype "
        f"{row['prototype_seconds']:.3f} s, ours {row['seconds']:.3f} s (**{row['ratio']:.2f} times**), our comparator "
        f"in C++ {row['cpp_seconds']:.3f} s ({row['cpp_ratio']:.2f} times)."
        for row in results["prototype"]
    ]
    if not lines:
        return ""
    return f"""
A prototype in C++ with explicit vectors shows the cost of fewer rules. It has no reasons, no instants as batches, no
commission on markets, no warnings and no count of voids; all breakers share one instant, and every stake is one affine
form. On its tape and configurations, with the nearest of our rules:

{chr(10).join(lines)}
"""


def _rest(results: Row) -> str:
    lines = []
    at, twin, command = results["budget"], results["twin"], results["sweep_command"]
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
            f"- `research.sweep` on the embedded sample, {command['configurations']:,} configurations, tests against "
            f"luck and no report: {command['seconds']:.2f} s, of these {command['kernel_seconds']:.2f} s in the "
            f"kernel; a further configuration costs **{command['ms_per_configuration']:.4f} ms** around the kernel, "
            f"most of it in the tests (budget without them {command['budget_ms_per_configuration']} ms), a sweep of "
            f"one {command['around_seconds_one_configuration']:.2f} s."
        )
    if twin and twin["reason"]:
        lines.append(f"- The interpreted twin was not measured: {twin['reason']}.")
    elif twin:
        same = "the same bits" if twin["agrees"] else "**different results**"
        lines.append(
            f"- The interpreted twin, every rule in plain Python, {twin['rows']:,} rows x {twin['configurations']}: "
            f"{twin['seconds']:.2f} s against {twin['ours_seconds_one_thread'] * 1e3:.2f} ms on one thread, "
            f"{_times(twin['ratio_same_job_one_thread'])}, {same}; a step of a sweep of {SWEPT:,} configurations costs "
            f"it **{_times(twin['ratio_in_a_sweep_one_thread'])}** as much as ours on one thread."
        )
    if results["matches"]:
        decade = results["matches"]
        lines.append(
            f"- {decade['configurations']:,} configurations over {decade['rows']:,} matches, full path, every rule, "
            f"{decade['threads']} threads: **{decade['seconds']:.3f} s**."
        )
    if results["margin"]:
        rates = ", ".join(f"{row['name']} {row['per_second'] / 1e6:.1f}" for row in results["margin"])
        what = "Margin removal and exact Kelly stakes, million three-way markets per second on one core"
        lines.append(f"- {what}: {rates}.")
    return "## Budgets and the twin\n\n" + "\n".join(lines) + "\n" if lines else ""


def disagreements(results: Row) -> list[str]:
    """Titles of the contenders whose results differ from ours."""
    wrong = [f"{row['title']}, {row['rows']:,} rows" for row in results["equal_work"] if row.get("agrees") is False]
    if results["twin"] and results["twin"].get("agrees") is False:
        wrong.append("the interpreted twin")
    wrong += [f"C++, {row['rows']:,} x {row['configurations']:,}" for row in results.get("cpp", []) if not row["equal"]]
    return wrong


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


def _row(cells: Sequence[str] | Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
