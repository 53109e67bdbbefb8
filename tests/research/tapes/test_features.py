"""Features through store, strategy and tape: of the user and built in, over all parts of a store, without a leak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from engine.errors import ConfigurationError
from engine.schema import OPPORTUNITIES
from engine.store.store import Store
from engine.strategy import History, Requirement
from research.config.tape_spec import TapeSpec
from research.leakage.finder import Search, find_leaks
from research.strategies import make
from research.tapes import parts
from research.tapes.builder import Tapes, building_code
from research.tapes.features import feature_file, features_of
from research.tapes.fitting import fit_instants
from research.tapes.inputs import source_of
from research.tapes.past import past_of
from tests.engine.store.batches import batch, match
from tests.research.leakage.subjects import subject
from tests.tapes import spec_of

pytestmark = pytest.mark.slow

STRATEGY = '''"""Every price of b365 at a number that a feature gives."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement, View


@dataclass(frozen=True)
class Shares:
    name: ClassVar[str] = "shares"
    feature: str = "FEATURE"

    def requires(self) -> Requirement:
        return Requirement(("1x2",), ("b365",), features=(self.feature,))

    def opportunities(self, view: View) -> pl.DataFrame:
        known = view.features[self.feature].with_columns(prob=0.2 + pl.col("n_played") / 1024)
        columns = ["decided_at", "event_id", "market", "line", "selection", "bookmaker", "side", "odds"]
        rows = view.quotes.select(columns).join(known, on=["decided_at", "event_id"], how="left")
        return rows.select(*columns, "prob")
'''
#: counts results of the whole history where it is told to
OWN = '''"""How many matches were settled."""

from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl


@dataclass
class Running:
    n: int = 0

    def update(self, result, settled_ns):
        self.n += 1

    def value(self, event, decided_ns):
        return (self.n,)


@dataclass(frozen=True)
class Own:
    name: ClassVar[str] = "own"
    columns: ClassVar[Any] = {"n_played": pl.Int64}

    def batch(self, results, asked):
        ends = results["settled_at"].sort()
        if LEAKY:
            return pl.DataFrame({"n_played": [results["home_score"].sum()] * len(asked)})
        n = ends.search_sorted(asked["decided_at"], side="left")
        return pl.DataFrame({"n_played": n.cast(pl.Int64)})

    def start(self):
        return Running()
'''


@pytest.fixture()
def own_home(small_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the small store, a strategy and a feature of the user."""
    home = tmp_path / "home"
    for name in ("data", "strategies", "features"):
        (home / name).mkdir(parents=True)
    (home / "data" / "store").symlink_to(small_store / "data" / "store")
    monkeypatch.setenv("BEA_HOME", str(home))
    write(home, False)
    return home


def write(home: Path, leaky: bool, feature: str = "own") -> None:
    (home / "strategies" / "shares.py").write_text(STRATEGY.replace("FEATURE", feature))
    (home / "features" / "own.py").write_text(OWN.replace("LEAKY", str(leaky)))


def spec(words: Sequence[str] = ()) -> TapeSpec:
    return spec_of("strategy=shares", "risk=off", *words)


def probs(of: TapeSpec, memory_mb: int = 4096) -> pl.DataFrame:
    tape = Tapes(memory_mb).fresh(of)
    return pl.DataFrame({"at": tape.decided_at, "event": tape.events["event_id"][tape.event], "prob": tape.prob})


def test_a_decision_sees_what_was_settled_before_it(own_home: Path) -> None:
    rows, events = probs(spec()), Store.open(own_home / "data" / "store").events()
    ends = events["settled_at"].cast(pl.Int64).sort()
    wanted = [0.2 + sum(end < at for end in ends) / 1024 for at in rows["at"]]
    assert rows.height == 672 and rows["prob"].to_list() == wanted and len(set(wanted)) == 28
    built_in = probs(spec(["strategy.feature=running_draws"]))
    assert built_in.height == 672 and 0.31 > built_in["prob"].max() > 0.3  # type: ignore[operator]


def test_parts_of_a_store_share_the_events_of_all_of_it(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = probs(spec())
    monkeypatch.setattr(parts, "max_quotes", lambda memory_mb: 300)
    tapes = Tapes()
    assert (
        len(list(tapes._parts(spec()))) > 1
        and probs(spec()).equals(whole)
        and tapes.inputs(spec()).features[0].name == "own"
    )


@pytest.mark.parametrize("leaky", [False, True])
def test_the_leak_finder_changes_the_future_of_features_too(leaky: bool, own_home: Path) -> None:
    write(own_home, leaky)
    findings = find_leaks(subject(["strategy=shares"]), Search(instants=10))
    assert findings.outcome == ("leak" if leaky else "clean"), findings
    assert {leak.column for leak in findings.leaks} >= ({"prob"} if leaky else set())


def test_the_code_of_a_feature_is_part_of_the_keys(own_home: Path) -> None:
    before, found = building_code(spec()), Tapes().made_of(spec())
    (own_home / "features" / "own.py").write_text(OWN.replace("LEAKY", "False") + "\n# edited\n")
    assert building_code(spec()) != before and Tapes().made_of(spec()) != found
    assert building_code(spec(["strategy.feature=running_draws"])) not in (before, building_code(spec()))


def test_the_code_of_the_bases_is_part_of_what_decisions_are_made_of(own_home: Path) -> None:
    """An edit of a base class asks for a new search for leaks, and so does one of the base of a strategy."""
    own, base = own_home / "features" / "own.py", own_home / "features" / "base.py"
    base.write_text(own.read_text().replace("Own", "Base").replace('"own"', '"base"'))
    own.write_text(
        '"""As its base."""\n\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n\n'
        'from .base import Base\n\n\n@dataclass(frozen=True)\nclass Own(Base):\n    name: ClassVar[str] = "own"\n'
    )
    before = Tapes().made_of(spec())
    assert Tapes().made_of(spec()) == before
    base.write_text(base.read_text() + "\n# edited\n")
    assert Tapes().made_of(spec()) != before
    text = source_of(make("totals_value", {}))
    assert "class TotalsValue" in text and "class GoalLines" in text and "class Protocol" not in text


def test_a_feature_is_found_beside_the_strategy_or_built_in(own_home: Path) -> None:
    file = str(own_home / "strategies" / "shares.py")
    assert [feature.name for feature in features_of(["own", "running_draws", "own"], file)] == ["own", "running_draws"]
    assert feature_file("own", file) == (own_home / "features" / "own.py").resolve()
    assert feature_file("own", None) == feature_file("own", file), "in the home, for a built-in strategy"
    assert feature_file("owl", None) is None and feature_file("../own", file) is None
    with pytest.raises(ConfigurationError, match=r"unknown feature 'owl'.*running_draws"):
        features_of(["owl"], file)
    (own_home / "features" / "own.py").write_text("import nothing_at_all\n")
    with pytest.raises(ConfigurationError, match=r"own\.py:1"):
        features_of(["own"], file)
    assert make("flat_all", {}).requires().features == ()


def test_a_fit_while_trading_gets_the_features_of_the_backtest(own_home: Path) -> None:
    (own_home / "data" / "store").unlink()
    store = Store.create_or_open(own_home / "data" / "store")
    postponed = match("A", "B", date(2021, 9, 4), status="scheduled")  # void a week later, by the rule
    store.apply([batch([postponed, match("C", "D", date(2021, 9, 20)), match("E", "F", date(2021, 9, 25))])])
    seen: list[pl.DataFrame] = []

    class Learns(SimpleNamespace):
        name = "learns"

        def requires(self) -> Requirement:
            return Requirement(("1x2",), ("b365",), features=("own",))

        def fit(self, history: History, until: int) -> Any:
            seen.append(history.features["own"])
            return SimpleNamespace(opportunities=lambda view: pl.DataFrame(schema=OPPORTUNITIES))

    tapes, until = Tapes(strategy=lambda _: Learns()), "2021-09-25"  # type: ignore[arg-type, return-value]
    of = replace(spec(), fit_at=(until,))
    tapes.fresh(of)
    assert [frame["n_played"].to_list() for frame in seen] == [[0, 1]]
    assert past_of(tapes, of).before(fit_instants(of.fit_at, of.zone)[0]).features["own"].equals(seen[0])
