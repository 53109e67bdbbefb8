"""`bea leakage`: one configuration, composed like that of a backtest, held against changed futures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from engine.errors import UsageError, printable
from engine.files import plain, write_json
from engine.kernel.params import Params
from engine.strategy import Learner
from research.commands.arguments import Parser
from research.commands.hydra import plan_backtest
from research.commands.text import console
from research.config.compose import Composer
from research.config.kernel_params import check
from research.config.tape_spec import TapeSpec, tape_spec_of
from research.execution.job import numbers
from research.execution.progress import Silence, progress_for
from research.leakage.coverage import FEWEST_INSTANTS
from research.leakage.finder import Search, find_leaks
from research.leakage.findings import Findings, Leak
from research.leakage.laboratory import Subject
from research.records.leaks import leaking, path_of
from research.report.text import count, number, percent
from research.tapes.builder import Tapes
from research.tapes.facts import calendar_of
from research.tapes.fitting import fitted_at
from research.tapes.inputs import strategy_of
from research.validation.folds import borders
from research.validation.rules import rules_of

_ABOUT = (
    "Try to break the claim that no decision of a configuration knows what only came later. The words are those of "
    "`bea backtest`. Exit status: 0 no leak, 1 a leak or too few decisions to judge, 2 a wrong command."
)


def run_leakage(argv: Sequence[str]) -> int:
    """Run the command; gives its exit status."""
    options = _options(argv)
    folder = Path(options.config_dir).absolute() if options.config_dir else None
    plan = plan_backtest(Composer("backtest", folder), options.overrides)
    settings, flat = plan.settings(), plan.flat(1)
    rows = numbers(plan, 0, 1)
    check(rows)
    memory_mb = int(settings["data.memory_mb"])
    tapes = Tapes(memory_mb)
    spec = _with_fits(tapes, tape_spec_of(flat), settings)
    made_of = tapes.made_of(spec)
    as_json = options.json or settings["output"] == "json"
    subject = Subject(spec, Params(*rows[0].tolist()), int(flat["seed"]), memory_mb=memory_mb)
    search = Search(options.instants, int(flat["seed"]) if options.seed is None else options.seed)
    found = find_leaks(subject, search, Silence() if as_json else progress_for())
    document = {"command": ["leakage", *options.overrides], "strategy": spec.strategy, **found.document()}
    keep(made_of, document)
    if as_json:
        sys.stdout.write(json.dumps(plain(document), ensure_ascii=False, allow_nan=False) + "\n")
    else:
        show(found, path_of(made_of))
    return status(found)


def _with_fits(tapes: Tapes, spec: TapeSpec, settings: Mapping[str, Any]) -> TapeSpec:
    """The spec part with the days at which a strategy with a model is fitted, as a backtest has them."""
    strategy = strategy_of(spec)
    if not isinstance(strategy, Learner):
        return spec
    rules = rules_of(settings)
    dates = borders(calendar_of(tapes.rows(spec).calendar), rules) if rules.on else ()
    return fitted_at(spec, strategy, dates)


def keep(made_of: str, document: dict[str, Any]) -> Path:
    """Write the findings where every report of such a tape reads them, in the place of earlier ones.

    What was too little to judge by takes no leak away that was found before.
    """
    path = path_of(made_of)
    if not document["judged"] and leaking([made_of]):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, document)
    return path


def status(found: Findings) -> int:
    """0: no leak, and enough was looked at to say so; else 1."""
    return int(found.outcome != "clean")


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="bea leakage", description=_ABOUT)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="as for `bea backtest`")
    parser.add_argument(
        "--instants",
        type=int,
        default=Search.instants,
        metavar="N",
        help=f"default: %(default)s; below {FEWEST_INSTANTS} nothing can pass",
    )
    parser.add_argument("--seed", type=int, metavar="SEED", help="of instants and changes; default: that of the run")
    parser.add_argument("--config-dir", "-cd", metavar="DIR", help="a folder of groups and experiments of your own")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    options = parser.parse_intermixed_args(list(argv))
    if options.instants < 1:
        raise UsageError("no instants", where="--instants", expected="1 or more", found=str(options.instants))
    if options.seed is not None and options.seed < 0:
        raise UsageError("a negative seed", where="--seed", expected="a whole number from 0", found=str(options.seed))
    return options


def show(found: Findings, path: Path) -> None:
    """Sentence, leaks, coverage, path on stdout."""
    console().print(view(found, path))


def view(found: Findings, path: Path) -> Group:
    """Sentence, leaks, coverage, path."""
    parts: list[Any] = [Text(sentence(found))]
    for leak in found.leaks:
        parts += [Text(""), *_leak(leak)]
    coverage = found.coverage
    parts += [Text(""), _table(found)]
    if coverage.columns:
        parts.append(Text(f"compared bit for bit: {printable(', '.join(coverage.columns), 400)}"))
    if coverage.untouched:
        every = " and ".join(coverage.untouched)
        parts.append(Text(f"no decision of all {number(coverage.decisions)} depends on {every}: all changed at once"))
    parts += [Text(f"note    {printable(note, 300)}") for note in found.notes]
    parts.append(Text(f"kept    {printable(path, 400)}", no_wrap=True, overflow="ignore"))
    return Group(*parts)


def sentence(found: Findings) -> str:
    """The outcome in one sentence."""
    coverage = found.coverage
    if found.leaks:
        names = ", ".join(dict.fromkeys(leak.column for leak in found.leaks))
        return f"{len(found.leaks)} leak{'s' * (len(found.leaks) != 1)} found: {names}."
    if not found.judged:
        return f"Too few decisions to judge: {'; '.join(found.unjudged)}."
    held = min(one.decisions for one in coverage.held.values() if one.instants)
    share = percent(held / coverage.decisions)
    return (
        f"No leak found: {number(held)} of {count(coverage.decisions, 'decision')} ({share}) held against "
        f"{len(coverage.held)} kinds of changed future at {len(found.instants)} instants."
    )


def _leak(leak: Leak) -> list[Text]:
    kinds = ", ".join(f"{kind} {number(amount)}" for kind, amount in leak.kinds.items())
    head = f"leak    {printable(leak.column, 60)}: {printable(leak.cause, 300)}"
    lines = [Text(head, style="bold"), Text(f"        {kinds}")]
    if leak.examples:
        one = leak.examples[0]
        lines += [
            Text(f"        {printable(one.words(), 200)}"),
            Text(f"        decided {one.decided_at}, future changed ({one.kind}) after {one.instant}"),
            Text(f"        {printable(one.value, 120)} with one future, {printable(one.other, 120)} with the other"),
        ]
    return lines


def _table(found: Findings) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("changed future", no_wrap=True)
    for head in ("instants", "prices", "results", "decisions", "share", "own result open", "events"):
        table.add_column(head, justify="right", no_wrap=True)
    every = found.coverage.decisions
    for kind, one in found.coverage.held.items():
        share = percent(one.decisions / every if every else None)
        counts = (one.instants, one.prices, one.results, one.decisions, share, one.open, one.events)
        table.add_row(kind, *(cell if isinstance(cell, str) else number(cell) for cell in counts))
    return table
