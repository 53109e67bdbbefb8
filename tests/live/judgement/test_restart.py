"""An account is a fold of its entries, and a day that is cut at any commit ends as the undisturbed one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pytest

from engine.live.feeds.market import Moment
from engine.live.feeds.replay import Replay
from engine.live.judgement.account import Account
from engine.live.ledger.entries import Entry, Kind, Recorded
from tests.parity.drive import Driver, Memory, Outcome
from tests.parity.scenarios import Scenario, busy_scenarios, exchange_scenarios
from tests.parity.worlds import World, exchange, sample

SCENARIOS = {**busy_scenarios(), **exchange_scenarios()}
NAMES = ("flat_all_busy", "lays_late", "lays_wallets", "arbitrage_busy")


@lru_cache
def world(name: str) -> World:
    return exchange(sample().first(25), 4) if name.startswith("lays") else sample().first(60)


@lru_cache
def undisturbed(name: str) -> tuple[Scenario, Driver, Outcome]:
    scenario = SCENARIOS[name]
    driver = scenario.driver(scenario.tape(world(name)))
    return scenario, driver, driver.run(Replay(world(name).events, scenario.visible(world(name))))


@dataclass
class Kept(Memory):
    """A ledger that an earlier process left: a key that is there already is not written again."""

    keys: set[str] = field(default_factory=set)

    def load(self, entries: Sequence[Recorded]) -> None:
        for recorded in entries:
            self.entries.append(recorded)
            self.keys.add(recorded.entry.key)
            self.account.apply(recorded)

    def write(self, entries: Sequence[Entry]) -> None:
        super().write([entry for entry in entries if entry.key not in self.keys])


class Restarted(Driver):
    """A runner that starts with entries of an earlier process."""

    def load(self, entries: Sequence[Recorded]) -> None:
        self.account = self.judge.account = Account(self.rules)
        self.settler._account = self.account
        self.memory = Kept(self.account)
        self.memory.load(entries)
        self.done_ns = self.account.instant_ns

    def moment(self, moment: Moment) -> None:
        if moment.instant_ns >= self.done_ns:
            super().moment(moment)
            return
        for result in moment.results:
            self.settler.take(result)


def plain(entries: Sequence[Recorded]) -> list[tuple[object, ...]]:
    return [(e.entry.kind, e.entry.key, e.entry.at_ns, e.entry.money, e.body_text) for e in entries]


@pytest.mark.parametrize("name", NAMES)
def test_folding_the_entries_again_gives_the_same_bits(name: str) -> None:
    scenario, driver, outcome = undisturbed(name)
    again = Account(scenario.rules())
    for recorded in outcome.entries:
        again.apply(recorded)
    again.close_at(driver.account.instant_ns)
    driver.account.close_at(driver.account.instant_ns)
    assert again.cells.tobytes() == driver.account.cells.tobytes()
    assert again.ends.tobytes() == driver.account.ends.tobytes()
    assert again.at_risk == driver.account.at_risk
    for bookmaker in driver.account.positions._ids["bookmaker"]:
        assert again.wallet_minor(bookmaker) == driver.account.wallet_minor(bookmaker)


@pytest.mark.parametrize("name", NAMES)
def test_a_day_that_is_cut_at_any_commit_ends_as_the_undisturbed_one(name: str) -> None:
    scenario, driver, outcome = undisturbed(name)
    commits = np.array(driver.memory.commits)
    few = np.random.default_rng(1).choice(commits[commits >= len(driver.account.positions._ids["bookmaker"])], 6)
    placed = [at for at in commits if at < len(outcome.entries) and outcome.entries[at].entry.kind is Kind.PLACED]
    for cut in sorted({*few.tolist(), *placed[:4]}):
        again = Restarted(driver.rules, driver.strategy, scenario.watch(), (), driver.filled)
        again.load(outcome.entries[:cut])
        found = again.run(Replay(world(name).events, scenario.visible(world(name))))
        assert plain(found.entries) == plain(outcome.entries), f"cut at entry {cut}"


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_adds_up_and_no_key_comes_twice(name: str) -> None:
    _, driver, outcome = undisturbed(name)
    keys = [recorded.entry.key for recorded in outcome.entries]
    assert len(set(keys)) == len(keys)
    cash = sum(recorded.entry.money.cash for recorded in outcome.entries)
    open_minor = sum(recorded.entry.money.reserved + recorded.entry.money.stakes for recorded in outcome.entries)
    assert (cash, open_minor) == (driver.account.cash_minor, driver.account.open_minor)
    assert cash == sum(driver.account.wallet_minor(name) for name in driver.account.positions._ids["bookmaker"]) or (
        not driver.rules.configuration.wallets
    )
