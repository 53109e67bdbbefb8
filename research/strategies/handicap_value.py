"""Back Asian handicaps above their fair odds on a grid of scores, with the five results of quarter lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.strategies.goal_lines import GoalLines


@dataclass(frozen=True)
class HandicapValue(GoalLines):
    """Asian handicaps with the probabilities of a win, half win, void, half loss and loss; `edge_min` selects the bets.

    ``staking=kelly_states`` stakes by all five results. Decisions whose rates are not known have no bet.

    Attributes
    ----------
    lines, rates, fair, method, price, price_bookmakers, skip_suspect
        As in `research.strategies.goal_lines.GoalLines`.
    """

    name: ClassVar[str] = "handicap_value"
    market: ClassVar[str] = "asian_handicap"
