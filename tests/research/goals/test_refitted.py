"""A model is fitted to what was settled before the decision, once for all who ask in between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from research.goals.fitted import Prior, fitted
from research.goals.newton import Played
from research.goals.refitted import Refits, Refitted
from tests.research.goals.test_matches import BASE, DAY_NS


def results(n: int) -> list[tuple[dict[str, Any], int]]:
    names = "abcdef"
    rows = []
    for k in range(n):
        teams = {"home": names[k % 6], "away": names[(k + 1 + k % 5) % 6], "home_score": k % 4, "away_score": k % 3}
        rows.append((BASE | teams, (k // 3) * DAY_NS))
    return rows


def test_each_instant_is_one_fit_and_only_for_those_who_ask() -> None:
    sizes: list[int] = []

    def fit(played: Played, n_teams: int) -> Any:
        sizes.append(len(played.home))
        return fitted(played, n_teams, decay=0.001, prior=Prior(1.0), with_rho=True)

    running = Refitted(Refits(fit, "rho", warm_up=9, window_days=365.0))
    event = {key: BASE[key] for key in ("sport", "competition", "home", "away", "neutral")}
    for result, settled in results(15):
        running.update(result, settled)
    assert not sizes
    first = running.value(event, 4 * DAY_NS + 1)
    assert sizes == [15] and running.value(event, 5 * DAY_NS) == first, "the last instant is before both"
    assert running.value(event | {"competition": "other"}, 9 * DAY_NS) == (None, None, None)
    assert running.value(event | {"home": "new", "away": "newer"}, 9 * DAY_NS)[2] is not None and sizes == [15]


def test_values_are_null_until_the_warm_up_and_without_a_further_value_there_are_two() -> None:
    running = Refitted(
        Refits(
            lambda p, n: fitted(p, n, decay=0.0, prior=Prior(1.0), with_rho=False), None, warm_up=9, window_days=365.0
        )
    )
    event = {key: BASE[key] for key in ("sport", "competition", "home", "away", "neutral")}
    known = []
    for result, settled in results(12):
        known.append(running.value(event, settled)[0] is not None)
        running.update(result, settled)
    assert known == [False] * 9 + [True] * 3 and len(running.value(event, 10 * DAY_NS)) == 2


def test_a_fit_that_did_not_end_has_no_rates_until_the_next_one() -> None:
    ended = [False, True]

    def fit(played: Played, n_teams: int) -> Any:
        model = fitted(played, n_teams, decay=0.001, prior=Prior(1.0), with_rho=True)
        return model if ended.pop(0) else replace(model, steps=-1)

    running = Refitted(Refits(fit, "rho", warm_up=9, window_days=365.0))
    event = {key: BASE[key] for key in ("sport", "competition", "home", "away", "neutral")}
    for result, settled in results(15):
        running.update(result, settled)
    assert running.value(event, 5 * DAY_NS) == (None, None, None) == running.value(event, 6 * DAY_NS)
    running.update(results(15)[0][0], 6 * DAY_NS)
    assert None not in running.value(event, 7 * DAY_NS) and not ended
