"""2,000 drawn instants: no band knows a bet after its promotion, and planted bugs that let it are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from research.promotion.freeze import Prepared, Wanted
from tests.research.promotion.hindsight import PLANTED, candidate, first_hindsight, last_ns

SEEDS = range(2_000)


@pytest.fixture(scope="module")
def candidate_of_the_sample(shared_home: Path) -> tuple[Prepared, Wanted]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(shared_home))
        return candidate()


@pytest.mark.usefixtures("promoted_home")
def test_no_band_is_drawn_with_a_bet_after_the_promotion(candidate_of_the_sample: tuple[Prepared, Wanted]) -> None:
    prepared, wanted = candidate_of_the_sample
    assert prepared.candidate.reference.until_ns >= last_ns(prepared)
    assert first_hindsight(prepared, wanted, SEEDS) is None


@pytest.mark.usefixtures("promoted_home")
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(name: str, candidate_of_the_sample: tuple[Prepared, Wanted]) -> None:
    prepared, wanted = candidate_of_the_sample
    assert first_hindsight(PLANTED[name](prepared), wanted, SEEDS) is not None
