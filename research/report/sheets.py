"""The bets and days of the selected configurations as compact data, for the table of bets and the zoom of equity."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from research.report.charts.money import OTHERS, equity_lines
from research.report.data import Configuration
from research.report.naming import value_text
from research.report.pack import coded, encode
from research.report.text import count, number
from research.verdict.ruin import LEFT

#: most bets of a configuration in a page
BETS: Final = 2_000
#: quantiles of the fan that are drawn: 5, 25, 75 and 95 %
_BANDS: Final = (0, 1, 3, 4)
#: parts of one in which odds, and shares, are stored
_ODDS_PARTS, _SHARE_PARTS = 1_000, 10_000


def pack_sheet(data: Configuration) -> dict[str, Any]:
    """The last bets of a configuration, and its days.

    Parameters
    ----------
    data : Configuration
        With the other configurations of its drawing.

    Returns
    -------
    dict
        ``config``, ``others`` (labels of the other lines of its drawing), ``rows`` (bets in the data), ``total`` (all
        bets), ``words`` (columns by name, as `research.report.pack.coded` has them), ``numbers`` (columns by name, as
        `whole` has them: date in days since 1970, odds, stake and profit in minor units, clv as a fraction) and
        ``days`` (None without bets): first (days since 1970), count, opening (minor units), place and pnl (the days
        with a P&L after commission), bands (5, 25, 75 and 95 % of the fan), log (whether the scale is logarithmic),
        floor (the least money on a logarithmic scale, minor units).
    """
    bets = data.bets.tail(BETS)
    return {
        "config": data.config,
        "others": list(data.others)[:OTHERS],
        "rows": bets.height,
        "total": data.bets.height,
        "words": {name: coded(column, name) for name, column in _words(bets).items()},
        "numbers": _numbers(bets),
        "days": _days(data),
    }


def bets_line(data: Configuration, run: str) -> str:
    """What the table of bets holds, and where the others are; empty without bets.

    Parameters
    ----------
    data : Configuration
    run : str
        The first digits of the run's id.
    """
    total = data.bets.height
    if not total:
        return ""
    which = f"{count(total, 'bet')}."
    if total > BETS:
        call = f'research.open_run("{run}").bets({data.config})'
        which = f"The last {number(BETS)} of {number(total)} bets; `{call}` has all of them."
    lay = " Stake of a lay bet: the liability." if "side" in data.bets.columns and "lay" in data.bets["side"] else ""
    return f"{which} Date: that of the event. Profit of a bet: before commission. Money: 1 = 100 minor units.{lay}"


def whole(values: Any, parts: int = 1) -> dict[str, Any]:
    """Numbers as whole parts of one.

    Parameters
    ----------
    values : float64 (n,)
        NaN: no value.
    parts : int
        Parts of one: 100 keeps two decimals. A value is rounded to the nearest part.

    Returns
    -------
    dict
        ``parts``, ``type`` (the smallest of i2, i4 and f8 that holds them) and ``data`` (base64). No value is the least
        integer of the type; NaN in f8.
    """
    scaled = np.rint(np.asarray(values, np.float64) * parts)
    most = float(np.abs(scaled[np.isfinite(scaled)]).max(initial=0.0))
    for form, least in (("i2", -(2**15)), ("i4", -(2**31))):
        if most < -least:
            return {"parts": parts, "type": form, "data": encode(np.where(np.isnan(scaled), least, scaled), form)}
    return {"parts": parts, "type": "f8", "data": encode(scaled, "f8")}


def _words(bets: pl.DataFrame) -> dict[str, pl.Series]:
    """Columns of text: the sides of the event (its id where a frame has no names), market, selection, and so on."""
    event = ("home", "away") if {"home", "away"} <= set(bets.columns) else ("event_id",)
    columns = {name: bets[name].cast(pl.String) for name in event}
    columns["market"] = _joined(bets, ("market", "line"))
    columns["selection"] = _joined(bets.with_columns(_lay(bets)), ("lay", "selection"))
    if "bookmaker" in bets.columns:
        columns["bookmaker"] = bets["bookmaker"].cast(pl.String)
    ended = pl.when(pl.col("pnl_minor").is_null()).then(pl.lit("open")).otherwise(pl.col("state"))
    columns["result"] = bets.select(ended.str.replace_all("_", " ").alias("result")).to_series()
    return columns


def _lay(bets: pl.DataFrame) -> pl.Expr:
    """The word before the selection of a lay bet; null for a back bet."""
    side = pl.col("side") if "side" in bets.columns else pl.lit("back")
    return pl.when(side == "lay").then(pl.lit("lay")).otherwise(pl.lit(None, pl.String)).alias("lay")


def _joined(bets: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    """Columns side by side as one text: ``totals 2.5``; what is null, or no column, is left out."""
    columns = [bets[name].to_list() for name in names if name in bets.columns]
    texts = [" ".join(value_text(value) for value in row if value is not None) for row in zip(*columns, strict=True)]
    return pl.Series(names[-1], texts, pl.String)


def _numbers(bets: pl.DataFrame) -> dict[str, Any]:
    """Columns of numbers; CLV only where a bet has one."""
    odds = "odds_placed" if "odds_placed" in bets.columns else "odds"
    found = {
        "date": whole(_floats(bets["date"].cast(pl.Int32))),
        "odds": whole(_floats(bets[odds]), _ODDS_PARTS),
        "stake": whole(_floats(bets["stake_minor"])),
        "profit": whole(_floats(bets["pnl_minor"])),
    }
    if "clv" in bets.columns and bets["clv"].null_count() < bets.height:
        found["clv"] = whole(_floats(bets["clv"]), _SHARE_PARTS)
    return found


def _floats(column: pl.Series) -> Any:
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _days(data: Configuration) -> dict[str, Any] | None:
    """What the drawing of equity is made of; None where nothing is drawn."""
    if data.fan is None:
        return None
    daily, opening = data.daily, float(data.daily["equity_start_minor"][0])
    profit = daily["pnl_minor"].cast(pl.Float64).fill_null(0.0).to_numpy()
    place = np.flatnonzero(profit)
    return {
        "first": int(daily["date"].cast(pl.Int32)[0]),
        "count": daily.height,
        "opening": opening,
        "place": whole(place),
        "pnl": whole(profit[place]),
        "bands": [whole(data.fan[quantile]) for quantile in _BANDS],
        "log": equity_lines(daily, data.others, data.label, data.fan).logarithmic,
        "floor": LEFT * opening,
    }
