"""The table of regimes of real prices in docs/regimes.md: ``python -m tests.research.regimes.real_days STORE``.

The store holds the Premier League 2012/13 to 2021/22, imported from football-data.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

import numpy as np

from engine.asof.view import build_view
from engine.store.store import Store
from engine.store.universe import Universe
from research.regimes.measures import changes, lags
from research.regimes.refits import Plan, known
from research.regimes.series import day_series

_SEASONS = tuple(f"{year}-{year + 1}" for year in range(2012, 2022))
_INPUTS = ("overround", "dispersion"), ("favourites", "home_advantage")


def main() -> None:
    """Print a row for each model and its inputs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", help="folder of the store")
    store = Store.open(parser.parse_args().store)
    league = Universe(competitions=("E0",), seasons=_SEASONS, markets=("1x2",))
    events = store.events(league)
    days = day_series(events, build_view(events, store.quotes(league)).quotes)
    until = int(days["day"].to_numpy()[-1]) + 1
    lines = [f"{events.height:,} matches, {days.height:,} days"]
    for plan in (Plan(model=model, inputs=inputs, days_min=200) for model in ("jump", "hmm") for inputs in _INPUTS):
        found = known(days, plan, until)
        since = found.path >= 0
        path, late, at = found.path[since], found.hindsight()[since], found.days[since]
        years = (at[-1] - at[0]) / 365.25
        cells = f"{changes(path) / years:.1f} | {changes(late)} | {np.median(lags(path, late, at.tolist())):g}"
        chosen = known(days, replace(plan, states=None), until).fits[0].chosen[0]
        names = ", ".join(plan.inputs).replace("_", " ")
        lines.append(f"| {plan.model} | {names} | {cells} | {(path == late).mean():.2f} | {chosen} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
