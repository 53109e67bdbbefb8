"""Subjects of a search: a configuration from overrides, with its own or another strategy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.kernel.params import Params
from engine.strategy import Strategy
from research.commands.leakage import with_fits
from research.config.compose import Composer
from research.config.tape_spec import TapeSpec, tape_spec_of
from research.execution.job import numbers
from research.leakage.decisions import Subject
from research.sweeps.planner import plan_backtest
from research.tapes.builder import Tapes


def subject(overrides: Sequence[str] = (), strategy: Callable[[TapeSpec], Strategy] | None = None) -> Subject:
    """The configuration of `bea backtest OVERRIDES`. With a strategy given, only opportunities are compared."""
    plan = plan_backtest(Composer("backtest"), ["risk=off", *overrides])
    if strategy is not None:
        return Subject(tape_spec_of(plan.flat(1)), strategy=strategy)
    params = Params(*numbers(plan, 0, 1)[0].tolist())
    return Subject(with_fits(Tapes(), tape_spec_of(plan.flat(1)), plan.settings()), params)
