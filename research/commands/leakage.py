"""`bea leakage`: one configuration, composed as for a backtest, tested in changed copies of its store."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from engine.errors import UsageError, printable
from engine.kernel.params import Params
from engine.paths import is_address
from engine.strategy import Learner
from research.cluster.seam import NONE
from research.cluster.target import use
from research.commands.arguments import parser_of, print_json
from research.config.compose import Composer
from research.config.kernel_params import check
from research.config.tape_spec import TapeSpec, tape_spec_of
from research.execution.job import numbers
from research.execution.progress import Silence, progress_for
from research.leakage.coverage import FEWEST_INSTANTS
from research.leakage.decisions import Subject
from research.leakage.finder import Search, find_leaks
from research.leakage.findings import Findings, Leak
from research.leakage.instant import in_turn
from research.leakage.spread import OnWorkers
from research.records.export import expanded
from research.records.leaks import keep, path_of
from research.report.terminal import console
from research.report.text import count, number, percent
from research.sweeps.planner import plan_backtest
from research.tapes.builder import Tapes
from research.tapes.facts import calendar_of
from research.tapes.fitting import fitted_at
from research.tapes.inputs import strategy_of
from research.validation.folds import boundaries
from research.validation.rules import rules_of

_ABOUT = (
    "Test whether decisions of a configuration use information that became known only later. Arguments are those of "
    "`bea backtest`. Exit status: 0 no leak, 1 a leak or too few decisions to judge, 2 a wrong command."
)


def main(argv: Sequence[str]) -> int:
    """Run `bea leakage` with the words after it; returns the exit status."""
    options = _options(argv)
    folder = Path(options.config_dir).absolute() if options.config_dir else None
    composer = Composer("leakage", folder)
    plan = plan_backtest(composer, expanded(composer, options.overrides))
    settings, flat = plan.settings(), plan.flat(1)
    rows = numbers(plan, 0, 1)
    check(rows)
    memory_mb = int(settings["data.memory_mb"])
    tapes = Tapes(memory_mb)
    spec = _in_a_folder(tape_spec_of(flat, plan.written(1)))
    spec = with_fits(tapes, spec, settings)
    made_of = tapes.made_of(spec)
    as_json = options.json or settings["output"] == "json"
    subject = Subject(spec, Params(*rows[0].tolist()), int(flat["seed"]), memory_mb=memory_mb)
    search = Search(options.instants, int(flat["seed"]) if options.seed is None else options.seed)
    use(settings["cluster.target"])
    searching = in_turn if settings["cluster.name"] == NONE else OnWorkers(settings)
    findings = find_leaks(subject, search, Silence() if as_json else progress_for(), searching)
    document = {"command": ["leakage", *options.overrides], "strategy": spec.strategy, **findings.document()}
    keep(made_of, document)
    if as_json:
        print_json(document)
    else:
        console().print(view(findings, path_of(made_of)))
    return status(findings)


def _in_a_folder(spec: TapeSpec) -> TapeSpec:
    """The specification, if a strategy that reads its store on the side would be noticed."""
    if is_address(spec.store):
        raise UsageError(
            "the search for leaks needs a store in a folder", where="data.store",
            expected="a folder", found=spec.store, todo="import the same files into a folder",
        )  # fmt: skip
    return spec


def with_fits(tapes: Tapes, spec: TapeSpec, settings: Mapping[str, Any]) -> TapeSpec:
    """The tape specification, with the dates at which a backtest fits a strategy that has a model."""
    strategy = strategy_of(spec)
    if not isinstance(strategy, Learner):
        return spec
    rules = rules_of(settings)
    calendar = calendar_of(tapes.rows(spec).calendar)
    dates = boundaries(calendar, rules) if rules.enabled else ()
    return fitted_at(spec, strategy, dates, rules.refit, calendar.seasons.values())


def status(findings: Findings) -> int:
    """Exit status: 0 if no leak was found and enough decisions were tested, else 1."""
    return int(findings.outcome != "clean")


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = parser_of("leakage", _ABOUT)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="as for `bea backtest`")
    parser.add_argument(
        "--instants",
        type=int,
        default=Search.instants,
        metavar="N",
        help=f"instants to test (default: %(default)s; fewer than {FEWEST_INSTANTS} are too few to pass)",
    )
    parser.add_argument("--seed", type=int, metavar="SEED", help="seed of instants and changes (default: seed=...)")
    parser.add_argument("--config-dir", "-cd", metavar="DIR", help="folder with your own groups and experiments")
    options = parser.parse_intermixed_args(list(argv))
    if options.instants < 1:
        raise UsageError("too few instants", where="--instants", expected="1 or more", found=str(options.instants))
    if options.seed is not None and options.seed < 0:
        raise UsageError("a negative seed", where="--seed", expected="a whole number from 0", found=str(options.seed))
    return options


def view(findings: Findings, path: Path) -> Group:
    """Outcome, leaks, coverage and the path of the findings, for a terminal."""
    parts: list[Any] = [Text(sentence(findings))]
    for leak in findings.leaks:
        parts += [Text(""), *_leak(leak)]
    coverage = findings.coverage
    parts += [Text(""), _table(findings)]
    if coverage.columns:
        parts.append(Text(f"compared bit for bit: {printable(', '.join(coverage.columns), 400)}"))
    if coverage.untouched and not _out_of_reach(findings):
        every = " and ".join(coverage.untouched)
        total = count(coverage.decisions, "decision")
        parts.append(Text(f"none of {total} depends on {every}: all of them were changed at once"))
    parts += [Text(f"note    {printable(note, 300)}") for note in findings.notes]
    parts.append(Text(f"stored  {printable(path, 400)}", no_wrap=True, overflow="ignore"))
    return Group(*parts)


def sentence(findings: Findings) -> str:
    """The outcome in one sentence."""
    coverage = findings.coverage
    if findings.leaks:
        names = ", ".join(dict.fromkeys(leak.column for leak in findings.leaks))
        return f"{len(findings.leaks)} leak{'s' * (len(findings.leaks) != 1)} found: {names}."
    if not findings.judged:
        why = "; ".join(findings.unjudged)
        return f"Not judged: {why}." if _out_of_reach(findings) else f"Too few decisions to judge: {why}."
    fewest = min(held.decisions for held in coverage.held.values() if held.instants)
    share = percent(fewest / coverage.decisions)
    return (
        f"No leak found: {number(fewest)} of {count(coverage.decisions, 'decision')} ({share}) are "
        f"unchanged under {len(coverage.held)} kinds of changed future at {len(findings.instants)} instants."
    )


def _out_of_reach(findings: Findings) -> bool:
    """Whether the strategy itself cannot be tested: it did not read the changed copies, or repeats nothing."""
    return any(reason.startswith("the strategy") for reason in findings.unjudged)


def _leak(leak: Leak) -> list[Text]:
    kinds = ", ".join(f"{kind} {number(amount)}" for kind, amount in leak.kinds.items())
    lines = [
        Text(f"leak    {printable(leak.column, 60)}: {printable(leak.cause, 300)}", style="bold"),
        Text(f"        {kinds}"),
    ]
    if leak.examples:
        example = leak.examples[0]
        value, other = printable(example.value, 120), printable(example.other, 120)
        lines += [
            Text(f"        {printable(example.words(), 200)}"),
            Text(f"        decided {example.decided_at}, future changed ({example.kind}) after {example.instant}"),
            Text(f"        {value} with one future, {other} with the other"),
        ]
    return lines


def _table(findings: Findings) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("changed future", no_wrap=True)
    for head in ("instants", "prices", "results", "decisions", "share", "own result open", "events"):
        table.add_column(head, justify="right", no_wrap=True)
    total = findings.coverage.decisions
    for kind, held in findings.coverage.held.items():
        share = percent(held.decisions / total if total else None)
        counts = (held.instants, held.prices, held.results, held.decisions, share, held.open, held.events)
        table.add_row(kind, *(cell if isinstance(cell, str) else number(cell) for cell in counts))
    return table
