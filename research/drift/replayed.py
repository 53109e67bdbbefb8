"""The backtest over the span that a ledger covers: the same decisions, with their reasons, stakes and money there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.asof.view import VIEW
from engine.backtesting.path import Path
from engine.backtesting.run import replay
from engine.clock import midnights
from engine.kernel.codes import State
from engine.tape import NEVER, Tape
from engine.tape.part import row_columns
from research.drift.traded import Place
from research.promotion.deployed import Deployed
from research.tapes.builder import Tapes
from research.tapes.fitting import opportunities
from research.tapes.past import closing_of

#: columns of `Replayed.decisions`
DECISIONS: Final[dict[str, Any]] = {
    "id": pl.Int64,
    "decided_ns": pl.Int64,
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "bookmaker": pl.String,
    "side": pl.String,
    "odds": pl.Float64,
    "reason": pl.String,
    "stake_minor": pl.Int64,
    "odds_placed": pl.Float64,
    "pnl_minor": pl.Int64,
}
_OFFER: Final = ("decided_at", "event_id", "market", "line", "selection", "bookmaker", "side")


@dataclass(frozen=True)
class Replayed:
    """The backtest of a span.

    Attributes
    ----------
    decisions : polars.DataFrame
        Columns `DECISIONS`; a decision without a bet has a stake of 0.
    commission : dict of (event, market, line, bookmaker) to int
        Minor units.
    profit_minor : int
        After commission and tax.
    rest_minor : int
        Commission that `commission` does not have: where a wallet could not pay all of it.
    bankroll_minor : int
    """

    decisions: pl.DataFrame
    commission: dict[Place, int]
    profit_minor: int
    rest_minor: int
    bankroll_minor: int


def cut(tape: Tape, keep: NDArray[np.bool_], settled_ns: int) -> Tape:
    """Some decisions of a tape; what is settled later than `settled_ns` stays open.

    Parameters
    ----------
    tape : Tape
    keep : bool (n,)
        Which of its rows.
    settled_ns : int
        Last instant of a settlement, UTC nanoseconds, included.
    """
    known = (tape.settled_at <= settled_ns) | (tape.settled_at == NEVER)
    if keep.all() and known.all():
        return tape
    rows = row_columns(tape, keep)
    late = rows["settled_at"] > settled_ns
    rows["settled_at"] = np.where(late, NEVER, rows["settled_at"])
    rows["state"] = np.where(late, np.int8(State.UNKNOWN), rows["state"])
    settled = np.flatnonzero(rows["settled_at"] != NEVER)
    order = settled[np.argsort(rows["settled_at"][settled], kind="stable")]
    instants = np.concatenate([rows["decided_at"], rows["settled_at"][settled]])
    first, days = (
        midnights(int(rows["decided_at"].min()), int(instants.max()), tape.zone)
        if len(instants)
        else (tape.first_midnight, tape.midnights[:0])
    )
    labels = tape.rows.filter(pl.Series(keep))
    return replace(tape, **rows, settle_order=order, midnights=days, first_midnight=first, rows=labels)


def replayed(deployed: Deployed, tape: Tape) -> Replayed:
    """Walk a tape with the numbers of a promotion."""
    path = replay(tape, deployed.params, deployed.seed, deployed.rule)
    labels = tape.rows.with_columns(pl.col(pl.Categorical).cast(pl.String)).select(*_OFFER[1:])
    decisions = labels.with_columns(
        id=pl.Series(tape.id),
        decided_ns=pl.Series(tape.decided_at),
        odds=pl.Series(tape.quoted),
        reason=path.row_reasons,
    ).with_row_index("row")
    bets = path.bets.select(pl.col("row").cast(pl.UInt32), "stake_minor", "odds_placed", "pnl_minor")
    decisions = decisions.join(bets, on="row", how="left", maintain_order="left")
    decisions = decisions.with_columns(pl.col("stake_minor").fill_null(0)).select(
        [pl.col(name).cast(dtype) for name, dtype in DECISIONS.items()]
    )
    commission = _commission(deployed, tape, path)
    profit = int(path.daily["pnl_minor"].sum())
    before = int(path.bets["pnl_minor"].sum() or 0)
    rest = before - profit - sum(commission.values())
    return Replayed(decisions, commission, profit, rest, int(deployed.params.bankroll_minor))


def _commission(deployed: Deployed, tape: Tape, path: Path) -> dict[Place, int]:
    """Commission of each market from the net result of its bets, by the leaf of the kernel."""
    leaf: Any = import_module("engine.kernel.live")
    bets = path.bets.drop_nulls("pnl_minor")
    if bets.is_empty():
        return {}
    market = pl.Series("number", tape.market[bets["row"].to_numpy()])
    rate = pl.Series("rate", tape.commission_rate[bets["row"].to_numpy()] * deployed.params.commission_factor)
    names = ("event_id", "market", "line", "bookmaker")
    totals = bets.with_columns(market.alias("number"), rate).group_by("number", maintain_order=True)
    charges = totals.agg(*(pl.col(name).first() for name in names), pl.col("rate").first(), pl.col("pnl_minor").sum())
    return {
        (row["event_id"], row["market"], row["line"], row["bookmaker"]): int(
            leaf.market_commission(row["rate"], float(row["pnl_minor"]))
        )
        for row in charges.iter_rows(named=True)
        if row["rate"] > 0.0
    }


def offered(deployed: Deployed, tapes: Tapes) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What the strategy offers over the whole store, the quotes it saw, and the events.

    Returns
    -------
    polars.DataFrame, polars.DataFrame, polars.DataFrame
        Opportunities as the strategy gives them; `View.quotes` of all decisions; columns of `schema.EVENTS`.
    """
    spec = deployed.spec
    events, views = tapes.whole(spec)
    inputs = tapes.inputs(spec)
    closing = closing_of(tapes, spec, events)
    bets = opportunities(spec, inputs.strategy, events, views, tapes.featured(spec), closing)
    quotes = pl.concat([view.quotes for view in views]) if views else pl.DataFrame(schema=VIEW)
    return bets, quotes, events


def with_quotes(decisions: pl.DataFrame, offers: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """The backtest's decisions with the probability that the strategy stated, and when the quote became known."""
    known = quotes.select(*_OFFER, quote_known_ns=pl.col("known_at").cast(pl.Int64)).unique(_OFFER, keep="last")
    stated = offers.select(*_OFFER, "prob").join(known, on=_OFFER, how="left", nulls_equal=True)
    stated = stated.with_columns(decided_ns=pl.col("decided_at").cast(pl.Datetime("ns", "UTC")).cast(pl.Int64))
    return decisions.join(
        stated.drop("decided_at"), on=["decided_ns", *_OFFER[1:]], how="left", nulls_equal=True, maintain_order="left"
    )
