"""The leaderboard as compact data: typed columns in base64; a parameter is stored as indices of its distinct values."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final

import numpy as np
import polars as pl

from engine.plausibility.winnings import event_sums
from research.report.alike import first_alike
from research.report.breakdown import mean_interval, settled_frame
from research.report.data import Configuration, ReportData
from research.report.naming import short_key, value_text
from research.report.sentences import net_interval
from research.report.text import MEASURES, NOTHING, known
from research.tapes.matches import match_ids

#: halves of a character, which no file can hold
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: most configurations in a page
ROWS: Final = 20_000
#: of those, configurations near the best one, for its parameter map, in a run with more than `ROWS`
_NEAR: Final = 8_000
#: measures that are always shown; others only where some configuration has a value other than 0
_ALWAYS: Final = ("yield", "roi", "pnl_minor", "n_bets", "max_drawdown_frac", "clv_mean")


def script_json(value: Any) -> str:
    """JSON for a script element: no character in it can end the element or start a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return _SURROGATE.sub(r"\\ufffd", text)


def kept_rows(data: ReportData) -> pl.DataFrame:
    """The rows in the page: all up to `ROWS`, else the best ones and the neighbours of the best one.

    Neighbours differ from the best configuration in at most two parameters, those with fewer differences first, so that
    its parameter maps are complete.
    """
    board = data.results
    if board.height <= ROWS:
        return board
    first = board.row(0, named=True)
    differing = pl.sum_horizontal([pl.col(key).ne_missing(pl.lit(first[key])).cast(pl.Int32) for key in data.keys])
    ranked = board.with_row_index("rank")
    near = ranked.with_columns(differing.alias("differing")).filter(pl.col("differing") <= 2)
    near = near.sort("differing", "rank").head(_NEAR).drop("differing")
    best = ranked.head(ROWS - _NEAR)
    return pl.concat([best, near]).unique("rank").sort("rank").drop("rank")


def pack(data: ReportData) -> dict[str, Any]:
    """Data of the leaderboard and of the parameter maps.

    Returns
    -------
    dict
        ``rows``, ``total``, ``config`` (base64 int32), ``alike`` (base64 int32: place of the first row with the same
        bets), ``parameters`` (key, head, texts, values, nulls, type, data: base64 of indices into texts), ``flags``
        (one such column, or none), ``measures`` (name, label, head, form, digits, higher_is_better, type, data),
        ``order``, ``selected``, ``se`` (standard errors of the first selected configuration by measure).
    """
    board = kept_rows(data)
    shown = [name for name in MEASURES if name in board.columns and (name in _ALWAYS or _varies(board[name]))]
    return {
        "run": data.short,
        "rows": board.height,
        "total": data.results.height,
        "config": encode(board["config"].to_numpy(), "i4"),
        "alike": encode(first_alike(board), "i4"),
        "parameters": [coded(board[key], key) for key in data.keys],
        "flags": [coded(board["flag"], "flag")] if "flag" in board.columns else [],
        "measures": [_measure(board[name], name) for name in shown],
        "order": data.order,
        "selected": [entry.config for entry in data.selected],
        "se": standard_errors(data.selected[0]) if data.selected else {},
    }


def standard_errors(data: Configuration) -> dict[str, float]:
    """Standard errors of yield, ROI and mean CLV of a configuration, events resampled; unknown ones are left out."""
    if data.bets.is_empty():
        return {}
    interval = net_interval(data)
    errors = {"yield": interval.se if interval is not None else float("nan")}
    frame = settled_frame(data.bets)
    sums = event_sums(frame["pnl_minor"].to_numpy(), match_ids(frame))[:, 0]
    bankroll = data.parameters.get("bankroll_minor")
    if len(sums) > 1 and known(bankroll) and bankroll:
        errors["roi"] = float(np.sqrt(len(sums)) * sums.std(ddof=1)) / float(bankroll)
    if "clv" in data.bets.columns:
        errors["clv_mean"] = mean_interval(data.bets, "clv", data.seed).se
    return {name: value for name, value in errors.items() if known(value)}


def _varies(column: pl.Series) -> bool:
    """Whether any value is not 0."""
    values = column.cast(pl.Float64).fill_null(0.0)
    return bool((values != 0).any())


def _measure(column: pl.Series, name: str) -> dict[str, Any]:
    measure = MEASURES[name]
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    integral = measure.form != "percent" and bool(np.isfinite(values).all())
    most = float(np.abs(values).max(initial=0)) if integral else 0.0
    form = "f8" if not integral or most >= 2**31 else "i4" if most >= 2**15 else "i2"
    return {
        "name": name,
        "label": measure.name,
        "head": measure.head,
        "form": measure.form,
        "digits": measure.digits,
        "higher_is_better": measure.higher_is_better,
        "type": form,
        "data": encode(values, form),
    }


def coded(column: pl.Series, key: str) -> dict[str, Any]:
    """A column as indices of its distinct values, in their order: key, head, texts, values, nulls, type, data.

    Null is the last of the texts. `values` has the distinct numbers; it is empty for a column of text.
    """
    numeric = column.dtype.is_numeric()
    values = column.unique().drop_nulls().sort().to_list()
    place = {value: number for number, value in enumerate(values)}
    index = np.array([place.get(value, len(values)) for value in column.to_list()], np.int64)
    form = "u1" if len(values) < 255 else "u2" if len(values) < 65_535 else "u4"
    return {
        "key": key,
        "head": short_key(key),
        "texts": [*(value_text(value) for value in values), NOTHING],
        "values": [float(value) for value in values] if numeric else [],
        "nulls": bool(column.null_count()),
        "type": form,
        "data": encode(index, form),
    }


def encode(values: Any, form: str) -> str:
    """Numbers as base64 of little-endian ``i2``, ``i4``, ``f8``, ``u1``, ``u2`` or ``u4``."""
    return base64.b64encode(np.asarray(values).astype(f"<{form}").tobytes()).decode("ascii")
