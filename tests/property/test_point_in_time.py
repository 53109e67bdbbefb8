"""Point in time: with the future cut off or shuffled, no earlier opportunity, stake or reason changes.

Every strategy is tested through view, strategy, tape and kernel: at random instants, on random data, on real football
prices and on real pulls with recorded instants.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from engine.asof.closing import fair_closing
from engine.asof.view import build_view
from engine.backtesting.run import replay
from engine.configuration import Configuration
from engine.kernel.codes import Staking
from engine.paths import sample_store
from engine.schema import INSTANT_DTYPE
from engine.store.store import Store
from engine.store.universe import Universe
from engine.strategy import Requirement, Strategy, View
from engine.tape.build import build_tape
from research.strategies import by_name, make, names
from tests.property.markets import football, snapshots, world

pytestmark = pytest.mark.slow

Market = tuple[pl.DataFrame, pl.DataFrame]
KEY = ["decided_at", "event_id", "market", "line", "selection", "bookmaker", "side"]
#: strategies without a model; those with one are fitted on a past, and the leak finder changes what comes after it
RULES = tuple(name for name in names() if not hasattr(by_name(name), "fit"))
#: parameters with which a strategy has opportunities in every kind of data
WIDE: dict[str, dict[str, Any]] = {
    "flat_all": {},
    "value": {"fair": "consensus", "fair_min": 2},
    "consensus": {"mean": "mean", "price": "best", "alpha": 0.02, "complete_market": False},
    "favourite_longshot": {"pick": "favourite"},
    "arbitrage": {},
    "totals_value": {"fair": "consensus"},
    "handicap_value": {"fair": "consensus"},
    "slate_kelly": {"fair": "consensus", "fair_min": 2},
    "line_move": {"fair": "consensus", "fair_min": 2, "move_min": 0.0},
}
#: those on lines of goals, which need several markets of an event at one instant
GOALS = ("totals_value", "handicap_value")
#: the pulls have one bookmaker for three months and four for the last days
PULLS: dict[str, dict[str, Any]] = {
    "value": {"fair": "betmgm"},
    "slate_kelly": {"fair": "betmgm"},
    "line_move": {"fair": "betmgm"},
    "consensus": {"mean": "betmgm", "price": "best", "alpha": 0.0},
}


@dataclass(frozen=True)
class Outcome:
    """Opportunities of a strategy, and stakes and reasons of the kernel, up to an instant."""

    offers: pl.DataFrame
    stakes: pl.DataFrame


#: configurations, each with the mode of the tape's Kelly column
CONFIGURATIONS = (
    (Configuration(
        edge_min=-0.1, staking=Staking.PERCENT, fraction=0.01, event_cap_frac=0.05, drawdown_stop_frac=0.5,
        streak_warn=3, streak_stop=30,
    ), "none"),
    (Configuration(
        edge_min=-0.1, staking=Staking.KELLY_COLUMN, fraction=0.5, stake_cap_frac=0.02, base_is_cash=True,
        one_per_market=True, day_cap_frac=0.3, competition_cap_frac=0.1, slippage_frac=0.01, rejection_frac=0.1,
        daily_loss_frac=0.1, drawdown_stop_frac=0.9,
    ), "market"),
    (Configuration(
        odds_min=1.5, odds_max=8, staking=Staking.TARGET, amount_minor=5000, open_cap_frac=0.2, commission_factor=0.5,
        streak_stop=3, drawdown_reset_after_ns=5e13, stake_increment_minor=50,
    ), "states"),
)  # fmt: skip
RATES = {"ccc": 0.05, "ddd": 0.02}


def offered(strategy: Strategy, market: Market, decide_at: str) -> pl.DataFrame:
    """All opportunities of a strategy."""
    needs = strategy.requires()
    seen = market[1].filter(pl.col("instant").is_in(["open", "snapshot"]) & pl.col("market").is_in(needs.markets))
    return strategy.opportunities(build_view(market[0], seen, decide_at, path=needs.path))


def until(offers: pl.DataFrame, market: Market, instant: int, way: int = 0) -> Outcome:
    """Opportunities, reasons and stakes up to and at an instant, with number `way` of `CONFIGURATIONS`."""
    configuration, kelly = CONFIGURATIONS[way]
    events, quotes = market
    closing = fair_closing(events, quotes)
    rates = {name: rate for name, rate in RATES.items() if name in offers["bookmaker"]}
    tape = build_tape(offers, events, closing, commission_rates=rates, kelly=kelly)
    path = replay(tape, configuration.params(), seed=1)
    rows = pl.DataFrame({"id": tape.id, "decided": tape.decided_at, "reason": path.row_reasons})
    stakes = rows.join(path.bets.select("id", "stake_minor", "equity_minor"), on="id", how="left").sort("decided", "id")
    early = pl.col("decided_at").cast(pl.Int64) <= instant
    return Outcome(offers.filter(early).sort(KEY), stakes.filter(pl.col("decided") <= instant))


def results_hidden(events: pl.DataFrame, instant: int) -> pl.DataFrame:
    """Events as known at an instant, without later results."""
    later = pl.col("settled_at").cast(pl.Int64) > instant
    blank = {"home_score": pl.Int32, "away_score": pl.Int32, "winner": pl.String, "settled_at": INSTANT_DTYPE}
    return events.with_columns(
        *(pl.when(later).then(pl.lit(None, dtype)).otherwise(name).alias(name) for name, dtype in blank.items()),
        status=pl.when(later).then(pl.lit("scheduled")).otherwise("status"),
    )


def cut(market: Market, instant: int) -> Market:
    """Events and quotes as known at an instant."""
    events, quotes = market
    return results_hidden(events, instant), quotes.filter(pl.col("known_at").cast(pl.Int64) <= instant)


def shuffled(market: Market, instant: int, seed: int) -> Market:
    """The same past with another future: later prices and later results are permuted."""
    events, quotes = market
    rng = np.random.default_rng(seed)
    later = quotes["known_at"].cast(pl.Int64).to_numpy() > instant
    odds = quotes["odds"].to_numpy().copy()
    odds[later] = rng.permutation(odds[later])
    end = events["settled_at"].cast(pl.Int64).fill_null(np.iinfo(np.int64).max).to_numpy()
    order = np.arange(len(events))
    order[end > instant] = rng.permutation(order[end > instant])
    names_ = ["status", "home_score", "away_score", "winner"]
    other = events.with_columns(events[order].select(names_))
    lost = (pl.col("settled_at").is_null()) | (pl.col("status") == "scheduled")
    other = other.with_columns(status=pl.when(lost).then(pl.lit("scheduled")).otherwise("status"))
    return other, quotes.with_columns(odds=pl.Series(odds))


def instants(market: Market, count: int, seed: int) -> list[int]:
    """Random instants at which something becomes known, and one near the end."""
    events, quotes = market
    known = pl.concat([quotes["known_at"], events["settled_at"].drop_nulls()]).cast(pl.Int64).unique().sort().to_numpy()
    inner, late = known[len(known) // 10 : -1], int(known[-max(1, len(known) // 50)])
    inside: list[int] = np.random.default_rng(seed).choice(inner, count - 1, replace=False).tolist()
    return [*inside, late]


def compare_futures(market: Market, name: str, decide_at: str, count: int, **change: Any) -> int:
    """Test a strategy with cut and shuffled futures; returns how many early opportunities were compared."""
    strategy = make(name, {**WIDE.get(name, {}), **change})
    compared, offers = 0, offered(strategy, market, decide_at)
    for number, instant in enumerate(instants(market, count, seed=len(name))):
        way = number % len(CONFIGURATIONS)
        complete = until(offers, market, instant, way)
        for other in (cut(market, instant), shuffled(market, instant, number)):
            early = until(offered(strategy, other, decide_at), other, instant, way)
            assert early.offers.equals(complete.offers), (name, instant)
            assert early.stakes.equals(complete.stakes), (name, instant)
        compared += len(complete.offers)
    return compared


@cache
def random_world(seed: int) -> Market:
    return world(seed, 25)


@pytest.mark.parametrize("decide_at", ["quote", "before_start:1h"])
@pytest.mark.parametrize("name", RULES)
def test_in_random_worlds(name: str, decide_at: str) -> None:
    if name in GOALS and decide_at == "quote":
        decide_at = "before_start:2h+30m"  # both prices that imply the rates are known at once
    assert compare_futures(random_world(1), name, decide_at, 4) > 0


@pytest.mark.parametrize("name", RULES)
def test_in_real_football_prices(name: str, reference_dir: Path) -> None:
    of_goals = name in GOALS  # prices of goals stand in the second file only
    files = ("E0_1314.csv", "SP1_1920.csv")[of_goals:]
    market = football(reference_dir / "data" / "football_data", files, of_goals)
    compared = compare_futures(market, name, "before_start:1h" if of_goals else "quote", 2)
    assert compared > 0 or name == "arbitrage"  # three bookmakers never leave an arbitrage


@pytest.mark.parametrize(
    ("name", "base", "change"),
    [
        ("value", {}, {"skip_suspect": True}),
        ("value", {"price": "aaa"}, {"complete_price": True}),
        ("consensus", {"price": "aaa"}, {"complete_market": True}),
        ("consensus", {}, {"skip_suspect": True}),
        ("consensus", {}, {"pick": "largest"}),
        ("flat_all", {"bookmaker": "aaa"}, {"complete_market": True}),
        ("flat_all", {}, {"skip_suspect": True}),
        ("favourite_longshot", {}, {"skip_suspect": True}),
        ("arbitrage", {}, {"skip_suspect": True}),
        ("arbitrage", {}, {"age_max": "3h"}),
        ("slate_kelly", {}, {"insurance": False}),
        ("slate_kelly", {}, {"edge_slate": 0.05}),
        ("line_move", {}, {"since": "1h"}),
        ("line_move", {}, {"pick": "against", "carry": -0.5}),
        ("favourite_longshot", {}, {"prob": "fair"}),
        ("favourite_longshot", {}, {"pick": "longshot"}),
    ],
)
def test_each_option_has_an_effect_and_uses_no_future(name: str, base: dict[str, Any], change: dict[str, Any]) -> None:
    market = random_world(2)
    start = {**WIDE[name], **base}
    plain, switched = (make(name, {**start, **c}).opportunities(build_view(*market, path=True)) for c in ({}, change))
    assert not plain.equals(switched)
    assert compare_futures(market, name, "quote", 2, **base, **change) > 0


@pytest.mark.parametrize("name", [name for name in RULES if name not in GOALS])
def test_in_real_pulls_with_recorded_instants(name: str, reference_dir: Path) -> None:
    path = reference_dir / "data" / "the_odds_api_snapshots" / "live_pulls_2026_02_to_05.zip"
    compared = compare_futures(snapshots(path), name, "quote", 2, markets=["moneyline"], **PULLS.get(name, {}))
    assert compared > 0 or name == "arbitrage"  # the best prices of four bookmakers never sum to less than 100 %


@dataclass(frozen=True)
class Peeking:
    """A strategy that looks ahead: its probability comes from the last price of an event, in the view or in the path.

    The honest one looks within its decision.
    """

    name: ClassVar[str] = "peeking"
    path: bool = False
    honest: bool = False

    def requires(self) -> Requirement:
        """One market."""
        return Requirement(("1x2",), path=True)

    def opportunities(self, view: View) -> pl.DataFrame:
        """Opportunities whose probability uses later prices."""
        kept = (pl.col("market") == "1x2") & (pl.col("side") == "back")
        within = ["event_id", "selection", "bookmaker", *(["decided_at"] if self.honest else [])]
        seen = (view.known() if self.path else view.quotes).filter(kept)
        last = seen.sort("known_at").group_by(within, maintain_order=True).agg(last=pl.col("odds").last())
        rows = view.quotes.filter(kept).join(last, on=within, how="left", maintain_order="left")
        return rows.select(*KEY, "odds", prob=1.0 / pl.col("last"))


@pytest.mark.parametrize("path", [False, True])
@pytest.mark.parametrize("honest", [False, True])
def test_a_strategy_that_looks_ahead_is_detected(path: bool, honest: bool) -> None:
    market, strategy = random_world(1), Peeking(path, honest)
    detected, offers = False, offered(strategy, market, "quote")
    for instant in instants(market, 6, seed=0):
        known = cut(market, instant)
        complete, early = until(offers, market, instant), until(offered(strategy, known, "quote"), known, instant)
        assert complete.offers.height > 0
        detected |= not early.offers.equals(complete.offers)
    assert detected != honest


@pytest.mark.proof
@pytest.mark.parametrize("name", RULES)
def test_in_the_embedded_sample(name: str) -> None:
    store = Store.open(sample_store())
    season = store.events(Universe())["season"].min()
    universe = Universe(seasons=(str(season),), competitions=("SIM2",))
    events = store.events(universe).head(60)
    quotes = store.quotes(universe).join(events.select("event_id"), on="event_id", how="semi")
    compared = compare_futures((events, quotes), name, "before_start:1h" if name in GOALS else "quote", 2)
    assert compared > 0 or name == "arbitrage"
