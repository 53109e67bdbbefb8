"""The way of a user over recordings of an exchange, import to paper: the same bets to the cent."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

import research
from engine.errors import ConfigurationError, PromotionError
from engine.live.ledger.entries import Entry, Kind
from engine.live.venues.exchange import ExchangeFills
from engine.promotion import load
from engine.store.store import Store
from engine.store.universe import Universe
from research.commands.main import main
from research.promotion.deployed import start
from research.promotion.proof import stored_bets
from research.trading.history import Wish, history_of
from research.trading.settings import live_settings
from research.trading.setup import compose, feed_of
from tests.promoted import entries, promoted
from tests.recorded_races import month
from tests.research.trading.test_setup import Listening

#: backs and lays two runners of a race at break-even
_BOTH: Final = """
from dataclasses import dataclass
from typing import ClassVar
import polars as pl
from engine.strategy import Requirement

@dataclass(frozen=True)
class Both:
    name: ClassVar[str] = "both"

    def requires(self):
        return Requirement(("winner", "place"), ("betfair_exchange",), ("back", "lay"))

    def opportunities(self, view):
        columns = ("decided_at", "event_id", "market", "line", "selection", "bookmaker", "side", "odds", "size_minor")
        some = view.quotes.filter(pl.col("selection").is_in(["37947503", "39823721"]))
        return some.select(*columns, "instant", prob=1.0 / pl.col("odds"))
"""
#: a month after the last race, UTC nanoseconds
_NOW_NS: Final = 1_656_000_000 * 10**9


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, reference_dir: Path) -> Path:
    """A home that has a month of races, and the strategy."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(home))
        month(reference_dir / "data" / "betfair" / "stream", home / "races")
        (home / "strategies").mkdir()
        (home / "strategies" / "both.py").write_text(_BOTH)
        assert main(["data", "import", "betfair_history", str(home / "races")]) == 0
        patch.setattr("time.time_ns", lambda: _NOW_NS)
        promoted("races", words(home), _NOW_NS, "GBP")
    return home


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(home))
    monkeypatch.setattr("time.time_ns", lambda: _NOW_NS)


def words(home: Path, *more: str) -> list[str]:
    return [
        "strategy=both", "strategy.odds_max=12", "strategy.edge_min=-1", "data.decide_at=before_start:1m+55s",
        "risk=off", "staking=percent",
        "staking.fraction=0.005", "execution.commission_rates={betfair_exchange:0.05}", "execution.delay=5s",
        "execution.price_tolerance_frac=0.02", f"execution.recordings={home / 'races'}", "report=false", *more,
    ]  # fmt: skip


def by_intent(kind: Kind, name: str) -> dict[str, Entry]:
    return {one.entry.intent: one.entry for one in entries(name) if one.entry.kind is kind}


def test_backtest_and_paper_make_the_same_bets_to_the_cent() -> None:
    bets = stored_bets(load("races"))
    assert main(["paper", "races", "--json"]) == 0
    asked, placed, settled = (by_intent(kind, "races") for kind in (Kind.INTENDED, Kind.PLACED, Kind.SETTLED))
    traded = [
        (
            asked[key].body["opportunity_id"], one.body["matched_minor"], one.body["backer_minor"], one.body["odds"],
            settled[key].body["pnl_minor"],
        )
        for key, one in placed.items()
    ]  # fmt: skip
    columns = ("id", "stake_minor", "backer_stake_minor", "odds_placed", "pnl_minor")
    assert sorted(traded) == sorted(bets.select(columns).fill_null(0).rows())
    series = ("event_id", "market", "selection", "side")
    at = [(*(asked[key].body[name] for name in series), one.body["odds"]) for key, one in placed.items()]
    assert len(at) - len(set(at)) > 20  # the same selection again, at the same price
    refused = [one.body["reason"] for one in by_intent(Kind.REJECTED, "races").values()]
    assert len(traded) > 100 and (bets["backer_stake_minor"] > 0).sum() > 40 and refused.count("price_moved") > 10
    cut = [one for key, one in placed.items() if one.body["matched_minor"] < asked[key].body["stake_minor"]]
    assert len(cut) > 10


def test_recordings_fill_a_replay_only(home: Path) -> None:
    deployed, wish = start("races", _NOW_NS), Wish()
    feed = Listening(feed_of(history_of(deployed, wish), wish))
    with pytest.raises(ConfigurationError, match="recordings fill orders of a replay only"):
        compose(deployed, live_settings([f"paper.recordings=[{home / 'races'}]"]), wish, feed=feed)
    with closing(compose(deployed, live_settings(), wish, feed=feed)) as trading:
        assert not isinstance(trading.parts.room.executor.venue.fills, ExchangeFills)  # type: ignore[attr-defined]


def test_a_promotion_is_refused_when_its_recordings_have_changed(home: Path) -> None:
    before = (home / "races").read_bytes()
    try:
        (home / "races").write_bytes(before + before[: before.index(b"\n") + 1])
        with pytest.raises(PromotionError, match="data"):
            start("races", _NOW_NS)
    finally:
        (home / "races").write_bytes(before)
    start("races", _NOW_NS)


def test_bets_that_books_fill_are_not_cashed_out(home: Path) -> None:
    with pytest.raises(ConfigurationError, match="bets that recorded books fill are not cashed out"):
        research.backtest(words(home, "execution.cash_out_profit_frac=0.1"))


def test_orders_wait_for_the_starting_price(home: Path) -> None:
    """Each bet of the backtest is at the starting price of its runner, of which the race has one on every day."""
    run = research.backtest(words(home, "execution.starting_price=true", "execution.price_tolerance_frac=1"))
    bets = run.bets()
    quotes = Store.open(home / "data" / "store").quotes(Universe(bookmakers=("betfair_sp",)))
    known = set(quotes.select("market", "selection", "odds").unique().rows())
    found = set(bets.select("market", "selection", "odds_placed").unique().rows())
    assert len(found) == 4 and found <= known


def test_starting_prices_need_recordings_and_a_replay(home: Path) -> None:
    with pytest.raises(ConfigurationError, match="starting prices are those of recordings"):
        research.backtest(words(home, "execution.starting_price=true", "execution.recordings=null"))
    deployed, wish = start("races", _NOW_NS), Wish()
    deployed = replace(deployed, spec=replace(deployed.spec, starting_price=True))
    feed = Listening(feed_of(history_of(deployed, wish), wish))
    with pytest.raises(ConfigurationError, match="starting price are filled on a replay only"):
        compose(deployed, live_settings(), wish, feed=feed)
