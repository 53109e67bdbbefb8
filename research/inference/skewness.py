"""The same tests where returns are skewed: favourites win often, lose rarely, and a lucky run of them looks too sure.

A mean over its standard error is no normal where returns are skewed: of bets at odds of 1.1 the error shrinks together
with the losses that did not come, and the test of Hansen with its fixed omega, or a normal tail, errs in a quarter of
all sweeps without any edge. Two remedies at once: each resample is studentised by its own deviation (Romano & Wolf,
Econometrica 73 (2005)), and observed and resampled ratios go through Hall's cubic transformation, which takes the skew
out of them (Hall, "On the removal of skewness by transformation", JRSS B 54 (1992), equation 2.4).

A configuration that gained, or lost, on too few days is not judged (`superiority.Resampled.judgeable`): resamples do
not know of the losses that did not come.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from research.inference.superiority import Floats, Resampled, negligible, parts, share, studentised


def without_skew(ratio: Floats, skew: Floats, n: int) -> Floats:
    """Hall's transformation of a studentised mean: t + a t^2 / 3 + a^2 t^3 / 27 + a / 6, a = skew / sqrt(n).

    Parameters
    ----------
    ratio : float
        sqrt(n) times a mean over its deviation.
    skew : float
        Third standardised moment of an observation; shapes that broadcast.
    n : int
        Observations.
    """
    a = skew / math.sqrt(n)
    made: Floats = ratio + a * ratio**2 / 3.0 + a**2 * ratio**3 / 27.0 + a / 6.0
    return made


def statistics(of: Resampled) -> Floats:
    """`superiority.studentised` without its skew, NaN where a configuration is not judged; (configurations,)."""
    made = without_skew(studentised(of), of.skews, max(of.n, 1))
    return np.where(of.judgeable, made, np.nan)


def single_p(of: Resampled, configuration: int) -> float:
    """One-sided p-value that one configuration alone is no better than nothing; 1 where it is not judged."""
    found = float(statistics(of)[configuration])
    return 1.0 if math.isnan(found) else math.erfc(found / math.sqrt(2.0)) / 2.0


def ability(of: Resampled) -> float:
    """Hansen's consistent p-value that no configuration is better than nothing, by these statistics; 1 without any."""
    part = np.flatnonzero(of.judgeable)
    if not len(part):
        return 1.0
    observed = max(0.0, float(statistics(of)[part].max()))
    centres = np.where(negligible(studentised(of)[part], of.n), of.means[part], 0.0)
    return share(_largest(of, part, centres), observed)


def largest_centred(of: Resampled, among: NDArray[np.bool_]) -> Floats:
    """Of each resample the largest statistic of those judged `among`, each centred on its own mean, 0 at least."""
    part = np.flatnonzero(of.judgeable & among)
    return _largest(of, part, of.means[part])


def _largest(of: Resampled, columns: NDArray[np.intp], centres: Floats) -> Floats:
    found, root = np.zeros(len(of.drawn)), math.sqrt(of.n)
    for part in parts(len(columns), len(of.drawn)):
        mine = columns[part]
        ratio = of.spreads[mine] / of.deviations[mine]  # what dependence adds to the deviation of a day
        scale = of.drawn_deviations[:, mine] * ratio
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = np.where(scale > 0.0, root * (of.drawn[:, mine] - centres[part]) / scale, 0.0)
        found = np.maximum(found, without_skew(drawn, of.skews[mine], of.n).max(axis=1))
    return found
