"""Which closing lines of a store are calibrated: the table of `bea data check`."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from typing import Any, Final

import yaml

from engine.asof.calibration import BANDS
from engine.paths import conf_dir
from engine.schema import CLOSE, SELECTIONS, SNAPSHOT
from engine.store import Store
from engine.store.universe import Universe
from research.inference.closing_calibration import CalibratedCell, ClosingCalibration
from research.tapes.closes import measured
from research.verdict.numerals import number, percent

_MEMORY_MB: Final = 1_024
#: widest half of an interval that is shown, %
_WIDEST: Final = 10.0
#: columns of the table
NAMES: Final = (
    "close of", "matches", f"below {BANDS[0]:g}",
    *(f"{low:g}-{high:g}" for low, high in pairwise(BANDS)),
    f"above {BANDS[-1]:g}", "known",
)  # fmt: skip
#: the odds that `ClosingCalibration.usual` weighs, in words
USUAL: Final = "odds of 1.5 to 6"
TITLE: Final = "returns at fair closing odds, %"


@cache
def default_method() -> str:
    """How the margin of closing prices is removed by default (`conf/clv`)."""
    return str(yaml.safe_load((conf_dir() / "clv" / "default.yaml").read_text(encoding="utf-8"))["method"])


def calibrations(store: Store, method: str) -> list[ClosingCalibration]:
    """The calibration of each bookmaker with closing prices, those with most matches first."""
    found, closing = [], {CLOSE, SNAPSHOT}
    entries = [entry for entry in store.manifest.entries("quotes") if closing & set(entry.instants)]
    markets = tuple(sorted({market for entry in entries for market in entry.markets} & set(SELECTIONS)))
    for name in sorted({name for entry in entries for name in entry.bookmakers}) if markets else ():
        universe = Universe(markets=markets, bookmakers=(name,), instants=(CLOSE, SNAPSHOT), sides=("back",))
        found.append(measured(store, universe, method, _MEMORY_MB))
    return sorted((one for one in found if one.cells), key=lambda one: (-one.matches, one.bookmaker))


def documents(found: list[ClosingCalibration]) -> list[dict[str, Any]]:
    """One row a bookmaker, sport and market, ready for JSON."""
    rows = []
    for one in found:
        for sport, market in dict.fromkeys((cell.sport, cell.market) for cell in one.bands):
            bands = [cell for cell in one.bands if (cell.sport, cell.market) == (sport, market)]
            usual = one.usual(sport, market)
            tau = one.tau(usual, USUAL)
            rows.append(
                {
                    "bookmaker": one.bookmaker, "method": one.method, "sport": sport, "market": market,
                    "matches": one.matches_of(sport, market), "first_date": one.first_date,
                    "last_date": one.last_date, "bands": [_band(cell) for cell in bands],
                    "tau": None if tau.tau != tau.tau else tau.tau, "calibrated": tau.passes, "reason": tau.reason,
                    "matches_needed": tau.matches_needed,
                }
            )  # fmt: skip
    return rows


def _band(cell: CalibratedCell) -> dict[str, Any]:
    low, high = cell.interval or (None, None)
    counts = {"matches": cell.matches, "selections": cell.selections}
    return {"odds": cell.odds, "band": cell.band, **counts, "mean": cell.mean, "low": low, "high": high}


def table(rows: list[dict[str, Any]]) -> list[list[object]]:
    """The rows of `documents` as cells: mean return in percent and half the width of its 90 % interval.

    Empty where next to nothing is known: below 100 matches, or a half width above 10 %.
    """
    sports, cells = {row["sport"] for row in rows}, list[list[object]]()
    for row in rows:
        texts = [""] * (len(BANDS) + 1)
        for band in row["bands"]:
            half = math.inf if band["low"] is None else 50.0 * (band["high"] - band["low"])
            if half <= _WIDEST:
                texts[band["band"]] = f"{number(100.0 * band['mean'], 1, sign=True)} ±{half:.1f}"
        market = row["market"] if len(sports) == 1 else f"{row['sport']} {row['market']}"
        judged = f"to {percent(row['tau'])}" if row["calibrated"] else "no"
        cells.append([f"{row['bookmaker']} {market}", row["matches"], *texts, judged])
    return cells


def doubts(rows: list[dict[str, Any]]) -> list[str]:
    """Which closes are not calibrated at odds of 1.5 to 6: a sentence each, those with too few matches by market."""
    lines, few = list[str](), dict[str, list[str]]()
    for row in rows:
        if row["matches_needed"] is not None:
            known = f"{row['bookmaker']} {number(row['matches'])} of about {number(row['matches_needed'])}"
            few.setdefault(row["market"], []).append(known)
        elif not row["calibrated"]:
            lines.append(f"{row['market']}: {row['reason']}")
    return lines + [f"{market}: too few matches at {USUAL}: {', '.join(names)}" for market, names in few.items()]
