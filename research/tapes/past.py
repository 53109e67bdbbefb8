"""What a strategy with a model learns from while it trades, and when: as in the backtest, over the store of today."""

from __future__ import annotations

from collections.abc import Sequence

from engine.live.judgement.models import Calendar
from research.config.tape_spec import TapeSpec
from research.tapes.builder import Tapes
from research.tapes.fitting import Past, fit_instants, together
from research.validation.rules import DAILY


def past_of(tapes: Tapes, spec: TapeSpec) -> Past:
    """The history in the store of a specification, with the features that a backtest makes of it."""
    events, views = tapes.whole(spec)
    return Past(events, tapes.featured(spec).of(together(views)))


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
