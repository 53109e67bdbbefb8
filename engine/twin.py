"""The interpreted twin: the rules of time and money in plain Python, written to be read.

It is the specification in code. It shares no rule with the kernel, follows one configuration over the same tape, and
must give the same bits. Where a rule is hard to see in the kernel, read it here.
"""

from __future__ import annotations

import bisect
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
        books = sorted({int(book) for book in self.tape.bookmaker})
        part, over = divmod(int(self.cash), max(len(books), 1))
        self.wallets = {book: float(part + (place < over)) for place, book in enumerate(books)}
        self.won_since = dict.fromkeys(books, 0.0)
        self.limit_factor = dict.fromkeys(books, 1.0)
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
            self.into_wallet(row, bet.stake + bet.pnl)
            self.count_winnings(int(self.tape.bookmaker[row]), bet.pnl)
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
            charge = min(float(round(self.commission_rate(row) * net)), self.cash_for(row))
            self.cash -= charge
            self.into_wallet(row, -charge)
            self.commission += charge
            self.pnl_of_market[market] = 0.0

    def profit(self, bet: Bet) -> float:
        """round(stake * payoff); a lay wins the backer's stake and loses the liability. Winnings are taxed."""
        tape, row = self.tape, bet.row
        state, share = State(int(tape.state[row])), float(tape.dead_heat_share[row])
        if state is State.VOID:
            return 0.0
        odds = self.venue_odds(row)
        left = self.after_removals(row, odds)
        hedge = self.hedge_odds(row) if state is State.CASHED else math.nan
        kept = 1.0 - float(tape.tax_winnings_frac[row])
        if not tape.is_lay[row]:
            payoff = self.back_payoff(row, left, hedge)
            return float(round(bet.stake * (payoff * kept if payoff > 0 else payoff)))
        liability = float(round(bet.backer * (left - 1.0)))
        pnl = {
            State.WIN: bet.backer,
            State.HALF_WIN: bet.backer * 0.5,
            State.HALF_LOSE: liability * -0.5,
            State.LOSE: -liability,
            State.DEAD_HEAT: -float(round(bet.backer * (share * left - 1.0))),
            State.CASHED: bet.backer * (1.0 - odds / hedge),
        }[state]
        return float(round(pnl * kept if pnl > 0 else pnl))

    def back_payoff(self, row: int, odds: float, hedge: float) -> float:
        """P&L of one unit, before the tax on winnings; `odds` after the removal of runners."""
        tape = self.tape
        bet_frac = 1.0 - float(tape.tax_stake_frac[row])  # the rest of the stake is tax
        each_way, share = float(tape.each_way_frac[row]), float(tape.dead_heat_share[row])
        win = odds * bet_frac - 1.0
        place = (1.0 + (odds - 1.0) * each_way) * bet_frac - 1.0
        return {
            State.WIN: 0.5 * win + 0.5 * place if each_way else win,
            State.PLACE: 0.5 * place - 0.5,
            State.HALF_WIN: win / 2.0,
            State.HALF_LOSE: -0.5,
            State.LOSE: -1.0,
            State.DEAD_HEAT: share * (odds * bet_frac) - 1.0,
            State.CASHED: odds * bet_frac / hedge - 1.0,
        }[State(int(tape.state[row]))]

    def cash_for(self, row: int) -> float:
        """Cash that a bet of this row can take: the pool's, or that of its bookmaker's wallet."""
        return self.wallets[int(self.tape.bookmaker[row])] if self.config.wallets else self.cash

    def into_wallet(self, row: int, amount: float) -> None:
        """Money that comes from a bookmaker, or goes to it."""
        self.wallets[int(self.tape.bookmaker[row])] += amount

    def count_winnings(self, book: int, pnl: float) -> None:
        """A bookmaker cuts its limits whenever it has lost enough to us since the last cut."""
        self.won_since[book] += pnl
        if self.won_since[book] >= self.config.limiting_profit_minor:
            self.limit_factor[book] *= self.config.limiting_factor
            self.won_since[book] = 0.0

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
            if self.tape.group[legs[0]] < 0 and self.filled_too_little(legs[0], sized[legs[0]], cause, wanted):
                refused[legs[0]] = Reason.SIZE
                sized = {}
            for row in sized:
                if self.too_small(row, sized[row]):
                    by_rule = self.too_small(row, wanted[row])
                    refused[row] = Reason.STAKE_MINIMUM if by_rule else cause
                else:
                    stakes[row] = self.whole(row, sized[row])
        if not refused:
            refused = {row: answer for row in legs if (answer := self.answer(row)) is not None}
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
        size = float(tape.size_minor[row]) * self.limit_factor[int(tape.bookmaker[row])]
        own = {Reason.CAP_BET: config.bet_cap_frac * equity, Reason.SIZE: size}
        on_event = self.open_on_event[int(tape.event[row])]
        on_competition = self.open_on_competition[int(tape.competition[row])]
        shared = {
            Reason.CAP_EVENT: config.event_cap_frac * equity - on_event,
            Reason.CAP_COMPETITION: config.competition_cap_frac * equity - on_competition,
            Reason.CAP_DAY: config.day_cap_frac * self.day_start - self.staked_today,
            Reason.CAP_OPEN: config.open_cap_frac * equity - self.open,
            Reason.CASH: self.cash_for(row),
        }
        return own, shared

    def filled_too_little(self, row: int, stake: float, cause: Reason, wanted: dict[int, float]) -> bool:
        """Whether the price takes less of a single bet than the asked part of what all other limits leave."""
        if cause is not Reason.SIZE or self.config.fill_min_frac == 0.0:
            return False
        own, shared = self.rooms(row)
        asked = min(wanted[row], own[Reason.CAP_BET], *shared.values())
        return stake < self.config.fill_min_frac * asked

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
        cash = shared.pop(Reason.CASH)
        tests += [(reason, room, total) for reason, room in shared.items()]
        if self.config.wallets:
            for row in wanted:
                book = self.tape.bookmaker[row]
                there = [stake for leg, stake in wanted.items() if self.tape.bookmaker[leg] == book]
                tests.append((Reason.CASH, self.cash_for(row), sum(there)))
        else:
            tests.append((Reason.CASH, cash, total))
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
        quoted, filled = float(self.tape.quoted[row]), float(self.tape.filled[row])
        price = self.slipped(row, filled if filled > quoted else quoted) - 1.0
        backer = math.floor(stake / price / step) * step
        return float(round(backer * price)), backer

    def too_small(self, row: int, stake: float) -> bool:
        """Whether a stake, in whole increments, is below a minimum; without a backer's stake a lay's is 0."""
        if not stake > 0:
            return True
        whole, backer = self.whole(row, stake)
        at_venue = backer if self.tape.is_lay[row] else whole
        return whole < self.config.stake_min_minor or at_venue < self.tape.stake_min_minor[row]

    def answer(self, row: int) -> Reason | None:
        """What the venue says to the order: the price got too much worse, or a refusal drawn by (seed, id)."""
        quoted, filled, tolerance = self.tape.quoted[row], self.tape.filled[row], self.config.price_tolerance_frac
        is_lay = self.tape.is_lay[row]
        stands = filled <= quoted * (1.0 + tolerance) if is_lay else filled >= quoted * (1.0 - tolerance)
        if not stands:
            return Reason.PRICE_MOVED
        draw = _uniform(self.seed, int(self.tape.id[row]), 1)
        return Reason.REJECTED if draw < self.config.rejection_frac else None

    def place(self, row: int, stake: float, backer: float) -> None:
        """Lock the stake until the bet settles."""
        tape = self.tape
        self.reasons[row] = Reason.PLACED
        self.bets[row] = Bet(row, stake, backer, self.equity)
        self.cash -= stake
        self.into_wallet(row, -stake)
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
        """The venue's odds the bet is placed at: those that are there when the order arrives, less slippage."""
        return self.slipped(row, float(self.tape.filled[row]))

    def slipped(self, row: int, odds: float, *, closes: bool = False) -> float:
        """Slippage takes from a back bet's win and adds to a lay's; a venue with a ladder knows its prices alone."""
        is_lay = bool(self.tape.is_lay[row]) is not closes
        keeps = 1.0 + self.config.slippage_frac if is_lay else 1.0 - self.config.slippage_frac
        odds = 1.0 + (odds - 1.0) * keeps
        if not self.tape.ladder[row] or math.isnan(odds):
            return odds
        place = bisect.bisect_left(_LADDER, odds - 1e-9) if is_lay else bisect.bisect_right(_LADDER, odds + 1e-9) - 1
        return _LADDER[min(max(place, 0), len(_LADDER) - 1)]

    def hedge_odds(self, row: int) -> float:
        """The venue's odds of the bet on the other side that closes this one."""
        return self.slipped(row, float(self.tape.exit_odds[row]), closes=True)

    def after_removals(self, row: int, odds: float) -> float:
        """Odds less the reduction factor of removed runners (2.5 % or more), to two decimals, 1.01 at least."""
        factor = float(self.tape.reduction_frac[row])
        return odds if factor < 0.025 else max(1.01, round(odds * (1.0 - factor) * 100.0) / 100.0)

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


def _ladder() -> list[float]:
    """The 350 prices of Betfair."""
    steps = {200: 1, 300: 2, 400: 5, 600: 10, 1000: 20, 2000: 50, 3000: 100, 5000: 200, 10_000: 500, 100_000: 1000}
    prices, hundredths = [], 100
    for end, step in steps.items():
        while hundredths < end:
            hundredths += step
            prices.append(hundredths / 100.0)
    return prices


_LADDER = _ladder()


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
