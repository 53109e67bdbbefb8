"""The path of one configuration: the working arrays of its walk as tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.backtesting.columns import terms_of
from engine.kernel.codes import REASONS, Reason, State
from engine.kernel.params import Params
from engine.kernel.record import Work
from engine.schema import INSTANT_DTYPE
from engine.tape import NEVER, Tape

_STATES = pl.Series([s.name.lower() for s in State])


@dataclass(frozen=True)
class Path:
    """One configuration's path.

    Attributes
    ----------
    bets : polars.DataFrame
        A row for each bet, in order of decision: row (of the tape), id, decided_at, settled_at (null: open), odds
        (quoted), odds_placed (at the venue), prob, edge_net_frac, stake_minor (of a lay the liability),
        backer_stake_minor (null for a back bet), pnl_minor (before commission; null: open), state, close_prob, clv,
        equity_minor (at the decision), and the columns of `Tape.rows` and `Tape.events`.
    daily : polars.DataFrame
        A row for each calendar day of the run's zone, from the first decision to the last settlement: date, pnl_minor
        (after commission), turnover_minor (staked that day), n_bets (decided that day), equity_start_minor,
        return_frac; of the bets settled that day level, clv (`engine.backtesting.block.Daily`), level_stake and
        closed_stake (their weights, and the weights of those with a closing price).
    reasons : polars.DataFrame
        reason, count: a row for each reason, in the order of the checks.
    row_reasons : polars.Series
        The reason of every row of the tape.
    """

    bets: pl.DataFrame
    daily: pl.DataFrame
    reasons: pl.DataFrame
    row_reasons: pl.Series


def path_of(tape: Tape, work: Work, params: Params) -> Path:
    """The tables of the walk that `work` has just been used for."""
    reasons = pl.DataFrame({"reason": list(REASONS), "count": work.counts.copy()})
    names = pl.Series(list(REASONS)).gather(pl.Series(work.reason.astype(np.uint32)))
    return Path(_bets(tape, work, params), _daily(tape, work, params), reasons, names.alias("reason"))


def _bets(tape: Tape, work: Work, params: Params) -> pl.DataFrame:
    placed = np.flatnonzero(work.reason == int(Reason.PLACED))
    lay = tape.is_lay[placed] == 1
    odds_placed, _ = terms_of(tape, placed, params.slippage_frac)
    back_equivalent = odds_placed.copy()
    back_equivalent[lay] = odds_placed[lay] / (odds_placed[lay] - 1.0)
    rate = tape.commission_rate[placed] * params.commission_factor
    odds, prob = tape.odds[placed], tape.prob[placed]
    is_open = tape.settled_at[placed] == NEVER
    bets = pl.DataFrame(
        {
            "row": placed,
            "id": tape.id[placed],
            "decided_at": pl.Series(tape.decided_at[placed]).cast(INSTANT_DTYPE),
            "settled_at": pl.Series(np.where(is_open, 0, tape.settled_at[placed])).cast(INSTANT_DTYPE),
            "odds": tape.quoted[placed],
            "odds_placed": odds_placed,
            "prob": prob,
            "edge_net_frac": tape.edge_frac[placed] - rate * prob * (odds - 1.0),
            "stake_minor": work.stake[placed].astype(np.int64),
            "backer_stake_minor": pl.Series(work.backer[placed].astype(np.int64)),
            "pnl_minor": np.where(is_open, 0.0, work.pnl[placed]).astype(np.int64),
            "state": _STATES.gather(pl.Series(tape.state[placed].astype(np.uint32))),
            "close_prob": pl.Series(tape.close_prob[placed]).fill_nan(None),
            "clv": pl.Series(back_equivalent * tape.close_prob[placed] - 1.0).fill_nan(None),
            "equity_minor": work.equity[placed].astype(np.int64),
            "event": tape.event[placed],
        }
    )
    unknown = pl.Series(is_open)
    bets = bets.with_columns(
        pl.when(unknown).then(None).otherwise(pl.col("settled_at")).alias("settled_at"),
        pl.when(unknown).then(None).otherwise(pl.col("pnl_minor")).alias("pnl_minor"),
        pl.when(pl.Series(lay)).then(pl.col("backer_stake_minor")).otherwise(None).alias("backer_stake_minor"),
    )
    rows = tape.rows[placed] if len(placed) else tape.rows.clear()
    rows = rows.with_columns(pl.col(pl.Categorical).cast(pl.String))
    events = tape.events[bets["event"]].drop("event_id") if len(placed) else tape.events.clear().drop("event_id")
    return pl.concat([bets.drop("event"), rows, events], how="horizontal")


def _daily(tape: Tape, work: Work, params: Params) -> pl.DataFrame:
    schema = {
        "date": pl.Date,
        "pnl_minor": pl.Int64,
        "turnover_minor": pl.Int64,
        "n_bets": pl.Int64,
        "equity_start_minor": pl.Int64,
    }
    if not len(tape):
        names = ("return_frac", "level", "clv", "level_stake", "closed_stake")
        return pl.DataFrame(schema={**schema, **dict.fromkeys(names, pl.Float64)})
    weights = {"level_stake": work.day_level_turnover, "closed_stake": work.day_closed_turnover}
    starts = pl.Series(np.concatenate([[tape.first_midnight], tape.midnights[:-1]])).cast(INSTANT_DTYPE)
    equity = np.concatenate([[params.bankroll_minor], work.day_equity])
    turnover = np.diff(np.concatenate([[0.0], work.day_turnover]))
    placed = work.reason == int(Reason.PLACED)
    day_of = np.searchsorted(tape.midnights, tape.decided_at[placed], side="right")
    daily = pl.DataFrame(
        {
            "date": starts.dt.convert_time_zone(tape.zone).dt.date(),
            "pnl_minor": np.diff(equity).astype(np.int64),
            "turnover_minor": turnover.astype(np.int64),
            "n_bets": np.bincount(day_of, minlength=len(starts)).astype(np.int64),
            "equity_start_minor": equity[:-1].astype(np.int64),
        }
    )
    level = {"level": work.day_level.copy(), "clv": work.day_clv.copy()}
    level |= {name: np.diff(total, prepend=0.0) for name, total in weights.items()}
    start = pl.col("equity_start_minor")
    returns = pl.when(start > 0).then(pl.col("pnl_minor") / start).otherwise(0.0).alias("return_frac")
    return daily.with_columns(returns).with_columns(**{name: pl.Series(column) for name, column in level.items()})
