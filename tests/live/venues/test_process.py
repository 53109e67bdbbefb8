"""The venue as another process, killed in the midst of a send; the paper venue beside the ledger of a whole run."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from engine.live.ledger.entries import Kind
from engine.live.venue import Order
from tests.live.execution.world import World, order
from tests.live.running import scene
from tests.venue_server.client import WireVenue
from tests.venue_server.process import VenueProcess
from tests.venue_server.profiles import LOOK_UP

FREE = 100_000


class Remote(World):
    """One runner's executor over a real connection to a real process."""

    def __init__(self, process: VenueProcess) -> None:
        self.process = process
        super().__init__()

    def start(self) -> None:
        """A new process here; the venue goes on."""
        self.venue = WireVenue(self.process, LOOK_UP, self.clock.wall_ns)  # type: ignore[assignment]
        super().start()


def sent(world: Remote, wanted: Order, fault: str) -> str:
    """Send under a fault of the line; the state right after."""
    world.process.control("inject", fault=fault)
    world.process.next_timeout_s = 0.3
    (bet,) = world.submit(wanted)
    return str(bet.state)


def test_a_venue_that_is_killed_in_the_midst_of_a_send_holds_each_bet_once(tmp_path: Path) -> None:
    process = VenueProcess(tmp_path / "venue.db")
    process.control("deposit", reference="capital:1", amount_minor=FREE)
    world = Remote(process)
    for number, fault in enumerate(("timeout_after", "timeout_before"), 1):
        assert sent(world, order(number, clock=world.clock, market=f"m{number}"), fault) == "unknown"
        process.kill()
        world.run_s(30, 5)
        assert world.state(number) == "unknown", "a venue that is down proves nothing"
        process.start()
        world.restart()  # and so do we
        world.run_s(60, 5)
    assert [world.state(number) for number in (1, 2)] == ["placed", "rejected"]
    assert world.venue.balance_minor() == world.book.free_minor() == FREE - 1_000
    assert [process.control("truth", key=order(number).key) is not None for number in (1, 2)] == [True, False]
    process.close()


def test_after_a_run_venue_and_ledger_hold_the_same_money(home: Path) -> None:
    """In two databases, after settlements and rejections; and so after a restart that reads all again."""
    scene.History.cut(3, home)
    history = scene.History.read(home)
    for _ in range(2):
        with ExitStack() as stack:
            runner = scene.opened(history, stack)
            runner.runner.run()
            venue = runner.room.executor.venue
            recorded = scene.entries()
            cash = sum(one.entry.money.cash for one in recorded)
            assert venue.balance_minor() == cash
            kinds = {one.entry.kind for one in recorded}
            assert {Kind.SETTLED, Kind.REJECTED, Kind.CAPITAL} <= kinds
            assert not [one for one in recorded if one.entry.kind in (Kind.ADJUSTED, Kind.TRIPPED)]
