"""The account of the interpreted twin: settlements, commission, wallets, streaks, breakers and the day roll."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

from engine.configuration import Configuration
from engine.custom_rule import Rule
from engine.kernel.codes import Reason, Reduction, Staking, State
from engine.tape import NEVER, Tape
from engine.twin.arithmetic import after_removals, back_payoff, slipped


@dataclass
class Bet:
    """A placed bet; money in minor units."""

    row: int
    stake: float
    backer: float
    equity: float
    pnl: float = 0.0


@dataclass
class Account:
    """The state of one configuration on its way along a tape: settlements, the close of an instant, the day roll."""

    tape: Tape
    config: Configuration
    seed: int = 0
    rule: Rule | None = None
    reasons: dict[int, Reason] = field(default_factory=dict)
    bets: dict[int, Bet] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cash = self.config.bankroll_minor
        books = sorted({int(book) for book in self.tape.bookmaker})
        part, remainder = divmod(int(self.cash), max(len(books), 1))
        self.wallets = {book: float(part + (place < remainder)) for place, book in enumerate(books)}
        self.won_since = dict.fromkeys(books, 0.0)
        self.limit_factor = dict.fromkeys(books, 1.0)
        self.open = 0.0
        self.open_on_event: dict[int, float] = defaultdict(float)
        self.open_on_competition: dict[int, float] = defaultdict(float)
        self.open_in_commission_market: dict[int, int] = defaultdict(int)
        self.pnl_of_commission_market: dict[int, float] = defaultdict(float)
        self.questions_bet: set[int] = set()
        self.taken_of_offer: dict[int, float] = defaultdict(float)
        self.peak = self.high = self.day_start = self.cash
        self.drawdown = self.max_drawdown = 0.0
        self.staked_today = self.turnover = self.commission = self.clv_sum = 0.0
        self.halted_until: int | None = None
        self.cooling_until: int | None = None
        self.day_blocked = False
        self.streak = self.warnings = self.run_of_losses = self.longest = 0
        self.n_won = self.n_void = self.n_settled = self.clv_n = 0
        self.day_equity: list[float] = []
        self.level_today = self.clv_today = self.level_turnover = self.closed_turnover = 0.0
        self.settled_in_market: dict[int, list[Bet]] = defaultdict(list)
        self.day_level: list[float] = []
        self.day_clv: list[float] = []

    @property
    def equity(self) -> float:
        """Cash and open stakes at cost."""
        return self.cash + self.open

    def settle(self, rows: list[int]) -> None:
        """Settle bets, then charge commission on the markets whose last open bet has just settled."""
        closed: list[int] = []
        for row in rows:
            bet = self.bets[row]
            bet.pnl = self.profit(bet)
            self.cash += bet.stake + bet.pnl
            self.into_wallet(row, bet.stake + bet.pnl)
            self.update_limits(int(self.tape.bookmaker[row]), bet.pnl)
            self.open -= bet.stake
            self.open_on_event[int(self.tape.event[row])] -= bet.stake
            self.open_on_competition[int(self.tape.competition[row])] -= bet.stake
            self.n_settled += 1
            self.n_won += bet.pnl > 0
            self.n_void += self.tape.state[row] == State.VOID
            self.count_streaks(bet.pnl)
            commission_market = int(self.tape.market[row])
            self.pnl_of_commission_market[commission_market] += bet.pnl
            self.open_in_commission_market[commission_market] -= 1
            self.settle_level(bet)
            if self.open_in_commission_market[commission_market] == 0:
                closed.append(row)
        for row in closed:
            commission_market = int(self.tape.market[row])
            net = max(0.0, self.pnl_of_commission_market[commission_market])
            charge = min(float(round(self.commission_rate(row) * net)), self.cash_for(row))
            self.cash -= charge
            self.into_wallet(row, -charge)
            self.commission += charge
            self.pnl_of_commission_market[commission_market] = 0.0

    def settle_level(self, bet: Bet) -> None:
        """Count a settled bet at level stakes, and the commission of its market once no bet there is open."""
        row, market = bet.row, int(self.tape.market[bet.row])
        per_minor, weight = self.level(bet)
        self.level_today += bet.pnl * per_minor
        self.level_turnover += weight
        close_prob = float(self.tape.close_prob[row])
        if not math.isnan(close_prob):
            self.clv_today += weight * (self.back_equivalent(row) * close_prob - 1.0)
            self.closed_turnover += weight
        self.settled_in_market[market].append(bet)
        if self.open_in_commission_market[market] == 0:
            weights = stakes = 0.0
            for settled in self.settled_in_market.pop(market):
                weights += self.level(settled)[1]
                stakes += settled.stake
            net = max(0.0, self.pnl_of_commission_market[market])
            self.level_today -= float(round(self.commission_rate(row) * net)) * (weights / stakes)

    def level(self, bet: Bet) -> tuple[float, float]:
        """What one minor unit of a bet's P&L counts at level stakes, and the weight of the bet.

        The weight is the row's own; under Kelly staking the stake over the equity at the decision.
        """
        if self.config.staking in (Staking.KELLY, Staking.KELLY_COLUMN):
            return 1.0 / bet.equity, bet.stake * (1.0 / bet.equity)
        weight = float(self.tape.stake_weight[bet.row])
        return weight / bet.stake, weight

    def profit(self, bet: Bet) -> float:
        """round(stake * payoff); a lay wins the backer's stake or loses the liability. Winnings are taxed."""
        tape, row = self.tape, bet.row
        state, share = State(int(tape.state[row])), float(tape.dead_heat_share[row])
        if state is State.VOID:
            return 0.0
        odds = self.venue_odds(row)
        reduced = after_removals(odds, float(tape.reduction_frac[row]), Reduction(int(tape.reduction_rule[row])))
        hedge = self.hedge_odds(row) if state is State.CASHED else math.nan
        untaxed = 1.0 - float(tape.tax_winnings_frac[row])
        if not tape.is_lay[row]:
            payoff = back_payoff(tape, row, reduced, hedge)
            return float(round(bet.stake * (payoff * untaxed if payoff > 0 else payoff)))
        liability = float(round(bet.backer * (reduced - 1.0)))
        pnl = {
            State.WIN: bet.backer,
            State.HALF_WIN: bet.backer * 0.5,
            State.HALF_LOSE: liability * -0.5,
            State.LOSE: -liability,
            State.DEAD_HEAT: -float(round(bet.backer * (share * reduced - 1.0))),
            State.CASHED: bet.backer * (1.0 - reduced / hedge),
        }[state]
        return float(round(pnl * untaxed if pnl > 0 else pnl))

    def cash_for(self, row: int) -> float:
        """Cash available for this row: the shared pool, or the wallet of its bookmaker."""
        return self.wallets[int(self.tape.bookmaker[row])] if self.config.wallets else self.cash

    def into_wallet(self, row: int, amount: float) -> None:
        """Add money to the wallet of the row's bookmaker, or take it from there (below 0)."""
        self.wallets[int(self.tape.bookmaker[row])] += amount

    def update_limits(self, book: int, pnl: float) -> None:
        """Let the bookmaker cut its limits if it has lost enough to us since its last cut."""
        self.won_since[book] += pnl
        if self.won_since[book] >= self.config.limiting_profit_minor:
            self.limit_factor[book] *= self.config.limiting_factor
            self.won_since[book] = 0.0

    def count_streaks(self, pnl: float) -> None:
        """A loss counts, a profit resets, 0 changes nothing. The breaker's own count pauses while it is active."""
        cooling = self.cooling_until is not None
        if pnl < 0:
            self.run_of_losses += 1
            self.longest = max(self.longest, self.run_of_losses)
            if not cooling:
                self.streak += 1
                self.warnings += self.streak == self.config.streak_warn
        elif pnl > 0:
            self.run_of_losses = 0
            if not cooling:
                self.streak = 0

    def end_breakers(self, instant: int, *, inclusive: bool) -> None:
        """End the breakers whose end lies before this instant or, with `inclusive` (at its close), at it."""

        def over(until: int | None) -> bool:
            return until is not None and (until < instant or (inclusive and until == instant))

        if over(self.halted_until):
            self.halted_until = None
            self.peak = self.equity
            self.drawdown = 0.0
        if over(self.cooling_until):
            self.cooling_until = None
            self.streak = 0

    def close(self, instant: int) -> None:
        """Close an instant: equity, peak, drawdown, breakers."""
        config, equity = self.config, self.equity
        self.high = max(self.high, equity)
        self.max_drawdown = max(self.max_drawdown, (self.high - equity) / self.high)
        self.end_breakers(instant, inclusive=True)
        self.peak = max(self.peak, equity)
        self.drawdown = (self.peak - equity) / self.peak if self.peak > 0 else 0.0
        if self.halted_until is None and self.drawdown >= config.drawdown_stop_frac:
            self.halted_until = _later(instant, config.drawdown_reset_after_ns)
        if self.cooling_until is None and self.streak >= config.streak_stop:
            self.cooling_until = _later(instant, config.streak_cool_off_ns)
        lost = self.day_start - equity
        if self.day_start > 0 and lost / self.day_start >= config.daily_loss_frac:
            self.day_blocked = True

    def roll(self) -> None:
        """Start a new day."""
        self.day_start = self.equity
        self.staked_today = 0.0
        self.day_blocked = False
        self.day_equity.append(self.equity)
        self.day_level.append(self.level_today)
        self.day_clv.append(self.clv_today)
        self.level_today = self.clv_today = 0.0

    def venue_odds(self, row: int) -> float:
        """Odds at which the bet is placed: those on arrival of the order, less slippage."""
        return self.slipped(row, float(self.tape.filled[row]))

    def back_equivalent(self, row: int) -> float:
        """The venue's odds; of a lay those of the back bet of equal risk."""
        odds = self.venue_odds(row)
        return odds / (odds - 1.0) if self.tape.is_lay[row] else odds

    def slipped(self, row: int, odds: float, *, closes: bool = False) -> float:
        """Odds after slippage, of a bet on the side of the row or (`closes`) of the bet that closes it."""
        is_lay = bool(self.tape.is_lay[row]) is not closes
        return slipped(odds, is_lay, self.config.slippage_frac, has_ladder=bool(self.tape.ladder[row]))

    def hedge_odds(self, row: int) -> float:
        """Odds of the bet on the other side that closes this one."""
        return self.slipped(row, float(self.tape.exit_odds[row]), closes=True)

    def commission_rate(self, row: int) -> float:
        """The bookmaker's rate times the factor of the configuration."""
        return float(self.tape.commission_rate[row]) * self.config.commission_factor


def _later(instant: int, duration_ns: float) -> int:
    """The instant `duration_ns` later, or `NEVER` if that is beyond the range of int64."""
    return int(NEVER) if duration_ns >= float(int(NEVER) - instant) else instant + int(duration_ns)
