"""The interpreted twin: the rules of time and money in plain Python, written to be read.

It is the specification in code. It shares no rule with the kernel, follows one configuration over the same tape, and
must give the same bits. Where a rule is hard to see in the kernel, read it here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

from engine.configuration import Configuration
from engine.schema import REASONS, Reason, Staking, State
from engine.tape import NEVER, Tape


@dataclass
class Bet:
    """An opportunity that was taken."""

    row: int
    stake: float
    backer: float
    equity: float
    pnl: float = 0.0


@dataclass
class Twin:
    """One configuration on its way along a tape: call `walk`, then read what happened."""

    tape: Tape
    config: Configuration
    seed: int = 0
    reasons: dict[int, Reason] = field(default_factory=dict)
    bets: dict[int, Bet] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cash = self.config.bankroll_minor
        self.open = 0.0
        self.open_on_event: dict[int, float] = defaultdict(float)
        self.open_on_competition: dict[int, float] = defaultdict(float)
        self.bets_open_on_market: dict[int, int] = defaultdict(int)
        self.pnl_of_market: dict[int, float] = defaultdict(float)
        self.questions_bet: set[int] = set()
        self.peak = self.high = self.day_start = self.cash
        self.drawdown = self.max_drawdown = 0.0
        self.staked_today = self.turnover = self.commission = self.clv_sum = 0.0
        self.halted_until: int | None = None
        self.cooling_until: int | None = None
        self.day_blocked = False
        self.streak = self.warnings = self.run_of_losses = self.longest = 0
        self.n_won = self.n_void = self.n_settled = self.clv_n = 0
        self.day_equity: list[float] = []

    # ------------------------------------------------------------------------------------------------ the loop

    @property
    def equity(self) -> float:
        """Cash and open stakes at cost."""
        return self.cash + self.open

    def walk(self) -> Twin:
        """Visit every instant at which anything may happen, in order."""
        tape = self.tape
        decisions: dict[int, list[int]] = defaultdict(list)
        settlements: dict[int, list[int]] = defaultdict(list)
        for row in range(len(tape)):
            decisions[int(tape.decided_at[row])].append(row)
            if tape.settled_at[row] != NEVER:
                settlements[int(tape.settled_at[row])].append(row)
        midnights = {int(m) for m in tape.midnights}
        for instant in sorted({*decisions, *settlements, *midnights}):
            self.end_breakers(instant, inclusive=False)
            self.settle([row for row in settlements[instant] if row in self.bets])
            self.close(instant)
            if instant in midnights:
                self.roll()
            self.decide(decisions[instant])
        return self

    # ------------------------------------------------------------------------------------------------ settlement

    def settle(self, rows: list[int]) -> None:
        """Settle bets, then charge commission on markets whose last open bet has just settled."""
        closed: list[int] = []
        for row in rows:
            bet = self.bets[row]
            bet.pnl = self.profit(bet)
            self.cash += bet.stake + bet.pnl
            self.open -= bet.stake
            self.open_on_event[int(self.tape.event[row])] -= bet.stake
            self.open_on_competition[int(self.tape.competition[row])] -= bet.stake
            self.n_settled += 1
            self.n_won += bet.pnl > 0
            self.n_void += self.tape.state[row] == State.VOID
            self.count_streaks(bet.pnl)
            market = int(self.tape.market[row])
            self.pnl_of_market[market] += bet.pnl
            self.bets_open_on_market[market] -= 1
            if self.bets_open_on_market[market] == 0:
                closed.append(row)
        for row in closed:
            market = int(self.tape.market[row])
            net = max(0.0, self.pnl_of_market[market])
            charge = min(float(round(self.commission_rate(row) * net)), self.cash)
            self.cash -= charge
            self.commission += charge
            self.pnl_of_market[market] = 0.0

    def profit(self, bet: Bet) -> float:
        """round(stake * payoff); a lay wins the backer's stake and loses the liability."""
        state, share = State(int(self.tape.state[bet.row])), float(self.tape.dead_heat_share[bet.row])
        odds = self.venue_odds(bet.row)
        if state is State.VOID:
            return 0.0
        if state is State.LOSE:
            return -bet.stake
        if state is State.HALF_LOSE:
            return float(round(bet.stake * -0.5))
        if self.tape.is_lay[bet.row]:
            if state is State.WIN:
                return bet.backer
            if state is State.HALF_WIN:
                return float(round(bet.backer * 0.5))
            return -float(round(bet.backer * (share * odds - 1.0)))
        payoff = {State.WIN: odds - 1.0, State.HALF_WIN: (odds - 1.0) / 2.0, State.DEAD_HEAT: share * odds - 1.0}
        return float(round(bet.stake * payoff[state]))

    def count_streaks(self, pnl: float) -> None:
        """Below 0 counts, above 0 resets, 0 leaves; the breaker's own count stands still while it cools off."""
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

    # ------------------------------------------------------------------------------------------------ close and roll

    def end_breakers(self, instant: int, *, inclusive: bool) -> None:
        """End what ran out before this instant, or (inclusive, at its close) at it."""

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
        """Equity, peak, drawdown, breakers."""
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
        """A new day begins."""
        self.day_start = self.equity
        self.staked_today = 0.0
        self.day_blocked = False
        self.day_equity.append(self.equity)

    # ------------------------------------------------------------------------------------------------ decisions

    def decide(self, rows: list[int]) -> None:
        """All decisions of one instant, in the tape's order: they see the same equity."""
        base = self.cash if self.config.base_is_cash else self.equity
        done: set[int] = set()
        for row in rows:
            if row in done:
                continue
            group = int(self.tape.group[row])
            legs = [row] if group < 0 else [r for r in rows if self.tape.group[r] == group]
            done.update(legs)
            self.decide_legs(legs, base)

    def decide_legs(self, legs: list[int], base: float) -> None:
        """One bet, or the legs of a group, which stand or fall together."""
        refused = {row: reason for row in legs if (reason := self.refusal(row)) is not None}
        stakes: dict[int, tuple[float, float]] = {}
        if not refused:
            wanted = {row: self.wanted(row, base) for row in legs}
            sized, cause = self.single(wanted) if self.tape.group[legs[0]] < 0 else self.grouped(wanted)
            for row in legs:
                if self.too_small(row, sized[row]):
                    by_rule = self.too_small(row, wanted[row])
                    refused[row] = Reason.STAKE_MINIMUM if by_rule else cause
                else:
                    stakes[row] = self.whole(row, sized[row])
        if not refused:
            refused = {row: Reason.REJECTED for row in legs if self.rejected(row)}
        for row in legs:
            if refused:
                self.reasons[row] = refused.get(row, Reason.GROUP)
            else:
                self.place(row, *stakes[row])

    def refusal(self, row: int) -> Reason | None:
        """The first reason before the stake, in the order in which they are asked."""
        tape, config = self.tape, self.config
        odds, prob, edge = float(tape.odds[row]), float(tape.prob[row]), float(tape.edge_frac[row])
        needs_column = config.staking is Staking.KELLY_COLUMN
        if math.isnan(odds) or math.isnan(prob) or math.isnan(edge):
            return Reason.INCOMPLETE
        if needs_column and math.isnan(tape.kelly_frac[row]):
            return Reason.INCOMPLETE
        if not config.odds_min <= odds <= config.odds_max:
            return Reason.ODDS_RANGE
        if not config.edge_min <= edge - self.commission_rate(row) * prob * (odds - 1.0) <= config.edge_max:
            return Reason.EDGE
        if self.halted_until is not None:
            return Reason.BREAKER_DRAWDOWN
        if self.day_blocked:
            return Reason.BREAKER_DAILY_LOSS
        if self.cooling_until is not None:
            return Reason.BREAKER_STREAK
        if config.one_per_market and int(tape.question[row]) in self.questions_bet:
            return Reason.ONE_PER_MARKET
        return None

    def wanted(self, row: int, base: float) -> float:
        """What the staking rule asks for."""
        tape, config = self.tape, self.config
        odds, rate = float(tape.odds[row]), self.commission_rate(row)
        if config.staking is Staking.FLAT:
            wanted = config.amount_minor
        elif config.staking is Staking.PERCENT:
            wanted = config.fraction * base
        elif config.staking is Staking.TARGET:
            wanted = config.amount_minor / (odds - 1.0)
        else:
            edge_net = float(tape.edge_frac[row]) - rate * float(tape.prob[row]) * (odds - 1.0)
            kelly = edge_net / ((odds - 1.0) * (1.0 - rate))
            if config.staking is Staking.KELLY_COLUMN:
                kelly = float(tape.kelly_frac[row])
            wanted = min(config.fraction * kelly, config.stake_cap_frac) * base
        warned = self.drawdown >= config.drawdown_warn_frac
        return wanted * float(tape.stake_weight[row]) * (config.drawdown_warn_factor if warned else 1.0)

    def rooms(self, row: int) -> tuple[dict[Reason, float], dict[Reason, float]]:
        """What each cap leaves, in the order in which ties go: those of one bet, those that legs share."""
        config, tape, equity = self.config, self.tape, self.equity
        own = {Reason.CAP_BET: config.bet_cap_frac * equity, Reason.SIZE: float(tape.size_minor[row])}
        on_event = self.open_on_event[int(tape.event[row])]
        on_competition = self.open_on_competition[int(tape.competition[row])]
        shared = {
            Reason.CAP_EVENT: config.event_cap_frac * equity - on_event,
            Reason.CAP_COMPETITION: config.competition_cap_frac * equity - on_competition,
            Reason.CAP_DAY: config.day_cap_frac * self.day_start - self.staked_today,
            Reason.CAP_OPEN: config.open_cap_frac * equity - self.open,
            Reason.CASH: self.cash,
        }
        return own, shared

    def single(self, wanted: dict[int, float]) -> tuple[dict[int, float], Reason]:
        """The least of the rule and all caps, and which it was."""
        ((row, stake),) = wanted.items()
        own, shared = self.rooms(row)
        cause = Reason.STAKE_MINIMUM
        for reason, room in sorted({**own, **shared}.items()):
            if room < stake:
                stake, cause = room, reason
        return {row: stake}, cause

    def grouped(self, wanted: dict[int, float]) -> tuple[dict[int, float], Reason]:
        """All legs scaled by the tightest cap: of a leg against its own, of all together against the shared ones."""
        total = 0.0
        for stake in wanted.values():
            total += stake
        tests = []
        for row, stake in wanted.items():
            own, _ = self.rooms(row)
            tests += [(reason, room, stake) for reason, room in own.items()]
        _, shared = self.rooms(next(iter(wanted)))
        tests += [(reason, room, total) for reason, room in shared.items()]
        scale, cause = 1.0, Reason.STAKE_MINIMUM
        for reason, room, stake in sorted(tests, key=lambda test: test[0]):
            if stake > 0 and room < stake * scale:
                scale, cause = room / stake, reason
        return {row: stake * scale for row, stake in wanted.items()}, cause

    def whole(self, row: int, stake: float) -> tuple[float, float]:
        """Whole increments; a lay's backer stake in whole increments, and the liability that it makes."""
        step = self.config.stake_increment_minor
        stake = math.floor(stake / step) * step
        if not self.tape.is_lay[row]:
            return stake, 0.0
        price = self.venue_odds(row) - 1.0
        backer = math.floor(stake / price / step) * step
        return float(round(backer * price)), backer

    def too_small(self, row: int, stake: float) -> bool:
        """Whether a stake, in whole increments, is below the minimum; without a backer's stake a lay's is 0."""
        if not stake > 0:
            return True
        whole, _ = self.whole(row, stake)
        return whole < self.config.stake_min_minor

    def rejected(self, row: int) -> bool:
        """Whether the venue rejects: a draw keyed by (seed, id)."""
        return _uniform(self.seed, int(self.tape.id[row]), 1) < self.config.rejection_frac

    def place(self, row: int, stake: float, backer: float) -> None:
        """Lock the stake until the bet settles."""
        tape = self.tape
        self.reasons[row] = Reason.PLACED
        self.bets[row] = Bet(row, stake, backer, self.equity)
        self.cash -= stake
        self.open += stake
        self.staked_today += stake
        self.turnover += stake
        self.open_on_event[int(tape.event[row])] += stake
        self.open_on_competition[int(tape.competition[row])] += stake
        self.bets_open_on_market[int(tape.market[row])] += 1
        self.questions_bet.add(int(tape.question[row]))
        close_prob = float(tape.close_prob[row])
        if not math.isnan(close_prob):
            odds = self.venue_odds(row)
            taken = odds / (odds - 1.0) if tape.is_lay[row] else odds
            self.clv_sum += taken * close_prob - 1.0
            self.clv_n += 1

    # ------------------------------------------------------------------------------------------------ prices, measures

    def venue_odds(self, row: int) -> float:
        """The venue's odds the bet is placed at: slippage takes from a back bet's win and adds to a lay's."""
        slippage = self.config.slippage_frac
        keeps = 1.0 + slippage if self.tape.is_lay[row] else 1.0 - slippage
        return 1.0 + (float(self.tape.quoted[row]) - 1.0) * keeps

    def commission_rate(self, row: int) -> float:
        """The bookmaker's rate times the factor of the configuration."""
        return float(self.tape.commission_rate[row]) * self.config.commission_factor

    def measures(self) -> dict[str, float]:
        """The measures by their names in `engine.result`, NaN where there is no value."""
        pnl = self.equity - self.config.bankroll_minor
        counts = {f"reason_{name}": 0.0 for name in REASONS}
        for reason in self.reasons.values():
            counts[f"reason_{reason.name.lower()}"] += 1
        return {
            "n_opportunities": len(self.tape),
            "n_bets": len(self.bets),
            "n_won": self.n_won,
            "n_void": self.n_void,
            "n_open": len(self.bets) - self.n_settled,
            "turnover_minor": self.turnover,
            "pnl_minor": pnl,
            "yield": pnl / self.turnover if self.turnover else math.nan,
            "roi": pnl / self.config.bankroll_minor,
            "bankroll_final_minor": self.equity,
            "max_drawdown_frac": self.max_drawdown,
            "clv_mean": self.clv_sum / self.clv_n if self.clv_n else math.nan,
            "clv_n": self.clv_n,
            "longest_losing_streak": self.longest,
            "commission_minor": self.commission,
            "n_streak_warnings": self.warnings,
            **counts,
        }


def _later(instant: int, span_ns: float) -> int:
    """The instant `span_ns` later, or the end of time."""
    return int(NEVER) if span_ns >= float(int(NEVER) - instant) else instant + int(span_ns)


def _uniform(seed: int, identity: int, purpose: int) -> float:
    """A number in [0, 1) from three integers: SplitMix64's finaliser, folded (Steele, Lea & Flood 2014)."""
    mask, bits = 2**64 - 1, 0
    for number in (seed, identity, purpose):
        bits = ((bits ^ (number & mask)) + 0x9E3779B97F4A7C15) & mask
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & mask
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & mask
        bits ^= bits >> 31
    return (bits >> 11) / 2**53
