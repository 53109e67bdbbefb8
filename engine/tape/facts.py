"""What a tape states of an opportunity: lays as back bets of equal risk, odds after tax, edge, Kelly fraction.

Functions of arrays, one element a row. The tape computes them for a whole history, a runner for the few rows of an
instant, and no bit depends on the rows beside a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.betting.kelly import kelly_shrunk, kelly_states
from engine.odds import edge, edge_states, lay_as_back

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Offered:
    """Opportunities as a strategy states them, at the terms of their venues. All arrays have one element a row.

    Attributes
    ----------
    is_lay : bool (n,)
    quoted : float64 (n,)
        Decimal odds of the venue; NaN: missing.
    prob, prob_half_win, prob_void, prob_half_lose : float64 (n,)
        Of the selection.
    size_minor : float64 (n,)
        Largest stake (for a lay, backer's stake) that the price and the venue take; NaN: unknown.
    tax_stake_frac, tax_winnings_frac : float64 (n,)
    """

    is_lay: Flags
    quoted: Floats
    prob: Floats
    prob_half_win: Floats
    prob_void: Floats
    prob_half_lose: Floats
    size_minor: Floats
    tax_stake_frac: Floats
    tax_winnings_frac: Floats


@dataclass(frozen=True)
class Backed:
    """The same as back bets of equal risk; float64 (n,) each, with the meaning of `engine.tape.Tape`."""

    odds: Floats
    prob: Floats
    prob_half_win: Floats
    prob_void: Floats
    prob_half_lose: Floats
    size_minor: Floats
    tax_stake_frac: Floats

    @property
    def probs(self) -> Floats:
        """Probabilities of win, half win, void and half lose; float64 (n, 4)."""
        return np.column_stack([self.prob, self.prob_half_win, self.prob_void, self.prob_half_lose])


def as_back_bets(offered: Offered) -> Backed:
    """Opportunities as back bets, at odds after tax; the size of a lay becomes its liability, an unknown one +inf."""
    lay, quoted = offered.is_lay, offered.quoted
    back_odds = np.where(lay, lay_as_back(quoted), quoted)
    lose = 1.0 - offered.prob - offered.prob_half_win - offered.prob_void - offered.prob_half_lose
    size = np.where(lay, liability(offered.size_minor, quoted), offered.size_minor)
    return Backed(
        odds=_after_tax(offered, back_odds),
        prob=np.where(lay, np.clip(lose, 0.0, 1.0), offered.prob),
        prob_half_win=np.where(lay, offered.prob_half_lose, offered.prob_half_win),
        prob_void=offered.prob_void,
        prob_half_lose=np.where(lay, offered.prob_half_win, offered.prob_half_lose),
        size_minor=np.where(np.isnan(size), np.inf, size),
        tax_stake_frac=np.where(lay, 0.0, offered.tax_stake_frac),
    )


def _after_tax(offered: Offered, back_odds: Floats) -> Floats:
    """Odds that pay what is left after tax; those of an untaxed row are not touched."""
    lay, winnings = offered.is_lay, offered.tax_winnings_frac
    is_taxed = (winnings > 0.0) | ((offered.tax_stake_frac > 0.0) & ~lay)
    if not is_taxed.any():
        return back_odds
    pays = np.where(lay, back_odds, offered.quoted * (1.0 - offered.tax_stake_frac))
    taxed = 1.0 + (pays - 1.0) * np.where(pays > 1.0, 1.0 - winnings, 1.0)
    return np.where(is_taxed, taxed, back_odds)


def liability(size: Floats, odds: Floats) -> Floats:
    """The liability of a lay of `size`: whole where the rounding of `odds - 1` alone keeps it from being whole.

    Parameters
    ----------
    size, odds : (n,) float64
        Backer's stake, minor units, and decimal odds; NaN gives NaN.
    """
    at_risk = size * (odds - 1.0)
    whole = np.rint(at_risk)
    near = np.abs(whole - at_risk) <= 1e-15 * size * odds
    return np.where(near, whole, at_risk)


def edges(backed: Backed) -> Floats:
    """Expected value per unit at risk before commission; float64 (n,), NaN where odds or probability is missing.

    It is `prob * odds - 1` for rows that win or lose, and the sum of state probability times payoff for other rows.
    """
    plain = (backed.prob_half_win == 0.0) & (backed.prob_void == 0.0) & (backed.prob_half_lose == 0.0)
    straight = edge(backed.prob, backed.odds)
    if plain.all():
        return straight
    return np.where(plain, straight, edge_states(backed.probs, backed.odds))


def kelly_fracs(mode: str, backed: Backed, stated: Floats, prob_sd: Floats, rate: Floats) -> Floats:
    """Full-Kelly fractions of single rows; float64 (n,), NaN where a value is missing.

    Parameters
    ----------
    mode : str
        ``none``, ``shrunk`` or ``states`` (`engine.tape.kelly.kelly_column`).
    backed : Backed
    stated, prob_sd, rate : float64 (n,)
        `kelly_frac` and `prob_sd` of the strategy, NaN where it states none, and the commission rate.
    """
    if mode == "shrunk":
        return kelly_shrunk(backed.odds, backed.prob, prob_sd, rate)
    if mode == "states":
        return kelly_states(backed.odds, backed.probs, rate)
    return stated
