"""Calibration of the closing line that a tape is measured against, and the odds that its bets have there.

The calibration is of all matches of the store with such closing prices: the same sports and markets, all competitions
and seasons, but none after `data.last_date`. More matches say more about one bookmaker than the few of a run do. It is
measured when a run is computed and stored with it, so later imports change nothing in a stored run.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.asof.calibration import SUMS, band_of, closing_returns, laid, sums_of
from engine.asof.decisions import max_quotes
from engine.errors import EmptyUniverseError
from engine.files import read_json, write_json
from engine.identity import digest
from engine.kernel.params import Params
from engine.schema import AGGREGATES, CLOSE, SNAPSHOT
from engine.store.store import Store
from engine.store.universe import Universe
from engine.tape import Tape
from research.config.code_hash import code_hash
from research.config.tape_spec import TapeSpec
from research.inference.closing_calibration import ClosingCalibration, Tau
from research.tapes.builder import Tapes, open_store
from research.tapes.cache import cache_folder

Matrix = NDArray[np.float64]

#: file of a run with the calibrations that it was computed with
CLOSING: Final = "closing.json"
#: limits of a configuration that choose among the rows of its tape
_LIMITS: Final = tuple(Params._fields.index(name) for name in ("odds_min", "odds_max", "edge_max", "edge_min"))
#: rows times different limits of odds that are counted at most; beyond, every k-th row is
_MOST: Final = 200_000_000
#: with the sport, what a partition of a store is
_PLACE: Final = ("competition", "season")
_CELL: Final = ("sport", "market", "selection", "band")


@dataclass(frozen=True)
class TapeClose:
    """What the bets of one tape are measured against.

    Attributes
    ----------
    calibration : ClosingCalibration
    weights : float64 (configurations, cells + 1)
        Opportunities with a closing price within each configuration's limits of odds and edge, by the cells of
        `calibration`; the last column is of cells in which no match was measured.
    aggregates : tuple of str
        Names under which the source publishes a maximum or a mean, if the tape has prices of them: nobody's offer.
        Empty: all prices are of named bookmakers, exchanges and lays included.
    """

    calibration: ClosingCalibration
    weights: Matrix = field(repr=False)
    aggregates: tuple[str, ...]

    @classmethod
    def of(cls, calibration: ClosingCalibration, tape: Tape, numbers: Matrix) -> Self:
        """Of a tape and its configurations.

        Parameters
        ----------
        calibration : ClosingCalibration
        tape : Tape
        numbers : float64 (configurations, len(Params))
        """
        cells = _cells_of_rows(calibration, tape)
        return cls(calibration, _weights(cells, len(calibration.single) + 1, tape, numbers), aggregates_of(tape))

    def tau(self, row: int) -> Tau:
        """The error of the close at the odds of one configuration, by its place on the tape."""
        return self.calibration.tau(self.weights[row])


def aggregates_of(tape: Tape) -> tuple[str, ...]:
    """Aggregates of a source among the bookmakers of a tape: a maximum or a mean is nobody's offer.

    The best of several named bookmakers is the offer of one of them, and its rows have that name.
    """
    return tuple(sorted(set(tape.rows["bookmaker"].unique().cast(pl.String).to_list()) & set(AGGREGATES)))


class Calibrations:
    """Calibrations of the closing lines of tapes; each is measured once, and not again while the store is the same.

    Parameters
    ----------
    tapes : Tapes
    memory_mb : int
        What reading may take; `data.memory_mb`.
    """

    def __init__(self, tapes: Tapes, memory_mb: int) -> None:
        self._tapes = tapes
        self._memory_mb = memory_mb
        self._known: dict[tuple[Any, ...], ClosingCalibration] = {}

    def of(self, spec: TapeSpec) -> ClosingCalibration:
        """Calibration of the closing line that a tape is measured against."""
        inputs, sports = self._tapes.inputs(spec), dict(spec.universe)["sports"]
        markets, last = inputs.required.markets, inputs.visible.last_date
        key = (spec.store, sports, markets, last, spec.clv_bookmaker, spec.clv_method)
        if key not in self._known:
            store = open_store(spec.store)
            there = {market for entry in store.manifest.entries("quotes") for market in entry.markets}
            universe = Universe(
                sports=sports,
                last_date=last,
                markets=tuple(sorted(there & set(markets))) or None,
                bookmakers=(spec.clv_bookmaker,),
                instants=(CLOSE, SNAPSHOT),
                sides=("back",),
            )
            self._known[key] = measured(store, universe, spec.clv_method, self._memory_mb)
        return self._known[key]


def measured(store: Store, universe: Universe, method: str, memory_mb: int) -> ClosingCalibration:
    """Calibration of the closing prices of the one bookmaker of a universe, a part of the store at a time.

    Parameters
    ----------
    store : Store
    universe : Universe
        With one bookmaker, quotes of closing and snapshot kind, and the side ``back``.
    method : str
        How the margin is removed.
    memory_mb : int
        What reading may take.
    """
    assert universe.bookmakers is not None
    (bookmaker,) = universe.bookmakers
    if not any(bookmaker in entry.bookmakers for entry in store.manifest.entries("quotes")):
        return ClosingCalibration(bookmaker, method, 0, "", "")
    files = [str(path.relative_to(store.root)) for name in ("events", "quotes") for path in store.files(name, universe)]
    key = digest(
        {"files": sorted(files), "universe": {k: str(v) for k, v in vars(universe).items()}, "method": method,
         "sources": code_hash([__name__])}
    )  # fmt: skip
    path = cache_folder() / "closes" / f"{key}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return ClosingCalibration.from_plain(json.loads(path.read_text(encoding="utf-8")))
    found = _measure(store, universe, method, max_quotes(memory_mb, view=False))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, found.plain())
    return found


def _measure(store: Store, universe: Universe, method: str, most: int) -> ClosingCalibration:
    (bookmaker,) = universe.bookmakers or ("",)
    keys, sums, matches, dates = list(_CELL), list[pl.DataFrame](), 0, list[str]()
    for part in store.parts(universe, max_quotes=most):
        try:
            events, quotes = store.events(part), store.quotes(part)
        except EmptyUniverseError:
            continue
        returns = closing_returns(events, quotes, bookmaker, method)
        sums.append(sums_of(returns.join(events.select("event_id", *_PLACE), on="event_id", how="left"), _PLACE))
        played = events.join(returns.select("event_id").unique(), on="event_id", how="semi")
        matches += played.height
        dates += [str(day) for day in (played["date"].min(), played["date"].max()) if day is not None]
    if not sums:
        return ClosingCalibration(bookmaker, method, 0, "", "")
    # partition by partition, so that the bits do not depend on how many were read at a time
    parts = pl.concat(sums).sort([*keys, *_PLACE])
    total = parts.drop(_PLACE).group_by(keys, maintain_order=True).agg(pl.exclude(keys).sum()).sort(keys)
    span = (min(dates), max(dates)) if dates else ("", "")
    return ClosingCalibration.of_sums(bookmaker, method, matches, span, total.to_dicts())


def _cells_of_rows(calibration: ClosingCalibration, tape: Tape) -> NDArray[np.int64]:
    """Number of the cell of each row; the number of cells where none was measured, -1 without a closing price."""
    selection = pl.col("selection").cast(pl.String)
    rows = tape.rows.select("market", "selection").with_columns(
        sport=tape.events["sport"].gather(tape.event).cast(pl.String),
        market=pl.col("market").cast(pl.String),
        selection=pl.when(pl.Series(tape.is_lay) == 1).then(laid(selection)).otherwise(selection),
        close_prob=pl.Series(tape.close_prob, dtype=pl.Float64).fill_nan(None),
    )
    rows = rows.with_columns(band=band_of(1.0 / pl.col("close_prob")))
    cells = pl.DataFrame(
        [(c.sport, c.market, c.selection, c.band) for c in calibration.single],
        schema={name: SUMS[name] for name in _CELL},
        orient="row",
    ).with_row_index("cell")
    found = rows.join(cells, on=list(_CELL), how="left", maintain_order="left")
    number = pl.col("cell").cast(pl.Int64).fill_null(len(calibration.single))
    return found.select(pl.when(pl.col("close_prob").is_null()).then(-1).otherwise(number).alias("n"))["n"].to_numpy()


def _weights(cells: NDArray[np.int64], width: int, tape: Tape, numbers: Matrix) -> Matrix:
    """How many rows of each cell are within the limits of each configuration: float64 (configurations, width)."""
    limits = numbers[:, _LIMITS]
    groups, group_of = np.unique(limits[:, :3], axis=0, return_inverse=True)
    step = max(1, len(groups) * len(cells) // _MOST)
    odds, prob, edge = (np.asarray(column) for column in (tape.odds, tape.prob, tape.edge_frac))
    edge = edge - np.asarray(tape.commission_rate) * prob * (odds - 1.0)  # net, as the limits mean it
    chosen = np.flatnonzero((cells >= 0) & ~np.isnan(odds) & ~np.isnan(edge))[::step]
    cell, odds, edge = cells[chosen], odds[chosen], edge[chosen]
    weights = np.zeros((len(limits), width))
    for number, (odds_min, odds_max, edge_max) in enumerate(groups):
        members = np.flatnonzero(group_of.ravel() == number)
        least, place = np.unique(limits[members, 3], return_inverse=True)
        inside = (odds >= odds_min) & (odds <= odds_max) & (edge <= edge_max)
        reached = np.searchsorted(least, edge[inside], side="right")
        counts = np.bincount(reached * width + cell[inside], minlength=(len(least) + 1) * width)
        above = counts.reshape(-1, width)[::-1].cumsum(axis=0)[::-1]
        weights[members] = above[place.ravel() + 1]
    return weights


def stored(closes: Iterable[TapeClose]) -> dict[str, Any]:
    """The calibrations of a run as a JSON document: each once, and for each tape its number and its aggregates."""
    different, tapes = list[ClosingCalibration](), list[dict[str, Any]]()
    for close in closes:
        if close.calibration not in different:
            different.append(close.calibration)
        tapes.append({"calibration": different.index(close.calibration), "aggregates": list(close.aggregates)})
    return {"calibrations": [one.plain() for one in different], "tapes": tapes}


def read_calibrations(folder: Path) -> tuple[ClosingCalibration, ...] | None:
    """The calibrations that a run was computed with; None: they were not measured, as by earlier versions.

    Raises
    ------
    DataError
        The file cannot be read.
    """

    def read(document: dict[str, Any]) -> tuple[ClosingCalibration, ...]:
        return tuple(ClosingCalibration.from_plain(one) for one in document["calibrations"])

    what = "the calibration of the closing line cannot be read"
    return read_json(folder / CLOSING, read, what, "repeat the command with force=true")
