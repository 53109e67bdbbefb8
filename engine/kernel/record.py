"""Records of the kernel as named tuples: scalars that a decision reads, columns of a tape, working arrays of a walk.

The compiler replaces a named tuple by its fields, so a record costs nothing at run time.
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
    stake_min_minor: float  # minimum of the venue; of a lay it is compared with the backer's stake
    commission: float  # rate of the bookmaker times `commission_factor`


class Ending(NamedTuple):
    """How a bet ended (see `engine.tape.Tape`). ``hedge_odds`` are the odds of the bet that closed it."""

    is_lay: int
    state: int
    dead_heat_share: float
    place_share: float
    reduction_frac: float
    reduction_rule: int
    each_way_frac: float
    hedge_odds: float
    tax_stake_frac: float
    tax_winnings_frac: float


class AccountState(NamedTuple):
    """The account at the moment of a decision, in minor units."""

    equity: float
    base: float  # the amount that percent and Kelly stakes are a fraction of
    warn_factor: float  # 1, or less while the drawdown is at its warning or above
    limit_factor: float  # 1, or less if the bookmaker has cut its limits
    cash: float  # of the pool, or of the bookmaker's wallet
    open: float
    open_on_event: float
    open_on_competition: float
    staked_today: float
    day_start_equity: float


class Columns(NamedTuple):
    """The tape as the kernel reads it: arrays of `engine.tape.Tape` under the same names."""

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
    offer: Any
    offer_minor: Any
    stake_min_minor: Any
    state: Any
    dead_heat_share: Any
    place_share: Any
    reduction_frac: Any
    reduction_rule: Any
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
    """Working arrays of one walk. A replay is read from them afterwards.

    Attributes
    ----------
    reason : int8 (n,)
    stake, backer, pnl, equity : float64 (n,)
        Valid where the reason is PLACED: stake, backer's stake of a lay, P&L, equity at the decision.
    passing : int64 (n,)
        Rows that pass the checks of row and configuration alone.
    open_on_event, open_on_competition : float64
        Open stakes of each.
    commission_market_pnl : float64
        P&L of each commission market (`Tape.market`) since it was last charged.
    taken : int8
        Whether there is or was a bet on each question.
    commission_market_open : int64
        Open bets of each commission market.
    offer_taken : float64
        Of each offer (`Tape.offer`): what our bets took of it, for a lay the backer's stake.
    closed_rows : int64
        Rows whose settlement was the last of a commission market at this instant.
    wallet, won_since, limit_factor : float64
        Of each bookmaker: its cash, our profit there since it last cut its limits, what is left of its limits.
    commission_market_weight, commission_market_stake : float64
        Of each commission market: weights and stakes of the bets settled since it was last charged.
    day_equity, day_turnover, day_bets : float64 (days,)
        At each day roll; turnover and bets are totals since the start.
    day_level, day_clv, day_level_turnover, day_closed_turnover : float64 (days,)
        At each day roll: P&L at level stakes and weighted CLV of the day that ends; the weights of settled bets since
        the start, and of those with a closing price. Without elements they are not computed.
    account : float64 (`account.N_CELLS`,)
    counts : int64
        Opportunities by reason.
    """

    reason: Any
    stake: Any
    backer: Any
    pnl: Any
    equity: Any
    passing: Any
    open_on_event: Any
    open_on_competition: Any
    commission_market_pnl: Any
    taken: Any
    commission_market_open: Any
    offer_taken: Any
    commission_market_weight: Any
    commission_market_stake: Any
    closed_rows: Any
    wallet: Any
    won_since: Any
    limit_factor: Any
    day_equity: Any
    day_turnover: Any
    day_bets: Any
    day_level: Any
    day_clv: Any
    day_level_turnover: Any
    day_closed_turnover: Any
    account: Any
    counts: Any
