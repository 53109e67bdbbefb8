"""A runner in a few lines: a feed, the market, the judge and the settler over a ledger in memory.

The venue answers by the compiled answer of a venue on paper at the prices on arrival of the backtest's tape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.backtesting.columns import columns_of
from engine.backtesting.run import walk_one, work_for
from engine.kernel import account as acc
from engine.kernel.answer import answer_order
from engine.kernel.codes import REASONS
from engine.kernel.decide import PENDING
from engine.kernel.record import Row
from engine.live.feed import Feed, Mark
from engine.live.feeds.market import Market, Moment, Watch
from engine.live.judgement.account import Account
from engine.live.judgement.judge import Judge, Leg
from engine.live.judgement.rules import Rules, opening_deposits
from engine.live.judgement.settlement import Settler
from engine.live.ledger.entries import Entry, Kind, Money, Recorded
from engine.strategy import Strategy
from engine.tape import Tape
from tests.live.ledger.entries import recorded

Decision = tuple[int, str, int]


@dataclass
class Memory:
    """A ledger in memory that tells one account."""

    account: Account
    entries: list[Recorded] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)

    def write(self, entries: Sequence[Entry]) -> None:
        """Append entries in one transaction."""
        self.commits.append(len(self.entries))
        for entry in entries:
            self.entries.append(recorded(entry, len(self.entries) + 1))
            self.account.apply(self.entries[-1])


@dataclass(frozen=True)
class Outcome:
    """What a run gave: decisions in order as (id, reason, stake), P&L by bet, equity at the end, the entries."""

    decisions: list[Decision]
    pnl: dict[int, int]
    equity: int
    entries: list[Recorded]

    def on_tape(self) -> Outcome:
        """Without the decisions on rows that no tape has."""
        kept = [decision for decision in self.decisions if decision[1] not in ("settled", "worthless")]
        return Outcome(kept, self.pnl, self.equity, self.entries)


def by_walk(tape: Tape, rules: Rules) -> Outcome:
    """The outcome of the walk along a tape."""
    work = work_for(tape)
    walk_one(columns_of(tape), work, rules.params, rules.seed, rules.rule)
    stakes = np.where(work.reason == REASONS.index("placed"), work.stake, 0.0)
    decisions = [(int(tape.id[i]), REASONS[work.reason[i]], int(stakes[i])) for i in range(len(tape))]
    settled = (work.reason == REASONS.index("placed")) & (tape.settled_at < np.iinfo(np.int64).max)
    pnl = {int(tape.id[i]): int(work.pnl[i]) for i in np.flatnonzero(settled)}
    return Outcome(decisions, pnl, int(work.account[acc.CASH] + work.account[acc.OPEN]), [])


class Driver:
    """Runs one promotion over a feed.

    Parameters
    ----------
    rules : Rules
    strategy : Strategy
    watch : Watch
    bookmakers : sequence of str
        In the order of the tape, for wallets.
    filled : mapping of int to float
        Odds on arrival by opportunity; the quoted ones where it has none.
    """

    def __init__(
        self, rules: Rules, strategy: Strategy, watch: Watch, bookmakers: Sequence[str], filled: dict[int, float]
    ) -> None:
        self.rules, self.strategy, self.filled = rules, strategy, filled
        self.account = Account(rules)
        self.memory = Memory(self.account)
        self.market = Market(watch, rules.decide_at, rules.zone)
        self.judge = Judge(rules, self.account, self.market)
        self.settler = Settler(rules, self.account)
        self.on_proposal: Callable[[], None] = lambda: None
        for deposit in opening_deposits(rules, bookmakers):
            self.memory.write([deposit])

    def run(self, feed: Feed) -> Outcome:
        """All messages of a feed, one at a time."""
        while (messages := feed.poll(0)) is not None:
            for message in messages:
                if not isinstance(message, Mark):
                    self.market.receive(message)
                    continue
                for moment in self.market.advance(message.known_at_ns):
                    self.moment(moment)
        return self.outcome()

    def moment(self, moment: Moment) -> None:
        """One instant: results, the close, the day roll, decisions."""
        for result in moment.results:
            self.settler.take(result)
        if moment.results:
            events = [int(result.values["event_id"]) for result in moment.results]
            self.memory.write(self.settler.entries(moment.instant_ns, events))
        if moment.is_midnight:
            key = f"rolled:{moment.instant_ns}"
            self.memory.write([Entry(Kind.ROLLED, key, moment.instant_ns)])
        if moment.view is None:
            return
        opportunities = self.strategy.opportunities(moment.view)
        if opportunities.is_empty():
            return
        sitting = self.judge.sit(moment.instant_ns, opportunities)
        while (proposal := sitting.next()) is not None:
            self.on_proposal()
            self.memory.write([intended(leg, moment.instant_ns) for leg in proposal.legs])
            self.memory.write(self.answers(proposal.legs, moment.instant_ns))
        self.memory.write([sitting.entry()])

    def answers(self, legs: Sequence[Leg], at_ns: int) -> list[Entry]:
        """The venue's answers; of a group all or none."""
        answers = [self.answer(leg) for leg in legs]
        fails = any(reason != PENDING for reason, *_ in answers)
        entries = []
        for leg, (reason, stake, backer, odds) in zip(legs, answers, strict=True):
            if reason != PENDING or (fails and len(legs) > 1):
                word = "group" if reason == PENDING else REASONS[reason]
                entries.append(rejected(leg, word, self.filled.get(leg.order.opportunity_id), at_ns))
            else:
                entries.append(placed(leg, int(stake), int(backer), odds, at_ns))
        return entries

    def answer(self, leg: Leg) -> tuple[int, float, float, float]:
        """The answer to one order."""
        order, venue = leg.order, self.rules.venue(leg.order.bookmaker, leg.order.market)
        row = Row(
            quoted=order.odds,
            filled=self.filled.get(order.opportunity_id, order.odds),
            odds=order.odds,
            is_lay=int(order.side == "lay"),
            ladder=int(venue.ladder),
            prob=0.0,
            edge_frac=0.0,
            kelly_frac=0.0,
            stake_weight=1.0,
            size_minor=np.inf,
            stake_min_minor=float(venue.stake_min_minor),
            commission=0.0,
        )
        return answer_order(row, float(order.stake_minor), self.rules.params, order.opportunity_id, self.rules.seed)

    def outcome(self) -> Outcome:
        """What happened so far."""
        return outcome_of(self.memory.entries, self.account.equity_minor)


def outcome_of(entries: list[Recorded], equity: int) -> Outcome:
    """The outcome that entries tell."""
    decisions, pnl, ids = list[Decision](), dict[int, int](), dict[str, int]()
    for one in entries:
        entry = one.entry
        if entry.kind is Kind.DECIDED:
            decisions += [(d["id"], d["reason"], d["stake_minor"]) for d in entry.body["decisions"]]
        elif entry.kind is Kind.INTENDED:
            ids[entry.intent] = entry.body["opportunity_id"]
        elif entry.kind in (Kind.SETTLED, Kind.VOID):
            pnl[ids[entry.intent]] = entry.body["pnl_minor"]
    return Outcome(decisions, pnl, equity, entries)


def of_bet(kind: Kind, leg: Leg, at_ns: int, money: Money, body: dict[str, Any]) -> Entry:
    """An entry of a bet."""
    order, key = leg.order, f"{kind}:{leg.order.key}"
    return Entry(kind, key, at_ns, intent=order.key, bookmaker=order.bookmaker, money=money, body=body)


def intended(leg: Leg, at_ns: int) -> Entry:
    """The entry of an intent."""
    money = Money(cash=-leg.order.stake_minor, reserved=leg.order.stake_minor)
    return of_bet(Kind.INTENDED, leg, at_ns, money, {**vars(leg.order), **leg.facts})


def rejected(leg: Leg, reason: str, filled: float | None, at_ns: int) -> Entry:
    """The entry of a refusal."""
    money = Money(cash=leg.order.stake_minor, reserved=-leg.order.stake_minor)
    seen = None if filled is None or np.isnan(filled) else filled
    return of_bet(Kind.REJECTED, leg, at_ns, money, {"reason": reason, "proof": [], "raw": {"filled": seen}})


def placed(leg: Leg, stake: int, backer: int, odds: float, at_ns: int) -> Entry:
    """The entry of a bet that is matched in full, or cut by the rounding of a lay."""
    order = leg.order
    money = Money(cash=order.stake_minor - stake, reserved=-order.stake_minor, stakes=stake)
    body = {"odds": odds, "matched_minor": stake, "backer_minor": backer, "open_minor": 0, "raw": {}}
    return of_bet(Kind.PLACED, leg, at_ns, money, body)
