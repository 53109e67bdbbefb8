"""Building tapes: columns, order, refused rows, dense ids, hashes, Kelly columns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.betting.kelly import kelly_market, kelly_shrunk, kelly_states
from engine.errors import ConfigurationError, TapeError
from engine.identity import opportunity_ids
from engine.kernel.codes import State
from engine.schema import INSTANT_DTYPE, OPPORTUNITIES
from engine.tape import NEVER
from engine.tape.build import build_tape
from tests.property.markets import FIRST, _event, frames, world

START = FIRST + timedelta(hours=15)


def events(*goals: tuple[int, int]) -> pl.DataFrame:
    rows = [_event(n, START, f"L{n % 2}", "played", score) for n, score in enumerate(goals or ((1, 0),), start=1)]
    return frames(rows, [])[0]


def bet(event: int = 1, selection: str = "home", odds: float | None = 2.5, **more: Any) -> dict[str, Any]:
    return {
        "event_id": event, "market": "1x2", "line": None, "selection": selection, "bookmaker": "aaa", "side": "back",
        "decided_at": FIRST, "odds": odds, "prob": 0.45, **more,
    }  # fmt: skip


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema_overrides=dict(OPPORTUNITIES), infer_schema_length=None)


def closing(prob: float) -> pl.DataFrame:
    row = {"event_id": 1, "market": "1x2", "line": None, "selection": "home", "close_prob": prob}
    return pl.DataFrame([row], schema_overrides={"line": pl.Float64})


def test_the_edge_is_probability_times_odds_minus_one_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    prob, odds = rng.uniform(0.05, 0.9, 500), rng.uniform(1.1, 9, 500)
    rows = table(*(bet(odds=o, prob=p, bookmaker=f"b{n}") for n, (p, o) in enumerate(zip(prob, odds, strict=True))))
    tape = build_tape(rows, events())
    assert (tape.edge_frac == tape.prob * tape.odds - 1.0).all()
    assert (np.diff(tape.priority) <= 0).all() and (tape.priority == tape.edge_frac).all()


def test_the_edge_with_halves_and_voids_is_the_sum_over_the_states() -> None:
    row = bet(
        market="asian_handicap", line=-0.25, odds=1.9, prob=0.5, prob_half_lose=0.2, prob_half_win=0.1, prob_void=0.05
    )
    tape = build_tape(table(row), events())
    assert tape.edge_frac[0] == pytest.approx(0.5 * 0.9 + 0.1 * 0.45 - 0.2 * 0.5 - 0.15)


def test_a_lay_is_stored_as_the_back_bet_of_equal_risk() -> None:
    close = closing(0.4)
    row = bet(side="lay", odds=4.0, prob=0.2, prob_half_win=0.1, size_minor=500.0)
    tape = build_tape(table(row), events((0, 2)), close)
    assert tape.quoted[0] == 4.0 and tape.odds[0] == 4.0 / 3.0 and tape.is_lay[0] == 1
    assert tape.prob[0] == pytest.approx(0.7) and tape.size_minor[0] == 1500.0
    assert tape.edge_frac[0] == pytest.approx(0.7 / 3 - 0.1 / 2 - 0.2)
    assert tape.close_prob[0] == 0.6 and tape.state[0] == State.WIN
    plain = build_tape(table(bet(side="lay", odds=4.0, prob=0.2)), events((1, 0)))
    assert plain.prob[0] == 1 - 0.2 and plain.state[0] == State.LOSE


def test_sizes_and_commission_rates_by_bookmaker() -> None:
    rows = table(bet(size_minor=700.0), bet(selection="away", bookmaker="exchange"))
    tape = build_tape(rows, events(), commission_rates={"exchange": 0.05})
    by_name = dict(zip(tape.rows["bookmaker"], zip(tape.size_minor, tape.commission_rate, strict=True), strict=True))
    assert by_name == {"aaa": (700.0, 0.0), "exchange": (np.inf, 0.05)}


def test_rows_settled_before_their_decision_are_refused_and_counted() -> None:
    late = bet(selection="away", decided_at=START.replace(hour=23, minute=59, second=59))
    tape = build_tape(table(bet(), late), events())
    assert len(tape) == 1
    assert tape.refused.rows() == [("settled at or before the decision", 1, "H1 - A1, 2024-01-01, 1x2 away at aaa")]


def test_an_event_without_a_result_leaves_its_bets_open() -> None:
    waiting = frames([_event(1, START, "L", "scheduled", (0, 0))], [])[0]
    tape = build_tape(table(bet()), waiting)
    assert tape.settled_at[0] == NEVER and tape.state[0] == State.UNKNOWN and len(tape.settle_order) == 0
    ended = waiting.with_columns(settled_at=pl.lit(START + timedelta(hours=3)).cast(INSTANT_DTYPE))
    assert build_tape(table(bet()), ended).settled_at[0] == NEVER


def test_rows_are_sorted_by_time_priority_and_id_with_legs_adjacent() -> None:
    rows = table(
        bet(prob=0.5, selection="home"),
        bet(prob=0.6, selection="home", bookmaker="x", group=7),
        bet(prob=0.1, selection="away", bookmaker="y", group=7),
        bet(prob=0.1, selection="draw", bookmaker="z"),
        bet(2, prob=0.9, decided_at=FIRST - timedelta(hours=1)),
        bet(2, prob=0.55, group=7),
    )
    tape = build_tape(rows, events((1, 0), (0, 0)))
    assert tape.prob.tolist() == [0.9, 0.6, 0.1, 0.55, 0.5, 0.1]
    assert tape.group.tolist() == [-1, 0, 0, 1, -1, -1]
    assert tape.rows["bookmaker"].to_list() == ["aaa", "x", "y", "aaa", "aaa", "z"]
    ties = build_tape(table(*(bet(bookmaker=f"b{n}") for n in range(50))), events())
    assert (np.diff(ties.id) > 0).all()


def test_rows_without_odds_or_probability_stay_and_come_last() -> None:
    tape = build_tape(
        table(bet(odds=None), bet(prob=None, selection="away"), bet(prob=0.01, selection="draw")), events()
    )
    assert np.isnan(tape.edge_frac).tolist() == [False, True, True]
    assert tape.priority[1] == -np.inf


def test_the_priority_of_a_strategy_replaces_the_edge() -> None:
    tape = build_tape(table(bet(priority=1.0), bet(selection="away", prob=0.9, priority=0.5)), events())
    assert tape.rows["selection"].to_list() == ["home", "away"]


def test_ids_and_dense_numbers() -> None:
    rows = table(bet(2), bet(1), bet(1, "away", bookmaker="bbb"), bet(1, market="totals", line=2.5, selection="over"))
    tape = build_tape(rows, events((1, 0), (0, 0)))
    assert sorted(tape.id.tolist()) == sorted(opportunity_ids(rows).tolist())
    assert tape.events["event_id"].to_list() == [tape.rows["event_id"][list(tape.event).index(n)] for n in (0, 1)]
    for numbers, count in ((tape.event, 2), (tape.competition, 2), (tape.question, 3), (tape.market, 4)):
        assert sorted(set(numbers.tolist())) == list(range(count))
    assert (
        tape.event[np.array(tape.rows["event_id"] == 1)] == tape.event[np.array(tape.rows["event_id"] == 1)][0]
    ).all()


def test_settlements_are_sorted_by_time_and_row() -> None:
    first = _event(1, START + timedelta(days=1), "L", "played", (0, 0))
    second = _event(2, START, "L", "played", (0, 0))
    tape = build_tape(
        table(bet(1, prob=0.9), bet(2, prob=0.2), bet(2, "away", prob=0.1)), frames([first, second], [])[0]
    )
    assert tape.settle_order.tolist() == [1, 2, 0]


def test_bits_do_not_depend_on_the_order_of_rows_and_other_content_has_another_hash() -> None:
    rows = table(*(bet(n % 5 + 1, s, odds=2 + n / 7, bookmaker=f"b{n}") for n in range(40) for s in ("home", "away")))
    known = events(*[(1, 0)] * 5)
    tape = build_tape(rows, known)
    mixed = build_tape(rows.sample(fraction=1, shuffle=True, seed=1), known.sample(fraction=1, shuffle=True, seed=1))
    assert tape.hash == mixed.hash and tape.rows.equals(mixed.rows) and (tape.id == mixed.id).all()
    hashes = {
        tape.hash,
        build_tape(rows.with_columns(prob=pl.col("prob") + 1e-12), known).hash,
        build_tape(rows, known, zone="Europe/London").hash,
        build_tape(rows, known, zone="Asia/Tokyo").hash,
        build_tape(rows, events(*[(0, 0)] * 5)).hash,
        build_tape(rows, known, commission_rates={"b1": 0.02}).hash,
        build_tape(rows.with_columns(bookmaker=pl.col("bookmaker") + "x"), known).hash,
    }
    assert len(hashes) == 7


def test_each_kelly_mode() -> None:
    rows = table(
        bet(prob=0.5, prob_sd=0.05), bet(selection="draw", odds=3.6, prob=0.28, prob_sd=None),
        bet(selection="away", odds=4.2, prob=0.22, prob_sd=0.01), bet(bookmaker="bbb", odds=2.4, prob=0.5, prob_sd=0.0),
    )  # fmt: skip
    frac = {mode: build_tape(rows, events(), kelly=mode) for mode in ("none", "shrunk", "market", "states")}
    assert np.isnan(frac["none"].kelly_frac).all()
    shrunk = frac["shrunk"]
    sd = {("home", "aaa"): 0.05, ("away", "aaa"): 0.01, ("home", "bbb"): 0.0, ("draw", "aaa"): np.nan}
    wanted = kelly_shrunk(
        shrunk.odds, shrunk.prob, [sd[k] for k in shrunk.rows.select("selection", "bookmaker").iter_rows()]
    )
    np.testing.assert_array_equal(shrunk.kelly_frac, wanted)
    market = frac["market"]
    exact = dict(zip(("home", "draw", "away"), kelly_market([2.5, 3.6, 4.2], [0.5, 0.28, 0.22]), strict=True))
    for (selection, book), got in zip(
        market.rows.select("selection", "bookmaker").iter_rows(), market.kelly_frac, strict=True
    ):
        assert got == pytest.approx(exact[selection] if book == "aaa" else 0.0, abs=1e-12)
    states = frac["states"]
    probs = np.column_stack([states.prob, *[np.zeros(4)] * 3])
    np.testing.assert_array_equal(states.kelly_frac, kelly_states(states.odds, probs))
    given = build_tape(rows.with_columns(kelly_frac=pl.lit(0.03)), events())
    assert (given.kelly_frac == 0.03).all()


def test_market_kelly_is_missing_for_lays_and_halves() -> None:
    rows = table(bet(side="lay"), bet(market="asian_handicap", line=-0.25, prob_half_lose=0.1))
    assert np.isnan(build_tape(rows, events(), kelly="market").kelly_frac).all()


def test_market_kelly_is_missing_for_double_chance_whose_selections_win_together() -> None:
    rows = table(*(bet(market="double_chance", selection=name, prob=0.7, odds=1.6) for name in ("1x", "12")), bet())
    tape = build_tape(rows, events(), kelly="market")
    of_double = tape.rows["market"].cast(pl.String) == "double_chance"
    assert np.isnan(tape.kelly_frac[of_double.to_numpy()]).all() and (tape.kelly_frac[~of_double.to_numpy()] >= 0).all()


def test_a_played_event_without_the_score_of_a_market_is_refused_with_its_group() -> None:
    first, second = bet(market="corners_totals", line=9.5, selection="over"), bet(market="1x2", selection="home")
    tape = build_tape(table(first, second), events())
    assert len(tape) == 1 and tape.refused.rows() == [
        ("no score of corners, which settles corners_totals", 1, "H1 - A1, 2024-01-01, corners_totals 9.5 over at aaa")
    ]
    legs = table({**first, "group": 3}, {**second, "group": 3}, bet(selection="away"))
    grouped = build_tape(legs, events())
    assert len(grouped) == 1 and grouped.refused["rows"].to_list() == [2]
    known = events().with_columns(home_corners=pl.lit(7, pl.Int32), away_corners=pl.lit(3, pl.Int32))
    assert build_tape(table(first), known).state.tolist() == [State.WIN]


def test_a_scope_that_nobody_knows_is_refused() -> None:
    wrong = events().with_columns(score_scope=pl.lit("extra time"))
    with pytest.raises(TapeError, match=r"unknown score_scope in the events: expected regulation.*found extra time"):
        build_tape(table(bet()), wrong)


def test_no_result_is_known_before_the_game_can_be_over() -> None:
    early = events().with_columns(settled_at=pl.lit(START + timedelta(minutes=20)).cast(INSTANT_DTYPE))
    tape = build_tape(table(bet(), bet(selection="away", decided_at=START + timedelta(minutes=50))), early)
    assert len(tape) == 2 and set(tape.settled_at) == {int((START + timedelta(hours=2)).timestamp()) * 10**9}


def test_an_empty_tape() -> None:
    tape = build_tape(table(bet()).clear(), events())
    assert len(tape) == 0 and len(tape.midnights) == 0 and tape.events.is_empty()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop("odds"), "column odds is missing"),
        (
            lambda t: t.with_columns(pl.col("decided_at").dt.cast_time_unit("us")),
            "column decided_at has the wrong type",
        ),
        (lambda t: t.with_columns(pl.col("prob").cast(pl.String)), "column prob has the wrong type"),
        (lambda t: t.with_columns(side=pl.lit("buy")), "column side has wrong values"),
        (lambda t: t.with_columns(odds=pl.lit(1.0)), "column odds has wrong values"),
        (lambda t: t.with_columns(odds=pl.lit(np.inf)), "column odds has wrong values"),
        (lambda t: t.with_columns(prob=pl.lit(1.2)), "column prob has wrong values"),
        (lambda t: t.with_columns(prob_void=pl.lit(0.9)), "sum to 1 at most"),
        (lambda t: t.with_columns(market=pl.lit(None, pl.String)), "column market has wrong values"),
        (lambda t: t.with_columns(stake_weight=pl.lit(-1.0)), "column stake_weight has wrong values"),
        (lambda t: t.with_columns(size_minor=pl.lit(-1.0)), "column size_minor has wrong values"),
        (lambda t: t.with_columns(event_id=pl.lit(99, pl.Int64)), "without an event"),
        (lambda t: pl.concat([t, t]), "duplicate opportunities"),
    ],
)
def test_a_wrong_frame_is_refused_in_one_line(change: Any, words: str) -> None:
    with pytest.raises(TapeError, match=words) as caught:
        build_tape(change(table(bet())), events())
    assert "\n" not in str(caught.value)


def test_other_mistakes_are_refused() -> None:
    with pytest.raises(TapeError, match="duplicate events"):
        build_tape(table(bet()), pl.concat([events(), events()]))
    with pytest.raises(TapeError, match="column winner is missing"):
        build_tape(table(bet()), events().drop("winner"))
    close = pl.concat([closing(0.4), closing(0.5)])
    with pytest.raises(TapeError, match="duplicate closing probabilities"):
        build_tape(table(bet()), events(), close)
    for broken in ({"zone": "Mars/Base"}, {"kelly": "double"}, {"commission_rates": {"x": 1.5}}):
        with pytest.raises(ConfigurationError):
            build_tape(table(bet()), events(), **broken)


def test_a_hundred_thousand_opportunities() -> None:
    known, _ = world(1, 40)
    many = pl.concat(known.with_columns(event_id=pl.col("event_id") + 1000 * n) for n in range(250))
    rng = np.random.default_rng(0)
    rows = many.select("event_id").join(pl.DataFrame({"selection": ["home", "draw", "away"]}), how="cross")
    rows = pl.concat(rows.with_columns(bookmaker=pl.lit(b)) for b in ("a", "b", "c", "d"))
    rows = rows.head(100_000).with_columns(
        market=pl.lit("1x2"), line=pl.lit(None, pl.Float64), side=pl.lit("back"), odds=pl.lit(2.5),
        decided_at=pl.lit(FIRST).cast(INSTANT_DTYPE), prob=pl.Series(rng.uniform(0.1, 0.6, 100_000)),
    )  # fmt: skip
    assert len(build_tape(rows, many)) == 100_000


def test_shrunk_kelly_without_any_standard_error_is_refused() -> None:
    with pytest.raises(TapeError, match="prob_sd"):
        build_tape(table(bet(), bet(selection="away")), events((1, 0)), kelly="shrunk")
