"""The stitched path: the bets that the choices of a walk-forward validation would have placed, fold after fold.

A newly selected configuration starts with the equity of the path at its boundary and with its breakers reset. A
configuration that is selected again continues where it was. Bets that are open at a boundary stay with the
configuration that placed them. They settle into the path, and the next configuration that starts after their settlement
has them in its equity.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.backtesting.path import Path
from engine.custom_rule import Rule
from engine.kernel.params import Params
from engine.tape import NEVER, Tape
from engine.tape.part import decided_between
from research.validation.choice import NO_CONFIGURATION, Choice
from research.validation.folds import Cuts, date_of, first_date, instant_of


@dataclass(frozen=True)
class SelectedConfiguration:
    """All that is needed to replay a configuration.

    Attributes
    ----------
    tape : Tape
    cuts : Cuts
        Folds among the days of the tape.
    params : Params
    seed : int
    rule : Rule or None
        The user's own staking rule, if any.
    """

    tape: Tape
    cuts: Cuts
    params: Params
    seed: int
    rule: Rule | None


@dataclass(frozen=True)
class Stitched:
    """The stitched path.

    Attributes
    ----------
    bets : polars.DataFrame
        Columns of `engine.backtesting.path.Path.bets`, and config, window (from 1), day (of the decision) and
        net_minor: P&L after commission. The bets of a market share its commission in proportion to their stakes.
    daily : polars.DataFrame
        date, pnl_minor, equity_start_minor, n_bets, and level, clv, level_stake and closed_stake as in
        `engine.backtesting.path.Path.daily`; from the first boundary on.
    refused : polars.DataFrame
        window, reason, count: opportunities of each fold that became no bet.
    """

    bets: pl.DataFrame
    daily: pl.DataFrame
    refused: pl.DataFrame


def stitch(
    dates: Sequence[dt.date],
    choices: Sequence[Choice],
    configuration_of: Callable[[int], SelectedConfiguration],
    bankroll_minor: float,
) -> Stitched:
    """Replay each selected configuration over its folds.

    Parameters
    ----------
    dates : sequence of date
        Boundaries of the folds, (folds + 1,).
    choices : sequence of Choice
        One for each fold but the first.
    configuration_of : callable
        Configuration of a row.
    bankroll_minor : float
        Opening bankroll of the path, minor units.
    """
    from engine.backtesting.run import replay

    days: list[pl.DataFrame] = []
    logs: list[pl.DataFrame] = []
    refused = [pl.DataFrame(schema={"window": pl.Int64, "reason": pl.String, "count": pl.Int64})]
    for row, first, last in _runs(choices):
        if row == NO_CONFIGURATION:
            continue
        selected = configuration_of(row)
        tape, begin, end = selected.tape, int(selected.cuts.days[first, 0]), int(selected.cuts.days[last, -1])
        begins_at = date_of(tape, begin)
        gained = sum(int(part.filter(pl.col("date") < begins_at)["pnl_minor"].sum()) for part in days)
        equity = float(bankroll_minor + gained)
        if equity < 1.0 or begin == end:
            continue
        part = decided_between(tape, instant_of(tape, begin), instant_of(tape, end))
        params = selected.params._replace(bankroll_minor=float(np.floor(equity)))
        path = replay(part, params, selected.seed, selected.rule)
        days.append(path.daily.select("date", *_SUMMED))
        logs.append(_log(path, part, selected, row, first))
        refused.append(_refused(path, part, selected, first))
    return Stitched(_bets(logs), _daily(days, dates, bankroll_minor), pl.concat(refused))


#: columns of the days of a path that are summed where paths of two configurations share a day
_SUMMED: Final = ("pnl_minor", "n_bets", "level", "clv", "level_stake", "closed_stake")


def _runs(choices: Sequence[Choice]) -> list[tuple[int, int, int]]:
    """(row, first fold, last fold) of each run of folds with the same selected configuration."""
    out: list[tuple[int, int, int]] = []
    for fold, choice in enumerate(choices, start=1):
        if out and out[-1][0] == choice.row:
            out[-1] = (choice.row, out[-1][1], fold)
        else:
            out.append((choice.row, fold, fold))
    return out


def _windows(part: Tape, selected: SelectedConfiguration, first: int, day: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fold of each day of the tape."""
    starts = selected.cuts.days[first:, 0]
    return first + np.searchsorted(starts, day, side="right") - 1


def _refused(path: Path, part: Tape, selected: SelectedConfiguration, first: int) -> pl.DataFrame:
    """Opportunities that became no bet, by fold and reason."""
    day = np.searchsorted(part.midnights, part.decided_at, side="right")
    rows = pl.DataFrame(
        {"window": pl.Series(_windows(part, selected, first, day), dtype=pl.Int64), "reason": path.row_reasons}
    )
    counts = rows.filter(pl.col("reason") != "placed").group_by("window", "reason", maintain_order=True)
    return counts.agg(pl.len().cast(pl.Int64).alias("count")).sort("window", "reason")


def _log(path: Path, part: Tape, selected: SelectedConfiguration, row: int, first: int) -> pl.DataFrame:
    """Bets of one run of folds, with their configuration, window, day and P&L after commission."""
    decided = path.bets["decided_at"].cast(pl.Int64).to_numpy()
    day = np.searchsorted(part.midnights, decided, side="right")
    window = _windows(part, selected, first, day)
    log = path.bets.with_columns(
        pl.lit(row + 1, pl.Int64).alias("config"),
        pl.Series("window", window, dtype=pl.Int64),
        pl.Series("day", np.datetime64(first_date(part), "D") + day, dtype=pl.Date),
    )
    return log.with_columns(net_minor=pl.col("pnl_minor").fill_null(0) - _commission(log, part, selected.params))


def _commission(log: pl.DataFrame, part: Tape, params: Params) -> pl.Series:
    """Share of each bet in the commission of its market, minor units.

    A market is charged on the net of its bets whenever the last open one has settled (`engine.kernel.walk`); the bets
    share the charge in proportion to their stakes. A market with a bet that never settles is not charged. The kernel's
    rule that a charge cannot exceed the cash at hand is not applied here.
    """
    rows = log["row"].to_numpy()
    bets = log.select(
        "decided_at",
        "settled_at",
        "stake_minor",
        "pnl_minor",
        market=pl.Series(part.market[rows]),
        rate=pl.Series(part.commission_rate[rows] * params.commission_factor),
    ).with_row_index("bet")
    end = pl.col("settled_at").cast(pl.Int64).fill_null(NEVER)
    before = end.cum_max().shift(1).over("market")
    charged = bets.sort("decided_at", "bet").with_columns(
        turn=(pl.col("decided_at").cast(pl.Int64) >= before).fill_null(False).cum_sum().over("market")
    )
    turn = ["market", "turn"]
    net = (
        pl.when(pl.col("settled_at").is_null().any().over(turn)).then(0).otherwise(pl.col("pnl_minor").sum().over(turn))
    )
    charge = (pl.max_horizontal(0, net) * pl.col("rate")).round()
    share = pl.col("stake_minor") / pl.col("stake_minor").sum().over(turn)
    return charged.select("bet", charge=charge * share).sort("bet")["charge"]


def _bets(logs: list[pl.DataFrame]) -> pl.DataFrame:
    if logs:
        return pl.concat(logs, how="vertical_relaxed")
    names = ("stake_minor", "net_minor", "clv")
    return pl.DataFrame(
        schema=dict.fromkeys(names, pl.Float64)
        | {"event_id": pl.Int64, "window": pl.Int64, "config": pl.Int64, "day": pl.Date}
    )


def _daily(parts: Sequence[pl.DataFrame], dates: Sequence[dt.date], bankroll_minor: float) -> pl.DataFrame:
    """One row per calendar day, from the first boundary to the end of the data or the last later settlement."""
    forms = [pl.Date, pl.Int64, pl.Int64, *[pl.Float64] * 4]
    empty = pl.DataFrame(schema=dict(zip(("date", *_SUMMED), forms, strict=True)))
    summed = pl.concat([empty, *parts]).group_by("date", maintain_order=True).agg(pl.col(_SUMMED).sum())
    last = max([dates[-1] - dt.timedelta(days=1), *summed.filter(pl.col("pnl_minor") != 0)["date"]])
    days = pl.DataFrame({"date": pl.date_range(dates[1], last, eager=True)})
    filled = days.join(summed, on="date", how="left", maintain_order="left").fill_null(0)
    start = bankroll_minor + pl.col("pnl_minor").cum_sum().shift(1, fill_value=0)
    return filled.select("date", "pnl_minor", start.cast(pl.Int64).alias("equity_start_minor"), *_SUMMED[1:])
