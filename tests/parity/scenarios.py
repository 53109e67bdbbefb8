"""What is replayed: every built-in strategy, with and without parts of the execution, and a strategy of both sides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.view import build_view
from engine.clock import DAY_NS, HOUR_NS
from engine.configuration import Configuration
from engine.kernel.codes import Staking
from engine.kernel.parameter import INF
from engine.live.feeds.market import Watch
from engine.live.feeds.replay import Replay
from engine.live.judgement.rules import Rules
from engine.strategy import Requirement, Strategy, View, as_offered
from engine.tape import Tape
from engine.tape.build import build_tape, merged_terms
from engine.tape.execution import LaterPrices
from research.strategies.arbitrage import Arbitrage
from research.strategies.consensus import Consensus
from research.strategies.favourite_longshot import FavouriteLongshot
from research.strategies.flat_all import FlatAll
from research.strategies.value import Value
from tests.parity.drive import Driver, Outcome, by_walk
from tests.parity.worlds import World


@dataclass(frozen=True)
class BothSides:
    """Backs and lays every selection of two exchanges, with probabilities of its own, some of them missing."""

    name: ClassVar[str] = "both_sides"

    def requires(self) -> Requirement:
        """1x2 on both sides."""
        return Requirement(("1x2",), ("exchange_a", "exchange_b"), ("back", "lay"))

    def opportunities(self, view: View) -> pl.DataFrame:
        """A row for each quote."""
        tilt = ((pl.col("event_id") % 17) / 100.0 - 0.07).abs() + 0.9
        missing = pl.col("event_id") % 23 == 0
        prob = (1.0 / pl.col("odds") * tilt).clip(0.01, 0.97)
        names = ("event_id", "market", "line", "selection", "bookmaker", "side", "decided_at", "odds", "size_minor")
        return view.quotes.select(
            *names,
            prob=pl.when(missing).then(None).otherwise(prob),
            prob_sd=pl.lit(0.02),
            kelly_frac=pl.when(pl.col("selection") == "draw").then(None).otherwise(0.02),
        )


@dataclass(frozen=True)
class Pairs(BothSides):
    """The same, each back together with the lay of its selection at the other exchange: groups of two legs."""

    name: ClassVar[str] = "pairs"

    def opportunities(self, view: View) -> pl.DataFrame:
        """The rows that have a partner."""
        is_first = (pl.col("bookmaker") == "exchange_a") == (pl.col("side") == "back")
        place = pl.col("selection").replace_strict({"home": 0, "draw": 2, "away": 4}, return_dtype=pl.Int64)
        rows = super().opportunities(view).with_columns(group=place + is_first.cast(pl.Int64))
        return rows.filter(pl.len().over("event_id", "decided_at", "group") == 2)


@dataclass(frozen=True)
class Scenario:
    """One replay."""

    strategy: Strategy
    configuration: Configuration
    decide_at: str = "before_start:1h"
    kinds: tuple[str, ...] = ("open", "snapshot")
    rates: dict[str, float] = field(default_factory=dict)
    venues: dict[str, dict[str, Any]] = field(default_factory=dict)
    kelly: str = "none"
    delay_ns: int = 0
    seed: int = 0
    zone: str = "UTC"

    def rules(self) -> Rules:
        """The rules of a runner."""
        terms = merged_terms(self.rates, self.venues)
        return Rules(
            "5c" * 16, self.configuration, terms, self.kelly, self.seed, self.zone, self.decide_at,
            delay_ns=self.delay_ns,
        )  # fmt: skip

    def visible(self, world: World) -> pl.DataFrame:
        """The quotes that the strategy may see."""
        watch = self.watch()
        needed, books = watch.required, watch.required.bookmakers
        seen = pl.col("instant").is_in(watch.kinds) & pl.col("market").is_in(needed.markets)
        seen &= pl.col("side").is_in(needed.sides)
        return world.quotes.filter(seen if books is None else seen & pl.col("bookmaker").is_in(books))

    def watch(self) -> Watch:
        """What a market watches."""
        return Watch(self.strategy.requires(), self.kinds)

    def tape(self, world: World) -> Tape:
        """The tape of the backtest."""
        view = build_view(world.events, self.visible(world), self.decide_at)
        later = LaterPrices(world.quotes, self.delay_ns) if self.delay_ns else None
        opportunities = as_offered(self.strategy.opportunities(view), view)
        used = set(opportunities["bookmaker"])
        return build_tape(
            opportunities, world.events, zone=self.zone, kelly=self.kelly, later=later,
            commission_rates={name: rate for name, rate in self.rates.items() if name in used},
            venues={name: terms for name, terms in self.venues.items() if name in used},
        )  # fmt: skip

    def driver(self, tape: Tape) -> Driver:
        """A runner whose venue fills at the prices on arrival of the tape."""
        filled = dict(zip(tape.id.tolist(), tape.filled.tolist(), strict=True))
        return Driver(self.rules(), self.strategy, self.watch(), tape.bookmaker_names, filled)

    def both(self, world: World) -> tuple[Outcome, Outcome]:
        """The outcome of the walk, and that of the runner; its rows that no tape has are left out."""
        tape = self.tape(world)
        live = self.driver(tape).run(Replay(world.events, self.visible(world)))
        return by_walk(tape, self.rules()), live.on_tape()


#: breakers that trip on these histories, and end again
_BREAKERS: Final = {
    "drawdown_warn_frac": 0.02, "drawdown_stop_frac": 0.06, "drawdown_reset_after_ns": 5.0 * DAY_NS,
    "streak_stop": 5.0, "daily_loss_frac": 0.02,
}  # fmt: skip
_CAPS: Final = {
    "bet_cap_frac": 0.012, "event_cap_frac": 0.02, "competition_cap_frac": 0.05, "day_cap_frac": 0.08,
    "open_cap_frac": 0.15,
}  # fmt: skip
_KINDS: Final = ("open", "snapshot", "close")
_RATES: Final = {"pinnacle": 0.02, "b365": 0.05, "bwin": 0.03, "exchange_a": 0.05, "exchange_b": 0.02}
_VENUES: Final[dict[str, dict[str, Any]]] = {
    "b365": {"limit_minor": 4_000.0, "stake_min_minor": 500.0},
    "bwin": {"tax_stake_frac": 0.05, "markets": {"1x2": {"limit_minor": 2_500.0}}},
    "william_hill": {"tax_winnings_frac": 0.05, "limit_minor": 9_000.0},
    "exchange_a": {"ladder": True, "stake_min_minor": 200.0, "limit_minor": 8_000.0},
    "exchange_b": {"abandoned": "stands"},
}


def _busy(**numbers: Any) -> Configuration:
    """A configuration with everything on."""
    base: dict[str, Any] = {
        **_BREAKERS, **_CAPS, "one_per_market": True, "rejection_frac": 0.1, "slippage_frac": 0.01,
        "price_tolerance_frac": 0.02, "stake_increment_minor": 50.0, "limiting_profit_minor": 20_000.0,
        "limiting_factor": 0.5,
    }  # fmt: skip
    return Configuration(**(base | numbers))


def plain_scenarios() -> dict[str, Scenario]:
    """Each built-in strategy as it is."""
    flat = Configuration(amount_minor=5_000.0)
    return {
        "value": Scenario(Value(), Configuration(edge_min=-0.03, amount_minor=5_000.0)),
        "consensus": Scenario(Consensus(alpha=0.0), flat),
        "flat_all": Scenario(FlatAll(), Configuration(amount_minor=300.0)),
        "favourite_longshot": Scenario(FavouriteLongshot(), Configuration(amount_minor=300.0)),
        "arbitrage": Scenario(
            Arbitrage(), Configuration(amount_minor=20_000.0), "quote", ("open", "snapshot", "close")
        ),
    }


def busy_scenarios() -> dict[str, Scenario]:
    """Each built-in strategy with delay, limits, rejections, commission, breakers, caps, wallets."""
    terms: dict[str, Any] = {"rates": _RATES, "venues": _VENUES, "seed": 7, "zone": "Europe/London"}
    late: dict[str, Any] = {**terms, "delay_ns": HOUR_NS}
    kelly = {"staking": Staking.KELLY, "fraction": 0.3}
    return {
        "value_busy": Scenario(Value(fair="consensus", skip_suspect=True), _busy(**kelly, edge_min=-0.02), **late),
        "value_shrunk": Scenario(
            Value(fair="consensus"), _busy(staking=Staking.KELLY_COLUMN, fraction=0.5), kelly="shrunk", **terms
        ),
        "value_market": Scenario(
            Value(), Configuration(staking=Staking.KELLY_COLUMN, fraction=0.3, edge_min=-0.05), kelly="market", **terms
        ),
        "consensus_busy": Scenario(Consensus(alpha=0.0), _busy(amount_minor=6_000.0, one_per_market=False), **late),
        "flat_all_busy": Scenario(
            FlatAll(markets=("1x2", "totals")), _busy(staking=Staking.PERCENT, fraction=0.02, wallets=True), **late
        ),
        "favourite_longshot_busy": Scenario(
            FavouriteLongshot(), _busy(staking=Staking.TARGET, amount_minor=3_000.0, base_is_cash=True), **late
        ),
        "tight": Scenario(
            FlatAll(),
            Configuration(
                amount_minor=5_000.0,
                stake_min_minor=5_000.0,
                bet_cap_frac=0.0051,
                event_cap_frac=0.012,
                competition_cap_frac=0.03,
                open_cap_frac=0.04,
                odds_max=6.0,
                day_cap_frac=0.05,
                streak_stop=INF,
                drawdown_stop_frac=INF,
                daily_loss_frac=INF,
            ),
            **terms,
        ),
        "bold": Scenario(
            FlatAll(),
            Configuration(
                amount_minor=90_000.0,
                stake_min_minor=50_000.0,
                streak_stop=INF,
                daily_loss_frac=0.1,
                drawdown_stop_frac=0.5,
            ),
            zone="America/New_York",
        ),
        "arbitrage_busy": Scenario(
            Arbitrage(),
            _busy(amount_minor=20_000.0, one_per_market=False),
            "quote",
            ("open", "snapshot", "close"),
            **terms,
        ),
    }


def exchange_scenarios() -> dict[str, Scenario]:
    """Backs and lays on an exchange, decided at quotes and several times before the start."""
    terms: dict[str, Any] = {"rates": _RATES, "venues": _VENUES, "seed": 3}
    column = {"staking": Staking.KELLY_COLUMN, "fraction": 0.5}
    return {
        "lays": Scenario(BothSides(), Configuration(amount_minor=3_000.0, edge_min=0.0), "before_start:6h+1h", **terms),
        "lays_late": Scenario(BothSides(), _busy(**column), "before_start:6h+2h+1h", delay_ns=HOUR_NS // 2, **terms),
        "lays_at_quotes": Scenario(BothSides(), _busy(amount_minor=4_000.0, fill_min_frac=0.5), "quote", **terms),
        "pairs": Scenario(Pairs(), Configuration(amount_minor=3_000.0, edge_min=-1.0), "before_start:3h", **terms),
        "pairs_late": Scenario(
            Pairs(),
            Configuration(amount_minor=3_000.0, edge_min=-1.0, price_tolerance_frac=0.1),
            "before_start:3h",
            delay_ns=HOUR_NS // 2,
            **terms,
        ),
        "lays_wallets": Scenario(BothSides(), _busy(amount_minor=40_000.0, wallets=True), "before_start:3h", **terms),
    }
