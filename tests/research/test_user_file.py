"""Strategies in the user's folder: found by name, identified by content, with errors that name file and line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import research
from engine.errors import ConfigurationError
from research.strategies import by_name, make
from research.user_file import STRATEGIES, failures_named, load_module, user_files
from tests.property.rules import RULES

BEA = Path(sys.executable).parent / "bea"
STRATEGY = '''"""Back every favourite."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement, View
from ..features.chance import implied


@dataclass(frozen=True)
class Favourite:
    name: ClassVar[str] = "favourite"
    bookmaker: str = "book_a"
    boost: float = 1.1

    def requires(self) -> Requirement:
        return Requirement(("1x2",), (self.bookmaker,))

    def opportunities(self, view: View) -> pl.DataFrame:
        rows = view.quotes.filter(pl.col("odds") < 2.0)
        columns = ["event_id", "market", "line", "selection", "bookmaker", "side", "decided_at", "odds"]
        return rows.select(columns).with_columns(prob=(implied(pl.col("odds")) * self.boost).clip(0.0, 0.99))
'''
CHANCE = "def implied(odds):\n    return 1 / odds\n"
WORDS = ["data=sample", "data.competitions=[SIM1]", "strategy=favourite", "report=false"]


@pytest.fixture()
def strategy_file(home: Path) -> Path:
    """A home with one strategy and one feature; returns the strategy's file."""
    (home / "strategies").mkdir()
    (home / "features").mkdir()
    (home / "features" / "chance.py").write_text(CHANCE)
    path = home / "strategies" / "favourite.py"
    path.write_text(STRATEGY.replace("book_a", _bookmaker()))
    return path


def _bookmaker() -> str:
    from engine.paths import sample_store
    from engine.store.store import Store

    return sorted(
        {name for entry in Store.open(sample_store()).manifest.entries("quotes") for name in entry.bookmakers}
    )[0]


def test_two_classes_of_one_name_are_refused(strategy_file: Path) -> None:
    again = STRATEGY[STRATEGY.index("@dataclass") :].replace("class Favourite", "class Fitted")
    strategy_file.write_text(f"{strategy_file.read_text()}\n\n{again}\n\nAlias = Favourite\n")
    with pytest.raises(ConfigurationError, match=r"two strategies of one name .* found Favourite, Fitted"):
        by_name("favourite", str(strategy_file))
    strategy_file.write_text(STRATEGY + "\n\nAlias = Favourite\n")  # one class under two words is one
    assert by_name("favourite", str(strategy_file)).__name__ == "Favourite"


def test_one_file_in_the_home_is_a_strategy_with_its_defaults(strategy_file: Path) -> None:
    run = research.backtest([*WORDS, "strategy.boost=1.2"])
    assert run.metrics()["n_bets"] > 20
    parameters = run.parameters()
    assert parameters["strategy.name"] == "favourite" and parameters["strategy.boost"] == 1.2
    sweep = research.sweep(["data=sample", "data.competitions=[SIM1]", "strategy=value,favourite", "report=false"])
    assert set(sweep.results["strategy.name"]) == {"value", "favourite"}
    row = sweep.results.filter(sweep.results["strategy.name"] == "favourite")
    assert sweep.bets(int(row["config"][0])).height == row["n_bets"][0], "a stored run can be replayed"


@pytest.mark.slow
def test_adding_a_strategy_changes_no_stored_run(strategy_file: Path) -> None:
    words = ["data=sample", "data.competitions=[SIM1]", "report=false"]
    built_in, own = research.backtest(words), research.backtest(WORDS)
    (strategy_file.parent / "another.py").write_text(strategy_file.read_text().replace("favourite", "another"))
    assert research.backtest(words).id == built_in.id and research.backtest(WORDS).id == own.id


@pytest.mark.slow
def test_an_edit_of_the_file_or_its_feature_makes_a_new_run(strategy_file: Path) -> None:
    ids = [research.backtest(WORDS).id]
    strategy_file.write_text(strategy_file.read_text().replace("< 2.0", "< 1.9"))
    ids.append(research.backtest(WORDS).id)
    bets = research.open_run(ids[1]).metrics()["n_bets"]
    assert 0 < bets < research.open_run(ids[0]).metrics()["n_bets"], "the new text is what ran"
    feature = strategy_file.parents[1] / "features" / "chance.py"
    feature.write_text("def implied(odds):\n    return 0.5 / odds\n")
    ids.append(research.backtest(WORDS).id)
    assert len(set(ids)) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "import polars as pl",
            "import polars as pl\nraise ValueError('no such thing')",
            7,
            "ValueError: no such thing",
        ),
        ("@dataclass(frozen=True)", "@dataclass(frozen=True", 12, "not valid Python"),
        ("from ..features.chance import implied", "from ..features.none import implied", 9, "ModuleNotFoundError"),
        ("rows = view.quotes", "rows = view.prices", 22, "AttributeError"),
    ],
)
def test_an_error_shows_file_and_line(strategy_file: Path, old: str, new: str, line: int, message: str) -> None:
    strategy_file.write_text(strategy_file.read_text().replace(old, new))
    done = subprocess.run(
        [BEA, "backtest", *WORDS],
        env=os.environ | {"BEA_HOME": str(strategy_file.parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    assert f"favourite.py:{line}" in done.stderr and message in done.stderr


def test_an_error_of_the_project_is_not_that_of_a_file_where_the_home_is_the_checkout(strategy_file: Path) -> None:
    checkout = Path(research.__file__).parents[1]
    with pytest.raises(ZeroDivisionError), failures_named(checkout / "models" / "own.py"):
        1 / 0  # noqa: B018
    strategy_file.write_text(STRATEGY + "\n\ndef half(number):\n    return 1 / number\n")
    module = load_module(strategy_file)
    line = len(STRATEGY.splitlines()) + 4
    with (
        pytest.raises(ConfigurationError, match=rf"favourite\.py:{line}: found ZeroDivisionError"),
        failures_named(strategy_file),
    ):
        module.half(0)
    with pytest.raises(ZeroDivisionError), failures_named(checkout / "models" / "own.py"):
        module.half(0)


def test_the_folder_of_config_dir_comes_first(strategy_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "strategy_file"
    (folder / "strategies").mkdir(parents=True)
    (folder / "features").mkdir()
    (folder / "features" / "chance.py").write_text(CHANCE)
    (folder / "strategies" / "favourite.py").write_text(
        strategy_file.read_text().replace("boost: float = 1.1", "boost: float = 1.3")
    )
    assert research.backtest(WORDS, config_dir=folder).parameters()["strategy.boost"] == 1.3
    assert research.backtest(WORDS).parameters()["strategy.boost"] == 1.1


def test_files_without_a_valid_strategy_are_errors(strategy_file: Path) -> None:
    strategy_file.with_name("value.py").write_text(strategy_file.read_text())
    with pytest.raises(ConfigurationError, match="two strategies are named value"):
        research.backtest(["data=sample", "strategy=value"])
    strategy_file.with_name("value.py").unlink()
    strategy_file.with_name("empty.py").write_text("x = 1\n")
    with pytest.raises(ConfigurationError, match="expected a class whose name is 'empty'"):
        research.backtest(["data=sample", "strategy=empty"])
    with pytest.raises(ConfigurationError, match="did you mean favourite"):
        research.backtest(["data=sample", "strategy=favorite"])
    with pytest.raises(ConfigurationError, match=r"strategy\.boots"):
        research.backtest([*WORDS, "strategy.boots=2"])
    with pytest.raises(ConfigurationError, match="no such strategy file"):
        by_name("gone", str(strategy_file.with_name("gone.py")))
    with pytest.raises(ConfigurationError, match="expected bookmaker, boost"):
        make("favourite", {"nothing": 1}, str(strategy_file))


def test_a_file_is_found_by_name_and_imported_again_only_after_an_edit(strategy_file: Path) -> None:
    strategy_file.with_name("_private.py").write_text("")
    assert user_files(STRATEGIES, [strategy_file.parents[1]]) == {"favourite": strategy_file.resolve()}
    first = load_module(strategy_file)
    assert load_module(strategy_file) is first
    strategy_file.write_text(strategy_file.read_text() + "ADDED = 1\n")
    assert load_module(strategy_file).ADDED == 1  # type: ignore[attr-defined]


def test_a_staking_rule_is_found_in_the_home_by_its_name(home: Path) -> None:
    (home / "staking_rules").mkdir()
    (home / "staking_rules" / "ours.py").write_text(RULES)
    words = [
        "data=sample",
        "data.competitions=[SIM1]",
        "strategy.edge_min=0",
        "staking.stake_cap_frac=0.02",
        "report=false",
    ]
    run = research.backtest([*words, "staking=own", "staking.file=ours"])
    built_in = research.backtest([*words, "staking=kelly"])
    assert run.metrics()["n_bets"] > 0 and run.bets().equals(built_in.bets())
    with pytest.raises(ConfigurationError, match="found No such file"):
        research.backtest([*words, "staking=own", "staking.file=theirs"])
