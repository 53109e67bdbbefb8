"""One simulated sweep through the code of `bea sweep`: walk, series, choice, stitched path, evidence, verdict."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from engine.backtesting.measures import METRICS
from engine.kernel.params import Params
from engine.tape import Tape
from research.execution.assess import FinishedSweep, SweepAssessment, assess_selection, select, series_of
from research.execution.job import Span
from research.execution.units import DayRequest, Unit, UnitResult, compute
from research.inference.bootstrap import generator
from research.inference.skewness import single_p_value
from research.inference.superiority import BootstrapMoments
from research.validation.folds import Calendar, boundaries, cut_folds, first_date
from research.validation.rules import Rules
from research.validation.stitched import SelectedConfiguration
from research.verdict.evidence import resampled
from research.verdict.judge import Flagged, PValues, Search, judge
from research.verdict.plausibility import SweepMeasures, implausible_flags, yield_errors
from tests.truth.market import Market, World, market

Row = dict[str, Any]

RULES = Rules()


def sweeps(world: World, seed: int, batch: int, count: int) -> list[Row]:
    """`count` sweeps over one tape with new results for each. Seed and batch determine the tape."""
    shared = market(world, generator(seed, "market", world.plain(), batch))
    rng = generator(seed, "results", world.plain(), batch)
    return [sweep(shared, rng) for _ in range(count)]


def sweep(simulated: Market, rng: np.random.Generator) -> Row:
    """One sweep: its verdict, and the test of the one configuration that is known to have the edge."""
    tape, seed = simulated.with_results(rng), int(rng.integers(2**31))
    dates = boundaries(_calendar(tape), RULES)
    cuts = cut_folds(tape, dates, RULES.embargo_days)
    span = Span(first_date(tape), len(tape.midnights), cuts)
    rows = simulated.matrix
    result = compute(
        tape, rows, np.full(len(rows), seed), 1, lambda _: None, None, DayRequest(span.n_days, cuts.days.ravel())
    )
    bankroll = rows[:, Params._fields.index("bankroll_minor")]
    with tempfile.TemporaryDirectory(prefix="bea-truth-") as folder:
        unit = Unit(0, 0, len(rows))
        subject = FinishedSweep(
            rules=RULES,
            dates=dates,
            series=series_of([span], [(unit, result, bankroll)], len(rows), Path(folder)),
            configuration_of=lambda row: SelectedConfiguration(tape, cuts, Params(*rows[row].tolist()), seed, None),
            purged_days=cuts.purged,
            bankroll_minor=float(bankroll[0]),
            best=0,
            seed=seed,
            cross_validate=False,
        )
        drawn = resampled(subject.series.returns.T, seed)
        aside = _implausible(result, drawn.moments)
        assessed = assess_selection(subject, select(subject, aside), drawn)
    return _row(simulated, result, assessed)


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


def _row(simulated: Market, result: UnitResult, assessed: SweepAssessment) -> Row:
    evidence, outside = assessed.findings.evidence, assessed.findings.out_of_sample
    bets, aside = result.measures[:, METRICS.index("n_bets")], len(assessed.findings.set_aside)
    single = math.nan if evidence.selected is None else evidence.selected.p_value
    verdict = judge(
        PValues(evidence.p_all, evidence.p_selected, evidence.p_ensemble),
        Search(evidence.effective),
        outside,
        Flagged((), aside, aside > evidence.betting),
    )
    assert outside is not None
    holders = simulated.world.holders
    return {
        "evidence": verdict.evidence,
        "failed": "".join(condition.letter for condition in verdict.failed),
        "p_consistent": evidence.p_consistent,
        "p_skewed": evidence.p_skewed,
        "p_single": single,
        "effective": evidence.effective,
        "picked_holds": evidence.selected is not None and evidence.selected.row < holders,
        "windows_hold": sum(
            window.config is not None and window.config <= holders for window in assessed.findings.windows
        ),
        "p_true": single_p_value(assessed.assessment.bootstrap, 0) if holders else math.nan,
        "outside": [outside.estimate, outside.low, outside.high, outside.lower],
        "outside_bets": outside.bets,
        "set_aside": aside,
        "bets": float(bets.mean()),
        "bets_true": float(bets[0]) if holders else math.nan,
    }
