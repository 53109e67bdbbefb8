"""Fits against the likelihood of another program, and against the rates that matches were drawn from."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from research.goals.fitted import Prior, fitted
from research.goals.newton import Played
from tests.research.goals.seasons import drawn, premier_league

#: log likelihoods of penaltyblog 1.13.0 by seasons, decay and dependence: PoissonGoalsModel as it fits; the loss of
#: DixonColesGoalModel minimised without its gradient, which is not that of the loss (docs/goals.md)
PENALTYBLOG = {
    (("1819",), 0.0, False): -1065.0769736,
    (("1819",), 0.0018, False): -848.5179412,
    (("1617", "1718", "1819"), 0.0, False): -3229.2205655,
    (("1617", "1718", "1819"), 0.0018, False): -1530.4738613,
    (("1819",), 0.0, True): -1064.9431342,
    (("1819",), 0.0018, True): -848.4679282,
}
FLAT = Prior(1e-6)


@pytest.mark.parametrize(("seasons", "decay", "with_rho"), PENALTYBLOG)
def test_the_likelihood_is_that_of_penaltyblog(
    reference_dir: Path, seasons: tuple[str, ...], decay: float, with_rho: bool
) -> None:
    played, n_teams = premier_league(reference_dir, seasons)
    model = fitted(played, n_teams, decay=decay, prior=FLAT, with_rho=with_rho)
    assert model.log_likelihood == pytest.approx(PENALTYBLOG[seasons, decay, with_rho], abs=1e-5)
    assert 0 < model.steps < 12
    assert abs(model.attack.mean()) < 1e-4 and abs(model.defence.mean()) < 1e-4


def test_rates_are_found_again_and_low_scores_raise_the_likelihood() -> None:
    played = drawn(11, n_teams=10, rounds=40)
    rng = np.random.default_rng(11)
    attack, defence = rng.normal(0.0, 0.3, (2, 10))
    model = fitted(played, 10, decay=0.0, prior=FLAT, with_rho=False)
    apart = np.abs(model.attack - (attack - attack.mean())), np.abs(model.defence - (defence - defence.mean()))
    assert max(apart[0].max(), apart[1].max()) < 0.12 and abs(model.h - 0.3) < 0.05
    full = fitted(played, 10, decay=0.0, prior=FLAT, with_rho=True)
    assert model.log_likelihood <= full.log_likelihood < model.log_likelihood + 4.0
    assert abs(full.rho) < 0.05, "the scores were drawn independently"


def test_rates_of_pairs_of_neutral_ground_and_of_a_team_never_seen() -> None:
    model = fitted(drawn(12), 8, decay=0.001, prior=Prior(1.0), with_rho=True)
    home, away = model.rates(2, 5)
    assert math.log(home) == pytest.approx(model.mu + model.h + model.attack[2] + model.defence[5])
    assert math.log(away) == pytest.approx(model.mu + model.attack[5] + model.defence[2])
    assert model.rates(2, 5, neutral=True)[0] == pytest.approx(home / math.exp(model.h))
    assert model.rates(-1, -1) == pytest.approx((math.exp(model.mu + model.h), math.exp(model.mu)))


def test_a_strong_prior_makes_all_teams_alike_and_a_decay_forgets() -> None:
    played = drawn(13)
    flat = fitted(played, 8, decay=0.0, prior=Prior(1e6), with_rho=False)
    assert abs(flat.attack).max() < 1e-3
    recent = played._replace(days=np.where(np.arange(len(played.days)) < 100, played.days - 20_000.0, played.days))
    late = Played(*(column[100:] for column in recent))
    forgotten, only = (fitted(p, 8, decay=0.01, prior=Prior(1.0), with_rho=True) for p in (recent, late))
    assert np.allclose(forgotten.attack, only.attack, atol=1e-6)
    twice = fitted(played, 8, decay=0.001, prior=Prior(1.0), with_rho=True)
    assert (twice.attack == fitted(played, 8, decay=0.001, prior=Prior(1.0), with_rho=True).attack).all(), (
        "the same bits"
    )


def test_a_team_that_never_scored_is_fitted() -> None:
    played = drawn(14)
    none = played._replace(
        home_goals=np.where(played.home == 0, 0.0, played.home_goals),
        away_goals=np.where(played.away == 0, 0.0, played.away_goals),
    )
    model = fitted(none, 8, decay=0.0, prior=FLAT, with_rho=False)
    assert model.steps > 0 and model.attack[0] < -5 and np.isfinite(model.attack).all()


def test_a_dependence_that_no_score_bounds_stops_at_one() -> None:
    played = drawn(16)
    is_level = (played.home_goals <= 1) & (played.home_goals == played.away_goals)
    has_more = (played.home_goals > 1) | (played.away_goals > 1)
    here = Played(*(column[is_level | has_more] for column in played))  # neither 1-0 nor 0-1: draws rise with -rho
    model = fitted(here, 8, decay=0.0, prior=Prior(1.0), with_rho=True)
    assert model.steps > 0 and model.rho == -1.0
    poisson = fitted(here, 8, decay=0.0, prior=Prior(1.0), with_rho=False)
    assert model.log_likelihood > poisson.log_likelihood


def test_a_newcomer_is_believed_to_be_weaker_until_its_matches_say_otherwise() -> None:
    played = drawn(15)
    late = (played.days > played.days[0] + 365.0) | ((played.home != 3) & (played.away != 3))
    here = Played(*(column[late] for column in played))
    prior = Prior(4.0, newcomer=0.3)
    means = prior.means(here, 8)
    assert means[:, 3].tolist() == [-0.3, 0.3] and not means[:, [0, 1, 2, 4, 5, 6, 7]].any()
    level, weaker = (fitted(here, 8, decay=0.0, prior=p, with_rho=False) for p in (Prior(4.0), prior))
    assert -0.3 < weaker.attack[3] - level.attack[3] < -0.01 and 0.01 < weaker.defence[3] - level.defence[3] < 0.3
    sure = fitted(here, 8, decay=0.0, prior=Prior(1e6, 0.3), with_rho=False)
    assert sure.attack[3] == pytest.approx(-0.3, abs=1e-3)
    home, away = weaker.rates(-1, -1)
    assert (home, away) == pytest.approx((math.exp(weaker.mu + weaker.h), math.exp(weaker.mu)))
    assert weaker.rates(-1, 0)[0] == pytest.approx(math.exp(weaker.mu + weaker.h - 0.3 + weaker.defence[0]))
