"""What a strategy with a model learns from while it trades, and when: as in the backtest, over the store of today."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import polars as pl

from engine.asof.closing import fair_closing
from engine.errors import EmptyUniverseError
from engine.live.judgement.models import Calendar
from research.config.tape_spec import TapeSpec
from research.tapes.builder import Tapes, open_store
from research.tapes.fitting import Past, fit_instants, together
from research.validation.rules import DAILY


def past_of(tapes: Tapes, spec: TapeSpec) -> Past:
    """The history in the store of a specification, with the features and closing prices that a backtest has of it."""
    events, views = tapes.whole(spec)
    return Past(events, tapes.featured(spec).of(together(views)), closing_of(tapes, spec, events))


def closing_of(tapes: Tapes, spec: TapeSpec, events: pl.DataFrame) -> pl.DataFrame | None:
    """Fair closing probabilities of events, if a fit needs them and the store has any."""
    inputs = tapes.inputs(spec)
    if not inputs.required.closing:
        return None
    with suppress(EmptyUniverseError):
        quotes = open_store(spec.store).quotes(inputs.closing)
        return fair_closing(events, quotes.join(events, on="event_id", how="semi"), spec.clv_bookmaker, spec.clv_method)
    return None


def calendar_of_fits(days: Sequence[str], refit: str, zone: str) -> Calendar:
    """The calendar of a promotion: its days as instants; every day goes on beyond the last one.

    Parameters
    ----------
    days : sequence of str
        ISO dates, as `TapeSpec.fit_at`.
    refit : str
        `validation.refit`.
    zone : str
    """
    return Calendar(fit_instants(days, zone), refit == DAILY, zone)
