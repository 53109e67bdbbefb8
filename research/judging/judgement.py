"""A judgement: the table of all models on one common set of events, and what was said of each event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import ConfigurationError, DataError, EmptyUniverseError
from engine.schema import SELECTIONS
from research import models
from research.execution.progress import Progress, Silence
from research.inference.bootstrap import generator
from research.judging.blocks import Weeks
from research.judging.breakdown import Part, breakdown_of
from research.judging.earnings import Earning, earnings_of, money_verdict
from research.judging.entries import Asked, Entry, entry_of
from research.judging.sample import Sample, counted, days_of, sample_of
from research.judging.scores import log_losses
from research.judging.selftest import Check, self_test
from research.judging.settings import CLOSE, Settings
from research.judging.table import Row, table_of
from research.judging.walk import Fit, Walk, Walked, decided_rows, refit_instants
from research.verdict.judge import Verdict

__all__ = ["Judgement", "forecasts_frame", "judge"]

Floats = NDArray[np.float64]

#: a model without an answer for more than this share of the events is refused; with ``judge.models=all``, left out
_SILENT = 0.05


@dataclass(frozen=True)
class Judgement:
    """What came out.

    Attributes
    ----------
    settings : Settings
    sample : Sample
        Cut to the events that every model answered.
    prob : mapping of str to float64 (n, n_outcomes)
        Forecasts by model, in the order of the settings.
    rows : tuple of Row
        The table, in the same order.
    fits : tuple of Fit
    notes : tuple of str
        What was left out, and why.
    checks : tuple of Check
        The self-test of the harness on these events.
    parts : tuple of Part
        The same by competition, season and odds.
    earnings : tuple of Earning
        Value bets on each forecast, except for closing prices.
    money : Verdict
        Whether any of them earned more than luck.
    """

    settings: Settings
    sample: Sample
    prob: Mapping[str, Floats]
    rows: tuple[Row, ...]
    fits: tuple[Fit, ...]
    notes: tuple[str, ...]
    checks: tuple[Check, ...]
    parts: tuple[Part, ...]
    earnings: tuple[Earning, ...]
    money: Verdict

    def document(self) -> dict[str, Any]:
        """The judgement as plain values."""
        judged = self.sample.judged
        first, last = days_of(judged)
        return {
            "models": [row.document() for row in self.rows],
            "n": judged.height,
            "first_date": first,
            "last_date": last,
            "competitions": sorted(judged["competition"].unique().to_list()),
            "left_out": dict(self.sample.left_out),
            "notes": list(self.notes),
            "self_test": [check.document() for check in self.checks],
            "parts": [part.document() for part in self.parts],
            "earnings": [one.document() for one in self.earnings],
            "money": {
                "evidence": self.money.evidence,
                "conditions": {
                    one.letter: {"holds": one.holds, "found": one.sentence} for one in self.money.conditions
                },
            },
            "settings": self.settings.document(),
            "data_hash": self.sample.data_hash,
            "fits": [fit.document() for fit in self.fits],
        }


def judge(settings: Settings, progress: Progress | None = None) -> Judgement:
    """Judge models against the market.

    Parameters
    ----------
    settings : Settings
    progress : Progress, optional

    Raises
    ------
    BeaError
        A model that does not exist or cannot be fitted, or no event to judge.
    """
    shown = Silence() if progress is None else progress
    chosen = _chosen(settings)
    entries = [one for one in chosen if isinstance(one, Entry)]
    sample = sample_of(settings, [entry.model.inputs() for entry in entries])
    walked, notes = _walked(settings, sample, entries, shown)
    told = {**sample.fair, **{name: one.prob for name, one in walked.items()}}
    labels = (one.label if isinstance(one, Entry) else one for one in chosen)
    prob = {name: told[name] for name in labels if name in told}
    sample, prob = _common(sample, prob, notes)
    fits = tuple(fit for one in walked.values() for fit in one.fits)
    return _measured(settings, sample, prob, fits, tuple(notes))


def _measured(
    settings: Settings, sample: Sample, prob: dict[str, Floats], fits: tuple[Fit, ...], notes: tuple[str, ...]
) -> Judgement:
    judged, outcome, close = sample.judged, sample.outcomes, sample.fair[CLOSE]
    weeks = Weeks.of(judged["date"], settings.resamples, generator(settings.seed, "weeks"))
    late = [name for name in prob if name in sample.known and sample.is_later(name)]
    bettable = {name: values for name, values in prob.items() if name not in late}
    later = close if sample.decided != CLOSE else None
    earned = earnings_of(bettable, sample.odds[sample.decided], later, outcome, weeks, settings.edge_min)
    said = [
        f"{name} bets on nothing: it knows prices later than those of {sample.decided}"
        for name in late
        if not name.startswith(CLOSE)
    ]
    return Judgement(
        settings,
        sample,
        prob,
        table_of(prob, sample.fair, outcome, weeks),
        fits,
        (*notes, *said),
        self_test(prob, sample, weeks, generator(settings.seed, "shuffle")),
        breakdown_of(prob, judged, sample.odds[CLOSE], close, outcome, weeks),
        earned,
        money_verdict(earned, judged, weeks, settings.seed),
    )


def _chosen(settings: Settings) -> tuple[str | Entry, ...]:
    """Market forecasts by name and models, in the order of the table; the closing market is always among them."""
    prices = tuple(settings.markets)
    if settings.models is None:
        names = [name for name in models.names() if name != "market"]
        every = [entry_of(Asked(name), settings) for name in names]
        return (*prices, *(one for one in every if settings.market in one.model.inputs().markets))
    chosen = [
        one.name if one.name in prices and not one.parameters else entry_of(one, settings) for one in settings.models
    ]
    for one in chosen:
        if isinstance(one, Entry) and one.artifact is None:
            models.check_market(one.model, settings.market, "judge.market")
    return tuple(chosen) if CLOSE in chosen else (CLOSE, *chosen)


def _walked(
    settings: Settings, sample: Sample, entries: Sequence[Entry], progress: Progress
) -> tuple[dict[str, Walked], list[str]]:
    """Forecasts of the models that can be fitted; with ``all``, the others are named in the notes."""
    if not entries:
        return {}, []
    progress.say(f"features of {sample.events.height:,} events")
    rows = decided_rows(sample, [entry.model for entry in entries])
    walk = Walk(sample, rows, settings.market, refit_instants(sample.judged, settings.refit))
    walked, notes = dict[str, Walked](), list[str]()
    for entry in entries:
        progress.say(entry.label + ("" if entry.artifact else f": {len(walk.instants)} fits"))
        try:
            one = walk.of(entry)
            _check_answers(entry, one.prob)
        except (DataError, ConfigurationError) as error:
            if settings.models is not None:
                raise
            notes.append(f"{entry.label} is left out: {error.line()}")
            continue
        walked[entry.label] = one
    if not walked:
        notes.append("no model is left: a later judge.first_date gives them a past to learn from")
    return walked, notes


def _check_answers(entry: Entry, prob: Floats) -> None:
    """Refuse a model that would leave too few events for the others."""
    silent = int(np.isnan(prob).any(axis=1).sum())
    if silent > _SILENT * len(prob):
        raise DataError(
            "a model has no answer for many events", where=entry.label,
            expected=f"answers for {1.0 - _SILENT:.0%} of them",
            found=f"none for {silent:,} of {len(prob):,}", todo="judge it from a later date on, or leave it out",
        )  # fmt: skip


def _common(sample: Sample, prob: dict[str, Floats], notes: list[str]) -> tuple[Sample, dict[str, Floats]]:
    """The events that every model answered; those that one did not are counted."""
    answered = np.ones(sample.judged.height, dtype=bool)
    left_out = dict(sample.left_out)
    for name, values in prob.items():
        silent = answered & np.isnan(values).any(axis=1)
        if silent.any():
            left_out[f"no answer of {name}"] = int(silent.sum())
        answered &= ~silent
    if answered.all():
        return sample, prob
    if not answered.any():
        raise EmptyUniverseError("no event that every model answers", where="judge.models", found=counted(left_out))
    return sample.cut(answered, left_out), {name: values[answered] for name, values in prob.items()}


def forecasts_frame(judgement: Judgement) -> pl.DataFrame:
    """Every forecast: competition, date, home, away, model, prob_home, prob_draw, prob_away, home_score, away_score.

    One row for each model and event, in the order of the table and of time; prob_draw is null where there is no draw.
    Then season, event_id, outcome and log_loss.
    """
    judged, names = judgement.sample.judged, SELECTIONS[judgement.settings.market]
    parts = []
    for model, prob in judgement.prob.items():
        columns = {f"prob_{name}": pl.Series(prob[:, place]) for place, name in enumerate(names)}
        draw = columns.get("prob_draw", pl.Series([None] * len(prob), dtype=pl.Float64))
        parts.append(
            judged.select(
                "competition",
                "date",
                "home",
                "away",
                pl.lit(model).alias("model"),
                columns["prob_home"].alias("prob_home"),
                draw.alias("prob_draw"),
                columns["prob_away"].alias("prob_away"),
                "home_score",
                "away_score",
                "season",
                "event_id",
                "outcome",
                pl.Series("log_loss", log_losses(prob, judgement.sample.outcomes)),
            )
        )
    return pl.concat(parts)
