"""What bets are measured against: the calibration of a store, the odds of a configuration's bets, whose prices."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import research
from engine.asof.calibration import BANDS
from engine.asof.decisions import max_quotes
from engine.errors import DataError
from engine.kernel.params import Params
from engine.paths import sample_store
from engine.store import Store
from engine.store.universe import Universe
from engine.tape import Tape
from research.config.compose import Composer
from research.config.tape_spec import TapeSpec, tape_spec_of
from research.execution.job import numbers
from research.sweeps.plan import Plan
from research.sweeps.planner import plan_backtest
from research.tapes.builder import Tapes
from research.tapes.cache import cache_folder
from research.tapes.closes import CLOSING, Calibrations, TapeClose, aggregates_of, measured, read_calibrations, stored


def planned(*words: str) -> tuple[Plan, TapeSpec]:
    plan = plan_backtest(Composer("backtest", None), ["data=sample", *words])
    return plan, tape_spec_of(plan.flat(1))


def close_of(*words: str) -> tuple[TapeClose, Tape, np.ndarray]:
    plan, spec = planned(*words)
    tapes = Tapes()
    tape, row = tapes.tape(spec), numbers(plan, 0, 1)
    return TapeClose.of(Calibrations(tapes, 4096).of(spec), tape, row), tape, row


def test_the_rows_within_the_limits_are_counted_by_cell(home: Path) -> None:
    close, tape, row = close_of("strategy.markets=[1x2,totals]")
    limits = np.repeat(row, 6, axis=0)
    edges = np.sort(tape.edge_frac)[[0, len(tape) * 3 // 10, len(tape) * 8 // 10]]  # limits that rows lie on
    for number, (odds_min, odds_max, edge_min, edge_max) in enumerate(
        [
            (1.0, np.inf, -np.inf, np.inf),
            (1.0, 3.0, edges[1], np.inf),
            (2.0, 3.0, edges[1], edges[2]),
            (2.0, 3.0, edges[0], edges[2]),
            (1.0, 3.0, edges[2], np.inf),
            (90.0, 91.0, -np.inf, np.inf),
        ]
    ):
        for name, value in zip(
            ("odds_min", "odds_max", "edge_min", "edge_max"), (odds_min, odds_max, edge_min, edge_max), strict=True
        ):
            limits[number, Params._fields.index(name)] = value
    found = TapeClose.of(close.calibration, tape, limits).weights
    for number, one in enumerate(limits):
        params, counts = Params(*one.tolist()), Counter[tuple[str, str, str, int]]()
        for place, labels in enumerate(tape.rows.iter_rows(named=True)):
            odds, edge, prob = tape.odds[place], tape.edge_frac[place], tape.close_prob[place]
            inside = params.odds_min <= odds <= params.odds_max and params.edge_min <= edge <= params.edge_max
            if inside and not np.isnan(prob):
                band = sum(1.0 / prob >= limit for limit in BANDS)
                counts[("football", labels["market"], labels["selection"], band)] += 1
        assert found[number].tolist() == close.calibration.weights(dict(counts)).tolist()
    assert found[0].sum() > found[1].sum() > found[2].sum() > 0
    assert found[5].sum() == 0


def test_the_calibration_is_that_of_all_matches_of_the_store_until_the_last_date(home: Path) -> None:
    close, *_ = close_of()
    one_league, *_ = close_of("data.competitions=[SIM1]")
    assert one_league.calibration == close.calibration
    early, *_ = close_of("data.last_date=2021-06-30")
    assert early.calibration.last_date <= "2021-06-30" < close.calibration.last_date
    assert early.calibration.matches < close.calibration.matches
    assert {cell.market for cell in close.calibration.cells} == {"1x2"}


def test_a_store_read_in_parts_and_a_result_of_the_cache_are_the_same(home: Path) -> None:
    store = Store.open(sample_store())
    universe = Universe(bookmakers=("pinnacle",), instants=("close", "snapshot"), sides=("back",))
    at_once = measured(store, universe, "power", 4096)
    cached = list((cache_folder() / "closes").glob("*.json"))
    assert len(cached) == 1
    assert measured(store, universe, "power", 4096) == at_once
    cached[0].unlink()
    in_parts = measured(store, universe, "power", 1)
    assert in_parts == at_once  # to the last bit
    assert len(store.parts(universe, max_quotes=max_quotes(1, view=False))) > 1


def test_a_bookmaker_without_closing_prices_is_not_calibrated(home: Path) -> None:
    universe = Universe(bookmakers=("nobody",), instants=("close", "snapshot"), sides=("back",))
    found = measured(Store.open(sample_store()), universe, "power", 4096)
    assert (found.matches, found.cells) == (0, ())
    assert found.tau(found.weights({("football", "1x2", "home", 1): 5.0})).reason == (
        "no match has a closing price of Nobody and a result"
    )


def test_a_maximum_and_a_mean_are_nobodys_offer(home: Path) -> None:
    assert close_of("strategy.price=max")[0].aggregates == ("max",)
    assert close_of("strategy.price=avg")[0].aggregates == ("avg",)
    assert close_of("strategy.price=b365")[0].aggregates == ()
    best, tape, _ = close_of("strategy.price=best")
    assert best.aggregates == () == aggregates_of(tape)
    assert tape.rows["bookmaker"].n_unique() > 1


def test_a_laid_price_is_in_the_cell_of_the_bet_against_its_selection(home: Path) -> None:
    close, tape, row = close_of()
    laid = TapeClose.of(close.calibration, _laid(tape), row)
    names = {cell.selection for cell, n in zip(close.calibration.single, laid.weights[0, :-1], strict=True) if n}
    assert names <= {"not home", "not draw", "not away"}
    assert names


def _laid(tape: Tape) -> Tape:
    from dataclasses import replace

    return replace(tape, is_lay=np.ones(len(tape), np.int8), close_prob=1.0 - np.asarray(tape.close_prob))


def test_the_stored_form_holds_each_calibration_once(home: Path) -> None:
    one, *_ = close_of()
    other, *_ = close_of("strategy.price=max", "clv.method=shin")
    assert read_calibrations(home) is None
    (home / CLOSING).write_text(json.dumps(stored([one, other, one])))
    document = json.loads((home / CLOSING).read_text())
    assert [tape["calibration"] for tape in document["tapes"]] == [0, 1, 0]
    assert [tape["aggregates"] for tape in document["tapes"]] == [[], ["max"], []]
    assert [kept["method"] for kept in document["calibrations"]] == ["power", "shin"]
    assert read_calibrations(home) == (one.calibration, other.calibration)
    (home / CLOSING).write_text("{}")
    with pytest.raises(DataError, match="force=true"):
        read_calibrations(home)


def test_a_run_keeps_the_calibrations_of_its_day(home: Path) -> None:
    words = ["data=sample", "strategy.markets=choice([1x2],[totals])", "report=false", "data.seasons=[2023-2024]"]
    run = research.sweep(words)
    found = run.closing()
    assert found is not None
    assert [{cell.market for cell in one.cells} for one in found] == [{"1x2"}, {"totals"}]
    assert all(one.matches == 4_590 for one in found)
    (run.folder / CLOSING).unlink()
    assert run.closing() is None
