"""Another strategy, with a stake for each regime of its market."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import polars as pl
import yaml

from engine.clock import DAY_NS
from engine.errors import ConfigurationError
from engine.schema import SELECTIONS
from engine.strategy import History, Requirement, Strategy, View
from research.strategies.arbitrage import Arbitrage
from research.strategies.checks import one_of, refuse, set_names, within
from research.strategies.consensus import Consensus
from research.strategies.favourite_longshot import FavouriteLongshot
from research.strategies.flat_all import FlatAll
from research.strategies.value import Value

#: strategies that can be gated
BASES: Final[dict[str, type[Any]]] = {
    kind.name: kind for kind in (Arbitrage, Consensus, FavouriteLongshot, FlatAll, Value)
}


@dataclass(frozen=True)
class Gated:
    """A strategy in a regime: its opportunities with that regime and its share of the stake.

    Attributes
    ----------
    base : Strategy
    regime : int or None
        None: not known.
    share : float
        Factor on the stake.
    """

    name: ClassVar[str] = "gated"
    base: Any
    regime: int | None
    share: float

    def requires(self) -> Requirement:
        """As the base."""
        requirement: Requirement = self.base.requires()
        return requirement

    def opportunities(self, view: View) -> pl.DataFrame:
        """Those of the base. With a share of 0 they stay, so that the reasons count them, and get no stake."""
        needed = self.base.requires()
        kept = pl.col("market").is_in(needed.markets) & pl.col("side").is_in(needed.sides)
        if needed.bookmakers is not None:
            kept &= pl.col("bookmaker").is_in(needed.bookmakers)
        offered: pl.DataFrame = self.base.opportunities(replace(view, quotes=view.quotes.filter(kept)))
        weight = pl.col("stake_weight").fill_null(1.0) if "stake_weight" in offered.columns else pl.lit(1.0)
        return offered.with_columns(
            stake_weight=(weight * self.share).cast(pl.Float64), regime=pl.lit(self.regime, pl.Int64)
        )


@dataclass(frozen=True)
class RegimeGated:
    """The bets of another strategy; what is staked depends on the regime at the last fit.

    The regime is told from days before the fit: their prices at the decisions, and the results settled on them. Between
    two fits it stays, so `validation.refit=1d` follows it day by day. Its number means the same from fit to fit.

    Attributes
    ----------
    base : str
        Strategy that is gated.
    base_parameters : tuple of str or None
        Its parameters as ``name=value``; None: its defaults.
    shares : tuple of float
        Factor on the stake in each regime, in the order of `order_by`; 0: no stake. With `states` null, the last one
        counts for further regimes.
    share_unknown : float
        Factor while no regime is known.
    model : str
        ``jump``: statistical jump model; ``hmm``: hidden Markov model; ``mixture``: of normal states, each day alone.
    regime_market : str
        Market whose prices tell the regime.
    inputs : tuple of str
        Inputs of the regimes (`research.regimes.series.day_series`).
    states : int or None
        Number of regimes; None: chosen in the first training window.
    penalty : float or None
        Penalty of the jump model for a change; None: chosen in the first training window.
    half_life : float
        Of the moving mean of the inputs, in days.
    tail : float
        Share of each end of an input that is winsorised.
    order_by : str or None
        Input whose mean orders the regimes, ascending; None: the first one.
    days_min : int
        Days that the first fit of the regimes needs.
    refit_days : int
        Days from one fit of the regimes to the next.
    """

    name: ClassVar[str] = "regime_gated"
    #: lists whose order counts: another order is another configuration
    in_order: ClassVar[tuple[str, ...]] = ("shares", "inputs")
    base: str = "value"
    base_parameters: tuple[str, ...] | None = None
    shares: tuple[float, ...] = (1.0, 0.0)
    share_unknown: float = 1.0
    model: str = "jump"
    regime_market: str = "1x2"
    inputs: tuple[str, ...] = ("overround", "disagreement")
    states: int | None = 2
    penalty: float | None = 3.0
    half_life: float = 5.0
    tail: float = 0.01
    order_by: str | None = None
    days_min: int = 100
    refit_days: int = 182

    def __post_init__(self) -> None:
        from research.regimes.refits import MODELS

        one_of("base", self.base, tuple(sorted(BASES)))
        set_names(self, "base_parameters")
        set_names(self, "inputs", optional=False)
        one_of("model", self.model, MODELS)
        one_of("regime_market", self.regime_market, tuple(SELECTIONS))
        shares = (self.shares,) if isinstance(self.shares, int | float) else self.shares
        for share in (*shares, self.share_unknown):
            within("shares", share, 0, 100)
        object.__setattr__(self, "shares", tuple(float(share) for share in shares))
        within("half_life", self.half_life, 0, 1000)
        within("tail", self.tail, 0, 0.49)
        within("days_min", self.days_min, 20, 100_000)
        within("refit_days", self.refit_days, 1, 10_000)
        if self.penalty is not None:
            within("penalty", self.penalty, 0, 1e9)
        if self.states is not None and len(self.shares) != self.states:
            raise refuse("shares", f"one for each of the {self.states} regimes", self.shares)
        self._plan()
        self._made()

    def _plan(self) -> Any:
        from research.regimes.refits import Plan

        return Plan(
            model=self.model,
            inputs=self.inputs,
            states=self.states,
            penalty=self.penalty,
            half_life=self.half_life,
            tail=self.tail,
            order_by=self.order_by,
            days_min=self.days_min,
            refit_days=self.refit_days,
        )

    def _made(self) -> Any:
        kind, given = BASES[self.base], dict[str, Any]()
        for text in self.base_parameters or ():
            key, equals, value = text.partition("=")
            if not equals or key not in kind.__dataclass_fields__:
                known = ", ".join(kind.__dataclass_fields__)
                raise ConfigurationError(
                    f"no parameter of {self.base}", where="strategy.base_parameters", expected=known, found=repr(text)
                )
            given[key] = yaml.safe_load(value)
        return kind(**given)

    def requires(self) -> Requirement:
        """What the base needs, and the prices of all bookmakers in the market that tells the regime."""
        needed: Requirement = self._made().requires()
        return replace(needed, markets=tuple(dict.fromkeys((*needed.markets, self.regime_market))), bookmakers=None)

    def fit(self, history: History, until: int) -> Strategy:
        """The base in the regime that is known at `until`."""
        from research.regimes.refits import known
        from research.regimes.series import day_series

        series = day_series(history.events, history.quotes, self.regime_market)
        state = known(series, self._plan(), until // DAY_NS).state
        share = self.share_unknown if state is None else self.shares[min(state, len(self.shares) - 1)]
        return Gated(self._made(), state, share)
