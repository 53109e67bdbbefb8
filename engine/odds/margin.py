"""Margin removal: from the prices of a book to fair probabilities, by six methods, many books at once.

With `q = 1 / odds` and the target t (1 where one selection wins), each method gives probabilities that sum to t.
Three methods have one unknown, the root of a function of one variable. Newton's method finds it on a convex or
concave form of that function, so the steps approach the root from one side and cannot overshoot. Each row stops
by its own steps: a book gives the same bits alone as among a million others.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.odds.formats import is_price
from engine.schema import WINNERS

Floats = NDArray[np.float64]
Update = Callable[[Floats, Floats], Floats]

#: rows processed together: few enough for the intermediate arrays to stay in the processor's cache
_BLOCK: Final = 4096
#: a row is done when its Newton step falls below this share of the unknown (convergence is quadratic)
_STEP: Final = 1e-12
#: upper bound: of 6,000 random books of up to 30 prices from 1.0001 to 1000, none took more than 16 steps
_ITERATIONS: Final = 200
#: above this price, `1 - 1 / odds` has too few correct digits in 53 bits to find the roots
_ODDS_MAX: Final = 1e12


def fair_probabilities(odds: ArrayLike, method: str = "multiplicative", target: float = 1.0) -> Floats:
    """Probabilities with the bookmaker's margin removed, one book per row.

    Parameters
    ----------
    odds : float64, shape (n_markets, n_outcomes)
        Decimal odds of all selections of each book. More leading axes are allowed; the last axis is the book.
    method : str
        - ``multiplicative``: `q * t / sum(q)`, exactly `q / sum(q)` for t = 1.
        - ``additive``: `q - (sum(q) - t) / n`.
        - ``power``: `q ** k` (Clarke, Kovalchik & Ingram 2017, "Adjusting bookmaker's odds to allow for
          overround", American Journal of Sports Science 5(6)).
        - ``odds_ratio``: `q / (q + c * (1 - q))`, with the same odds ratio c between q and the probability for
          every selection; also called logarithmic (Cheung 2015, "Fixed-odds betting and traditional odds",
          Sports Trading Network).
        - ``shin``: the share z of insiders that explains the margin (Shin 1993, "Measuring the incidence of
          insider trading in a market for state-contingent claims", Economic Journal 103; inverted after
          Jullien & Salanie 1994, "Measuring the incidence of insider trading: a comment on Shin", Economic
          Journal 104).
        - ``goto``: `q - x * sqrt(1 - q)`, with every q too high by the same number x of standard errors (the
          method of the package goto_conversion, Goto 2021).
    target : float
        Sum of the probabilities: the number of winners (3 for "to finish in the first three").

    Returns
    -------
    float64, shape of `odds`. All values of a row are NaN if one of its prices is missing (NaN, not above 1, or
    above 1e12). A book under 100 % is allowed (Shin then takes the analytic root, z < 0). Additive and Goto can
    give values at or below 0 and return them unchanged. The other methods return values above 0, with one
    exception: ``power`` may return 0 where the exact probability is below the smallest normal float, 2.2e-308
    (underflow). Only absurd books reach it: 67.0 beside two prices of 1.0039 gives k = 178 and 67 ** -178. Shin
    with two outcomes is the additive method.

    Raises
    ------
    ValueError
        The method is unknown, `odds` is a scalar or has no outcomes, `target` is not positive, ``shin`` has a
        target other than 1, or ``power`` or ``odds_ratio`` has a target not below the number of outcomes.
    """
    o = np.asarray(odds, dtype=np.float64)
    _check(o, method, target)
    books = o.reshape(-1, o.shape[-1])
    fair = np.full(books.shape, np.nan)
    complete = (is_price(books) & (books <= _ODDS_MAX)).all(axis=1)
    rows = np.flatnonzero(complete)
    remove = _METHODS[method]
    for first in range(0, len(rows), _BLOCK):
        block = rows[first : first + _BLOCK]
        q = 1.0 / np.ascontiguousarray(books[block].T)
        fair[block] = remove(q, float(target)).T
    return fair.reshape(o.shape)


def fair_of_market(odds: ArrayLike, market: str, method: str = "multiplicative") -> Floats:
    """`fair_probabilities` of complete books of a market of `schema.SELECTIONS`.

    The probabilities of a book sum to the number of its selections that win together (`schema.WINNERS`): 2 for double
    chance. Shin's model has one winner, so its values are NaN for double chance.

    Parameters
    ----------
    odds : float64, shape (n_markets, n_selections)
    market, method : str

    Returns
    -------
    float64, shape of `odds`
    """
    winners = WINNERS.get(market, 1)
    if winners != 1 and method == "shin":
        return np.full(np.shape(odds), np.nan)
    return fair_probabilities(odds, method, float(winners))


def _check(odds: Floats, method: str, target: float) -> None:
    if method not in _METHODS:
        near = get_close_matches(method, METHODS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown margin method {method!r}: expected one of {', '.join(METHODS)}{hint}")
    if odds.ndim == 0 or odds.shape[-1] == 0:
        raise ValueError(f"odds must have the shape (n_markets, n_outcomes), found {odds.shape}")
    if not target > 0:
        raise ValueError(f"target must be above 0 (the number of winners), found {target}")
    if method == "shin" and target != 1:
        raise ValueError(f"Shin's model has one winner: expected target 1, found {target}")
    if method in ("power", "odds_ratio", "shin") and not target < odds.shape[-1]:
        raise ValueError(f"{method} needs more outcomes than winners: {odds.shape[-1]} outcomes, target {target}")


def _total(terms: Floats) -> Floats:
    """Sum over the outcomes, first to last: (n, r) to (r,). The order of `ndarray.sum` depends on the shape."""
    total: Floats = terms[0].copy()
    for term in terms[1:]:
        total += term
    return total


def _multiplicative(q: Floats, target: float) -> Floats:
    fair = q / _total(q)
    return fair if target == 1.0 else fair * target


def _additive(q: Floats, target: float) -> Floats:
    return q - (_total(q) - target) / len(q)


def _goto(q: Floats, target: float) -> Floats:
    error = np.sqrt(1.0 - q)
    return q - error * ((_total(q) - target) / _total(error))


def _power(q: Floats, target: float) -> Floats:
    """Root of `log(sum(q ** k) / t)`, convex and decreasing in k. The smallest single-price root bounds it below."""
    log_q = np.log(q)
    log_share = np.log(target / len(q))
    lowest = (log_share / log_q).min(axis=0)

    def update(k: Floats, log_q: Floats) -> Floats:
        terms = np.exp(k * log_q)
        total = _total(terms)
        return k - np.log(total / target) * total / _total(terms * log_q)

    k = _newton(update, np.ones(q.shape[1]), log_q, lowest)
    return np.exp(k * log_q)


def _odds_ratio(q: Floats, target: float) -> Floats:
    """Root of `1/t - 1/sum(p)`, a harmonic sum of linear functions of c: concave, so the steps come from below."""
    share = target / len(q)
    lowest = (q * (1.0 - share) / ((1.0 - q) * share)).min(axis=0)

    def update(c: Floats, q: Floats) -> Floats:
        p = q / (q + c * (1.0 - q))
        total = _total(p)
        return c + total * (total / target - 1.0) / _total(p * p * (1.0 - q) / q)

    c = _newton(update, np.ones(q.shape[1]), q, lowest)
    return q / (q + c * (1.0 - q))


def _shin(q: Floats, target: float) -> Floats:
    """Root in z of `sum(sqrt(z^2 + 4 (1 - z) b)) - 2 - (n - 2) z` with `b = q^2 / sum(q)`, other than z = 1.

    Each term is the square root of a positive quadratic, so the sum is convex. It is `2 (sqrt(sum(q)) - 1)` at
    z = 0, decreases at the root we want, and has its second root at z = 1. With two outcomes, Shin's
    probabilities equal the additive ones.
    """
    n = len(q)
    if n == 2:
        return _additive(q, target)
    b = q * q / _total(q)

    def update(z: Floats, b: Floats) -> Floats:
        root = np.sqrt(z * z + 4.0 * (1.0 - z) * b)
        return z - (_total(root) - 2.0 - (n - 2) * z) / (_total((z - 2.0 * b) / root) - (n - 2))

    z = _newton(update, np.zeros(q.shape[1]), b, np.full(q.shape[1], -np.inf))
    root = np.sqrt(z * z + 4.0 * (1.0 - z) * b)
    with np.errstate(divide="ignore", invalid="ignore"):  # the unused branch may cancel to 0
        return np.where(z >= 0.0, 2.0 * b / (root + z), (root - z) / (2.0 * (1.0 - z)))


def _newton(update: Update, x: Floats, terms: Floats, lowest: Floats) -> Floats:
    """Newton's method on all rows: x (r,), terms (n, r). The value of a row that has converged is final."""
    root = x.copy()
    rows = np.arange(len(x))
    for _ in range(_ITERATIONS):
        new = np.maximum(update(x, terms), lowest)
        active = np.abs(new - x) > _STEP * (np.abs(new) + 1e-3)
        x = new
        if active.all():
            continue
        root[rows[~active]] = x[~active]
        rows, x, terms, lowest = rows[active], x[active], terms[:, active], lowest[active]
        if not len(rows):
            break
    root[rows] = x
    return root


_METHODS: Final[dict[str, Callable[[Floats, float], Floats]]] = {
    "multiplicative": _multiplicative,
    "additive": _additive,
    "power": _power,
    "odds_ratio": _odds_ratio,
    "shin": _shin,
    "goto": _goto,
}
METHODS: Final = tuple(_METHODS)
