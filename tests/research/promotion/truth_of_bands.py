"""How often bands alarm where the truth is known: ``python -m tests.research.promotion.truth_of_bands``.

A simulated bookmaking week: the number of attempts has a weekday pattern and a slow swing, fills are lost at random,
winners pay the odds, the closing line value has noise of its own, and the strategy's probabilities are those of the
edge that it believes in. A backtest is drawn, bands are made of it as of any
backtest, and futures of the same process are held against them: without a change, and with one.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.promotion.bands import FIELDS, MEASURES, Day, cumulative
from research.promotion.bands import alarm_share, bands
from research.promotion.settings import BandSettings

Floats = NDArray[np.float64]

_WEEK: Final = np.array([0.4, 0.6, 1.0, 0.7, 0.8, 2.0, 1.5])
_STAKE: Final = 100.0
_BANKROLL: Final = 10_000.0


@dataclass(frozen=True)
class Process:
    """A process that days come from.

    Attributes
    ----------
    rate : float
        Attempts a day, on average.
    edge : float
        Expected yield, and mean closing line value.
    fill : float
        Share of attempts that are filled.
    swing : float
        Standard deviation of the logarithm of the rate, which moves slowly: a correlation of 0.9 from day to day.
    hidden : float
        Added to the expected yield alone: the closing prices do not see it, nor does the strategy.
    believed : float
        Edge by the probabilities of the strategy.
    """

    rate: float = 3.0
    edge: float = 0.05
    fill: float = 0.97
    swing: float = 0.0
    hidden: float = 0.0
    believed: float = 0.05


#: what may change; every measure is hit by one of them
CHANGES: Final = {
    "no edge": {"edge": -0.05},
    "half of the fills": {"fill": 0.485},
    "twice the bets": {"rate": 6.0},
}
#: changes that are harder to see within 90 days
MILD: Final = {
    "an edge of zero": {"edge": 0.0},
    "a tenth fewer fills": {"fill": 0.873},
    "a third more bets": {"rate": 4.0},
    "a hidden loss": {"hidden": -0.2},
}


def draw(process: Process, days: int, rng: np.random.Generator) -> Floats:
    """Days of a process, float64 (days, fields), columns as in `engine.promotion.bands.FIELDS`."""
    out, phase, level = np.zeros((days, len(FIELDS))), int(rng.integers(7)), rng.normal()
    for day in range(days):
        level = 0.9 * level + np.sqrt(0.19) * rng.normal()
        lift = np.exp(process.swing * level - process.swing**2 / 2.0)
        attempts = rng.poisson(process.rate * lift * _WEEK[(day + phase) % 7])
        bets = rng.binomial(attempts, process.fill)
        odds = rng.uniform(1.8, 4.0, bets)
        won = rng.random(bets) < (1.0 + process.edge + process.hidden) / odds
        pnl = float(np.where(won, odds - 1.0, -1.0).sum()) * _STAKE
        clv = float(rng.normal(process.edge, 0.08, bets).sum())
        told = float((won - (1.0 + process.believed) / odds).sum())
        out[day] = bets, attempts, bets * _STAKE, pnl, clv, bets, pnl / _BANKROLL, told, bets
    return out


def bounds_of(document: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Lower and upper bounds of a bands document, float64 (days, 6) each."""
    ends = []
    for side, none in (("lower", -np.inf), ("upper", np.inf)):
        columns = [document["measures"][name][side] for name in MEASURES]
        ends.append(np.array([[none if v is None else v for v in column] for column in columns]).T)
    return ends[0], ends[1]


def alarms(
    process: Process,
    reference_days: int,
    seed: int,
    settings: BandSettings,
    futures: int,
    changes: Mapping[str, Mapping[str, float]] = CHANGES,
) -> dict[str, float]:
    """Share of futures that leave the bands of one backtest, by what changed; ``nothing`` for no change.

    A change is looked at in 20 futures, or fewer. Of a hidden loss also the shares of single measures are given.
    """
    rng = np.random.default_rng(seed)
    backtest = [Day(*row) for row in draw(process, reference_days, rng).tolist()]
    lower, upper = bounds_of(bands(backtest, settings, seed, "a simulation"))
    shares = {}
    for name, changed in {"nothing": {}, **changes}.items():
        other = replace(process, **changed)
        paths = np.stack(
            [draw(other, settings.days, rng) for _ in range(futures if name == "nothing" else min(futures, 20))]
        )
        measured = cumulative(paths)
        shares[name] = alarm_share(lower, upper, measured)
        if name == "a hidden loss":
            shares |= {
                f"{name} by {measure}": alarm_share(lower[:, [at]], upper[:, [at]], measured[..., [at]])
                for at, measure in enumerate(MEASURES)
                if measure in ("yield", "clv", "calibration", "drawdown")
            }
    return shares


def main() -> None:
    """Print a table: one line for each length of the backtest and each swing of the process."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--backtests", type=int, default=50)
    parser.add_argument("--futures", type=int, default=20)
    parser.add_argument("--days", type=int, nargs="+", default=[250, 500, 1000])
    parser.add_argument("--swings", type=float, nargs="+", default=[0.0, 0.3])
    parser.add_argument("--rate", type=float, help="attempts a day; changes of it are left out")
    options = parser.parse_args()
    rate, changes = options.rate or Process.rate, {**CHANGES, **MILD}
    if options.rate:
        changes = {name: changed for name, changed in changes.items() if "rate" not in changed}
    for swing in options.swings:
        for days in options.days:
            drawn = [
                alarms(Process(rate, swing=swing), days, seed, BandSettings(), options.futures, changes)
                for seed in range(options.backtests)
            ]
            means = {name: float(np.mean([one[name] for one in drawn])) for name in drawn[0]}
            error = float(np.std([one["nothing"] for one in drawn])) / np.sqrt(len(drawn))
            cells = ", ".join(f"{name} {100 * mean:.1f} %" for name, mean in means.items())
            print(f"{days} days, swing {swing}: {cells} (standard error {100 * error:.1f})", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
