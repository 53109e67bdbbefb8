"""Runs in a terminal and in a notebook: the verdict, one sentence, a table of at most 12 rows and 8 columns, a path."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from engine.errors import printable
from research.records.labels import read_labels
from research.report.gather import among
from research.report.naming import reason_name, value_text
from research.report.text import MEASURES, count, measure_name, number, percent

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.table import Table

    from research.records.run import RunRecord
    from research.report.board import Board
    from research.report.data import Luck
    from research.verdict.evidence import Evidence

#: most rows of a leaderboard
ROWS: Final = 12
#: columns of the output where there is no terminal
WIDTH: Final = 100
#: characters of a line in a notebook
NOTEBOOK: Final = 140
#: what the first lines begin with
_FIRST: Final = ("Profit:", "Price:")
#: most characters of a cell
_CELL: Final = 60


def setting(value: Any) -> str:
    """A parameter's value as text; a dash for None."""
    return printable(value_text(value), 24)


def sentence(run: RunRecord) -> str:
    """The best result in one sentence, with its interval; none that begins below zero beside evidence of an edge."""
    best = run.leaderboard(1).row(0, named=True)
    if not best["n_bets"]:
        if run.manifest.get("no_bets"):
            return f"{run.manifest['no_bets']}."
        tried = f"any of the {count(len(run), 'configuration')}" if len(run) > 1 else "this configuration"
        return f"No bets were placed by {tried}."
    span = _interval(run, int(best["config"]))
    what = f"{count(best['n_bets'], 'bet')}, yield {MEASURES['yield'].text(best['yield'])}{span}"
    if len(run) == 1:
        return f"One configuration: {what}, {MEASURES['roi'].text(best['roi'])} of the bankroll; in sample."
    order = run.manifest["order"]
    return (
        f"Best of {count(len(run), 'configuration')} by {measure_name(order)}{among(run.manifest)}: {what}; "
        "in sample, not corrected for the search."
    )


def adjusted_p(evidence: Evidence, trials: float) -> str:
    """The p-value of the selected configuration, the larger of both series, adjusted for all trials."""
    from research.inference.effective_trials import sidak_adjusted
    from research.verdict.judge import p_text

    return "1.000" if evidence.selected is None else p_text(sidak_adjusted(evidence.p_selected, max(trials, 1.0)))


def verdict_lines(run: RunRecord) -> list[str]:
    """The verdict of a sweep, what was selected, and the trials; for a backtest, the trials before it.

    Empty without tests of luck.
    """
    from research.report.gather import bankruptcies, luck, naming_keys
    from research.report.headline import could_have_been_found, not_entered, profit_line, state
    from research.report.money_lines import doubts
    from research.report.selection import bankrupt_lines, selected_lines, stopped_lines
    from research.report.text import sentence_case
    from research.report.verdict import size
    from research.verdict.levels import ALPHA

    keys = naming_keys(run)
    known, gone = luck(run, keys), run.bankrupt()
    if known is None:
        return []
    findings, verdict, trials = known.findings, known.verdict, known.trials
    told = [
        *not_entered(run),
        *stopped_lines(known),
        *bankrupt_lines(known, bankruptcies(run, keys, gone), gone.height),
    ]
    price = [] if known.price is None else [known.price.sentence]
    tried = f"{count(trials.raw, 'trial')} on these events so far, equivalent to {number(trials.effective)} independent"
    if verdict is None:
        adjusted = f"{tried}; p {adjusted_p(findings.evidence, trials.effective)} adjusted for them."
        found = could_have_been_found(findings, ALPHA, trials.effective)
        return [*price, adjusted, *([found] if found else []), *_flag_lines(run, known), *told]
    lines = [profit_line(verdict, findings, trials.effective), *price]
    lines.append(f"{tried}. {sentence_case(verdict.spending)}.")
    if not verdict.evidence:
        lines.append(f"{sentence_case(size(findings.out_of_sample))}.")
    states = [state(condition, verdict) for condition in verdict.conditions]
    width = max(map(len, states))
    lines += [
        f"{word:<{width}}  ({condition.letter}) {sentence_case(condition.sentence)}."
        for word, condition in zip(states, verdict.conditions, strict=True)
    ]
    told += [f"{name}: {text}" for name, text in doubts(findings.evidence)]
    return [*lines, *selected_lines(known), *told, *_flag_lines(run, known)]


def _flag_lines(run: RunRecord, luck: Luck) -> list[str]:
    """What is set aside, and the flags that nobody has acknowledged."""
    from research.report.sentences import set_aside_line

    lines = []
    if luck.aside:
        lines.append(f"Set aside: {set_aside_line(luck.aside, len(luck.findings.set_aside))}")
    active = [name for name in luck.flags if name not in luck.acknowledged]
    if active:
        command = f"bea report {run.short} {' '.join(f'--acknowledge {name}' for name in active)}"
        lines.append(f"Flagged: {', '.join(active)}. Investigate, then acknowledge: `{command}`.")
    return lines


def _interval(run: RunRecord, config: int) -> str:
    """The interval of the yield of a stored configuration, events resampled."""
    if config not in run.chosen:
        return ""
    from research.report.breakdown import yield_interval

    bets = run.bets(config)
    if not bets.height:
        return ""
    interval = yield_interval(bets, int(run.manifest["seed"]))
    if not interval.known:
        return " (too few bets or days for an interval)"
    verdict = run.verdict()
    if verdict is not None and verdict.evidence and interval.low < 0.0:
        return ""
    low, high = MEASURES["yield"].text(interval.low), MEASURES["yield"].text(interval.high)
    return f" ({percent(interval.level, 0)} interval before commission: {low} to {high})"


def leaderboard_table(shown: Board) -> Table:
    """The rows of a leaderboard as a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, head in enumerate(shown.heads):
        words = 0 < place <= shown.texts or not head
        table.add_column(printable(head, 18), justify="left" if words else "right", no_wrap=True)
    for row in shown.rows:
        table.add_row(*(Text(printable(cell, _CELL)) for cell in row))
    return table


def leaderboard_view(run: RunRecord, width: int = WIDTH) -> Group:
    """Verdict, sentence, leaderboard, path of the page; the leaderboard has as many settings as the width has room."""
    from rich.console import Group
    from rich.text import Text

    from research.report.board import board

    foot = f"report  {printable(run.report_path, 400)}" if run.report_path.is_file() else "report  not written"
    lines_of_verdict, best = verdict_lines(run), Text(sentence(run))
    verdict: list[Any] = [Text(line, style="bold" if line.startswith(_FIRST) else "") for line in lines_of_verdict]
    head = [*verdict, best] if run.kind == "sweep" else [best, *map(Text, lines_of_verdict)]
    shown = board(run, ROWS, width)
    below = [Text(printable(note, 400)) for note in shown.notes]
    lines: list[Any] = [*head, Text(""), leaderboard_table(shown), *below, Text("")]
    notes = [Text(f"note    {printable(note, 600)}") for note in run.manifest["notes"]]
    named = read_labels(run.folder)
    said = [
        Text(f"{what:<8}{printable(words, 600)}")
        for what, words in (("name", named.name), ("tags", ", ".join(named.tags)), ("said", named.note))
        if words
    ]
    return Group(*lines, *notes, *said, Text(f"run     {run.short}"), Text(foot, no_wrap=True, overflow="ignore"))


def configuration_view(run: RunRecord, config: int) -> Group:
    """Parameters, measures and reasons of one configuration."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    metrics = run.metrics(config)
    reasons = {name: amount for name, amount in metrics.pop("reasons").items() if amount}
    parameters = {k: v for k, v in run.parameters(config).items() if not k.startswith("sweep.")}
    parts: list[Any] = [Text(f"Configuration {config} of run {run.short}")]
    for title, pairs in (
        ("parameters", [(key, setting(value)) for key, value in parameters.items()]),
        ("measures", [(MEASURES[name].name, MEASURES[name].text(value)) for name, value in metrics.items()]),
        ("reasons", [(reason_name(name), number(value)) for name, value in reasons.items()]),
    ):
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(title, no_wrap=True)
        table.add_column("", justify="right")
        for name, value in pairs:
            table.add_row(Text(printable(name, _CELL)), Text(value))
        parts += [Text(""), table]
    return Group(*parts)


def console() -> Console:
    """A console on stdout; plain text, `WIDTH` columns wide, where that is no terminal, whatever FORCE_COLOR says.

    A notebook sets FORCE_COLOR for the commands of its cells, and is no terminal.
    """
    from rich.console import Console

    screen = sys.stdout.isatty()
    return Console(highlight=False, markup=False, emoji=False, force_terminal=screen, width=None if screen else WIDTH)


def print_run(run: RunRecord) -> None:
    """Print the view of a run on stdout."""
    screen = console()
    screen.print(leaderboard_view(run, screen.width))


def html(run: RunRecord) -> str:
    """Verdict, sentence and leaderboard as HTML for a notebook; foreign text is escaped."""
    from research.report.board import board
    from research.report.document import render

    shown = board(run, ROWS, NOTEBOOK)
    return render(
        "notebook_run.html.j2",
        verdict=verdict_lines(run),
        first=_FIRST,
        sentence=sentence(run),
        heads=[printable(head, _CELL) for head in shown.heads],
        rows=[[printable(cell, _CELL) for cell in row] for row in shown.rows],
        notes=shown.notes,
        run=run.short,
    )
