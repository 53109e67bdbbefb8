"""Distribution of the P&L of a set of bets if every bet wins with its fair closing probability.

The unit is the event. Selections of one market and line exclude each other, so one of them wins (or none of those that
were bet). How different markets or lines of one event depend on each other is not known from their prices. By default
they share one draw, and the P&L of each increases with it. This comonotone distribution is the widest in convex order
of all that the closing probabilities allow (Dhaene, Denuit, Goovaerts, Kaas & Vyncke, "The concept of comonotonicity in
actuarial science and finance: theory", Insurance: Mathematics and Economics 31 (2002)), so a result far in the upper
tail looks less surprising than it is rather than more.

The exact distribution of the sum is computed event by event, on the grid of money that all payoffs share. With equal
stakes and odds it is the Poisson binomial distribution (Hong, "On computing the distribution function for the Poisson
binomial distribution", Computational Statistics & Data Analysis 59 (2013)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import DataError, check_frame
from engine.schema import SELECTIONS, WINNERS

__all__ = ["BUDGET", "PnlDistribution", "pnl_distribution"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: most steps of the exact sum, about 0.5 s; with more it is not computed
BUDGET: Final = 500_000_000
#: most cells of the grid of money
_CELLS: Final = 1 << 24
#: random draws in memory at a time
_BATCH: Final = 1 << 16
#: tolerance of the probabilities of one market: of their sum above 1, and of differences for one selection
_SLACK: Final = 1e-6

#: what identifies a market of an event; `_group` separates selections that do not exclude each other
_MARKET: Final = ("event_id", "market", "line", "_group")


@dataclass(frozen=True)
class PnlDistribution:
    """P&L of a set of bets under the null, as steps above the worst case.

    Each event draws a uniform number u in [0, 1); all its steps with a threshold of at most u are added.

    Attributes
    ----------
    worst_minor : int
        P&L in the worst case, minor units.
    event : int64 (steps,)
        Number of the event that draws, from 0, ascending.
    threshold : float64 (steps,)
        The step is added where u is at least this; ascending within an event.
    jump_minor : int64 (steps,)
        Increase of the P&L by the step, above 0, minor units.
    """

    worst_minor: int
    event: Longs
    threshold: Floats
    jump_minor: Longs

    @property
    def mean_minor(self) -> float:
        """Expected P&L, minor units."""
        return self.worst_minor + float(self.jump_minor @ (1.0 - self.threshold))

    @property
    def deviation_minor(self) -> float:
        """Standard deviation of the P&L, minor units."""
        chance = 1.0 - self.threshold
        jump = self.jump_minor.astype(np.float64)
        first = np.searchsorted(self.event, self.event)
        before = np.concatenate([[0.0], np.cumsum(jump)])
        below = before[:-1] - before[first]  # lower steps of the same event, which are taken whenever this one is
        square = jump * (jump + 2.0 * below) @ chance
        means = np.bincount(self.event, jump * chance) if len(jump) else np.zeros(1)
        return math.sqrt(max(0.0, float(square - means @ means)))

    def simulate(self, paths: int, rng: np.random.Generator) -> Floats:
        """P&L of `paths` simulations of all events, whole minor units; float64 (paths,)."""
        out = np.full(paths, float(self.worst_minor))
        events = int(self.event[-1]) + 1 if len(self.event) else 0
        if not events:
            return out
        place = np.arange(len(self.event)) - np.searchsorted(self.event, self.event)
        layers = [np.flatnonzero(place == depth) for depth in range(int(place.max()) + 1)]
        step = max(1, _BATCH // events)
        for low in range(0, paths, step):
            uniform = rng.random((min(step, paths - low), events))
            for layer in layers:
                number = self.event[layer]
                draws = uniform if len(number) == events else uniform[:, number]
                jumps = self.jump_minor[layer].astype(np.float64)
                out[low : low + step] += (draws >= self.threshold[layer]) @ jumps
        return out

    def tail_probability(self, at_least_minor: int, budget: int = BUDGET) -> float:
        """Exact probability of a P&L of at least `at_least_minor`; NaN if the sum needs more than `budget` steps."""
        if not len(self.event):
            return float(self.worst_minor >= at_least_minor)
        unit = int(np.gcd.reduce(self.jump_minor))
        begins = np.flatnonzero(np.diff(self.event, prepend=-1))
        reach = np.add.reduceat(self.jump_minor // unit, begins)
        order = np.argsort(reach, kind="stable")
        widths = np.cumsum(reach[order])
        counts = np.diff(np.append(begins, len(self.event)))
        if widths[-1] > _CELLS or float(widths.astype(np.float64) @ (counts[order] + 1.0)) > budget:
            return math.nan
        chances = np.zeros(int(widths[-1]) + 1)
        before, product = np.empty_like(chances), np.empty_like(chances)
        chances[0], width = 1.0, 1
        for start, count in zip(begins[order], counts[order], strict=True):
            part = slice(start, start + count)
            steps = np.diff(np.concatenate([[0.0], self.threshold[part], [1.0]]))
            before[:width] = chances[:width]
            chances[:width] *= steps[0]
            offset = 0
            for up, chance in zip(self.jump_minor[part] // unit, steps[1:], strict=True):
                offset += int(up)
                chances[offset : offset + width] += np.multiply(before[:width], chance, out=product[:width])
            width += offset
        first = -((self.worst_minor - at_least_minor) // unit)
        return float(min(1.0, chances[max(first, 0) :].sum()))


def pnl_distribution(
    bets: pl.DataFrame, *, paid_at: Literal["placed", "fair"] = "placed", independent: bool = False
) -> PnlDistribution:
    """Distribution of the P&L of decided bets that all have a closing probability.

    Parameters
    ----------
    bets : polars.DataFrame
        Columns read: event_id, market, line, selection, side, odds_placed, stake_minor, backer_stake_minor, close_prob.
        The last is that of OUR win: of a lay, 1 minus that of its selection.
    paid_at : str
        Odds that a win is paid at: ``placed``, or ``fair`` for the reciprocal of the closing probability.
    independent : bool
        Whether different markets and lines of one event are independent. Default: they share one draw.

    Raises
    ------
    DataError
        If closing probabilities of one market and line contradict each other.
    """
    check_frame(bets, "bets")
    is_lay = pl.col("side") == "lay"
    stake, close = pl.col("stake_minor").cast(pl.Float64), pl.col("close_prob")
    back = stake * (pl.col("odds_placed") - 1.0)
    placed = pl.when(is_lay).then(pl.col("backer_stake_minor").cast(pl.Float64)).otherwise(back)
    win = (placed if paid_at == "placed" else stake * (1.0 / close - 1.0)).round(0, mode="half_to_even")
    known = pl.col("market").cast(pl.String).is_in([name for name in SELECTIONS if name not in WINNERS])
    rows = bets.filter(close > 0.0).select(
        "event_id",
        pl.col("market").cast(pl.String),
        "line",
        # selections of other markets may not exclude each other: each is a group of its own
        pl.when(known).then(pl.lit("")).otherwise(pl.col("selection").cast(pl.String)).alias("_group"),
        pl.col("selection").cast(pl.String),
        prob=pl.when(is_lay).then(1.0 - close).otherwise(close),
        without=pl.when(is_lay).then(win).otherwise(-stake),
        adds=pl.when(is_lay).then(-(win + stake)).otherwise(win + stake),
    )
    lost = -int(bets.filter(close <= 0.0)["stake_minor"].sum())
    return _distribution(_outcomes(rows), independent, lost)


def _outcomes(rows: pl.DataFrame) -> pl.DataFrame:
    """P&L of each market for each selection that was bet, and for none of them: _MARKET, prob, pays."""
    selections = rows.group_by(*_MARKET, "selection", maintain_order=True).agg(
        pl.col("prob").mean(),
        (pl.col("prob").max() - pl.col("prob").min()).alias("range"),
        pl.col("without").sum(),
        pl.col("adds").sum(),
    )
    markets = selections.group_by(*_MARKET, maintain_order=True).agg(
        pl.col("prob").sum().alias("all"), pl.col("without").sum().alias("base"), pl.col("range").max()
    )
    wrong = markets.filter((pl.col("all") > 1.0 + _SLACK) | (pl.col("range") > _SLACK))
    if len(wrong):
        first = wrong.sort(*_MARKET).row(0, named=True)
        raise DataError(
            "closing probabilities contradict each other",
            where=f"event {first['event_id']}, {first['market']}",
            expected="one per selection, with a sum of at most 1",
            found=f"a sum of {first['all']:.4f}, and values {first['range']:.4f} apart for one selection",
        )
    scaled = selections.join(markets.select(*_MARKET, "all", "base"), on=list(_MARKET), how="inner", nulls_equal=True)
    some = scaled.select(
        *_MARKET,
        prob=pl.col("prob") / pl.max_horizontal("all", pl.lit(1.0)),
        pays=pl.col("base") + pl.col("adds"),
    )
    none = markets.select(*_MARKET, prob=1.0 - pl.col("all"), pays=pl.col("base")).filter(pl.col("prob") > 1e-12)
    return pl.concat([some, none]).filter(pl.col("prob") > 0.0)


def _distribution(outcomes: pl.DataFrame, independent: bool, lost: int) -> PnlDistribution:
    """Outcomes of each market in order of P&L, as steps of the draw of their event (or of the market's own draw)."""
    market_number = pl.struct(_MARKET).rank("dense").cast(pl.Int64) - 1
    frame = outcomes.with_columns(number=market_number, unit=pl.col("event_id").rank("dense").cast(pl.Int64) - 1)
    frame = frame.sort("number", "pays", "prob")
    number, pays = frame["number"].to_numpy(), frame["pays"].to_numpy().astype(np.int64)
    cumulative = frame.select(pl.col("prob").cum_sum().over("number")).to_series().to_numpy()
    first = np.diff(number, prepend=-1) != 0
    jump = np.where(first, 0, np.diff(pays, prepend=0))
    threshold = np.concatenate([[0.0], cumulative[:-1]])[: len(cumulative)]
    unit = number if independent else frame["unit"].to_numpy().astype(np.int64)
    steps = np.flatnonzero(~first & (jump > 0) & (threshold < 1.0))
    steps = steps[np.lexsort((threshold[steps], unit[steps]))]
    _, event = np.unique(unit[steps], return_inverse=True)
    worst = lost + int(pays[first].sum())
    return PnlDistribution(worst, event.astype(np.int64), threshold[steps], jump[steps].astype(np.int64))
