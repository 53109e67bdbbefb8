"""The page of a drift, in the look of the reports."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from research.drift import figures
from research.drift.causes import MEANINGS, Cause
from research.drift.drift import Drift
from research.drift.sentences import acknowledged, amount, headline, line_cells, reading, span, standing_cells
from research.report.document import document
from research.report.text import NOTHING, number

_STYLES: Final = ("tokens.css", "charts.css", "page.css")
_SCRIPTS: Final = ("page.js", "sorted.js")
_SECTIONS: Final = (("causes", "Causes"), ("bands", "Bands"), ("bets", "Differences"), ("again", "Reproduce"))
#: rows of the table of differences, the largest ones
_ROWS: Final = 200


def page(drift: Drift) -> str:
    """The page as HTML; the same drift gives the same text."""
    promotion = drift.promotion
    return document(
        "drift.html.j2",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title=f"Drift of {promotion.name}",
        name=promotion.name,
        sections=_SECTIONS,
        headline=headline(drift),
        reading=reading(drift),
        span=span(drift),
        warnings=_warnings(drift),
        figures=[figures.by_cause(drift), figures.over_time(drift)] if drift.differs else [],
        causes=[(*line_cells(line), MEANINGS[line.cause]) for line in drift.lines],
        money=_money(drift),
        bands=[standing_cells(standing) for standing in drift.standings],
        artifacts=[_artifact(artifact) for artifact in drift.artifacts],
        differences=_differences(drift),
        rows=number(_ROWS),
        currency=promotion.currency,
        command=f"bea drift {promotion.name}",
        digest=promotion.digest,
    )


def _warnings(drift: Drift) -> list[tuple[str, str]]:
    opened = [("Acknowledged gates", line) for line in acknowledged(drift)]
    if not drift.unexplained:
        return opened
    text = "Bets or money differ, and nothing on record says why. Stop the promotion until a person knows."
    return [("Unexplained", text), *opened]


def _money(drift: Drift) -> list[tuple[str, str, str, str]]:
    pairs = (
        ("profit after commission and tax", drift.profit_minor, drift.profit_backtest_minor),
        ("final bankroll", drift.equity_minor, drift.equity_backtest_minor),
    )
    return [
        (name, amount(traded), amount(backtest), amount(traded - backtest, sign=True))
        for name, traded, backtest in pairs
    ]


def _artifact(artifact: Any) -> tuple[str, str, str, str]:
    at = str(pl.Series([artifact.fitted_ns]).cast(pl.Datetime("ns", "UTC")).dt.to_string("%Y-%m-%d %H:%M")[0])
    return at, artifact.traded[:12], artifact.backtest[:12], "the same" if artifact.is_same else "another one"


def _differences(drift: Drift) -> list[tuple[str, ...]]:
    """The largest differences: those without a cause first, then by money."""
    rows = drift.pairs.filter(pl.col("cause") != Cause.IDENTICAL.value)
    rows = rows.with_columns(
        unknown=pl.col("cause") == Cause.UNKNOWN.value,
        size=pl.col("cost_minor").abs(),
        decided=pl.col("decided_ns").cast(pl.Datetime("ns", "UTC")).dt.to_string("%Y-%m-%d %H:%M:%S"),
    ).sort("unknown", "size", descending=True, maintain_order=True)
    return [_cells(row) for row in rows.head(_ROWS).iter_rows(named=True)]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    line = "" if row["line"] is None else f" {row['line']:g}"
    what = f"{row['market']}{line} {row['selection'] or ''}".strip() if row["market"] else "money"
    return (
        row["decided"] or NOTHING,
        what,
        row["bookmaker"] or NOTHING,
        row["cause"],
        row["reason"] or NOTHING,
        row["reason_backtest"] or NOTHING,
        *(NOTHING if row[name] is None else amount(row[name]) for name in ("stake_minor", "stake_backtest_minor")),
        *(NOTHING if row[name] is None else f"{row[name]:g}" for name in ("odds_placed", "odds_placed_backtest")),
        amount(row["cost_minor"], sign=True) if row["cost_minor"] else NOTHING,
    )
