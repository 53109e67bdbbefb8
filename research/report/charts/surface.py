"""A parameter map for notebooks: one measure over two parameters. The page has its own map, with sliders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from research.report.drawing import Canvas, fits, shorten
from research.report.figure import FULL, Figure, Numbers
from research.report.naming import short_key
from research.report.text import MEASURES, count, number


@dataclass(frozen=True)
class _Plateau:
    """The cell of the selected configuration, the cells within one standard error of it, and a sentence about them."""

    cell: tuple[Any, Any]
    near: frozenset[tuple[Any, Any]]
    sentence: str


def parameter_map(
    results: pl.DataFrame,
    x: str,
    y: str,
    measure: str = "yield",
    fixed: dict[str, Any] | None = None,
    *,
    config: int | None = None,
    se: float | None = None,
) -> Figure:
    """Median of a measure over the configurations of each cell; configurations without bets are left out.

    Parameters
    ----------
    results : polars.DataFrame
        From `run.results`.
    x, y : str
        Parameters, for example ``strategy.edge_min``.
    measure : str
        One of `research.report.text.MEASURES`.
    fixed : dict, optional
        Values at which other parameters are held; a cell is the median over all others.
    config : int, optional
        Number of a configuration whose cell is marked.
    se : float, optional
        Standard error of its measure: cells within one standard error are its plateau and have a dashed outline.
    """
    head = MEASURES[measure].head
    across, down = (x, y) if short_key(x) == short_key(y) else (short_key(x), short_key(y))
    question = f"How does {MEASURES[measure].name} depend on {across} and {down}?"
    frame = results.filter(pl.col("n_bets") > 0)
    for key, value in (fixed or {}).items():
        frame = frame.filter(pl.col(key).eq_missing(pl.lit(value)))
    cells = frame.group_by(x, y).agg(pl.col(measure).cast(pl.Float64).median().alias("value"), pl.len().alias("n"))
    cells = cells.filter(pl.col("value").is_finite())
    if cells.is_empty():
        return Figure("map", question, "No configuration with these values placed a bet.", full=True)
    columns = cells[x].unique().sort(nulls_last=True).to_list()
    rows = cells[y].unique().sort(nulls_last=True).to_list()
    best = cells.sort("value", x, y, descending=[True, False, False]).row(0, named=True)  # of equal ones the first
    answer = (
        f"The highest median is {MEASURES[measure].text(best['value'])} at {across} {_name(best[x])} "
        f"and {down} {_name(best[y])}, over {count(len(frame), 'configuration')} in {count(len(cells), 'cell')}."
    )
    values = {(row[x], row[y]): float(row["value"]) for row in cells.iter_rows(named=True)}
    marked = _plateau(frame, values, (columns, rows), (x, y, measure), (config, se))
    answer += marked.sentence if marked is not None else ""

    def draw(width: float, css: str) -> str:
        return _draw(values, (columns, rows), (x, y, measure), marked, width).svg(answer, css)

    listed = cells.sort([y, x], nulls_last=True).iter_rows(named=True)
    table = Numbers(
        (y, x, head, "configurations"),
        tuple((_name(r[y]), _name(r[x]), MEASURES[measure].text(r["value"]), number(r["n"])) for r in listed),
    )
    return Figure("map", question, answer, draw, table, full=True)


def _plateau(
    frame: pl.DataFrame,
    values: dict[tuple[Any, Any], float],
    axes: tuple[list[Any], list[Any]],
    names: tuple[str, str, str],
    selected: tuple[int | None, float | None],
) -> _Plateau | None:
    """Whether the selected configuration is on a plateau: at least half of its neighbours within one standard error.

    Neighbours are the adjacent cells along a number, and all other cells along a text.
    """
    (x, y, measure), (config, se) = names, selected
    row = frame.filter(pl.col("config") == config) if config is not None else frame.clear()
    if row.is_empty() or (row[x][0], row[y][0]) not in values:
        return None
    here = (row[x][0], row[y][0])
    if se is None:
        return _Plateau(here, frozenset(), f" Selected: #{config} (●).")
    near = frozenset(cell for cell, value in values.items() if abs(value - values[here]) <= se and cell != here)
    neighbours = [
        cell
        for at in (0, 1)
        for other in axes[at]
        if (cell := (other, here[1]) if at == 0 else (here[0], other)) in values and cell != here
        if isinstance(here[at], str) or abs(axes[at].index(other) - axes[at].index(here[at])) == 1
    ]
    sign = 1.0 if MEASURES[measure].higher_is_better else -1.0
    better = any(sign * (values[cell] - values[here]) > se for cell in neighbours)
    inside = sum(cell in near for cell in neighbours)
    shape = "is on a plateau" if 2 * inside >= len(neighbours) else "is on a slope" if better else "is a peak"
    verb = "is" if inside == 1 else "are"
    sentence = (
        f" The cell of #{config} (●) {shape}: {inside} of its {count(len(neighbours), 'neighbour')} {verb} within one "
        f"standard error ({MEASURES[measure].text(se)})."
    )
    return _Plateau(here, near, sentence)


def _name(value: object) -> str:
    if value is None:
        return "not set"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _draw(
    values: dict[tuple[Any, Any], float],
    axes: tuple[list[Any], list[Any]],
    names: tuple[str, str, str],
    marked: _Plateau | None,
    width: float,
) -> Canvas:
    (x, y, measure), (columns, rows) = names, axes
    labels = min(max(fits(_name(row)) for row in rows) + 14, width * 0.3)
    slot = (width - labels) / len(columns)
    canvas = Canvas(width, 64.0 + 32 * len(rows))
    most = max((abs(value) for value in values.values()), default=1.0) or 1.0
    inside = max(fits(MEASURES[measure].text(value)) for value in values.values()) + 20 <= slot
    canvas.text(0, 12, f"{y} (rows)", "muted")
    for place, row in enumerate(rows):
        top = 22 + 32 * place
        canvas.text(labels - 8, top + 20, shorten(_name(row), labels - 8), "", "end")
        for at, column in enumerate(columns):
            value = values.get((column, row))
            if value is None:
                canvas.rect((labels + slot * at + 1, top + 1), (slot - 2, 30), "cell none", "not run")
                continue
            step = int(np.ceil(abs(value) / most * 5 - 1e-9))
            shown = MEASURES[measure].text(value)
            tip = f"{x} = {_name(column)}, {y} = {_name(row)}: {shown}"
            sign = "gain" if value >= 0 else "loss"
            css = f"cell {sign} k{step}"
            if marked is not None and (column, row) == marked.cell:
                css, shown = f"{css} here", f"● {shown}"
            elif marked is not None and (column, row) in marked.near:
                css += " plateau"
            canvas.rect((labels + slot * at + 1, top + 1), (slot - 2, 30), css, tip)
            if inside and width >= FULL:
                canvas.text(labels + slot * (at + 0.5), top + 20, shown, f"k{step}", "middle")
    skip = max(1, int(np.ceil(max(fits(_name(column)) + 8 for column in columns) / slot)))
    for at, column in list(enumerate(columns))[::skip]:
        canvas.text(labels + slot * (at + 0.5), 40 + 32 * len(rows), _name(column), "", "middle")
    canvas.text(width, 60 + 32 * len(rows), f"{x} (columns)", "muted", "end")
    return canvas
