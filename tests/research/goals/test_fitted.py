"""Fits against the likelihood of another program, and against the rates that matches were drawn from."""

from __future__ import annotations

import csv
import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from research.goals.fitted import fitted
from research.goals.newton import Played
from tests.research.goals.seasons import drawn

#: log likelihoods of penaltyblog 1.13.0, PoissonGoalsModel, by seasons and decay
PENALTYBLOG = {
    (("1819",), 0.0): -1065.0769736,
    (("1819",), 0.0018): -848.5179412,
    (("1617", "1718", "1819"), 0.0): -3229.2205655,
    (("1617", "1718", "1819"), 0.0018): -1530.4738613,
}


def premier_league(folder: Path, seasons: tuple[str, ...]) -> tuple[Played, int]:
    """Matches of some seasons, in the order of their dates."""
    rows = []
    for season in seasons:
        with (folder / "data" / "football_data" / f"E0_{season}.csv").open(encoding="latin-1") as file:
            for row in csv.DictReader(file):
                if row["FTHG"]:
                    form = "%d/%m/%Y" if len(row["Date"]) > 8 else "%d/%m/%y"
                    day = datetime.strptime(row["Date"], form).toordinal()
                    rows.append((day, row["HomeTeam"], row["AwayTeam"], int(row["FTHG"]), int(row["FTAG"])))
    rows.sort(key=lambda row: row[0])
    days, home, away, x, y = zip(*rows, strict=True)
    number = {name: k for k, name in enumerate(sorted({*home, *away}))}
    sides = [np.array([number[name] for name in side], dtype=np.int64) for side in (home, away)]
    values = [np.array(value, dtype=np.float64) for value in (x, y, days)]
    return Played(*sides, np.zeros(len(rows), dtype=np.int64), *values), len(number)


@pytest.mark.parametrize(("seasons", "decay"), PENALTYBLOG)
def test_the_poisson_likelihood_is_that_of_penaltyblog(
    reference_dir: Path, seasons: tuple[str, ...], decay: float
) -> None:
    played, n_teams = premier_league(reference_dir, seasons)
    model = fitted(played, n_teams, decay=decay, ridge=1e-6, with_rho=False)
    assert model.log_likelihood == pytest.approx(PENALTYBLOG[seasons, decay], abs=1e-5) and model.steps < 8
    assert abs(model.attack.mean()) < 1e-4 and abs(model.defence.mean()) < 1e-4


def test_rates_are_found_again_and_low_scores_raise_the_likelihood() -> None:
    played = drawn(11, n_teams=10, rounds=40)
    rng = np.random.default_rng(11)
    attack, defence = rng.normal(0.0, 0.3, (2, 10))
    model = fitted(played, 10, decay=0.0, ridge=1e-6, with_rho=False)
    apart = np.abs(model.attack - (attack - attack.mean())), np.abs(model.defence - (defence - defence.mean()))
    assert max(apart[0].max(), apart[1].max()) < 0.12 and abs(model.h - 0.3) < 0.05
    full = fitted(played, 10, decay=0.0, ridge=1e-6, with_rho=True)
    assert model.log_likelihood <= full.log_likelihood < model.log_likelihood + 4.0
    assert abs(full.rho) < 0.05, "the scores were drawn independently"


def test_rates_of_pairs_of_neutral_ground_and_of_a_team_never_seen() -> None:
    model = fitted(drawn(12), 8, decay=0.001, ridge=1.0, with_rho=True)
    home, away = model.rates(2, 5)
    assert math.log(home) == pytest.approx(model.mu + model.h + model.attack[2] + model.defence[5])
    assert math.log(away) == pytest.approx(model.mu + model.attack[5] + model.defence[2])
    assert model.rates(2, 5, neutral=True)[0] == pytest.approx(home / math.exp(model.h))
    assert model.rates(-1, -1) == pytest.approx((math.exp(model.mu + model.h), math.exp(model.mu)))


def test_a_strong_prior_makes_all_teams_alike_and_a_decay_forgets() -> None:
    played = drawn(13)
    flat = fitted(played, 8, decay=0.0, ridge=1e6, with_rho=False)
    assert abs(flat.attack).max() < 1e-3
    recent = played._replace(days=np.where(np.arange(len(played.days)) < 100, played.days - 20_000.0, played.days))
    late = Played(*(column[100:] for column in recent))
    forgotten, only = (fitted(p, 8, decay=0.01, ridge=1.0, with_rho=True) for p in (recent, late))
    assert np.allclose(forgotten.attack, only.attack, atol=1e-6)
    twice = fitted(played, 8, decay=0.001, ridge=1.0, with_rho=True)
    assert (twice.attack == fitted(played, 8, decay=0.001, ridge=1.0, with_rho=True).attack).all(), "the same bits"


def test_a_team_that_never_scored_is_fitted() -> None:
    played = drawn(14)
    none = played._replace(
        home_goals=np.where(played.home == 0, 0.0, played.home_goals),
        away_goals=np.where(played.away == 0, 0.0, played.away_goals),
    )
    model = fitted(none, 8, decay=0.0, ridge=1e-6, with_rho=False)
    assert model.steps > 0 and model.attack[0] < -5 and np.isfinite(model.attack).all()
