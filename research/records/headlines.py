"""Every complete run in one row: what it is, what a person said about it, its verdict and its yield."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from engine.errors import DataError
from research.records.folder import complete, run_folder
from research.records.labels import read_labels
from research.records.run import RunRecord

#: columns of a run's row: of the manifest, of the labels, and of the verdict
LISTED: Final[dict[str, Any]] = {
    "run": pl.String,
    "kind": pl.String,
    "finished_at": pl.String,
    "configurations": pl.Int64,
    "first_date": pl.String,
    "last_date": pl.String,
    "command": pl.String,
    "name": pl.String,
    "tags": pl.List(pl.String),
    "note": pl.String,
}
HEADLINE: Final[dict[str, Any]] = {
    "verdict": pl.String,
    "price": pl.String,
    "yield": pl.Float64,
    "yield_low": pl.Float64,
    "yield_high": pl.Float64,
    "bets": pl.Int64,
}


def listing(tags: tuple[str, ...] = ()) -> pl.DataFrame:
    """All complete runs, newest first. A run that cannot be read is left out: `unreadable` names it.

    Parameters
    ----------
    tags : tuple of str
        Only runs that have all of them.

    Returns
    -------
    polars.DataFrame
        run, kind, finished_at, configurations, first_date, last_date, command, name, tags, note (`LISTED`).
    """
    rows = [row for run in complete() if (row := _row(run)) is not None and set(tags) <= set(row["tags"])]
    return pl.DataFrame(rows, schema=LISTED)


def unreadable() -> list[str]:
    """Ids of complete runs that cannot be read, newest first."""
    return [run for run in complete() if _row(run) is None]


def damage(run: str) -> str:
    """Why a run of `unreadable` cannot be read, with file and remedy; empty where that is not a file of its labels."""
    try:
        read_labels(run_folder(run))
    except DataError as error:
        return error.line()
    return ""


def headlines(tags: tuple[str, ...] = ()) -> pl.DataFrame:
    """`listing` with the verdict and the yield of each run by today's ledger (`headline`)."""
    runs = listing(tags)
    rows = [headline(RunRecord(run_folder(run))) for run in runs["run"]]
    return runs.hstack(pl.DataFrame(rows, schema=HEADLINE))


def headline(run: RunRecord) -> dict[str, Any]:
    """Verdict and yield of a run, quickly: nothing is resampled.

    Returns
    -------
    dict
        verdict : ``evidence`` or ``not proved``; ``in sample`` of a backtest and of a sweep without validation;
        ``unreadable`` where a table of the run is damaged.

        price : status of the verdict of price (`research.verdict.price.PriceVerdict`); of a backtest None, since its
        page has it.

        yield, yield_low, yield_high, bets : of the stitched out-of-sample path of a sweep with its 90 % interval; of a
        backtest the yield after commission, without an interval. None where there is none.
    """
    row = dict.fromkeys(HEADLINE)
    try:
        if run.kind == "backtest":
            metrics = run.metrics(1)
            return row | {"verdict": "in sample", "yield": metrics["yield"], "bets": metrics["n_bets"]}
        findings, verdict = run.findings, run.verdict()
        outside = None if findings is None else findings.out_of_sample
        row["price"] = run.price_verdict().status
        if verdict is None or outside is None:
            return row | {"verdict": "in sample"}
        row["verdict"] = "evidence" if verdict.evidence else "not proved"
        if outside.bets:
            row |= {"yield": outside.estimate, "yield_low": outside.low, "yield_high": outside.high}
        return row | {"bets": outside.bets}
    except (DataError, pl.exceptions.PolarsError):
        return dict.fromkeys(HEADLINE) | {"verdict": "unreadable"}


def _row(run: str) -> dict[str, Any] | None:
    """The row of a run without its verdict; None where its manifest or its labels cannot be read."""
    try:
        manifest, labels = RunRecord(run_folder(run)).manifest, read_labels(run_folder(run))
        return {
            "run": manifest["run"],
            "kind": manifest["kind"],
            "finished_at": manifest["finished_at"],
            "configurations": manifest["counts"]["configurations"],
            "first_date": manifest["data"]["first_date"],
            "last_date": manifest["data"]["last_date"],
            "command": " ".join(manifest["command"]),
            "name": labels.name,
            "tags": list(labels.tags),
            "note": labels.note,
        }
    except (DataError, KeyError, TypeError):
        return None
