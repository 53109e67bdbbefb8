"""`bea trials`: how many configurations were ever tried, and how many of them stand behind one run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.files import plain
from research.commands.arguments import Parser
from research.records.trials import Evaluation, Ledger
from research.report.text import number, percent

if TYPE_CHECKING:
    from research.records.run import RunRecord

_ABOUT = (
    "The trial ledger: every configuration that was ever evaluated, counted once for each set of events. With RUN, the "
    "trials that stand behind that run: those whose events overlap its own by half or more, whatever the command. "
    "Removing runs does not lower the count; repeating one does not raise it. Simulated data are not counted."
)


def main(argv: Sequence[str]) -> int:
    """Run the command; gives its exit status."""
    parser = Parser(prog="bea trials", description=_ABOUT)
    parser.add_argument("run", nargs="?", metavar="RUN", help="count the trials behind this run")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    options = parser.parse_args(list(argv))
    run = _opened(options.run)
    ledger = Ledger()
    found = ledger.evaluations(() if run is None else run.manifest["event_sets"])
    if options.json:
        document: dict[str, Any] = {"evaluations": [asdict(one) for one in found]}
        if run is not None:
            count = run.trials()
            document |= {"run": run.id, "raw": count.raw, "effective": count.effective}
        sys.stdout.write(json.dumps(plain(document), ensure_ascii=False, allow_nan=False) + "\n")
        return 0
    _print(found, run)
    return 0


def _opened(prefix: str | None) -> RunRecord | None:
    from research.records.run import RunRecord

    return None if prefix is None else RunRecord.open(prefix.partition("#")[0])


def _print(found: Sequence[Evaluation], run: RunRecord | None) -> None:
    from rich.table import Table
    from rich.text import Text

    from engine.errors import printable
    from research.commands.text import console

    screen = console()
    for line in explained(found, run):
        screen.print(line)
    if not found:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    heads = ("finished", "run", "events", "overlap", "tried", "new", "worth", "command")
    for head in heads:
        table.add_column(head, justify="left" if head in ("finished", "run", "command") else "right", no_wrap=True)
    room = max(16, screen.width - 74)
    for one in found:
        cells = (
            one.finished_at[:16],
            one.run[:12],
            number(one.events),
            percent(None if run is None else one.overlap, 0),
            number(one.configurations),
            number(one.fresh),
            number(round(one.effective)),
            printable(one.command, room),
        )
        table.add_row(*(Text(cell) for cell in cells))
    screen.print("")
    screen.print(table)


def explained(found: Sequence[Evaluation], run: RunRecord | None) -> list[str]:
    """Sentences over the table: what is counted, and what it comes to.

    Parameters
    ----------
    found : sequence of Evaluation
    run : RunRecord or None
        None: the whole ledger.
    """
    if run is None:
        if not found:
            return ["No trial yet: every `bea sweep` and `bea backtest` over a store of your own is counted here."]
        fresh = sum(one.fresh for one in found)
        return [
            f"{number(fresh)} trials by {number(len(found))} commands: a trial is a configuration on a set of events, "
            "counted once."
        ]
    count = run.trials()
    near = sum(one.overlap >= 0.5 for one in found)
    lines = [
        f"{number(count.raw)} configurations were tried on the events of run {run.short}, worth "
        f"{number(count.effective)} independent ones, by {number(near)} "
        "commands whose events overlap its own by half or more."
    ]
    if set(run.manifest["data"]["sources"]) <= {"simulator"}:
        return [
            f"Run {run.short} is on simulated data, which are not counted: its own {number(count.raw)} configurations."
        ]
    lines.append("The best of so many looks good by luck alone; the verdict of the run is corrected for all of them.")
    return lines
