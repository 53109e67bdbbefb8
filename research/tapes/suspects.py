"""How many suspect prices a strategy left out or bet at, for the notes of a run: real value looks like an error too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from engine.plausibility.outliers import ODDS_RATIO, PROBABILITY_GAP, PROFIT_RATIO
from engine.strategy import View
from research.strategies.books import BET, back_prices, marked_prices

_OFFER = (*BET, "bookmaker", "side")
_PRICE = (*BET[1:], "bookmaker", "known_at")
_RULE = (
    f"suspect: flagged at import, or far from the other bookmakers at the decision: 1/odds by more than "
    f"{PROBABILITY_GAP:g} and odds - 1 by a factor above {PROFIT_RATIO:g}, or odds by a factor above {ODDS_RATIO:g}"
)


@dataclass
class Suspects:
    """Counts of one tape.

    Attributes
    ----------
    left_out : int
        Prices that the strategy left out.
    higher : int
        Those of them that were above the middle price of the other bookmakers.
    removed_edge : float
        Sum of ``odds / middle - 1`` over `higher`.
    offers : int
        Opportunities.
    taken : int
        Opportunities at prices that the import flagged.
    taken_edge : float
        Sum of ``prob * odds - 1`` over `taken`.
    """

    left_out: int = 0
    higher: int = 0
    removed_edge: float = 0.0
    offers: int = 0
    taken: int = 0
    taken_edge: float = 0.0

    def add(self, strategy: Any, view: View, offers: pl.DataFrame) -> None:
        """Count the prices of one view.

        Parameters
        ----------
        strategy : Strategy or Learner
            Its attribute `skip_suspect`, if it has one, says whether it leaves suspect prices out; of a strategy around
            another one that of the other one (`gated`).
        view : View
            What it saw.
        offers : polars.DataFrame
            Its opportunities.
        """
        self.offers += offers.height
        strategy = getattr(strategy, "gated", strategy)
        if getattr(strategy, "skip_suspect", False):
            markets, lines = getattr(strategy, "markets", None), getattr(strategy, "lines", None)
            if markets is None:  # then it looks at all lines of what it requires, whichever it bets on
                markets, lines = strategy.requires().markets, None
            dropped = marked_prices(view.quotes, markets, lines).filter("left_out")
            if view.path is not None:
                earlier = back_prices(view.path, markets, lines).filter(pl.col("suspect").fill_null(False))
                dropped = pl.concat([dropped, earlier], how="diagonal")
            self._count_left_out(dropped.unique(_PRICE, keep="first", maintain_order=True))
            return
        flagged = view.quotes.filter(pl.col("suspect").fill_null(False)).select(_OFFER).unique()
        if flagged.height:
            self._count_taken(offers, flagged)

    def _count_left_out(self, dropped: pl.DataFrame) -> None:
        higher = dropped.filter(pl.col("odds") > pl.col("others_odds"))
        self.left_out += dropped.height
        self.higher += higher.height
        self.removed_edge += float((higher["odds"] / higher["others_odds"] - 1.0).sum())

    def _count_taken(self, offers: pl.DataFrame, flagged: pl.DataFrame) -> None:
        if not {*_OFFER, "prob", "odds"} <= set(offers.columns):
            return  # the tape refuses it and says what is missing
        numbers = pl.col("prob", "odds").cast(pl.Float64, strict=False)
        keys = [pl.col(name).cast(dtype, strict=False) for name, dtype in flagged.schema.items()]
        taken = offers.select(*keys, numbers).join(flagged, on=list(_OFFER), how="semi", nulls_equal=True)
        self.taken += taken.height
        self.taken_edge += float((taken["prob"] * taken["odds"] - 1.0).sum())

    def plain(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)

    @classmethod
    def from_plain(cls, document: Mapping[str, Any]) -> Suspects:
        """From a JSON document; raises TypeError if it is none of these."""
        return cls(**document)


def notes_of(tapes: Sequence[Suspects]) -> list[str]:
    """What the counts say in a sentence each, for the notes of a run; of several tapes, the one with the most."""
    notes = []
    most = max(tapes, key=lambda tape: tape.left_out, default=Suspects())
    if most.left_out:
        count = f"{'up to ' if _differ(tape.left_out for tape in tapes) else ''}{most.left_out:,}"
        edge = ""
        if most.higher:
            mean = f"{100.0 * most.removed_edge / most.higher:,.0f}%"
            were = "was" if most.higher == 1 else "were"
            edge = f"; {most.higher:,} {were} above the others, with a mean edge of {mean} at the others' middle price"
        notes += [f"{count} suspect price{'s' * (most.left_out > 1)} left out{edge}", _RULE]
    most = max(tapes, key=lambda tape: tape.taken, default=Suspects())
    if most.taken:
        count = f"{'up to ' if _differ(tape.taken for tape in tapes) else ''}{most.taken:,} of {most.offers:,}"
        edge, mean_edge = "", most.taken_edge / most.taken
        if abs(mean_edge) >= 0.005:
            edge = f", with a mean edge of {100.0 * mean_edge:,.0f}%"
        verb = "is" if most.taken == 1 else "are"
        notes.append(f"{count} opportunities {verb} at suspect prices{edge}: compare with strategy.skip_suspect=true")
    return notes


def _differ(counts: Iterable[int]) -> bool:
    return len(set(counts)) > 1
