"""Fifty-four damaged real files give no value that is neither the original's nor named (2,000: `mutate_sources.py`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fault import mutate_sources
from tests.fault.mutations import MUTATIONS, Mutant

RAW = b"Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A\n" + b"".join(
    f"E0,{day}/08/2021,Arsenal,Chelsea,1,0,H,1.95,3.5,4.2\n".encode() for day in range(10, 20)
)


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [1, pytest.param(2, marks=pytest.mark.proof)])
def test_every_accepted_value_is_the_originals_or_named(rounds: int, reference_dir: Path) -> None:
    outcomes = mutate_sources.run(reference_dir, range(rounds * len(MUTATIONS)), seed=1, largest_bytes=120_000)
    assert [line for o in outcomes for line in o.wrong] == [] and [o.lost for o in outcomes if o.lost] == []
    assert sum(o.refused for o in outcomes) < len(outcomes) / 2


def test_a_wrong_value_and_a_lost_row_are_found(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(RAW)

    def judge(raw: bytes, line: int | None, undetectable: bool = False) -> mutate_sources.Outcome:
        return mutate_sources.judge("football_data", path, Mutant(raw, line, undetectable), "x")

    changed = RAW.replace(b"1.95", b"1.96", 1)
    assert len(judge(changed, 2).wrong) == 1 and judge(changed, 2, undetectable=True).apart == 1
    assert "7 of 9" in judge(b"\n".join(RAW.split(b"\n")[:-3]) + b"\n", 2).lost
    assert judge(b"\n".join([b"x", *RAW.split(b"\n")[1:]]), 2).lost.startswith("a file with one damaged row is refused")
    assert judge(RAW, 2) == mutate_sources.Outcome("x")


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_each_mutation_is_seeded_and_damages(mutation: object) -> None:
    assert callable(mutation)
    mutants = [mutation(RAW, np.random.default_rng(seed)) for seed in range(8)]
    assert mutants == [mutation(RAW, np.random.default_rng(seed)) for seed in range(8)]
    assert any(mutant.raw != RAW for mutant in mutants)
