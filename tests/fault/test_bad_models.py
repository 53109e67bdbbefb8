"""Bad input of models, typed at the command line: each is refused in one line that says what is wrong and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.identity import digest
from engine.simulator.simulate import DEFAULT_BOOKMAKERS, SimulatorSettings, simulate
from engine.store.store import Store
from research.commands.main import main
from tests.commands import answer

pytestmark = pytest.mark.slow

#: counts goals; LEAKY: those of the match itself too
FEATURE = """
from dataclasses import dataclass
from typing import Any, ClassVar
import polars as pl


class Running:
    def __init__(self):
        self.goals = 0.0

    def update(self, result, settled_ns):
        self.goals += float(result["home_score"] or 0)

    def value(self, event, decided_ns):
        return (self.goals,)


@dataclass(frozen=True)
class Own:
    name: ClassVar[str] = "own"
    columns: ClassVar[dict[str, Any]] = {"goals": pl.Float64}

    def batch(self, results, asked):
        asked = asked.with_row_index("row")
        pairs = asked.join(results.select("settled_at", "home_score"), how="cross").filter(SEEN)
        seen = pairs.group_by("row").agg(goals=pl.col("home_score").sum().cast(pl.Float64))
        found = asked.join(seen, on="row", how="left", maintain_order="left")
        return found.select(pl.col("goals").fill_null(0.0))

    def start(self):
        return Running()
"""
HONEST = 'pl.col("settled_at") < pl.col("decided_at")'
LEAKY = 'pl.col("settled_at").dt.truncate("30d") <= pl.col("decided_at")'
BASE = ["strategy=model", "validation=walk_forward", "data.decide_at=before_start:1h"]
OWN = "model.features=[elo,own.goals]"
JUDGED_OWN = "judge.models=[{model: logit, features: [elo,own.goals], rows_min: 50}]"


@dataclass(frozen=True)
class World:
    """A home with a store of three seasons, and two models that learned from the first two."""

    home: Path
    logit: Path
    boosted: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    home = tmp_path_factory.mktemp("home")
    settings = SimulatorSettings(
        seed=5, competitions=("ONE",), seasons=3, teams=12, markets=("1x2",), bookmakers=DEFAULT_BOOKMAKERS[:2]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(home))
        Store.create_or_open(home / "data" / "store").apply(simulate(settings))
        for model in (["model=logit"], ["model=lightgbm", "model.rows_leaf=20"]):
            words = ["model.features=[elo,form]", "model.rows_min=50", "data.last_date=2020-06-30"]
            assert main(["train", *model, *words, "data.decide_at=before_start:1h"]) == 0
    found = {json.loads(path.read_text())["model"]: path for path in (home / "data" / "models").glob("*.json")}
    return World(home, found["logit"], found["lightgbm"])


def own_feature(world: World, tmp: Path, seen: str) -> None:
    (world.home / "features").mkdir(exist_ok=True)
    (world.home / "features" / "own.py").write_text(FEATURE.replace("SEEN", seen))


def leaky(world: World, tmp: Path) -> str:
    own_feature(world, tmp, LEAKY)
    return ""


def honest(world: World, tmp: Path) -> str:
    own_feature(world, tmp, HONEST)
    return ""


def stored(world: World, tmp: Path) -> str:
    return str(world.logit)


def renamed(world: World, tmp: Path) -> str:
    """In the home, under the name of another hash."""
    path = world.home / "data" / "models" / f"{'0' * 32}.json"
    path.write_text(world.logit.read_text())
    return path.stem


def of_another_hash(world: World, tmp: Path) -> str:
    path = tmp / "model.json"
    path.write_text(world.logit.read_text().replace(world.logit.stem, "0" * 32))
    return str(path)


def with_text(world: World, tmp: Path, old: str, new: str, hashed: bool) -> str:
    """The text of the trees edited; `hashed`: and the hash made right again."""
    content = json.loads(world.boosted.read_text())
    texts = content["fitted"]["texts"]
    assert old in texts[0]
    texts[0] = texts[0].replace(old, new, 1)
    stated = content.pop("hash")
    path = tmp / "trees.json"
    path.write_text(json.dumps({"hash": digest(content, 16) if hashed else stated, **content}))
    return str(path)


def edited_text(world: World, tmp: Path) -> str:
    return with_text(world, tmp, "leaf_value=", "leaf_value=9", hashed=False)


def cut_text_with_its_hash(world: World, tmp: Path) -> str:
    return with_text(world, tmp, "end of trees", "", hashed=True)


def missing_column(world: World, tmp: Path) -> str:
    path = tmp / "E0_2122.csv"
    path.write_text(
        "Div,Date,HomeTeam,AwayTeam,FTAG,FTR,B365H,B365D,B365A\nE0,13/08/2021,Brentford,Arsenal,0,H,4,3.4,1.95\n"
    )
    return str(path)


BACKTEST = ["backtest", *BASE]
#: what is wrong, how it is made, the command (`{}`: what was made), and words of the line
CASES: dict[str, tuple[Callable[[World, Path], str], list[str], list[str]]] = {
    "a feature that looks ahead, trained on": (
        leaky, ["train", "model=logit", OWN, "model.rows_min=50"], ["a feature looks ahead", "own.goals"],
    ),
    "a feature that looks ahead, bet on": (
        leaky, [*BACKTEST, "model=logit", OWN, "model.rows_min=50"], ["a feature looks ahead", "own.goals"],
    ),
    "a feature that looks ahead, judged": (
        leaky, ["judge", JUDGED_OWN, "judge.first_date=2020-08-01"],
        ["a feature looks ahead", "own.goals"],
    ),
    "a column that no feature has": (
        honest, ["train", "model=logit", "model.features=[own.shots]"], ["own.shots", "goals"],
    ),
    "a column that no built-in feature has": (
        honest, [*BACKTEST, "model=logit", "model.features=[elo.dif]"],
        ["model.features, elo", "'dif'", "did you mean diff?"],
    ),
    "a file without a column of its source": (missing_column, ["data", "import", "football_data", "{}"], ["FTHG"]),
    "a season without data, trained on": (honest, ["train", "model=logit", "data.seasons=[1950-1951]"], ["1950-1951"]),
    "a season without data, judged": (honest, ["judge", "data.seasons=[1950-1951]"], ["1950-1951"]),
    "a season without data, bet on": (honest, [*BACKTEST, "model=elo", "data.seasons=[1950-1951]"], ["1950-1951"]),
    "dates without data, judged": (
        honest, ["judge", "judge.first_date=2030-01-01"], ["no event to judge", "2030-01-01"],
    ),
    "an artifact of another hash, bet on": (
        of_another_hash, [*BACKTEST, "strategy.artifact={}"], ["another hash: it was edited or damaged", "0" * 32],
    ),
    "an artifact of another hash, judged": (
        of_another_hash, ["judge", "judge.models=[artifact:{}]"], ["another hash: it was edited or damaged", "0" * 32],
    ),
    "an artifact under the name of another": (
        renamed, [*BACKTEST, "strategy.artifact={}"], ["another one than its name says"],
    ),
    "a model trained on the test period, bet on": (
        stored, [*BACKTEST, "strategy.artifact={}"], ["strategy.first_bet"],
    ),
    "a model trained on the test period, judged": (
        stored, ["judge", "judge.models=[artifact:{}]", "judge.first_date=2019-09-01"], ["judge.first_date"],
    ),
    "edited trees": (edited_text, [*BACKTEST, "strategy.artifact={}"], ["another hash: it was edited or damaged"]),
    "cut trees with their hash": (
        cut_text_with_its_hash, ["judge", "judge.models=[artifact:{}]", "judge.first_date=2020-08-01"], ["lightgbm"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_in_one_line(
    case: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BEA_HOME", str(world.home))
    make, words, expected = CASES[case]
    made = make(world, tmp_path)
    capsys.readouterr()
    status = main([word.replace("{}", made) for word in words])
    out, err = capsys.readouterr()
    told = [line for line in err.splitlines() if line.startswith(("error", "refused"))]
    assert status != 0, out + err
    assert "Traceback" not in out + err
    assert len(told) == 1, err
    assert all(word in told[0] for word in expected), told[0]


def test_the_same_models_and_the_honest_feature_are_taken(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BEA_HOME", str(world.home))
    own_feature(world, world.home, HONEST)
    asked = (
        f"[artifact:{world.logit},artifact:{world.boosted},{{model: logit, features: [elo,own.goals], rows_min: 50}}]"
    )
    words = ["judge.first_date=2020-08-01", "judge.resamples=100", "report=false", "output=json"]
    document = answer(capsys, "judge", f"judge.models={asked}", *words)
    assert len(document["models"]) == 4
