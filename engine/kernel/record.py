"""The scalars that a decision reads, and the columns and working arrays of a walk, as named tuples.

Numba turns a named tuple into its fields, so a record costs nothing at run time.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Row(NamedTuple):
    """One opportunity (see `engine.tape.Tape` for the meaning of each field)."""

    quoted: float
    filled: float
    odds: float
    is_lay: int
    ladder: int
    prob: float
    edge_frac: float
    kelly_frac: float
    stake_weight: float
    size_minor: float
    stake_min_minor: float  # of the venue, in the backer's stake
    commission: float  # rate of the bookmaker times the factor of the configuration


class Ending(NamedTuple):
    """How a bet ended (see `engine.tape.Tape`); ``hedge_odds`` are the venue's of the bet that closed it."""

    is_lay: int
    state: int
    dead_heat_share: float
    reduction_frac: float
    each_way_frac: float
    hedge_odds: float
    tax_stake_frac: float
    tax_winnings_frac: float


class Room(NamedTuple):
    """What the account is at the moment of a decision, in minor units."""

    equity: float
    base: float  # what percent and Kelly stakes are a fraction of
    warn_factor: float  # 1, or less while the drawdown is above its warning
    limit_factor: float  # 1, or less where the bookmaker has limited the account
    cash: float  # of the bookmaker's wallet, where each has its own
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
    filled: Any
    odds: Any
    is_lay: Any
    ladder: Any
    prob: Any
    edge_frac: Any
    kelly_frac: Any
    stake_weight: Any
    size_minor: Any
    stake_min_minor: Any
    state: Any
    dead_heat_share: Any
    reduction_frac: Any
    each_way_frac: Any
    exit_odds: Any
    tax_stake_frac: Any
    tax_winnings_frac: Any
    commission_rate: Any
    close_prob: Any
    group: Any
    event: Any
    competition: Any
    question: Any
    market: Any
    bookmaker: Any
    settle_order: Any
    midnights: Any


class Work(NamedTuple):
    """Working arrays of one walk; what a replay shows is what stands in them afterwards.

    ``reason`` int8 (n,) · ``stake, backer, pnl, equity`` float64 (n,), valid where the reason is PLACED ·
    ``passing`` int64 (n,) · ``open_on_event, open_on_competition, market_pnl`` float64 · ``taken`` int8 a question ·
    ``market_open, touched`` int64 a market · ``wallet, won_since, limit_factor`` float64 a bookmaker: its cash, the
    profit there since it last cut its limits, what is left of them · ``day_equity, day_turnover, day_bets`` float64
    (days,) at each roll, the last two since the start · ``account`` float64, named by `engine.kernel.account` ·
    ``counts`` int64, opportunities by reason.
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
    wallet: Any
    won_since: Any
    limit_factor: Any
    day_equity: Any
    day_turnover: Any
    day_bets: Any
    account: Any
    counts: Any
