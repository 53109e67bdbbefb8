"""The page of a judgement, in the look of the reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from research.judging.figures import distances, weights
from research.judging.judgement import Judgement
from research.judging.sentences import (
    EARNING_HEADS,
    HEADS,
    cells,
    earning_cells,
    headline,
    money_words,
    reading,
    self_test_lines,
    spread,
)
from research.judging.settings import CLOSE
from research.report.document import document
from research.report.text import number

__all__ = ["page"]

_STYLES: Final = ("tokens.css", "charts.css", "page.css")
_SCRIPTS: Final = ("page.js", "sorted.js")
_SECTIONS: Final = (
    ("table", "Forecasts"),
    ("parts", "Parts"),
    ("money", "Money"),
    ("harness", "Self-test"),
    ("again", "Reproduce"),
)


def page(judgement: Judgement, command: Sequence[str], digest: str) -> str:
    """The page as HTML; the same judgement gives the same text."""
    return document(
        "judge.html.j2",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title="Models against the market",
        sections=_SECTIONS,
        headline=headline(judgement),
        reading=reading(judgement),
        warnings=[("Left out", note) for note in judgement.notes],
        heads=HEADS,
        rows=[cells(row) for row in judgement.rows],
        figures=[distances(judgement.rows), weights(judgement.rows)],
        parts=_parts(judgement),
        money=money_words(judgement),
        earning_heads=EARNING_HEADS,
        earnings=[earning_cells(one) for one in judgement.earnings],
        edge_min=f"{100.0 * judgement.settings.edge_min:g}%",
        checks=self_test_lines(judgement),
        left_out=[(reason, number(count)) for reason, count in judgement.sample.left_out.items()],
        settings=[(name, _shown(value)) for name, value in judgement.settings.document().items()],
        fits=_fits(judgement),
        data_hash=judgement.sample.data_hash,
        command="bea " + " ".join(command),
        digest=digest,
    )


def _shown(value: Any) -> str:
    """A setting as text."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_shown(one)}" for name, one in value.items()) or "all"
    return ", ".join(map(str, value)) if isinstance(value, list) else "all" if value is None else str(value)


def _fits(judgement: Judgement) -> list[tuple[str, str, str]]:
    """A row for each day of a fit: the day, the events learned from, and the models."""
    found: dict[tuple[str, int], list[str]] = {}
    for fit in sorted(judgement.fits, key=lambda fit: fit.until_ns):
        found.setdefault((fit.day, fit.rows), []).append(fit.model)
    return [(day, number(rows), ", ".join(names)) for (day, rows), names in found.items()]


def _parts(judgement: Judgement) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """One table for each way to part the events: a row for each part, a column for each forecast."""
    models = [row.model for row in judgement.rows if row.model != CLOSE]
    tables = []
    for by in dict.fromkeys(part.by for part in judgement.parts):
        found = {(part.group, part.model): part for part in judgement.parts if part.by == by}
        groups = list(dict.fromkeys(group for group, _ in found))
        rows = [
            (
                group,
                number(found[group, CLOSE].n),
                f"{found[group, CLOSE].log_loss:.4f}",
                *(spread(found[group, model].vs_close, 4) for model in models),
            )
            for group in groups
        ]
        tables.append((by, (by, "events", "log loss of the close", *models), rows))
    return tables
