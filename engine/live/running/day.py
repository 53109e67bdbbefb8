"""One instant of a runner: settlements, commission, the close, the roll of the day, decisions, as in the walk.

What an instant did is on record. An instant that was interrupted is gone through again after a restart: what is there
already is not done twice, and what is missing is done as it would have been.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.live.bets.journal import Journal
from engine.live.breakers.collection import Breakers
from engine.live.breakers.contract import RiskState
from engine.live.crash_points import Probe, no_probe
from engine.live.execution.executor import Executor, Intent
from engine.live.feeds.market import Moment
from engine.live.judgement.account import Account
from engine.live.judgement.judge import Judge, Proposal, Sitting
from engine.live.judgement.settlement import Settler
from engine.live.ledger.entries import Entry, Kind
from engine.live.running.latency import LatencyMeter
from engine.live.running.progress import Progress
from engine.logs.setup import correlated, logger
from engine.strategy import Strategy, as_offered

_LOG = logger(__name__)


@dataclass(frozen=True)
class Room:
    """The parts that act at an instant; each of them follows the journal.

    Attributes
    ----------
    journal, account, progress, breakers
        Observers of the journal, and the journal itself.
    judge, settler, executor, strategy
        They decide, settle and send.
    meter : LatencyMeter
    """

    journal: Journal
    account: Account
    progress: Progress
    breakers: Breakers
    judge: Judge
    settler: Settler
    executor: Executor
    strategy: Strategy
    meter: LatencyMeter


class Day:
    """Goes through instants.

    Parameters
    ----------
    room : Room
    done_ns : int
        The last instant that the ledger knows of: earlier ones are done with, this one may have been interrupted.
    probe : Probe
    """

    def __init__(self, room: Room, done_ns: int, probe: Probe = no_probe) -> None:
        self._room, self._done_ns, self._probe = room, done_ns, probe

    def go_through(self, moment: Moment) -> None:
        """Everything that an instant asks for.

        Raises
        ------
        LedgerError
            The process must end; its next start goes on at this instant.
        TapeError
            The strategy broke its contract.
        """
        room, at_ns = self._room, moment.instant_ns
        for result in moment.results:
            room.settler.take(result)
        if at_ns < self._done_ns:
            return
        events = [int(result.values["event_id"]) for result in moment.results]
        settled = self.settle(at_ns, events)
        if settled or moment.is_midnight or moment.view is not None or at_ns == self._done_ns:
            room.account.close_at(at_ns)
            self._roll(moment)
            self.watch(at_ns)
        self._decide(moment)

    def settle(self, at_ns: int, events: list[int]) -> bool:
        """Settle what can be settled of some events; whether anything was."""
        entries = self._room.settler.entries(at_ns, events) if events else []
        if not entries:
            return False
        self._probe("settlement.before_commit")
        self._room.journal.write(entries)
        self._probe("settlement.after_commit")
        for entry in entries:
            if entry.intent:
                with correlated(entry.intent[:16]):
                    _LOG.info(entry.kind.value, pnl_minor=entry.body.get("pnl_minor"), state=entry.body.get("state"))
        return True

    def watch(self, at_ns: int) -> None:
        """Write trips of breakers, their ends, and the closing lines of settled bets."""
        room = self._room
        entries = room.breakers.check(at_ns, RiskState.of(room.account.cells, room.account.rules.params))
        if entries:
            room.journal.write(entries)
            for entry in (one for one in entries if one.kind is not Kind.CLOSED):
                _LOG.warning(entry.kind.value, **{k: v for k, v in entry.body.items() if k != "event"})

    def _roll(self, moment: Moment) -> None:
        if not moment.is_midnight or moment.instant_ns <= self._room.progress.rolled_ns:
            return
        self._probe("day.before_roll")
        self._room.journal.write([Entry(Kind.ROLLED, f"rolled:{moment.instant_ns}", moment.instant_ns)])
        self._probe("day.after_roll")

    def _decide(self, moment: Moment) -> None:
        room, at_ns = self._room, moment.instant_ns
        if moment.view is None or at_ns <= room.progress.decided_ns:
            return
        offered = as_offered(room.strategy.opportunities(moment.view), moment.view)
        if offered.is_empty():
            return
        sitting = room.judge.sit(at_ns, offered)
        while (proposal := sitting.next()) is not None:
            self._place(sitting, proposal)
            room.meter.begin()
        entry = sitting.entry()
        if entry.body["decisions"]:
            self._probe("decisions.before_commit")
            room.journal.write([entry])
            self._probe("decisions.after_commit")

    def _place(self, sitting: Sitting, proposal: Proposal) -> None:
        """Ask the breakers, then send; a bet that may not be made is refused with its reason."""
        executor = self._room.executor
        with correlated(proposal.legs[0].order.key[:16]):
            for leg in proposal.legs:
                order = leg.order
                _LOG.debug(
                    "proposed", event_id=order.event_id, market=order.market, selection=order.selection,
                    odds=order.odds, stake_minor=order.stake_minor, quote_known_at_ns=leg.facts["quote_known_at_ns"],
                )  # fmt: skip
                if reason := executor.refuse(order, leg.facts):
                    _LOG.info("refused", reason=reason)
                    sitting.refuse(reason)
                    return
            for bet in executor.submit([Intent(leg.order, leg.facts) for leg in proposal.legs]):
                _LOG.info(bet.state.value, key=bet.key, odds=bet.order.odds, stake_minor=bet.order.stake_minor)
