"""The scalars that a decision reads, and the columns and working arrays of a walk, as named tuples.

Numba turns a named tuple into its fields, so a record costs nothing at run time.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Row(NamedTuple):
    """One opportunity (see `engine.tape.Tape` for the meaning of each field)."""

    id: int
    quoted: float
    odds: float
    is_lay: int
    prob: float
    edge_frac: float
    kelly_frac: float
    stake_weight: float
    size_minor: float
    commission: float  # rate of the bookmaker times the factor of the configuration


class Room(NamedTuple):
    """What the account is at the moment of a decision, in minor units."""

    equity: float
    base: float  # what percent and Kelly stakes are a fraction of
    warn_factor: float  # 1, or less while the drawdown is above its warning
    cash: float
    open: float
    open_on_event: float
    open_on_competition: float
    staked_today: float
    day_start_equity: float


class Columns(NamedTuple):
    """The tape as the kernel reads it: arrays of `engine.tape.Tape`, by their names there."""

    id: Any
    decided_at: Any
    settled_at: Any
    quoted: Any
    odds: Any
    is_lay: Any
    prob: Any
    edge_frac: Any
    kelly_frac: Any
    stake_weight: Any
    size_minor: Any
    state: Any
    dead_heat_share: Any
    commission_rate: Any
    close_prob: Any
    group: Any
    event: Any
    competition: Any
    question: Any
    market: Any
    settle_order: Any
    midnights: Any


class Work(NamedTuple):
    """Working arrays of one walk; what a replay shows is what stands in them afterwards.

    ``reason`` int8 (n,) · ``stake, backer, pnl, equity`` float64 (n,), valid where the reason is PLACED ·
    ``passing`` int64 (n,) · ``open_on_event, open_on_competition, market_pnl`` float64 · ``taken`` int8 a question ·
    ``market_open, touched`` int64 a market · ``day_equity, day_turnover`` float64 (days + 1,) at each roll ·
    ``account`` float64, named by `engine.kernel.account` · ``counts`` int64, opportunities by reason.
    """

    reason: Any
    stake: Any
    backer: Any
    pnl: Any
    equity: Any
    passing: Any
    open_on_event: Any
    open_on_competition: Any
    market_pnl: Any
    taken: Any
    market_open: Any
    touched: Any
    day_equity: Any
    day_turnover: Any
    account: Any
    counts: Any
