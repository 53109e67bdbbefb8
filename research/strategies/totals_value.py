"""Back totals above their fair odds on a grid of scores, with the five results of quarter lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.strategies.goal_lines import GoalLines


@dataclass(frozen=True)
class TotalsValue(GoalLines):
    """Totals with the probabilities of a win, half win, void, half loss and loss; `edge_min` selects the bets.

    ``staking=kelly_states`` stakes by all five results. Decisions whose rates are not known have no bet.

    Attributes
    ----------
    lines : tuple of float or None
        Lines to bet on; None: all lines of whole quarters below 15 goals.
    rates : str
        Where the expected goals come from. ``market``: the prices of `fair` on the result and on 2.5 goals at the same
        decision, which a grid of scores meets exactly (`research.goals.implied`). Else a feature, made of results:
        ``dixon_coles``, ``poisson``, ``score_driven`` or ``bivariate_poisson``.
    fair : str
        Bookmaker (or aggregate) whose prices imply the rates, or ``consensus``: the mean of all.
    method : str
        Method by which its margin is removed.
    price : str
        Price taken: ``best`` of `price_bookmakers`, or that of a bookmaker or aggregate (``max`` may never have been on
        offer).
    price_bookmakers : tuple of str or None
        Bookmakers that ``best`` compares; None: all, without aggregates.
    skip_suspect : bool
        Ignore suspect prices (`research.strategies.books.marked_prices`). Needs the prices of all bookmakers.
    """

    name: ClassVar[str] = "totals_value"
    market: ClassVar[str] = "totals"
