"""Another strategy, with a stake for each regime of its market."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import polars as pl
import yaml

from engine.clock import DAY_NS
from engine.errors import ConfigurationError, TapeError, check_frame
from engine.odds import clv, edge, edge_states
from engine.paths import home
from engine.schema import SELECTIONS
from engine.strategy import INSTANT, History, Learner, Modular, Requirement, Stored, Strategy, View
from research.strategies.checks import one_of, refuse, set_names, within
from research.user_file import STRATEGIES, user_files

if TYPE_CHECKING:
    from research.regimes.refits import Known

#: the input that rests on the bets of the base
CLV: Final = "clv"
_BET: Final = ("event_id", "market", "line", "selection")
#: between the name and the value of a parameter of the base
_SEPARATOR: Final = re.compile("[:=]")


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
        offered: pl.DataFrame = self.base.opportunities(seen_by(self.requires(), view))
        check_frame(offered, f"the opportunities of strategy {self.base.name}", TapeError)
        if not offered.width:
            return offered
        weight = pl.col("stake_weight").fill_null(1.0) if "stake_weight" in offered.columns else pl.lit(1.0)
        return offered.with_columns(
            stake_weight=(weight * self.share).cast(pl.Float64), regime=pl.lit(self.regime, pl.Int64)
        )


def seen_by(needed: Requirement, view: View) -> View:
    """The part of a view that a strategy requires: its quotes, their path, and the features of their decisions."""
    kept = pl.col("market").is_in(needed.markets) & pl.col("side").is_in(needed.sides)
    if needed.bookmakers is not None:
        kept &= pl.col("bookmaker").is_in(needed.bookmakers)
    quotes, key = view.quotes.filter(kept), ("decided_at", "event_id")
    frames = {name: view.features[name] for name in needed.features}
    if frames and quotes.height < view.quotes.height:
        decisions = quotes.select(key).unique()
        frames = {name: frame.join(decisions, on=key, how="semi").sort(key) for name, frame in frames.items()}
    return View(quotes, frames, view.known().filter(kept) if needed.path else None)


@dataclass(frozen=True)
class RegimeGated:
    """The bets of another strategy; what is staked depends on the regime at the last fit.

    The regime is told from days before the fit: their prices at the decisions, and the results settled on them. Between
    two fits it stays, so `validation.refit=1d` follows it day by day. Its number means the same from fit to fit.

    Attributes
    ----------
    base : str
        Strategy that is gated: any other one, also one of your own in ``BEA_HOME/strategies``. One with a model is
        fitted on the days of `validation.refit` too, on what it would see without the gate.
    base_parameters : tuple of str or None
        Its parameters as ``name:value`` or ``name=value``; None: its defaults. `model_value` needs `model`, or
        `artifact`.
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
    inputs: tuple[str, ...] = ("overround", "dispersion")
    states: int | None = 2
    penalty: float | None = 3.0
    half_life: float = 5.0
    tail: float = 0.01
    order_by: str | None = None
    days_min: int = 100
    refit_days: int = 182

    def __post_init__(self) -> None:
        from research.regimes.refits import MODELS

        set_names(self, "base_parameters")
        set_names(self, "inputs", optional=False)
        one_of("model", self.model, MODELS)
        one_of("regime_market", self.regime_market, tuple(SELECTIONS))
        shares = (self.shares,) if isinstance(self.shares, int | float) else self.shares
        if not shares:
            raise refuse("shares", "one for each regime", self.shares)
        for share in shares:
            within("shares", share, 0, 100)
        within("share_unknown", self.share_unknown, 0, 100)
        object.__setattr__(self, "shares", tuple(float(share) for share in shares))
        within("half_life", self.half_life, 0, 1000)
        within("tail", self.tail, 0, 0.49)
        within("days_min", self.days_min, 20, 100_000)
        within("refit_days", self.refit_days, 1, 10_000)
        if self.penalty is not None:
            within("penalty", self.penalty, 0, 1e9)
        self._plan()
        if self.states is not None and len(self.shares) != self.states:
            raise refuse("shares", f"one for each of the {self.states} regimes", self.shares)
        scope = self.gated.requires().scope
        if CLV in self.inputs and (isinstance(self.gated, Learner) or scope == INSTANT):
            raise refuse(
                "inputs", f"no {CLV}: what {self.base} has bet on is known only with its earlier fits and slates",
                self.inputs,
            )  # fmt: skip

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

    @cached_property
    def gated(self) -> Any:
        """The strategy that is gated, before it is fitted; raises `ConfigurationError` for what it does not take."""
        from research.strategies import by_name, make

        file = None if self._file is None else str(self._file)
        kind: Any = by_name(self.base, file)
        known, given = [field.name for field in fields(kind)], dict[str, Any]()
        for text in self.base_parameters or ():
            key, *value = _SEPARATOR.split(text, maxsplit=1)
            if not value or key not in known:
                raise ConfigurationError(
                    f"no parameter of {self.base}", where="strategy.base_parameters", expected=", ".join(known),
                    found=repr(text),
                )  # fmt: skip
            if key in given:
                raise refuse("base_parameters", "each parameter once", text)
            given[key] = yaml.safe_load(value[0])
        if "model_parameters" in known and not {"model", "artifact"} & set(given):
            raise refuse("base_parameters", f"model:NAME or artifact:HASH for {self.base}", self.base_parameters)
        return make(self.base, given, file)

    @cached_property
    def _file(self) -> Path | None:
        """The file of the base if it is one of the user's own; raises `ConfigurationError` for no strategy."""
        from research.strategies import FITTED, names

        built_in = {*names(), *FITTED} - {self.name}
        own = user_files(STRATEGIES, [home()])
        one_of("base", self.base, tuple(sorted(built_in | set(own) - {self.name})))
        return None if self.base in built_in else own[self.base]

    def modules(self) -> tuple[str | Path, ...]:
        """The module of the base, or its file, and those that the base finds by name."""
        first = self._file or type(self.gated).__module__
        return (first, *(self.gated.modules() if isinstance(self.gated, Modular) else ()))

    def artifacts(self) -> Mapping[str, Path]:
        """The files that the base reads beside its code."""
        return self.gated.artifacts() if isinstance(self.gated, Stored) else {}

    def requires(self) -> Requirement:
        """What the base needs, and the back prices of all bookmakers in the market that tells the regime."""
        needed: Requirement = self.gated.requires()
        markets = tuple(dict.fromkeys((*needed.markets, self.regime_market)))
        sides = tuple(dict.fromkeys((*needed.sides, "back")))
        return replace(needed, markets=markets, sides=sides, bookmakers=None, closing=CLV in self.inputs)

    def fit(self, history: History, until: int) -> Strategy:
        """The base, fitted if it has a model, in the regime that is known at `until`."""
        state = self._known(history, until // DAY_NS).state
        share = self.share_unknown if state is None else self.shares[min(state, len(self.shares) - 1)]
        base = self.gated
        if isinstance(base, Learner):
            seen = seen_by(base.requires(), View(history.quotes, history.features, history.path))
            base = base.fit(History(history.events, seen.quotes, seen.features, seen.path), until)
        return Gated(base, state, share)

    def lags(self, history: History, told: pl.DataFrame) -> list[int]:
        """Days from each change of state in hindsight, by the last fit, to the first day that is told it.

        Parameters
        ----------
        history : History
            Of all days.
        told : polars.DataFrame
            day (days since 1970-01-01), ascending, and the regime in force at its decisions.

        Returns
        -------
        list of int
            As `research.regimes.measures.lags`; empty before there is a fit.
        """
        from research.regimes.measures import lags

        found = self._known(history, int(told["day"][-1]) + 1)
        late = found.hindsight()
        truth = pl.DataFrame({"day": found.days[: len(late)], "late": late}).cast(pl.Int64)
        both = told.join_asof(truth, on="day", strategy="backward").drop_nulls("late")
        return lags(both["regime"].to_numpy(), both["late"].to_numpy(), both["day"].to_list())

    def _known(self, history: History, until_day: int) -> Known:
        from research.regimes.kept import days_before
        from research.regimes.refits import known

        days = days_before(history, self.regime_market, until_day, self._bets())
        return known(days, self._plan(), until_day)

    def _bets(self) -> Placed | None:
        return Placed(self.gated) if CLV in self.inputs else None


@dataclass(frozen=True)
class Placed:
    """The bets of a strategy, each with its closing line value: its first offer with an expected profit.

    Attributes
    ----------
    base : Strategy
    """

    base: Any

    def __call__(self, history: History) -> pl.DataFrame:
        """event_id and clv of the bets on a history that have a closing price."""
        seen = seen_by(self.base.requires(), View(history.quotes, history.features, history.path))
        offered: pl.DataFrame = self.base.opportunities(seen)
        if history.closing is None or not offered.width:
            return pl.DataFrame(schema={"event_id": pl.Int64, "clv": pl.Float64})
        worth = offered.filter(pl.col("side") == "back", pl.Series(_edge(offered)) > 0.0)
        first = worth.sort(["decided_at", *_BET, "bookmaker"]).unique(_BET, keep="first", maintain_order=True)
        closed = first.join(history.closing, on=_BET, how="inner", nulls_equal=True, maintain_order="left")
        return closed.select("event_id", clv=pl.Series(clv(closed["odds"], closed["close_prob"]))).sort(
            "event_id", "clv"
        )


def _edge(offered: pl.DataFrame) -> Any:
    """Expected profit of each offer, half results included where it has them."""
    states = ("prob", "prob_half_win", "prob_void", "prob_half_lose")
    if not set(states) <= set(offered.columns):
        return edge(offered["prob"].to_numpy(), offered["odds"].to_numpy())
    return edge_states(offered.select(pl.col(states).fill_null(0.0)).to_numpy(), offered["odds"].to_numpy())
