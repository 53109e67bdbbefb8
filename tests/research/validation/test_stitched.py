"""The stitched path, compared with a plain interpretation and with cases by hand."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from engine.backtesting.run import replay
from engine.clock import zone_of
from engine.configuration import Configuration
from engine.tape import Tape
from research.execution.assess import out_of_sample_yield, windows_of
from research.inference.bootstrap import FEWEST_BETS, FEWEST_DAYS, generator, ratio_interval
from research.validation.choice import NO_CONFIGURATION, Choice
from research.validation.folds import cut_folds
from research.validation.stitched import SelectedConfiguration, Stitched, stitch
from tests.engine.backtesting.test_run import free
from tests.engine.backtesting.test_run import tape as tape_of
from tests.engine.tape.test_part import filtered
from tests.property.tapes import random_configuration, random_tape
from tests.research.validation.test_folds import DAY, NEW_YEAR, days_of, random_dates


def choices(*rows: int) -> list[Choice]:
    return [Choice(row, 0.5) for row in rows]


def stitched(tape: Tape, dates: list[dt.date], rows: list[int], many: list[Configuration], bankroll: float) -> Stitched:
    cuts = cut_folds(tape, dates, 1)
    return stitch(
        dates, choices(*rows), lambda row: SelectedConfiguration(tape, cuts, many[row].params(), 7, None), bankroll
    )


def test_a_path_by_hand() -> None:
    """Boundaries on days 2 and 4. The first choice stakes a tenth of equity, the second a fifth; a win doubles."""
    tape = tape_of(
        [
            {"at": 0.0, "ends": 2.0, "event": "a"},  # training only
            {"at": 48.0, "ends": 50.0, "event": "b"},
            {"at": 72.0, "ends": 98.0, "event": "c"},  # open at the boundary: settles into the path on day 4
            {"at": 96.0, "ends": 120.0, "event": "d", "result": "lose"},
            {"at": 120.0, "ends": 122.0, "event": "e"},
        ]
    )
    many = [free(staking=1, fraction=part) for part in (0.1, 0.2)]
    dates = [NEW_YEAR + at * DAY for at in (0, 2, 4, 6)]
    found = stitched(tape, dates, [0, 1], many, 1_000.0)
    # b: a tenth of 1,000; c: a tenth of 1,100. The second choice starts with 1,100, where the open c counts at cost:
    # d: a fifth of 1,100, lost; e: a fifth of what its account holds by then, 880
    assert found.bets["stake_minor"].to_list() == [100, 110, 220, 176]
    assert found.bets["net_minor"].to_list() == [100, 110, -220, 176]
    assert found.bets["window"].to_list() == [1, 1, 2, 2]
    assert found.bets["config"].to_list() == [1, 1, 2, 2]
    assert found.bets["day"].to_list() == [NEW_YEAR + at * DAY for at in (2, 3, 4, 5)]
    assert found.daily["date"].to_list() == [NEW_YEAR + at * DAY for at in (2, 3, 4, 5)]
    assert found.daily["pnl_minor"].to_list() == [100, 0, 110, -44]
    assert found.daily["equity_start_minor"].to_list() == [1_000, 1_100, 1_100, 1_210]
    assert found.daily["n_bets"].to_list() == [1, 1, 1, 1]
    assert found.daily["level"].to_list() == [1.0, 0.0, 1.0, 0.0]  # each bet counts one unit; d and e settle on day 5
    assert found.daily["level_stake"].to_list() == [1.0, 0.0, 1.0, 2.0]
    assert found.daily["closed_stake"].to_list() == found.daily["clv"].to_list() == [0.0] * 4
    windows = windows_of(dates, choices(0, 1), found)
    assert [(one.bets, one.turnover_minor, one.pnl_minor, one.config) for one in windows] == [
        (2, 210, 210, 1), (2, 396, -44, 2),
    ]  # fmt: skip
    assert (windows[0].first, windows[0].last) == ("2024-01-03", "2024-01-04")


def test_a_configuration_selected_again_continues() -> None:
    """A losing streak lasts across a boundary, but is reset if another configuration came in between."""
    lost = [{"at": 24.0 * day, "ends": 24.0 * day + 1, "event": f"e{day}", "result": "lose"} for day in range(8)]
    tape, own = tape_of(lost), free(amount_minor=100.0, streak_stop=3.0, streak_cool_off_ns=1e18)
    dates = [NEW_YEAR + at * DAY for at in (0, 2, 4, 6, 8)]
    assert stitched(tape, dates, [0, 0, 0], [own, own], 1e6).bets["window"].to_list() == [1, 1, 2]
    assert stitched(tape, dates, [0, 1, 0], [own, own], 1e6).bets.height == 6
    assert stitched(tape, dates, [0, NO_CONFIGURATION, 0], [own, own], 1e6).bets["window"].to_list() == [1, 1, 3, 3]


def test_no_choice_places_no_bet_and_ruin_ends_the_path() -> None:
    lost = [{"at": 24.0 * day, "ends": 24.0 * day + 1, "event": f"e{day}", "result": "lose"} for day in range(6)]
    dates = [NEW_YEAR + at * DAY for at in (0, 2, 4, 6)]
    nothing = stitched(tape_of(list(lost)), dates, [NO_CONFIGURATION, NO_CONFIGURATION], [free()], 500.0)
    assert nothing.bets.is_empty() and nothing.daily["pnl_minor"].to_list() == [0] * 4
    assert nothing.daily["equity_start_minor"].to_list() == [500] * 4
    assert math.isnan(out_of_sample_yield(nothing.bets, 1).estimate)
    assert [one.config for one in windows_of(dates, choices(NO_CONFIGURATION, NO_CONFIGURATION), nothing)] == [
        None,
        None,
    ]
    ruined = stitched(tape_of(list(lost)), dates, [0, 1], [free(amount_minor=500.0)] * 2, 500.0)
    assert ruined.daily["pnl_minor"].to_list() == [-500, 0, 0, 0] and ruined.bets.height == 1


def plain(
    tape: Tape, dates: list[dt.date], rows: list[int], many: list[Configuration], bankroll: float
) -> tuple[dict[dt.date, int], list[tuple[int, int, int, int]]]:
    """P&L by day, and (id, stake, configuration, window) of all bets, from masks of rows and calendar days."""
    decided = days_of(tape, tape.decided_at, ending=False)
    windows = [max(0, sum(day >= boundary for boundary in dates[1:-1])) for day in decided]
    pnl: dict[dt.date, int] = {}
    bets: list[tuple[int, int, int, int]] = []
    fold = 1
    while fold <= len(rows):
        row, last = rows[fold - 1], fold
        while last < len(rows) and rows[last] == row:
            last += 1
        boundary = dates[fold]
        equity = bankroll + sum(gain for day, gain in pnl.items() if day < boundary)
        places = [place for place in range(len(tape)) if fold <= windows[place] <= last]
        if row != NO_CONFIGURATION and equity >= 1 and places:
            low, high = int(tape.decided_at[places[0]]), int(tape.decided_at[places[-1]]) + 1
            params = many[row].params()._replace(bankroll_minor=float(math.floor(equity)))
            path = replay(filtered(tape, low, high), params, 7)
            for day, gain in path.daily.select("date", "pnl_minor").iter_rows():
                pnl[day] = pnl.get(day, 0) + gain
            rows_of_path = path.bets.select("id", "stake_minor", "row").iter_rows()
            bets += [(id_, stake, row, windows[places[0] + place]) for id_, stake, place in rows_of_path]
        fold = last + 1
    return pnl, bets


@pytest.mark.slow
def test_paths_equal_a_plain_interpretation() -> None:
    placed = charged = 0
    for case in range(60):
        rng = np.random.default_rng((41, case))
        tape = random_tape(rng, 150)
        many = [dataclasses.replace(random_configuration(rng), edge_min=-math.inf, odds_max=math.inf) for _ in range(3)]
        folds = int(rng.integers(2, 6))
        dates = random_dates(rng, tape, folds)
        rows = rng.integers(-1, 3, folds - 1).tolist()
        found = stitched(tape, dates, rows, many, 100_000.0)
        pnl, bets = plain(tape, dates, rows, many, 100_000.0)
        assert found.daily["date"][0] == dates[1] and found.daily["date"][-1] >= dates[-1] - DAY
        assert found.daily["pnl_minor"].to_list() == [pnl.get(day, 0) for day in found.daily["date"]]
        assert found.daily["pnl_minor"].sum() == sum(pnl.values())
        assert found.daily["n_bets"].sum() == len(bets)
        placed += len(bets)
        if bets:
            charged += log_of(found, bets, zone_of(tape.zone))
    assert placed > 1_000 and charged > 50


def log_of(found: Stitched, bets: list[tuple[int, int, int, int]], zone: ZoneInfo) -> int:
    """Compare the log of a path with its bets and days; returns how many bets paid commission."""
    log = found.bets
    assert list(log.select("id", "stake_minor", pl.col("config") - 1, "window").iter_rows()) == bets
    assert log["day"].to_list() == [at.astimezone(zone).date() for at in log["decided_at"]]
    assert log["net_minor"].sum() == pytest.approx(found.daily["pnl_minor"].sum(), abs=1e-6)
    return log.filter(pl.col("net_minor") < pl.col("pnl_minor").fill_null(0)).height


def test_commission_is_shared_as_it_was_charged() -> None:
    """One market: two bets open together, won 100 and lost 40; a third later wins 50; rate 10 %."""
    one = {"event": "m", "market": "1x2", "bookmaker": "x"}
    bets = [
        one | {"at": 48.0, "ends": 60.0, "odds": 2.0, "selection": "a"},
        one | {"at": 49.0, "ends": 61.0, "odds": 2.0, "result": "lose", "selection": "b"},
        one | {"at": 61.0, "ends": 70.0, "odds": 1.5, "prob": 0.8, "selection": "c"},
        one | {"at": 71.0, "ends": 72.0, "odds": 1.5, "prob": 0.8, "result": "lose", "selection": "d"},
    ]
    tape = tape_of(list(bets), rates={"x": 0.1})
    dates = [NEW_YEAR + at * DAY for at in (0, 2, 4)]
    found = stitched(tape, dates, [0], [free(amount_minor=100.0)], 10_000.0)
    assert found.bets["net_minor"].to_list() == [100, -100, 45, -100]
    better = tape_of([bets[0] | {"odds": 2.4}, *bets[1:]], rates={"x": 0.1})
    found = stitched(better, dates, [0], [free(amount_minor=100.0)], 10_000.0)
    assert found.bets["net_minor"].to_list() == [138, -102, 45, -100]  # 4 on a net of 40, halved by stakes
    assert found.daily["pnl_minor"].sum() == -19


def test_out_of_sample_yield_with_its_interval() -> None:
    rng = np.random.default_rng(5)
    n = FEWEST_BETS
    bets = pl.DataFrame(
        {
            "event_id": np.arange(n) // 2,
            "day": pl.Series([NEW_YEAR + (at % FEWEST_DAYS) * DAY for at in range(n)]),
            "stake_minor": rng.uniform(50, 150, n),
            "net_minor": rng.normal(5, 100, n),
        }
    )
    found = out_of_sample_yield(bets, 3)
    top, bottom, event = (bets[name].to_numpy() for name in ("net_minor", "stake_minor", "event_id"))
    known = ratio_interval(top, bottom, event, generator(3, "outside"))
    assert (found.low, found.high, found.estimate) == pytest.approx((known.low, known.high, known.estimate))
    assert found.low < found.lower < found.estimate < found.high
    assert found.estimate == pytest.approx(top.sum() / bottom.sum())
    one_sided = ratio_interval(top, bottom, event, generator(3, "outside"), level=0.6)
    assert found.lower == pytest.approx(one_sided.low)
    few = out_of_sample_yield(bets.head(n - 1), 3)
    assert (few.bets, few.days) == (n - 1, FEWEST_DAYS) and math.isnan(few.lower) and not math.isnan(few.estimate)
    short = out_of_sample_yield(bets.with_columns(day=pl.lit(NEW_YEAR)), 3)
    assert short.days == 1 and math.isnan(short.low)
