"""A session on paper over the fake service bets what a backtest of its kept answers bets, to the cent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.clock import HOUR_NS, SECOND_NS
from engine.configuration import Configuration
from engine.kernel.codes import Staking
from engine.live.breakers.settings import BreakerSettings
from engine.live.feed import Feed, Message
from engine.live.judgement.rules import opening_deposits
from engine.live.judgement.warm import warm
from engine.live.running.assembly import Knobs, Plan, assemble
from engine.live.running.runner import RunnerSettings
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ObservedPrices
from engine.source.read import read_files
from engine.store import Store
from research.strategies.flat_all import FlatAll
from tests.live.adapters.the_odds_api.service import START_NS, Service, opened, serving
from tests.odds_server.world import Game, iso
from tests.parity.drive import Outcome, by_walk, outcome_of
from tests.parity.full import in_memory
from tests.parity.scenarios import Scenario
from tests.parity.worlds import of_store

MINUTE_NS = 60 * SECOND_NS
END_NS = START_NS + 7 * HOUR_NS
DAY = [
    Game("a" * 32, "soccer_epl", "Arsenal", "Chelsea", START_NS + HOUR_NS, (2, 1)),
    Game("b" * 32, "soccer_epl", "Leeds", "Everton", START_NS + 3 * HOUR_NS, (0, 2)),
    Game("c" * 32, "soccer_epl", "Fulham", "Brentford", START_NS + 5 * HOUR_NS, (1, 1)),
]
SCENARIO = Scenario(
    FlatAll(bookmaker="pinnacle"), Configuration(staking=Staking.PERCENT, fraction=0.004, one_per_market=False),
    "quote", ("snapshot",),
)  # fmt: skip
LOOSE = BreakerSettings(overround_min=0.01, overround_max=50.0, odds_jump_factor=50.0, orders_per_minute=10_000)


class Session:
    """A feed until the end of the day; on its way things happen at the service."""

    is_live = True

    def __init__(self, feed: Feed, service: Service) -> None:
        self.name, self._feed, self._service = feed.name, feed, service
        world, self._whole = service.server.world, list(DAY)
        old = world.odds(DAY[1], START_NS, ["pinnacle"], ["h2h"], limits=False, of_event=False)["bookmakers"][0]
        del old["markets"][0]["outcomes"][0]  # no price for one side
        old["markets"][0]["last_update"] = iso(START_NS + 80 * MINUTE_NS)  # young first, then older with every answer
        place = DAY[1].id, "pinnacle"
        self._acts: list[tuple[int, Callable[[], Any]]] = [
            (20, lambda: world.patches.update({place: None})),
            (40, lambda: world.patches.pop(place)),
            (80, lambda: world.patches.update({place: old})),
            (110, lambda: world.patches.pop(place)),
            (130, lambda: world.games.pop(2)),
            (150, lambda: world.games.append(DAY[2])),
        ]

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """As the feed."""
        now = self._service.clock.wall_ns()
        while self._acts and START_NS + self._acts[0][0] * MINUTE_NS <= now:
            self._acts.pop(0)[1]()
        return None if now >= END_NS else self._feed.poll(timeout_ns)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    monkeypatch.delenv("BEA_LEDGER_URL", raising=False)
    with serving(DAY) as found:
        honest, clock = found.wire.handle, found.clock

        def slowly(heard: Any) -> Any:  # no two answers come at one instant
            clock.sleep_ns(3_000_000)
            return honest(heard)

        found.wire.handle = slowly
        yield found


def on_paper(service: Service, bookmakers: Sequence[str]) -> Outcome:
    """What a runner did over the feed."""
    rules, prices = SCENARIO.rules(), ObservedPrices()
    warm(rules)
    feed = Session(opened(service, last_hour_s=600, near_s=600, far_s=600, scores_s=600), service)
    venue = PaperVenue(":memory:", prices, FillModel(rules.params, rules.seed, 0, rules.terms), zone=rules.zone)
    plan = Plan(
        rules, SCENARIO.strategy, feed, SCENARIO.kinds, tuple(opening_deposits(rules, bookmakers)),
        listeners=(prices.see,),
    )  # fmt: skip
    ledger = in_memory()
    parts = assemble(
        plan, Knobs(runner=RunnerSettings(poll_ms=60_000), breakers=LOOSE), ledger, venue, machine=service.clock
    )
    assert parts.runner.run() == "the feed has ended"
    found = outcome_of(list(ledger.entries()), parts.room.account.equity_minor).on_tape()
    venue.close()
    ledger.close()
    return found


def test_a_session_on_paper_bets_what_a_backtest_of_the_kept_answers_bets(service: Service, tmp_path: Path) -> None:
    paper = on_paper(service, ["pinnacle"])
    store = Store.create_or_open(tmp_path / "store")
    store.apply(read_files("the_odds_api", [tmp_path / "data" / "raw" / "the_odds_api"]))
    walked = by_walk(SCENARIO.tape(of_store(store)), SCENARIO.rules())
    reasons = {reason for _, reason, _ in walked.decisions}
    assert reasons == {"placed", "size"} and len(walked.pnl) > 50
    assert sorted(paper.decisions) == sorted(walked.decisions)
    assert (paper.pnl, paper.equity) == (walked.pnl, walked.equity)
