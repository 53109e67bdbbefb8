"""The shipped sample equals a rebuild from its seed, states that it is simulated, and is small."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.simulator.sample import SAMPLE, make
from engine.simulator.simulate import simulate_leagues
from engine.store import Store

pytestmark = pytest.mark.slow

COMMITTED = Path(__file__).resolve().parents[3] / "data" / "sample"


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    make(folder)
    return folder


def test_the_seed_gives_the_committed_rows(rebuilt: Path) -> None:
    committed, store = Store.open(COMMITTED), Store.open(rebuilt)
    assert_frame_equal(committed.events(), store.events(), check_exact=True)
    assert_frame_equal(committed.quotes(), store.quotes(), check_exact=True)


def test_building_over_an_earlier_sample_gives_the_same_files(rebuilt: Path) -> None:
    before = sorted(p.relative_to(rebuilt) for p in rebuilt.rglob("*.parquet"))
    make(rebuilt)
    assert sorted(p.relative_to(rebuilt) for p in rebuilt.rglob("*.parquet")) == before


def test_metadata_states_that_the_data_is_simulated(rebuilt: Path) -> None:
    text = (COMMITTED / "metadata.json").read_text(encoding="utf-8")
    assert text == (rebuilt / "metadata.json").read_text(encoding="utf-8")
    metadata = json.loads(text)
    assert metadata["simulated"] is True
    assert metadata["note"].startswith("Simulated, not real")
    assert metadata["seed"] == SAMPLE.seed


def test_the_sample_is_under_two_megabytes() -> None:
    assert sum(p.stat().st_size for p in COMMITTED.rglob("*") if p.is_file()) < 2_000_000


def test_the_planted_edges_are_where_the_note_says() -> None:
    planted = pl.concat([league.planted for league in simulate_leagues(SAMPLE)])
    quotes = Store.open(COMMITTED).quotes()
    quoted = planted.join(quotes, on=["event_id", "market", "selection", "bookmaker", "instant", "odds"])
    assert len(quoted) == len(planted)
    by_book = dict(planted.group_by("bookmaker").agg(pl.col("edge_frac").mean()).iter_rows())
    assert by_book["bwin"] == pytest.approx(0.05, abs=0.003)
    assert by_book["vc_bet"] == pytest.approx(0.04, abs=0.003)
