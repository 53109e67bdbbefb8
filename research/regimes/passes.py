"""Compiled passes over a series: moving means, the forward filter, smoothing, and the cheapest path.

Everything compiled is in this one file: the cache of compiled code sees an edit of a callee in the same file only. No
function here allocates memory; the caller gives the arrays that are filled.
"""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import compiled


@compiled
def moving_means(values, alpha, out):
    """Exponentially weighted means of columns: ``m_t = m_(t-1) + alpha (x_t - m_(t-1))``, from the first value on.

    Parameters
    ----------
    values : array of float64, (n, d)
        NaN: no value; the mean stays as it is.
    alpha : float
        Weight of a new value, in (0, 1]; of a half-life h it is ``1 - 0.5 ** (1 / h)``.
    out : array of float64, (n, d)
        Filled; NaN before the first value of a column.
    """
    for column in range(values.shape[1]):
        mean = np.nan
        for row in range(values.shape[0]):
            value = values[row, column]
            if not np.isnan(value):
                mean = value if np.isnan(mean) else mean + alpha * (value - mean)
            out[row, column] = mean


@compiled
def forward(log_density, transition, start, filtered):
    """Filtered probabilities of states: Hamilton (1989), Econometrica 57, equations 4 to 8.

    Row t rests on rows 0 to t of `log_density` and on no later one. Products are sums of logarithms, less the largest
    of a row: a state that alone can be reached keeps its probability, however unlikely an observation is in it.

    Parameters
    ----------
    log_density : array of float64, (n, k)
        Log density of each observation in each state.
    transition : array of float64, (k, k)
        ``transition[i, j]``: probability of state j after state i.
    start : array of float64, (k,)
        Probabilities of the state of the first observation, before it is seen.
    filtered : array of float64, (n, k)
        Filled.

    Returns
    -------
    float
        Log likelihood of the series.
    """
    n, k = log_density.shape
    total = 0.0
    for t in range(n):
        top = -np.inf
        for j in range(k):
            expected = start[j]
            if t > 0:
                expected = 0.0
                for i in range(k):
                    expected += filtered[t - 1, i] * transition[i, j]
            filtered[t, j] = np.log(expected) + log_density[t, j]
            top = max(top, filtered[t, j])
        mass = 0.0
        for j in range(k):
            filtered[t, j] = np.exp(filtered[t, j] - top)
            mass += filtered[t, j]
        total += top + np.log(mass)
        for j in range(k):
            filtered[t, j] /= mass
    return total


@compiled
def smooth(filtered, transition, smoothed):
    """Probabilities of states given the whole series: Kim (1994), Journal of Econometrics 60, equation 2.20.

    Parameters
    ----------
    filtered, transition : arrays
        As in `forward`.
    smoothed : array of float64, (n, k)
        Filled. Every row but the last knows later observations.
    """
    n, k = filtered.shape
    for j in range(k):
        smoothed[n - 1, j] = filtered[n - 1, j]
    for t in range(n - 2, -1, -1):
        for i in range(k):
            smoothed[t, i] = 0.0
        for j in range(k):
            expected = 0.0
            for i in range(k):
                expected += filtered[t, i] * transition[i, j]
            if expected > 0.0:
                for i in range(k):
                    smoothed[t, i] += filtered[t, i] * transition[i, j] * smoothed[t + 1, j] / expected


@compiled
def cheapest(loss, penalty, costs, before, path):
    """The path of states with the lowest sum of losses and penalties; dynamic programming over states.

    Parameters
    ----------
    loss : array of float64, (n, k)
        Loss of each observation in each state, at least 0.
    penalty : float
        Cost of a change of state, at least 0.
    costs : array of float64, (n, k)
        Filled: cost of the cheapest path up to each row that ends in each state. Row t rests on rows 0 to t only.
    before : array of int64, (n, k)
        Filled: the state before, on that path.
    path : array of int64, (n,)
        Filled: the cheapest path of the whole series. Of equal costs the lower state counts, and no change before one.

    Returns
    -------
    float
        Its cost.
    """
    n, k = loss.shape
    for j in range(k):
        costs[0, j], before[0, j] = loss[0, j], j
    for t in range(1, n):
        best = 0
        for i in range(1, k):
            if costs[t - 1, i] < costs[t - 1, best]:
                best = i
        for j in range(k):
            stay, change = costs[t - 1, j], costs[t - 1, best] + penalty
            before[t, j] = j if stay <= change else best
            costs[t, j] = loss[t, j] + min(stay, change)
    last = 0
    for j in range(1, k):
        if costs[n - 1, j] < costs[n - 1, last]:
            last = j
    path[n - 1] = last
    for t in range(n - 1, 0, -1):
        path[t - 1] = before[t, path[t]]
    return costs[n - 1, last]
