"""What a set of bets could have earned where every bet wins with its fair closing probability: a law of the P&L.

The unit is the event. Selections of one market and line of an event exclude each other, so one of them is drawn (or
none of those that were bet). How different markets or lines of one event hang together is not known from their prices.
By default they share one draw and each has its P&L grow with it: the comonotone law, the widest in convex order of all
that the closing probabilities allow (Dhaene, Denuit, Goovaerts, Kaas & Vyncke, "The concept of comonotonicity in
actuarial science and finance: theory", Insurance: Mathematics and Economics 31 (2002)), so that a result far in the
upper tail looks less surprising than it is rather than more.

The exact law of the sum is taken event by event, on the grid of the money that is common to all payoffs: at equal
stakes and odds this is the Poisson binomial law (Hong, "On computing the distribution function for the Poisson binomial
distribution", Computational Statistics & Data Analysis 59 (2013)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import DataError
from engine.schema import SELECTIONS

__all__ = ["Law", "law_of"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: steps of the exact sum that are taken, some 0.5 s; where it asks for more there is none
BUDGET: Final = 500_000_000
#: places of the grid of money at most
_CELLS: Final = 1 << 24
#: draws that are held at a time
_HELD: Final = 1 << 16
#: how far probabilities of one market may add up to more than 1, or differ for one selection
_SLACK: Final = 1e-6

_QUESTION: Final = ("event_id", "market", "line", "_alone")


@dataclass(frozen=True)
class Law:
    """The P&L of a set of bets under the null: `base_minor`, and steps up that an event's draw u in [0, 1) takes.

    Attributes
    ----------
    base_minor : int
        The worst of all.
    event : int64 (steps,)
        Whose draw decides; from 0, ascending.
    above : float64 (steps,)
        The step is taken where u is at least this; ascending within an event.
    jump_minor : int64 (steps,)
        What it adds, above 0.
    """

    base_minor: int
    event: Longs
    above: Floats
    jump_minor: Longs

    @property
    def mean_minor(self) -> float:
        """Expected P&L."""
        return self.base_minor + float(self.jump_minor @ (1.0 - self.above))

    @property
    def spread_minor(self) -> float:
        """Standard deviation of the P&L."""
        taken = 1.0 - self.above
        jump = self.jump_minor.astype(np.float64)
        first = np.searchsorted(self.event, self.event)
        before = np.concatenate([[0.0], np.cumsum(jump)])
        below = before[:-1] - before[first]  # steps of the same event that are taken whenever this one is
        square = jump * (jump + 2.0 * below) @ taken
        means = np.bincount(self.event, jump * taken) if len(jump) else np.zeros(1)
        return math.sqrt(max(0.0, float(square - means @ means)))

    def drawn(self, paths: int, rng: np.random.Generator) -> Floats:
        """P&L of so many draws of all events, whole minor units, float64 (paths,)."""
        out = np.full(paths, float(self.base_minor))
        events = int(self.event[-1]) + 1 if len(self.event) else 0
        if not events:
            return out
        place = np.arange(len(self.event)) - np.searchsorted(self.event, self.event)
        layers = [np.flatnonzero(place == depth) for depth in range(int(place.max()) + 1)]
        step = max(1, _HELD // events)
        for low in range(0, paths, step):
            luck = rng.random((min(step, paths - low), events))
            for layer in layers:
                whose = self.event[layer]
                mine = luck if len(whose) == events else luck[:, whose]
                out[low : low + step] += (mine >= self.above[layer]) @ self.jump_minor[layer].astype(np.float64)
        return out

    def exact(self, at_least_minor: int, budget: int = BUDGET) -> float:
        """Probability of a P&L of at least that; NaN where the sum takes more than `budget` steps."""
        if not len(self.event):
            return float(self.base_minor >= at_least_minor)
        unit = int(np.gcd.reduce(self.jump_minor))
        begins = np.flatnonzero(np.diff(self.event, prepend=-1))
        reach = np.add.reduceat(self.jump_minor // unit, begins)
        order = np.argsort(reach, kind="stable")
        widths = np.cumsum(reach[order])
        counts = np.diff(np.append(begins, len(self.event)))
        if widths[-1] > _CELLS or float(widths.astype(np.float64) @ (counts[order] + 1.0)) > budget:
            return math.nan
        whole = np.zeros(int(widths[-1]) + 1)
        before, part_of = np.empty_like(whole), np.empty_like(whole)
        whole[0], width = 1.0, 1
        for start, count in zip(begins[order], counts[order], strict=True):
            part = slice(start, start + count)
            chances = np.diff(np.concatenate([[0.0], self.above[part], [1.0]]))
            before[:width] = whole[:width]
            whole[:width] *= chances[0]
            offset = 0
            for up, chance in zip(self.jump_minor[part] // unit, chances[1:], strict=True):
                offset += int(up)
                whole[offset : offset + width] += np.multiply(before[:width], chance, out=part_of[:width])
            width += offset
        first = -((self.base_minor - at_least_minor) // unit)
        return float(min(1.0, whole[max(first, 0) :].sum()))


def law_of(bets: pl.DataFrame, *, at: Literal["placed", "fair"] = "placed", apart: bool = False) -> Law:
    """The law of the P&L of decided bets that all have a closing probability.

    Parameters
    ----------
    bets : polars.DataFrame
        event_id, market, line, selection, side, odds_placed, stake_minor, backer_stake_minor and close_prob are read;
        the last is that of OUR win, so that a lay's is 1 less that of its selection.
    at : str
        Odds that a win is paid at: ``placed``, or ``fair`` for the reciprocal of the closing probability.
    apart : bool
        Whether different markets and lines of one event are independent; default one draw for all of them.

    Raises
    ------
    DataError
        Where closing probabilities of one market and line contradict each other.
    """
    is_lay = pl.col("side") == "lay"
    stake, close = pl.col("stake_minor").cast(pl.Float64), pl.col("close_prob")
    back = stake * (pl.col("odds_placed") - 1.0)
    placed = pl.when(is_lay).then(pl.col("backer_stake_minor").cast(pl.Float64)).otherwise(back)
    win = (placed if at == "placed" else stake * (1.0 / close - 1.0)).round(0, mode="half_to_even")
    known = pl.col("market").cast(pl.String).is_in(list(SELECTIONS))
    rows = bets.filter(close > 0.0).select(
        "event_id",
        pl.col("market").cast(pl.String),
        "line",
        # nobody knows whether the selections of another market exclude each other: each stands alone
        pl.when(known).then(pl.lit("")).otherwise(pl.col("selection").cast(pl.String)).alias("_alone"),
        pl.col("selection").cast(pl.String),
        prob=pl.when(is_lay).then(1.0 - close).otherwise(close),
        without=pl.when(is_lay).then(win).otherwise(-stake),
        adds=pl.when(is_lay).then(-(win + stake)).otherwise(win + stake),
    )
    lost = -int(bets.filter(close <= 0.0)["stake_minor"].sum())
    return _steps(_outcomes(rows), apart, lost)


def _outcomes(rows: pl.DataFrame) -> pl.DataFrame:
    """What each question pays for each outcome that was bet on, and for none of them: _QUESTION, prob, pays."""
    selections = rows.group_by(*_QUESTION, "selection", maintain_order=True).agg(
        pl.col("prob").mean(),
        (pl.col("prob").max() - pl.col("prob").min()).alias("apart"),
        pl.col("without").sum(),
        pl.col("adds").sum(),
    )
    questions = selections.group_by(*_QUESTION, maintain_order=True).agg(
        pl.col("prob").sum().alias("all"), pl.col("without").sum().alias("base"), pl.col("apart").max()
    )
    wrong = questions.filter((pl.col("all") > 1.0 + _SLACK) | (pl.col("apart") > _SLACK))
    if len(wrong):
        first = wrong.sort(*_QUESTION).row(0, named=True)
        raise DataError(
            "closing probabilities contradict each other",
            where=f"event {first['event_id']}, {first['market']}",
            expected="one a selection, 1 together at most",
            found=f"{first['all']:.4f} together, one selection {first['apart']:.4f} apart",
        )
    scaled = selections.join(
        questions.select(*_QUESTION, "all", "base"), on=list(_QUESTION), how="inner", nulls_equal=True
    )
    some = scaled.select(
        *_QUESTION,
        prob=pl.col("prob") / pl.max_horizontal("all", pl.lit(1.0)),
        pays=pl.col("base") + pl.col("adds"),
    )
    none = questions.select(*_QUESTION, prob=1.0 - pl.col("all"), pays=pl.col("base")).filter(pl.col("prob") > 1e-12)
    return pl.concat([some, none]).filter(pl.col("prob") > 0.0)


def _steps(outcomes: pl.DataFrame, apart: bool, lost: int) -> Law:
    """Outcomes of each question by what they pay, as steps of the draw of their event (of their own, where `apart`)."""
    line = pl.struct(_QUESTION).rank("dense").cast(pl.Int64) - 1
    frame = outcomes.with_columns(question=line, unit=pl.col("event_id").rank("dense").cast(pl.Int64) - 1)
    frame = frame.sort("question", "pays", "prob")
    question, pays = frame["question"].to_numpy(), frame["pays"].to_numpy().astype(np.int64)
    total = frame.select(pl.col("prob").cum_sum().over("question")).to_series().to_numpy()
    first = np.diff(question, prepend=-1) != 0
    jump = np.where(first, 0, np.diff(pays, prepend=0))
    above = np.concatenate([[0.0], total[:-1]])[: len(total)]
    unit = question if apart else frame["unit"].to_numpy().astype(np.int64)
    kept = np.flatnonzero(~first & (jump > 0) & (above < 1.0))
    kept = kept[np.lexsort((above[kept], unit[kept]))]
    _, dense = np.unique(unit[kept], return_inverse=True)
    return Law(lost + int(pays[first].sum()), dense.astype(np.int64), above[kept], jump[kept].astype(np.int64))
