"""One simulated sweep through the code of `bea sweep`: walk, series, choice, stitched path, evidence, verdict."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtesting.measures import METRICS
from engine.kernel.params import Params
from engine.tape import Tape
from research.execution.assess import FinishedSweep, SweepAssessment, assess_selection, draw, select
from research.execution.job import Span
from research.execution.price import measure_price
from research.execution.series import series_of
from research.execution.units import DayRequest, Unit, UnitResult, compute
from research.inference import multipliers
from research.inference.bootstrap import generator
from research.inference.closing_line import PricedBets
from research.inference.skewness import single_p_value
from research.inference.superiority import BootstrapMoments
from research.validation.folds import Calendar, boundaries, cut_folds, first_date
from research.validation.rules import Rules
from research.validation.stitched import SelectedConfiguration
from research.verdict.plausibility import SweepMeasures, implausible_flags, yield_errors
from research.verdict.price import PriceFindings
from tests.truth.closes import CLOSES, Close
from tests.truth.market import Market, World, market

Row = dict[str, Any]

RULES = Rules()
#: planted edge at which the verdict of price is made too
PRICED_EDGE = 0.03


def remember_normals() -> None:
    """Draw the normals of the calendar days once in this process: all sweeps are on the same days."""
    of_days = cache(lambda days: _drawn_normals(np.frombuffer(days, np.int64)))
    multipliers.multipliers = lambda days: of_days(np.asarray(days, np.int64).tobytes())  # type: ignore[assignment]


_drawn_normals = multipliers.multipliers


def sweeps(world: World, seed: int, batch: int, count: int) -> list[Row]:
    """`count` sweeps over one tape with new results for each. Seed and batch determine the tape."""
    shared = market(world, generator(seed, "market", world.plain(), batch))
    rng = generator(seed, "results", world.plain(), batch)
    of_closes = generator(seed, "closes", world.plain(), batch)
    rows = []
    for _ in range(count):
        done = sweep(shared, shared.with_results(rng), int(rng.integers(2**31)))
        closes = CLOSES if world.moved and world.edge_frac in (0.0, PRICED_EDGE) else ()
        rows.append(done.row() | {"price": {close.name: done.price(close, of_closes).plain() for close in closes}})
    return rows


@dataclass(frozen=True)
class Done:
    """A sweep that was assessed.

    Attributes
    ----------
    simulated : Market
    tape : Tape
        With the results of the sweep.
    seed : int
    result : UnitResult
    assessed : SweepAssessment
    maxima : float32 (draws,)
        Largest null statistics of its configurations, for the ledger.
    """

    simulated: Market
    tape: Tape
    seed: int
    result: UnitResult
    assessed: SweepAssessment
    maxima: NDArray[np.float32]

    def row(self) -> Row:
        """What is stored: the findings, from which the verdicts are made, and what only the simulation knows."""
        findings, holders = self.assessed.findings, self.simulated.world.holders
        evidence, bets = findings.evidence, self.result.measures[:, METRICS.index("n_bets")]
        slow = evidence.slow
        stored = replace(findings, windows=(), set_aside=(), evidence=replace(evidence, survivors=(), untested=()))
        return {
            "findings": stored.plain(),
            "set_aside": len(findings.set_aside),
            "effective": evidence.effective,
            "warns": slow is not None and slow.significant,
            "picked_holds": findings.selected is not None and findings.selected <= holders,
            "windows_hold": sum(window.config is not None and window.config <= holders for window in findings.windows),
            "p_true": single_p_value(self.assessed.assessment.bootstrap, 0) if holders else math.nan,
            "bets": float(bets.mean()),
            "bets_true": float(bets[0]) if holders else math.nan,
        }

    def price(self, close: Close, rng: np.random.Generator) -> PriceFindings:
        """The numbers behind the verdict of price if this were the closing line."""
        tape = replace(self.tape, close_prob=close.probabilities(self.tape.close_prob, rng))
        result = walked(self.simulated, tape, self.seed)
        bets = PricedBets(result.level, result.clv, *result.level_turnover.T)
        closed = result.measures[:, METRICS.index("clv_n")].astype(np.int64)
        ruler = close.ruler(len(closed), rng)
        aside = [config - 1 for config in self.assessed.findings.set_aside]
        return measure_price(bets, closed, ruler, aside, self.seed)


def walked(simulated: Market, tape: Tape, seed: int) -> UnitResult:
    """All configurations over a tape."""
    cuts = cut_folds(tape, boundaries(_calendar(tape), RULES), RULES.embargo_days)
    request = DayRequest(len(tape.midnights), cuts.days.ravel())
    seeds = np.full(len(simulated.matrix), seed)
    return compute(tape, simulated.matrix, seeds, 1, lambda _: None, None, request)


def sweep(simulated: Market, tape: Tape, seed: int) -> Done:
    """Assess one sweep over a tape of the market."""
    dates = boundaries(_calendar(tape), RULES)
    cuts = cut_folds(tape, dates, RULES.embargo_days)
    span = Span(first_date(tape), len(tape.midnights), cuts)
    rows, result = simulated.matrix, walked(simulated, tape, seed)
    bankroll = rows[:, Params._fields.index("bankroll_minor")]
    with tempfile.TemporaryDirectory(prefix="bea-truth-") as folder:
        unit = Unit(0, 0, len(rows))
        subject = FinishedSweep(
            rules=RULES,
            dates=dates,
            series=series_of([span], [unit], lambda _: (result, bankroll), Path(folder)),
            configuration_of=lambda row: SelectedConfiguration(tape, cuts, Params(*rows[row].tolist()), seed, None),
            purged_days=cuts.purged,
            bankroll_minor=float(bankroll[0]),
            best=0,
            seed=seed,
            cross_validate=False,
        )
        drawn = draw(subject)
        aside = _implausible(result, drawn.moments)
        assessed = assess_selection(subject, select(subject, aside), drawn)
    return Done(simulated, tape, seed, result, assessed, drawn.maxima)


def _calendar(tape: Tape) -> Calendar:
    first, n_days = first_date(tape), len(tape.midnights)
    days = np.datetime64(first, "D") + np.arange(n_days)
    counts = np.bincount(np.searchsorted(tape.midnights, tape.decided_at, side="right"), minlength=n_days)
    return Calendar({day: int(n) for day, n in zip(days.tolist(), counts, strict=True) if n}, {})


def _implausible(result: UnitResult, moments: BootstrapMoments) -> tuple[int, ...]:
    """Rows whose measures are implausible: they are set aside, as `bea sweep` does."""
    columns = [result.measures[:, METRICS.index(name)] for name in ("n_bets", "yield", "clv_mean", "clv_n")]
    errors = yield_errors(result.days, result.measures[:, METRICS.index("turnover_minor")])
    flags = implausible_flags(SweepMeasures(*[*columns, errors]), moments)
    return tuple(np.flatnonzero(np.any(list(flags.values()), axis=0)).tolist())
