"""`bea trials`: the number of configurations tried so far, in total or behind one run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from engine.errors import printable
from research.commands.arguments import parser_of, print_json
from research.records.trials import Evaluation, Ledger
from research.report.text import count, number, percent

if TYPE_CHECKING:
    from research.records.run import RunRecord

_ABOUT = (
    "The trial ledger: every configuration evaluated so far, counted once for each set of events. With RUN, the trials "
    "behind that run: those of all commands whose events overlap the events of the run by half or more. Removing a run "
    "does not lower the count, repeating one does not raise it. Trials on simulated data are not counted. With "
    "verify, the hash of every entry is checked, and that the entry of every stored run is there: exit status 1 if not."
)
VERIFY: Final = "verify"


def main(argv: Sequence[str]) -> int:
    """Run `bea trials` with the words after it; returns the exit status."""
    parser = parser_of("trials", _ABOUT)
    words = f"count the trials behind this run; {VERIFY}: check the hash chain of the ledger"
    parser.add_argument("run", nargs="?", metavar=f"RUN | {VERIFY}", help=words)
    options = parser.parse_args(list(argv))
    if options.run == VERIFY:
        return _verify(as_json=options.json)
    run = _open(options.run)
    evaluations = Ledger().evaluations(() if run is None else run.manifest["event_sets"])
    if not options.json:
        _print(evaluations, run)
        return 0
    document: dict[str, Any] = {"evaluations": [asdict(evaluation) for evaluation in evaluations]}
    if run is not None:
        trials = run.trials()
        look = run.look()
        document |= {"run": run.id, "raw": trials.raw, "effective": trials.effective}
        document |= {"look": look.number, "earlier": list(look.earlier)} if run.kind == "sweep" else {}
    return print_json(document)


def _verify(*, as_json: bool) -> int:
    """Check the chain of the ledger; exit status 1 if anything was changed."""
    from research.records.folder import heads

    known, unread = heads()
    checked = Ledger().check(known)
    faults = [*checked.faults, *unread]
    if as_json:
        print_json({"good": not faults, "entries": checked.entries, "head": checked.head, "faults": faults})
        return int(bool(faults))
    if not (faults or checked.entries):
        sys.stdout.write("The ledger has no entries: there is nothing to verify.\n")
        return 0
    lines = faults or [
        f"Good: {count(checked.entries, 'entry', 'entries')}, the head is {checked.head or 'none'}; "
        f"{count(len(known), 'stored run')} found in the chain."
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(faults))


def _open(prefix: str | None) -> RunRecord | None:
    from research.records.run import RunRecord

    return None if prefix is None else RunRecord.open(prefix.partition("#")[0])


def _print(evaluations: Sequence[Evaluation], run: RunRecord | None) -> None:
    from rich.table import Table
    from rich.text import Text

    from research.report.terminal import console

    screen = console()
    for line in explained(evaluations, run):
        screen.print(line)
    if not evaluations:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    heads = ("finished", "run", "events", "overlap", "tried", "new", "worth", "command")
    for head in heads:
        table.add_column(head, justify="left" if head in ("finished", "run", "command") else "right", no_wrap=True)
    width = max(16, screen.width - 74)
    for evaluation in evaluations:
        cells = (
            evaluation.finished_at[:16],
            evaluation.run[:12],
            number(evaluation.events),
            percent(None if run is None else evaluation.overlap, 0),
            number(evaluation.configurations),
            number(evaluation.fresh),
            number(round(evaluation.effective)),
            printable(evaluation.command, width),
        )
        table.add_row(*(Text(cell) for cell in cells))
    screen.print("")
    screen.print(table)


def explained(evaluations: Sequence[Evaluation], run: RunRecord | None) -> list[str]:
    """Lines above the table: what is counted, and the total.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Rows of the table.
    run : RunRecord or None
        The run whose trials are counted, or None for the whole ledger.
    """
    if run is None:
        if not evaluations:
            return ["No trial yet: every `bea sweep` and `bea backtest` on a store of your own is counted here."]
        fresh = count(sum(evaluation.fresh for evaluation in evaluations), "trial")
        commands = count(len(evaluations), "command")
        return [f"{fresh} by {commands}: a trial is a configuration on a set of events, counted once."]
    trials = run.trials()
    raw, effective = number(trials.raw), number(trials.effective)
    if set(run.manifest["data"]["sources"]) <= {"simulator"}:
        return [f"Run {run.short} is on simulated data, which are not counted: {raw} configurations of its own."]
    commands = count(sum(evaluation.overlap >= 0.5 for evaluation in evaluations), "command")
    from research.report.headline import not_entered

    return [
        *not_entered(run),
        *_place(run),
        f"{raw} configurations were tried on the events of run {run.short}, worth {effective} "
        f"independent ones, by {commands} whose events overlap those of the run by half or more.",
        "The best of so many looks good by luck alone; the verdict of the run is corrected for all of them.",
    ]


def _place(run: RunRecord) -> list[str]:
    """Which sweep of its family a sweep is; nothing of a backtest."""
    if run.kind != "sweep":
        return []
    look = run.look()
    if look.number == 1:
        return [f"Run {run.short} is the first sweep on these events."]
    before = ", ".join(one[:12] for one in look.earlier[-5:])
    more = "" if len(look.earlier) <= 5 else f"{count(len(look.earlier) - 5, 'earlier one')}, "
    return [f"Run {run.short} is sweep {number(look.number)} on these events, after {more}{before}."]
