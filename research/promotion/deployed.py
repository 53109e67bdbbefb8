"""A promotion turned back into what trades: the strategy object, the numbers of the kernel, the terms of the tape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.configuration import Configuration
from engine.custom_rule import Rule, load
from engine.kernel.params import Params
from engine.live.judgement.rules import Rules
from engine.promotion import Promotion, check
from engine.promotion import load as load_promotion
from engine.strategy import Strategy
from engine.tape.build import merged_terms
from research.config.kernel_params import params_of
from research.config.tape_spec import TapeSpec, tape_spec_of
from research.promotion.hashes import code_hashes, data_hash
from research.tapes.builder import Tapes
from research.tapes.inputs import TapeInputs, strategy_of, thawed


@dataclass(frozen=True)
class Deployed:
    """What a runner trades.

    Attributes
    ----------
    promotion : Promotion
    spec : TapeSpec
        Slow keys: store, decide_at, zone, instants, terms of the bookmakers, delay, column of Kelly fractions.
    inputs : TapeInputs
        The strategy, the quotes it may see, the closing prices, later prices, the delay.
    configuration : Configuration
        Fast keys by name, checked.
    params : Params
        The same as the numbers that the kernel reads.
    rule : Rule or None
        The user's staking rule.
    """

    promotion: Promotion
    spec: TapeSpec
    inputs: TapeInputs
    configuration: Configuration
    params: Params
    rule: Rule | None

    @property
    def strategy(self) -> Strategy:
        """The strategy object; a strategy with a model is not fitted yet."""
        return self.inputs.strategy

    @property
    def seed(self) -> int:
        """Seed of random rejections."""
        return self.promotion.seed

    @property
    def rules(self) -> Rules:
        """What the promotion fixes for the judgement of a runner."""
        venues = thawed(self.spec.venues)
        return Rules(
            digest=self.promotion.digest,
            configuration=self.configuration,
            terms=merged_terms(dict(self.spec.commission_rates), venues),
            kelly=self.spec.kelly,
            seed=self.seed,
            zone=self.spec.zone,
            decide_at=self.spec.decide_at,
            delay_ns=self.inputs.delay_ns,
            rule=self.rule,
        )

    @property
    def settings(self) -> Mapping[str, Any]:
        """Every key of the configuration."""
        return self.promotion.settings


def spec_of(settings: Mapping[str, Any], fit_at: tuple[str, ...] = ()) -> TapeSpec:
    """The slow part of frozen settings."""
    return replace(tape_spec_of(settings), fit_at=fit_at)


def deploy(promotion: Promotion, *, with_store: bool = True, instead: Strategy | None = None) -> Deployed:
    """Everything that a promotion stands for; nothing is checked against its hashes.

    Parameters
    ----------
    promotion : Promotion
    with_store : bool
        Whether the store is there: bookmakers that it lacks are then left out, as in the backtest.
    instead : Strategy, optional
        In the place of the promotion's strategy and of the user's staking rule, which are not loaded then: to settle
        takes neither.

    Raises
    ------
    ConfigurationError
        The strategy, its file or the staking rule cannot be loaded.
    """
    spec = spec_of(promotion.settings, promotion.fit_at)
    numbers, params = params_of(promotion.settings)
    tapes = Tapes(strategy=strategy_of if instead is None else lambda _: instead)
    inputs = tapes.inputs(spec) if with_store else TapeInputs.of(spec, instead or strategy_of(spec))
    rule = None if spec.rule is None or instead is not None else load(spec.rule)
    return Deployed(promotion, spec, inputs, numbers, params, rule)


def start(name: str, now_ns: int, *, with_store: bool = True) -> Deployed:
    """A promotion that may be traded now, with everything that it stands for.

    Parameters
    ----------
    name : str
    now_ns : int
        UTC nanoseconds by the machine's clock.
    with_store : bool
        Whether the feed reads the store: its rows must then be those of the backtest.

    Raises
    ------
    PromotionError
        It was edited, is demoted or expired, or code or data is not what was promoted.
    """
    promotion = load_promotion(name)
    deployed = deploy(promotion, with_store=with_store)
    current = code_hashes(deployed.spec)
    if with_store:
        current["data"] = data_hash(deployed.spec)
    check(promotion, now_ns, current)
    return deployed
