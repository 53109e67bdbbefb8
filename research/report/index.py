"""The index of all runs: one page beside their folders, with verdict, yield and what was said about each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.files import write_bytes
from research.records.folder import run_folder, runs_folder
from research.report.document import document
from research.report.text import LEVEL, count, listing, number, percent, span

INDEX: Final = "index.html"
_STYLES: Final = ("tokens.css", "charts.css", "page.css")
_SCRIPTS: Final = ("page.js", "sorted.js")


def write_index(runs: pl.DataFrame, unreadable: Sequence[str] = ()) -> Path:
    """Write the index of runs into their folder and return its path.

    Parameters
    ----------
    runs : polars.DataFrame
        From `research.records.headlines.headlines`.
    unreadable : sequence of str
        Ids of runs that cannot be read.
    """
    reports = {run for run in runs["run"] if (run_folder(run) / "report.html").is_file()}
    path = runs_folder() / INDEX
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, page(runs, reports, unreadable).encode("utf-8", "replace"))
    return path


def page(runs: pl.DataFrame, reports: set[str], unreadable: Sequence[str] = ()) -> str:
    """The index as HTML; the same data give the same text.

    Parameters
    ----------
    runs, unreadable
        As in `write_index`.
    reports : set of str
        Runs that have a report page to link to.
    """
    named = listing([run[:12] for run in unreadable])
    warnings = [("Unreadable", f"{count(len(unreadable), 'run')} cannot be read: {named}.")] if unreadable else []
    return document(
        "index.html.j2",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title="Runs",
        sections=[("runs", "Runs"), ("terms", "Terms")],
        headline=_headline(runs),
        reading=(
            "Yields of sweeps are those of the out-of-sample path; a backtest is in sample, and so is a sweep without "
            "validation. The more runs you make, the better the best of them looks: the verdict of a run counts them."
        ),
        warnings=warnings,
        rows=[_row(row, row["run"] in reports) for row in runs.iter_rows(named=True)],
        interval=f"{LEVEL} interval",
    )


def _headline(runs: pl.DataFrame) -> str:
    if runs.is_empty():
        return "There is no run yet."
    proved = runs.filter(verdict="evidence").height
    tested = runs.filter(pl.col("verdict").is_in(["evidence", "not proved"])).height
    if not tested:
        return f"{count(runs.height, 'run')}, none of them tested out of sample."
    return f"{count(runs.height, 'run')}: evidence of an edge in {number(proved)} of {count(tested, 'tested sweep')}."


def _row(row: dict[str, Any], has_report: bool) -> dict[str, Any]:
    known = row["yield_low"] is not None and row["yield_low"] == row["yield_low"]
    cells = (
        row["name"],
        ", ".join(row["tags"]),
        row["verdict"],
        percent(row["yield"]),
        span(row["yield_low"], row["yield_high"]) if known else "–",
        number(row["bets"]),
        number(row["configurations"]),
        row["kind"],
        f"{row['first_date']} to {row['last_date']}",
        row["finished_at"][:16].replace("T", " "),
    )
    return {
        "short": row["run"][:12],
        "link": f"{row['run']}/report.html" if has_report else "",
        "cells": cells,
        "words": (row["note"], row["command"]),
    }
