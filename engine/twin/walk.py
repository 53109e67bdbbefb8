"""The walk of the interpreted twin: every instant in order, and every decision, in plain Python."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from types import SimpleNamespace

from engine.kernel.codes import REASONS, Reason, Staking
from engine.kernel.record import AccountState, Row
from engine.tape import NEVER
from engine.twin.account import Account, Bet
from engine.twin.arithmetic import allowance, backer_stake, down_to_steps, kelly_stake, stake_for_profit, uniform


@dataclass
class Twin(Account):
    """One configuration on its way along a tape: call `walk`, then read `reasons`, `bets` and `measures`."""

    def walk(self) -> Twin:
        """Visit every instant at which something may happen, in order."""
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

    def decide(self, rows: list[int]) -> None:
        """All decisions of one instant, in the order of the tape. They see the same equity."""
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
        """One bet, or the legs of a group: all or none is placed."""
        refused = {row: reason for row in legs if (reason := self.refusal(row)) is not None}
        stakes: dict[int, tuple[float, float]] = {}
        if not refused:
            wanted = {row: self.wanted(row, base) for row in legs}
            sized, limit = self.single(wanted) if self.tape.group[legs[0]] < 0 else self.grouped(wanted)
            if self.tape.group[legs[0]] < 0 and self.fill_too_small(legs[0], sized[legs[0]], limit, wanted):
                refused[legs[0]] = Reason.SIZE
                sized = {}
            elif self.tape.group[legs[0]] < 0 and (left := self.left_of_offer(legs[0])) < sized[legs[0]]:
                if self.cut_too_small(left, sized[legs[0]]):
                    refused[legs[0]] = Reason.SIZE
                sized, limit = {} if refused else {legs[0]: left}, Reason.SIZE
            for row in sized:
                if self.too_small(row, sized[row]):
                    by_rule = self.too_small(row, wanted[row])
                    refused[row] = Reason.STAKE_MINIMUM if by_rule else limit
                else:
                    stakes[row] = self.rounded(row, sized[row])
        if not refused and self.tape.group[legs[0]] >= 0:  # a leg that is cut would leave the others uncovered
            step = self.config.stake_increment_minor
            refused = {row: Reason.SIZE for row in legs if self.left_of_offer(row) < down_to_steps(sized[row], step)}
        if not refused:
            refused = {row: answer for row in legs if (answer := self.answer(row)) is not None}
        for row in legs:
            if refused:
                self.reasons[row] = refused.get(row, Reason.GROUP)
            else:
                self.place(row, *stakes[row])

    def refusal(self, row: int) -> Reason | None:
        """The first check before the stake that fails."""
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
        """The stake that the staking rule asks for."""
        tape, config = self.tape, self.config
        odds, rate = float(tape.odds[row]), self.commission_rate(row)
        if config.staking is Staking.FLAT:
            wanted = config.amount_minor
        elif config.staking is Staking.PERCENT:
            wanted = config.fraction * base
        elif config.staking is Staking.TARGET:
            quoted = float(tape.quoted[row]) if tape.is_lay[row] else math.nan
            wanted = stake_for_profit(config.amount_minor, odds, quoted)
        elif config.staking is Staking.OWN:
            wanted = self.custom_stake(row, base)
        else:
            prob = float(tape.prob[row])
            kelly = (float(tape.edge_frac[row]) - rate * prob * (odds - 1.0)) / ((odds - 1.0) * (1.0 - rate))
            if config.staking is Staking.KELLY_COLUMN:
                kelly = float(tape.kelly_frac[row])
            part = config.fraction * (prob * odds / ((odds - 1.0) * (1.0 - rate))) * base
            wanted = kelly_stake(min(config.fraction * kelly, config.stake_cap_frac) * base, part)
        warned = self.drawdown >= config.drawdown_warn_frac
        return wanted * float(tape.stake_weight[row]) * (config.drawdown_warn_factor if warned else 1.0)

    def custom_stake(self, row: int, base: float) -> float:
        """The stake that the user's rule asks for."""
        assert self.rule is not None
        tape, warned = self.tape, self.drawdown >= self.config.drawdown_warn_frac
        names = (name for name in Row._fields if name != "commission")
        record = SimpleNamespace(**{name: getattr(tape, name)[row] for name in names})
        record.commission = self.commission_rate(row)
        account = AccountState(
            equity=self.equity,
            base=base,
            warn_factor=self.config.drawdown_warn_factor if warned else 1.0,
            limit_factor=self.limit_factor[int(tape.bookmaker[row])],
            cash=self.cash_for(row),
            open=self.open,
            open_on_event=self.open_on_event[int(tape.event[row])],
            open_on_competition=self.open_on_competition[int(tape.competition[row])],
            staked_today=self.staked_today,
            day_start_equity=self.day_start,
        )
        return float(self.rule.function(record, account, self.config))

    def headrooms(self, row: int) -> tuple[dict[Reason, float], dict[Reason, float]]:
        """What each limit leaves: the limits of one bet, and the limits that the legs of a group share."""
        config, tape, equity = self.config, self.tape, self.equity
        size = float(tape.size_minor[row]) * self.limit_factor[int(tape.bookmaker[row])]
        single = {Reason.CAP_BET: allowance(config.bet_cap_frac, equity), Reason.SIZE: size}
        on_event = self.open_on_event[int(tape.event[row])]
        on_competition = self.open_on_competition[int(tape.competition[row])]
        shared = {
            Reason.CAP_EVENT: allowance(config.event_cap_frac, equity) - on_event,
            Reason.CAP_COMPETITION: allowance(config.competition_cap_frac, equity) - on_competition,
            Reason.CAP_DAY: allowance(config.day_cap_frac, self.day_start) - self.staked_today,
            Reason.CAP_OPEN: allowance(config.open_cap_frac, equity) - self.open,
            Reason.CASH: self.cash_for(row),
        }
        return single, shared

    def fill_too_small(self, row: int, stake: float, limit: Reason, wanted: dict[int, float]) -> bool:
        """Whether the price takes less than `fill_min_frac` of the single bet that all other limits allow."""
        if limit is not Reason.SIZE or self.config.fill_min_frac == 0.0:
            return False
        single, shared = self.headrooms(row)
        allowed = min(wanted[row], single[Reason.CAP_BET], *shared.values())
        return stake * (1.0 + 2.0**-51) < self.config.fill_min_frac * allowed

    def left_of_offer(self, row: int) -> float:
        """What the recorded offer that an order meets still takes, at risk; +inf where none is recorded."""
        tape, offer = self.tape, int(self.tape.offer[row])
        if offer < 0:
            return math.inf
        left = max(0.0, float(tape.offer_minor[row]) - self.taken_of_offer[offer])
        if tape.is_lay[row]:
            odds = float(tape.quoted[row])
            at_risk = left * (odds - 1.0)
            left = float(round(at_risk)) if abs(round(at_risk) - at_risk) <= 1e-15 * left * odds else at_risk
        return left * self.limit_factor[int(tape.bookmaker[row])]

    def cut_too_small(self, left: float, stake: float) -> bool:
        """Whether what an offer takes of an order is less than `fill_min_frac` of it."""
        kept, asked = (down_to_steps(amount, self.config.stake_increment_minor) for amount in (left, stake))
        return kept < asked and kept * (1.0 + 2.0**-51) < self.config.fill_min_frac * asked

    def single(self, wanted: dict[int, float]) -> tuple[dict[int, float], Reason]:
        """The largest stake of one bet that rule and limits allow, and the limit that binds (none: STAKE_MINIMUM)."""
        ((row, stake),) = wanted.items()
        single, shared = self.headrooms(row)
        limit = Reason.STAKE_MINIMUM
        for reason, headroom in sorted({**single, **shared}.items()):
            if headroom < stake:
                stake, limit = headroom, reason
        return {row: stake}, limit

    def grouped(self, wanted: dict[int, float]) -> tuple[dict[int, float], Reason]:
        """All legs scaled by the tightest limit: on one leg, or on the sum of the legs. With the limit that binds."""
        total = 0.0
        for stake in wanted.values():
            total += stake
        tests = []
        for row, stake in wanted.items():
            single, _ = self.headrooms(row)
            tests += [(reason, headroom, stake) for reason, headroom in single.items()]
        _, shared = self.headrooms(next(iter(wanted)))
        cash = shared.pop(Reason.CASH)
        tests += [(reason, headroom, total) for reason, headroom in shared.items()]
        if self.config.wallets:
            for row in wanted:
                book = self.tape.bookmaker[row]
                same_book = 0.0
                for leg, stake in wanted.items():  # not `sum`, which is compensated from Python 3.12 on
                    same_book += stake if self.tape.bookmaker[leg] == book else 0.0
                tests.append((Reason.CASH, self.cash_for(row), same_book))
        else:
            tests.append((Reason.CASH, cash, total))
        scale, limit = 1.0, Reason.STAKE_MINIMUM
        for reason, headroom, stake in sorted(tests, key=lambda test: test[0]):
            if stake > 0 and headroom < stake * scale:
                scale, limit = headroom / stake, reason
        return {row: stake * scale for row, stake in wanted.items()}, limit

    def rounded(self, row: int, stake: float) -> tuple[float, float]:
        """The stake rounded down to the increment, and 0; of a lay the liability, and the backer's stake so rounded."""
        step = self.config.stake_increment_minor
        stake = down_to_steps(stake, step)
        if not self.tape.is_lay[row]:
            return stake, 0.0
        quoted, filled = float(self.tape.quoted[row]), float(self.tape.filled[row])
        worst = self.slipped(row, filled if filled > quoted else quoted)
        backer = backer_stake(stake, worst, step)
        return float(round(backer * (worst - 1.0))), backer

    def too_small(self, row: int, stake: float) -> bool:
        """Whether a stake, once rounded, is below a minimum."""
        if not stake > 0:
            return True
        rounded, backer = self.rounded(row, stake)
        at_venue = backer if self.tape.is_lay[row] else rounded
        return rounded < self.config.stake_min_minor or at_venue < self.tape.stake_min_minor[row]

    def answer(self, row: int) -> Reason | None:
        """The answer to the order: the price moved too far, rejected by a draw of (seed, id), or None (accepted)."""
        quoted, filled, tolerance = self.tape.quoted[row], self.tape.filled[row], self.config.price_tolerance_frac
        is_lay = self.tape.is_lay[row]
        if is_lay:  # exactly at the tolerance is acceptable, whatever the last bits
            acceptable = filled * (1.0 - 1e-12) <= quoted * (1.0 + tolerance)
        else:
            acceptable = filled * (1.0 + 1e-12) >= quoted * (1.0 - tolerance)
        if not acceptable:
            return Reason.PRICE_MOVED
        draw = uniform(self.seed, int(self.tape.id[row]), 1)
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
        self.open_in_commission_market[int(tape.market[row])] += 1
        self.questions_bet.add(int(tape.question[row]))
        if tape.offer[row] >= 0:
            self.taken_of_offer[int(tape.offer[row])] += backer if tape.is_lay[row] else stake
        close_prob = float(tape.close_prob[row])
        if not math.isnan(close_prob):
            self.clv_sum += self.back_equivalent(row) * close_prob - 1.0
            self.clv_n += 1

    def measures(self) -> dict[str, float]:
        """The measures by their names in `engine.backtesting.measures`, NaN without a value."""
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
