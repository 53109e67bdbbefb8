"""What a tape is built from, worked out once: the strategy, the parts of the store it needs, and later prices."""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import polars as pl

from engine.clock import duration_ns
from engine.errors import ConfigurationError
from engine.schema import CLOSE, OPEN, QUOTES, SNAPSHOT
from engine.store.universe import Universe
from engine.strategy import Feature, Requirement, Stored, Strategy
from engine.tape.execution import CashOut, LaterPrices
from research.config.tape_spec import TapeSpec
from research.strategies import make
from research.tapes.features import features_of
from research.tapes.recorded import recordings_at

if TYPE_CHECKING:
    from research.strategies.stored_value import StoredValue

#: makes the strategy of a specification
StrategyFactory = Callable[[TapeSpec], Strategy]
#: where base classes come from that no one edits
_PYTHON: Final = ("builtins", "typing", "abc")


@dataclass(frozen=True)
class TapeInputs:
    """A tape's specification with everything that follows from it and from the strategy.

    Attributes
    ----------
    spec : TapeSpec
    strategy : Strategy
        Or a strategy with a model (`engine.strategy.Learner`).
    visible : Universe
        Events and quotes that the strategy may see.
    closing : Universe
        Closing prices that the bets are measured against.
    later : Universe or None
        Prices after the decision; None: nothing needs them.
    delay_ns : int
        How long an order takes to arrive.
    cash_out : CashOut
        When bets are closed again.
    features : tuple of Feature
        What the strategy requires beside prices.
    """

    spec: TapeSpec
    strategy: Strategy
    visible: Universe
    closing: Universe
    later: Universe | None
    delay_ns: int
    cash_out: CashOut
    features: tuple[Feature, ...] = ()

    @classmethod
    def of(cls, spec: TapeSpec, strategy: Strategy) -> TapeInputs:
        """Work the inputs out.

        Raises
        ------
        ConfigurationError
            A duration that cannot be read, or a feature that does not exist.
        """
        required, scope = strategy.requires(), _scope(spec)
        markets, books, sides = required.markets, required.bookmakers, required.sides
        delay_ns, cash_out = delay_of(spec), _cash_out_of(spec)
        if spec.recordings and cash_out.on:
            raise ConfigurationError(
                "bets that recorded books fill are not cashed out", where="execution.recordings",
                expected="execution.cash_out_* null", found="a cash-out, which would be at stored prices",
            )  # fmt: skip
        if spec.starting_price and not spec.recordings:
            raise ConfigurationError(
                "starting prices are those of recordings", where="execution.starting_price",
                expected="execution.recordings=FILES", found="none",
            )  # fmt: skip
        return cls(
            spec,
            strategy,
            Universe(**scope, markets=markets, bookmakers=books, instants=spec.instants, sides=sides),
            Universe(
                **scope, markets=markets, bookmakers=(spec.clv_bookmaker,), instants=(CLOSE, SNAPSHOT), sides=("back",)
            ),
            _later(scope, required, cash_out) if delay_ns or cash_out.on else None,
            delay_ns,
            cash_out,
            features_of(required.features, spec.strategy_file),
        )

    def within(self, known: Collection[str]) -> TapeInputs:
        """The inputs without bookmakers that the store does not have: defaults that it lacks.

        Where none is left, all bookmakers are read: the strategy sees the market, and not the prices it looks for.
        """
        later = None if self.later is None else _within(self.later, known)
        return replace(self, visible=_within(self.visible, known), later=later)

    @property
    def required(self) -> Requirement:
        """Markets, bookmakers, sides and features that the strategy needs."""
        return self.strategy.requires()


def later_prices(prices: Sequence[pl.DataFrame], inputs: TapeInputs) -> LaterPrices | None:
    """Later prices of the bets, and recorded books; None: nothing needs them.

    Without a price of the bookmaker that closes them, nothing is closed.
    """
    rule, recordings = inputs.cash_out, recordings_at(inputs.spec.recordings, inputs.spec.starting_price)
    if not prices and recordings is None:
        return None
    quotes = pl.concat(prices) if prices else pl.DataFrame(schema=QUOTES)
    if rule.bookmaker is not None and rule.bookmaker not in quotes["bookmaker"]:
        rule = CashOut()
    return LaterPrices(quotes, inputs.delay_ns, rule, recordings)


def _within(universe: Universe, known: Collection[str]) -> Universe:
    names = universe.bookmakers
    return universe if names is None else replace(universe, bookmakers=tuple(n for n in names if n in known) or None)


def strategy_of(spec: TapeSpec) -> Strategy:
    """The strategy that a specification names.

    Raises
    ------
    ConfigurationError
        There is none, a value is wrong, or a stored model, of the strategy or of the one that it gates, was trained on
        rows of other settings, or by other code.
    """
    parameters = {name: list(value) if isinstance(value, tuple) else value for name, value in spec.parameters}
    if "model_parameters" in parameters:
        parameters["model_parameters"] = dict(parameters["model_parameters"])
    strategy = make(spec.strategy, parameters, spec.strategy_file)
    gated = getattr(strategy, "gated", None)
    for one in (strategy, gated):
        if getattr(one, "stored", None) is not None:
            from research.tapes.stored import check_stored

            check_stored(cast("StoredValue", one), spec, is_base=one is gated)
    return strategy


def artifact_hashes(strategy: Strategy) -> dict[str, str]:
    """Hashes of the files that a strategy reads beside its code (`engine.strategy.Stored`), by ``artifact.NAME``.

    Raises
    ------
    ConfigurationError
        One of them is missing, or cannot be read.
    """
    return {
        f"artifact.{name}": _content_hash(strategy.name, name, Path(path))
        for name, path in sorted(strategy.artifacts().items() if isinstance(strategy, Stored) else ())
    }


def _content_hash(strategy: str, name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise ConfigurationError(
            f"artifact {name} of strategy {strategy} is missing", where=str(path), found=error.strerror or str(error),
            todo="put the file back",
        ) from None  # fmt: skip


def source_of(part: Strategy | Feature) -> str:
    """Text of the modules that a strategy or a feature and its base classes are written in, in their order.

    Without those of Python itself, and of what has no file, as in a notebook. That of a strategy around another one
    (`gated`) has that of the other one, too.
    """
    modules = dict.fromkeys(inspect.getmodule(kind) or kind for kind in type(part).__mro__)
    texts = [_source(module) for module in modules if module.__name__.split(".")[0] not in _PYTHON]
    gated = getattr(part, "gated", None)
    return "\n".join(texts if gated is None else [*texts, source_of(gated)])


def _source(module: Any) -> str:
    try:
        return inspect.getsource(module)
    except (OSError, TypeError):
        return ""


def thawed(pairs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Nested pairs as nested mappings."""
    return {name: thawed(value) if isinstance(value, tuple) else value for name, value in pairs}


def delay_of(spec: TapeSpec) -> int:
    """How long an order takes to arrive, nanoseconds."""
    delay = dict(spec.later)["delay"]
    return 0 if delay is None else duration_ns(delay, "execution.delay")


def _cash_out_of(spec: TapeSpec) -> CashOut:
    terms = dict(spec.later)
    profit, loss, before = (terms[f"cash_out_{name}"] for name in ("profit_frac", "loss_frac", "before_start"))
    return CashOut(
        math.inf if profit is None else profit,
        math.inf if loss is None else loss,
        None if before is None else duration_ns(before, "execution.cash_out_before_start"),
        terms["cash_out_bookmaker"],
    )


def _scope(spec: TapeSpec) -> dict[str, Any]:
    scope = dict(spec.universe)
    for name in ("first_date", "last_date"):
        scope[name] = date.fromisoformat(scope[name]) if scope[name] else None
    return scope


def _later(scope: Mapping[str, Any], required: Requirement, cash_out: CashOut) -> Universe:
    """All prices of what a strategy bets on, closing ones too; both sides where bets are closed again."""
    books = required.bookmakers
    if books is not None and cash_out.on and cash_out.bookmaker is not None:
        books = (*books, cash_out.bookmaker)
    sides = ("back", "lay") if cash_out.on else required.sides
    kinds = (OPEN, SNAPSHOT, CLOSE)
    return Universe(**scope, markets=required.markets, bookmakers=books, instants=kinds, sides=sides)
