"""What a search found, on a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from research.leakage.findings import Findings, Leak
from research.terminal import clean, console, number


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
        parts.append(Text(f"compared bit for bit: {clean(', '.join(coverage.columns), 400)}"))
    if coverage.untouched:
        every = " and ".join(coverage.untouched)
        parts.append(Text(f"no decision of all {coverage.decisions:,} depends on {every}: all changed at once"))
    parts += [Text(f"note    {clean(note, 300)}") for note in found.notes]
    parts.append(Text(f"kept    {clean(path, 400)}", no_wrap=True, overflow="ignore"))
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
    return (
        f"No leak found: {held:,} of {coverage.decisions:,} decisions ({held / coverage.decisions:.1%}) held against "
        f"{len(coverage.held)} kinds of changed future at {len(found.instants)} instants."
    )


def _leak(leak: Leak) -> list[Text]:
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in leak.kinds.items())
    lines = [Text(f"leak    {clean(leak.column)}: {clean(leak.cause, 300)}", style="bold"), Text(f"        {kinds}")]
    if leak.examples:
        one = leak.examples[0]
        lines += [
            Text(f"        {clean(one.words(), 200)}"),
            Text(f"        decided {one.decided_at}, future changed ({one.kind}) after {one.instant}"),
            Text(f"        {clean(one.value, 120)} with the one future, {clean(one.other, 120)} with the other"),
        ]
    return lines


def _table(found: Findings) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("changed future", no_wrap=True)
    for head in ("instants", "prices", "results", "decisions", "share", "own result open", "events"):
        table.add_column(head, justify="right", no_wrap=True)
    every = found.coverage.decisions
    for kind, one in found.coverage.held.items():
        share = f"{one.decisions / every:.1%}" if every else "–"
        counts = (one.instants, one.prices, one.results, one.decisions, share, one.open, one.events)
        table.add_row(kind, *(cell if isinstance(cell, str) else number("", cell) for cell in counts))
    return table
