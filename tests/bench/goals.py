"""Time and likelihood of the goal models, beside penaltyblog where a Python has it.

    python -m tests.bench.goals FOLDER [--peer PYTHON]

DATA has the folders football_data and football_data_leagues. PYTHON is an interpreter of an environment with
penaltyblog; it is run in the same minute, on the same matches.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from research.goals.fitted import Prior, fitted
from research.goals.newton import Played
from research.goals.shared import fitted_shared

DECAY = 0.0018
SEASONS = {"one season": ("1819",), "three seasons": ("1617", "1718", "1819")}
LEAGUES = {"E0": "football_data", "SP1": "football_data", **dict.fromkeys(("D1", "I1", "F1"), "football_data_leagues")}

PEER = """
import json, sys, warnings
from time import perf_counter
import numpy as np, penaltyblog as pb
from scipy.optimize import minimize
warnings.filterwarnings("ignore")
task = json.load(sys.stdin)
days = np.array(task["days"])
weights = np.exp(-task["decay"] * (days.max() - days))
answer = {}
for name in ("PoissonGoalsModel", "DixonColesGoalModel", "BivariatePoissonGoalModel"):
    times = []
    for _ in range(3):
        model = getattr(pb.models, name)(task["x"], task["y"], task["home"], task["away"], weights)
        start = perf_counter()
        model.fit()
        times.append(perf_counter() - start)
    answer[name] = [min(times), float(model.loglikelihood)]
    if name == "DixonColesGoalModel":
        polished = minimize(model._loss_function, model._params, method="BFGS", options={"gtol": 1e-6, "maxiter": 5000})
        answer[name].append(-float(polished.fun))
json.dump(answer, sys.stdout)
"""


def rows(folder: Path, league: str, seasons: tuple[str, ...] | None) -> Iterator[tuple[int, str, str, int, int]]:
    """Day, home, away and goals of the matches of some seasons; None: of all."""
    for path in sorted((folder / LEAGUES[league]).glob(f"{league}_*.csv")):
        if seasons is None or path.stem.split("_")[1] in seasons:
            with path.open(encoding="latin-1") as file:
                for row in csv.DictReader(file):
                    if row.get("FTHG") and row.get("Date"):
                        form = "%d/%m/%Y" if len(row["Date"]) > 8 else "%d/%m/%y"
                        try:
                            day = datetime.strptime(row["Date"], form).toordinal()
                        except ValueError:  # a date that a spreadsheet mangled
                            continue
                        yield (
                            day,
                            row["HomeTeam"].strip(),
                            row["AwayTeam"].strip(),
                            *(int(float(row[c])) for c in ("FTHG", "FTAG")),
                        )


def matches(found: list[tuple[int, str, str, int, int]]) -> tuple[Played, int]:
    """The matches as arrays, and the number of teams."""
    found = sorted(found, key=lambda row: row[0])
    days, home, away, x, y = zip(*found, strict=True)
    number = {name: k for k, name in enumerate(sorted({*home, *away}))}
    sides = [np.array([number[name] for name in side], dtype=np.int64) for side in (home, away)]
    values = [np.array(value, dtype=np.float64) for value in (x, y, days)]
    return Played(*sides, np.zeros(len(found), dtype=np.int64), *values), len(number)


def best(work: Callable[[], Any], times: int = 100) -> tuple[float, Any]:
    """Shortest of some runs, in milliseconds, and the answer."""
    spans, answer = [], work()
    for _ in range(times):
        start = perf_counter()
        answer = work()
        spans.append(perf_counter() - start)
    return 1e3 * min(spans), answer


def peer(python: str, played: Played) -> dict[str, list[float]]:
    """Seconds and likelihoods of penaltyblog."""
    task = {
        "home": [f"T{k:02d}" for k in played.home], "away": [f"T{k:02d}" for k in played.away],
        "x": played.home_goals.astype(int).tolist(), "y": played.away_goals.astype(int).tolist(),
        "days": played.days.tolist(), "decay": DECAY,
    }  # fmt: skip
    done = subprocess.run([python, "-c", PEER], input=json.dumps(task), capture_output=True, text=True, check=True)
    answer: dict[str, list[float]] = json.loads(done.stdout)
    return answer


def refits(folder: Path) -> tuple[int, int, float]:
    """Daily Dixon-Coles refits of five leagues over four seasons, 2013/14 to 2021/22: number, matches, seconds."""
    count, size, start = 0, 0, process_time()
    for league in LEAGUES:
        played, n_teams = matches(list(rows(folder, league, None)))
        first, last = datetime(2013, 8, 1).toordinal(), datetime(2022, 6, 1).toordinal()
        for day in range(first, last):
            end = int(np.searchsorted(played.days, day))
            if day - played.days[end - 1] <= 14.0:  # in the season
                begin = int(np.searchsorted(played.days, day - 1461.0))
                part = Played(*(column[begin:end] for column in played))
                fitted(part, n_teams, decay=DECAY, prior=Prior(9.0, 0.15), with_rho=True)
                count, size = count + 1, size + end - begin
    return count, size, process_time() - start


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--peer", help="a Python with penaltyblog")
    given = parser.parse_args()
    flat = Prior(1e-6)
    for label, seasons in SEASONS.items():
        played, n = matches(list(rows(given.data, "E0", seasons)))
        ours = {
            "PoissonGoalsModel": best(lambda: fitted(played, n, decay=DECAY, prior=flat, with_rho=False)),  # noqa: B023
            "DixonColesGoalModel": best(lambda: fitted(played, n, decay=DECAY, prior=flat, with_rho=True)),  # noqa: B023
            "BivariatePoissonGoalModel": best(lambda: fitted_shared(played, n, decay=DECAY, prior=flat), 10),  # noqa: B023
        }
        theirs = peer(given.peer, played) if given.peer else {}
        for name, (milliseconds, model) in ours.items():
            value = getattr(model, "separate", model).log_likelihood
            line = f"{label:14} {name:26} {milliseconds:8.3f} ms  {value:.6f}"
            if name in theirs:
                seconds, *values = theirs[name]
                line += f"  penaltyblog {1e3 * seconds:8.1f} ms  {'  '.join(f'{v:.6f}' for v in values)}"
                line += f"  {1e3 * seconds / milliseconds:,.0f} times"
            sys.stdout.write(line + "\n")
    count, size, seconds = refits(given.data)
    sys.stdout.write(f"{count:,} refits of {size / count:,.0f} matches each: {seconds:.2f} s of one core\n")


if __name__ == "__main__":
    main()
