"""`bea judge`: the document, the table, and the figures of real data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from engine.simulator.simulate import SimulatorSettings, simulate
from engine.store.store import Store
from research.commands.main import main
from tests.commands import answer
from tests.research.judging.test_settings import settings


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One simulated season."""
    folder = tmp_path_factory.mktemp("judge") / "store"
    Store.create_or_open(folder).apply(simulate(SimulatorSettings(seed=2, competitions=("ONE",), seasons=1, teams=10)))
    return folder


WORDS = ["judge.models=[market_close,market_open]", "judge.resamples=100"]


def test_the_command_prints_one_document(store: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, "judge", f"data.store={store}", *WORDS, "output=json")
    assert [row["model"] for row in document["models"]] == ["market_close", "market_open"]
    assert set(document["models"][0]) >= {
        "model", "n", "log_loss", "rps", "brier", "ece", "vs_close", "blend_weight", "verdict",
    }  # fmt: skip
    assert pl.read_parquet(document["forecasts"]).height == 2 * 90


def test_the_command_prints_a_table_and_the_self_test(
    store: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", f"data.store={store}", *WORDS]) == 0
    text = capsys.readouterr().out
    assert "90 events" in text and "market_open" in text and "self-test passed: uniform" in text


def test_what_is_left_out_is_printed(store: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from research.commands.judge import show
    from research.judging.judgement import judge

    judgement = judge(settings(f"data.store={store}", *WORDS))
    lacking = replace(judgement.sample, left_out={"no complete price pinnacle:close": 1_234})
    show(replace(judgement, sample=lacking), {})
    assert "left out 1,234 events: no complete price pinnacle:close" in capsys.readouterr().out


def test_an_unknown_model_is_one_line(store: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", f"data.store={store}", "judge.models=[market_opn]"]) == 2
    assert "did you mean market_open?" in capsys.readouterr().err


def test_several_values_without_brackets_are_one_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "judge.competitions=E0,SP1"]) == 2
    assert "write a list: judge.competitions=[E0,SP1]" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_real_prices_have_the_published_scores(accepted: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # computed independently: n 16,307; Pinnacle closing .9621 and RPS .1939, pre-match .9646 (multiplicative)
    markets = ["market_close", "market_open", "market_b365"]
    parts = []
    for folder, names in (("football_data", "[E0,SP1]"), ("football_data_leagues", "[D1,I1,F1]")):
        words = [f"data.store={accepted / 'work' / folder / 'store'}", f"judge.competitions={names}"]
        chosen = f"judge.models=[{','.join(markets)}]"
        document = answer(capsys, "judge", "experiment=judge/five_leagues", *words, chosen, "output=json")
        parts.append({row["model"]: row for row in document["models"]})
    n = sum(part["market_close"]["n"] for part in parts)
    scores = {
        (name, score): sum(part[name][score] * part[name]["n"] for part in parts) / n
        for name in markets for score in ("log_loss", "rps")
    }  # fmt: skip
    assert n == 16_307
    assert scores["market_close", "log_loss"] == pytest.approx(0.9621, abs=1e-4)
    assert scores["market_close", "rps"] == pytest.approx(0.1939, abs=1e-4)
    assert scores["market_open", "log_loss"] == pytest.approx(0.9646, abs=1e-4)
    assert parts[0]["market_open"]["vs_close"]["low"] > 0.0
