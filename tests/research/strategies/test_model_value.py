"""The strategy on a model: fitted on what was settled before, with the model's parameters as slow parameters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

import research.models as models
from engine.asof.view import build_view
from engine.errors import ConfigurationError, DataError
from engine.identity import digest
from engine.live.judgement.models import artifact_hash
from engine.paths import conf_dir
from engine.strategy import History, Learner, Modular, View
from research.config.compose import Composer
from research.config.tape_spec import TapeSpec
from research.forecasting.contract import Inputs, Probabilities
from research.leakage.decisions import Subject
from research.leakage.finder import Search, find_leaks
from research.strategies import FITTED, make
from research.strategies.model_value import ModelValue
from research.sweeps.planner import plan_sweep
from research.tapes.builder import Tapes, tape_code
from research.tapes.fitting import fitted_at
from research.tapes.inputs import strategy_of
from tests.property.markets import world
from tests.tapes import rows_of, spec_of

DATES = [dt.date(2019, 8, 1), dt.date(2021, 1, 1), dt.date(2022, 1, 1), dt.date(2024, 6, 1)]


@dataclass(frozen=True)
class Shares:
    """The same probabilities for every event whose share of draws is known."""

    share: tuple[float, ...]

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        known = rows["running_draws.draw_share"].is_not_null().to_numpy()
        return np.where(known[:, None], np.array(self.share), np.nan)

    def artifact(self) -> Mapping[str, Any]:
        return {"model": BaseRates.name, "share": list(self.share)}


@dataclass(frozen=True)
class BaseRates:
    """Shares of the outcomes in the past, after `added` outcomes of each kind."""

    name: ClassVar[str] = "base_rates"
    added: float = 1.0

    def inputs(self) -> Inputs:
        return Inputs(("running_draws",))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Shares:
        counts = np.bincount(past["outcome"].to_numpy(), minlength=len(outcomes)) + self.added
        return Shares(tuple(float(share) for share in counts / counts.sum()))

    def restored(self, artifact: Mapping[str, Any]) -> Shares:
        return Shares(tuple(artifact["share"]))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """One model more."""
    built_in, names = models.by_name, models.names()
    monkeypatch.setattr(models, "names", lambda: tuple(sorted((*names, BaseRates.name))))
    monkeypatch.setattr(models, "by_name", lambda name: BaseRates if name == BaseRates.name else built_in(name))


def spec(*words: str) -> TapeSpec:
    return spec_of("data=sample", "data.competitions=[SIM1]", "strategy=model", "strategy.price=pinnacle", *words)


def fitted(*words: str) -> TapeSpec:
    of = spec(*words)
    return fitted_at(of, strategy_of(of), DATES)


def test_the_group_of_the_model_becomes_parameters_of_the_strategy(home: Path) -> None:
    strategy: Any = strategy_of(spec("model=base_rates", "model.added=3"))
    assert strategy == ModelValue("base_rates", {"added": 3}, price="pinnacle")
    assert isinstance(strategy, Learner) and isinstance(strategy, Modular)
    assert strategy.requires().features == ("running_draws",) and strategy.requires().bookmakers == ("pinnacle",)
    assert spec("model=base_rates").parameters != spec("model=base_rates", "model.added=3").parameters
    again = TapeSpec.from_description(spec("model=base_rates", "model.added=3").describe())
    assert strategy_of(again) == strategy


def test_a_sweep_over_a_model_has_one_tape_a_value_and_one_for_all_fast_parameters(home: Path) -> None:
    words = ["data=sample", "strategy=model", "model=market,base_rates", "strategy.edge_min=0,0.05,0.1"]
    plan = plan_sweep(Composer("sweep", None), words)
    assert len(plan) == 6 and len(list(plan.tapes())) == 2
    swept = plan_sweep(Composer("sweep", None), [*words[:2], "model=base_rates", "model.added=1,2", words[3]])
    assert len(swept) == 6 and len(list(swept.tapes())) == 2
    assert {swept.flat(config)["model.added"] for config in range(1, 7)} == {1, 2}


def test_each_fold_bets_at_what_was_known_at_its_border(home: Path) -> None:
    """Against counts made by hand of the results before the border."""
    of = fitted("model=base_rates", "model.added=2")
    rows, events = rows_of(Tapes().fresh(of)), Tapes().whole(of)[0]
    borders = [int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9 for year in (2021, 2022)]
    assert rows.height > 900 and rows["decided"].min() >= borders[0]
    for since, until in pairwise([*borders, 2**62]):
        before = events.filter(pl.col("settled_at").cast(pl.Int64) < since, pl.col("status") == "played")
        home_goals, away_goals = before["home_score"].to_numpy(), before["away_score"].to_numpy()
        wins = [(home_goals > away_goals).sum(), (home_goals == away_goals).sum(), (home_goals < away_goals).sum()]
        expected = [(count + 2) / (sum(wins) + 6) for count in wins]
        mine = rows.filter(pl.col("decided").is_between(since, until, closed="left"))
        assert mine.height > 300
        assert mine["prob"].unique().sort().to_list() == pytest.approx(sorted(expected), abs=1e-12)


def test_no_answer_is_no_bet(home: Path) -> None:
    """The share of draws is null until 100 matches are settled; a model without it bets on nothing."""
    of = spec("model=base_rates")
    (view,) = Tapes().whole(of)[1]
    strategy: Any = strategy_of(of)
    shown = Tapes().featured(of).of(view)
    unknown = {name: frame.with_columns(draw_share=pl.lit(None, pl.Float64)) for name, frame in shown.features.items()}
    bets = strategy.fit(History(Tapes().whole(of)[0], shown.quotes, shown.features), 2**62)
    assert bets.opportunities(shown).height > 0 and bets.opportunities(View(shown.quotes, unknown)).is_empty()


def test_the_market_is_read_without_its_margin_and_places_no_bet_at_its_own_price(home: Path) -> None:
    of = fitted("model=market")
    tape = Tapes().fresh(of)
    assert len(tape) > 900 and (tape.prob * tape.odds < 1).all()
    events = tape.events[tape.event]["event_id"].to_list()
    book = dict[tuple[int, int], list[tuple[float, float]]]()
    for event, at, odds, prob in zip(events, tape.decided_at.tolist(), tape.odds, tape.prob, strict=True):
        book.setdefault((event, at), []).append((odds, prob))
    whole = [rows for rows in book.values() if len(rows) == 3]
    assert len(whole) > 300
    for rows in whole:
        overround = sum(1 / odds for odds, _ in rows)
        assert [prob for _, prob in rows] == pytest.approx([1 / odds / overround for odds, _ in rows], abs=1e-12)


def test_a_model_reads_the_prices_at_the_opening_where_it_asks_for_them_and_then_only() -> None:
    """Against the first price of each series, found by hand."""
    view = build_view(*world(2, 12), path=True)
    parameters = {"features": ["market", "market.overround", "market.open_home", "market.move_home"]}
    strategy = ModelValue("logit", parameters, market_bookmaker="aaa")
    assert strategy.requires().path and not ModelValue("logit", {"features": "market"}).requires().path
    rows, path = strategy.rows(view), view.known().filter(pl.col("market") == "1x2", pl.col("bookmaker") == "aaa")
    told = 0
    for row in rows.filter(pl.col("market.open_home").is_not_null()).iter_rows(named=True):
        mine = path.filter(pl.col("decided_at") == row["decided_at"], pl.col("event_id") == row["event_id"])
        fair = []
        for at in (mine.group_by("selection").first(), mine.group_by("selection").last()):
            inverse = {selection: 1 / odds for selection, odds in at.select("selection", "odds").iter_rows()}
            fair.append(inverse["home"] / sum(inverse.values()))
        assert [row["market.open_home"], row["market.home"]] == pytest.approx(fair)
        assert row["market.move_home"] == pytest.approx(float(np.log(fair[1] / fair[0])))
        told += row["market.move_home"] != 0.0
    assert told > 20
    without = ModelValue("logit", {"features": "market"}, market_bookmaker="aaa").rows(View(view.quotes))
    assert without.equals(rows.select(without.columns)) and rows.width == without.width + 6


def test_an_edit_of_the_model_makes_another_tape(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules, _ = tape_code(spec("model=market"))
    assert {"research.models.market", "research.strategies.model_value"} <= set(modules)
    modules, _ = tape_code(spec("model=base_rates"))
    assert {"research.models.base_rates", "research.features.running_draws"} <= set(modules)
    of, tapes = fitted("model=market"), Tapes()
    before = tapes.made_of(of)
    monkeypatch.setattr("research.tapes.builder.code_hash", lambda names, files=(): digest(list(names)))
    assert tapes.made_of(of) != before


def test_what_was_fitted_has_a_hash_of_its_values(home: Path) -> None:
    of = spec("model=base_rates")
    events, (view,) = Tapes().whole(of)
    shown = Tapes().featured(of).of(view)
    strategy: Any = strategy_of(of)
    until = int(dt.datetime(2022, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9
    hashes = {artifact_hash(strategy.fit(History(events, shown.quotes, shown.features), at)) for at in (until, until)}
    later = artifact_hash(strategy.fit(History(events, shown.quotes, shown.features), 2 * until))
    assert len(hashes) == 1 and later not in hashes


def test_nothing_to_learn_from_is_one_line() -> None:
    empty = History(*_nothing())
    with pytest.raises(DataError, match="model market has nothing to learn from") as caught:
        ModelValue().fit(empty, 0)
    assert "\n" not in str(caught.value) and "1970-01-01" in str(caught.value)


def test_two_sports_are_not_learned_from_together() -> None:
    at = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    events = pl.DataFrame(
        {"event_id": [1, 2], "home_score": [2, 1], "away_score": [0, 1], "winner": ["home", "home"]}
    ).with_columns(status=pl.lit("played"), settled_at=pl.lit(at + dt.timedelta(1)).dt.cast_time_unit("ns"))
    rows = pl.DataFrame({"event_id": [1, 2], "sport": ["tennis", "basketball"]}).with_columns(decided_at=pl.lit(at))
    elo, market = (ModelValue(model=name, market="moneyline") for name in ("elo", "market"))
    until = int(dt.datetime(2021, 1, 1, tzinfo=dt.UTC).timestamp() * 1e9)
    with pytest.raises(ConfigurationError, match=r"more than one sport .*found basketball, tennis; .*data.sports"):
        elo.learned(rows, events, until)
    assert market.learned(rows, events, until).height == 2
    assert elo.learned(rows.filter(pl.col("sport") == "tennis"), events, until).height == 1


def _nothing() -> Sequence[pl.DataFrame]:
    from engine.asof.view import VIEW
    from engine.schema import ALL_EVENTS

    return pl.DataFrame(schema=ALL_EVENTS), pl.DataFrame(schema=VIEW)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["strategy=model"], "no model is chosen"),
        (["strategy=value", "model=market"], "strategy value has no model"),
        (["strategy=model", "model=makret"], "did you mean market"),
        (["strategy=model", "model=base_rates", "model.aded=1"], "did you mean model.added"),
        (["strategy=model", "model=market", "strategy.market=totals"], "strategy.market"),
        (["strategy=model", "strategy.artifact=12e4"], "give more of its digits"),
    ],
)
def test_a_wrong_choice_is_one_line(words: list[str], text: str, home: Path) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        strategy_of(spec_of("data=sample", *words))
    assert "\n" not in str(caught.value)


def test_a_hash_without_letters_is_no_number(home: Path) -> None:
    with pytest.raises(DataError, match="no such artifact in 12345678:"):
        strategy_of(spec_of("data=sample", "strategy=model", "strategy.artifact=12345678"))


def test_a_file_of_presets_of_a_model_states_its_defaults_with_comments() -> None:
    files = sorted((conf_dir() / "model").glob("*.yaml"))
    assert files
    for path in files:
        text = path.read_text(encoding="utf-8")
        written = dict(Composer("backtest", None).compose([f"model={path.stem}"]).model)
        assert written == models.defaults(path.stem), path.name
        assert text.startswith("#") and all("#" in line for line in text.splitlines()[2:] if line.strip())


def test_every_strategy_that_is_fitted_is_a_learner() -> None:
    for name in FITTED:
        assert isinstance(make(name, {"model": "market"}), Learner)


def test_the_leak_finder_finds_nothing_in_it(home: Path) -> None:
    of = fitted("model=base_rates", "data.seasons=[2020-2021,2021-2022]")
    findings = find_leaks(Subject(of, strategy=strategy_of), Search(instants=1, seed=3))
    assert findings.leaks == () and findings.coverage.decisions > 0
