"""The verdict of price: each outcome and its sentence, and what is stored."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError
from engine.files import plain, write_json
from research.inference.closing_error import adjusted_p_value
from research.inference.single import upper_tail
from research.verdict.price import PRICE, PriceFindings, PriceLeader, closing_line_of, judge_price, read_price, too_few

LEADER = PriceLeader(
    config=7,
    bets=1000,
    days=200,
    closed_frac=1.0,
    yield_frac=0.03,
    clv_frac=0.03,
    clv_error=0.0025,
    gap_error=0.03,
    weight=0.1,
    theta=0.03,
    luck=0.004,
    bias=0.009,
    tau=0.01,
    tau_low=0.005,
    tau_high=0.014,
)
FOUND = PriceFindings("", "pinnacle", "power", tested=50, few=2, p_all=0.003, leader=LEADER)


def test_the_bets_beat_the_closing_line() -> None:
    verdict = judge_price(FOUND, 1.0, 1, 0.05)
    assert verdict.beats and verdict.status == "beats"
    assert verdict.clv_low == pytest.approx(0.03 - 1.6448536 * 0.0025)
    assert verdict.theta_high - verdict.theta_low == pytest.approx(2 * 1.6448536 * math.hypot(0.004, 0.009))
    assert verdict.p_adjusted == pytest.approx(0.5 * math.erfc(LEADER.statistic / math.sqrt(2)), rel=1e-3)
    assert verdict.sentence == (
        "Price: the bets of #7 beat Pinnacle's closing line by 3.0% (2.6 to 3.4), more than luck and a biased close "
        "explain."
    )


def test_more_trials_widen_the_interval_and_raise_the_p_value() -> None:
    one, many = judge_price(FOUND, 1.0, 1, 0.05), judge_price(FOUND, 500.0, 1, 0.05)
    assert many.clv_low < one.clv_low and many.p_adjusted > one.p_adjusted
    assert many.p_adjusted == adjusted_p_value(0.03, 0.004, 0.009, 500.0)


def test_other_rulers_raise_the_p_value() -> None:
    one, three = (judge_price(replace(FOUND, rulers=rulers), 50.0, 1, 0.05) for rulers in (1.0, 3.0))
    assert three.p_adjusted == adjusted_p_value(0.03, 0.004, 0.009, 50.0, 3.0) > one.p_adjusted


def test_backtests_read_one_after_another_count_their_trials_as_often() -> None:
    fourth = judge_price(FOUND, 50.0, 1, 0.05, 4)
    assert fourth.read == 4 and fourth.trials == 50.0
    assert fourth.p_adjusted == adjusted_p_value(0.03, 0.004, 0.009, 200.0)
    assert fourth.clv_low == judge_price(FOUND, 200.0, 1, 0.05).clv_low
    assert judge_price(FOUND, 1.0, 1, 0.05, 9).p_adjusted == judge_price(FOUND, 1.0, 1, 0.05).p_adjusted, "copies"


def test_ten_backtests_without_an_edge() -> None:
    """Independent ones, with 100 bets each and a close known to 0.25 %: at least one of ten beats it in 5 %, not 10 %.

    A thousand families; the standard error of a share of 5 % is 0.7 %. Only the p-values decide: an upper end of tau of
    zero asks no more of the interval than before.
    """
    rng, luck, bias, adjusted, plain_sidak = np.random.default_rng(1), 0.01, 0.0025, 0, 0
    for clvs in luck * rng.standard_normal((1000, 10)):
        leaders = [
            replace(LEADER, yield_frac=c, clv_frac=c, theta=c, clv_error=luck, luck=luck, bias=bias, tau_high=0.0)
            for c in clvs
        ]
        found = [replace(FOUND, tested=1, p_all=upper_tail(one.statistic), leader=one) for one in leaders]
        adjusted += any(judge_price(one, k, 1, 0.05, k).beats for k, one in enumerate(found, 1) if one.p_all <= 0.05)
        plain_sidak += any(judge_price(one, k, 1, 0.05).beats for k, one in enumerate(found, 1) if one.p_all <= 0.05)
    assert adjusted <= 72 < 85 < plain_sidak


def test_each_condition_alone_denies_it() -> None:
    weak = judge_price(replace(FOUND, p_all=0.31), 1.0, 1, 0.05)
    assert not weak.beats and "above Pinnacle's closing line; luck and a biased close do as well in 31 of 100" in (
        weak.sentence
    )
    few_trials, many_trials = (
        judge_price(replace(FOUND, leader=replace(LEADER, luck=0.01)), n, 1, 0.05) for n in (1.0, 2000.0)
    )
    assert few_trials.beats and not many_trials.beats and many_trials.p_adjusted > 0.05
    losing = judge_price(replace(FOUND, leader=replace(LEADER, yield_frac=-0.05)), 1.0, 1, 0.05)
    assert not losing.beats and "but their yield of −5.0% is too far below that" in losing.sentence
    wide = judge_price(replace(FOUND, leader=replace(LEADER, clv_error=0.02)), 1.0, 1, 0.05)
    assert not wide.beats and wide.clv_low < 0.0 and "no matter of price" in wide.sentence
    below = judge_price(replace(FOUND, p_all=0.9, leader=replace(LEADER, clv_frac=-0.012)), 1.0, 1, 0.05)
    assert below.sentence == "Price: not proved. The bets of #7 are 1.2% (0.8 to 1.6) below Pinnacle's closing line."


def test_the_interval_must_begin_above_what_the_close_may_be_off_by() -> None:
    low = judge_price(FOUND, 1.0, 1, 0.05).clv_low
    for off, holds in ((low - 1e-6, True), (low + 1e-6, False)):
        found = judge_price(replace(FOUND, leader=replace(LEADER, tau_high=off)), 1.0, 1, 0.05)
        assert found.beats is holds
    assert found.sentence == (
        "Price: not proved. The bets of #7 are 3.0% (2.6 to 3.4) above Pinnacle's closing line; at these odds that "
        "close may be off by 2.6%, which could be all of it."
    )


def test_a_yield_is_too_far_below_at_one_sided_five_percent() -> None:
    error = math.hypot(LEADER.gap_error, LEADER.tau_high)
    for sigmas, holds in ((1.6, True), (1.7, False)):
        leader = replace(LEADER, yield_frac=LEADER.clv_frac - sigmas * error)
        assert judge_price(replace(FOUND, leader=leader), 1.0, 1, 0.05).beats is holds


def test_a_later_sweep_is_tested_at_a_lower_level() -> None:
    third = judge_price(replace(FOUND, p_all=0.02), 1.0, 3, 0.0056)
    assert not third.beats and third.look == 3
    assert third.sentence.endswith("in 2 of 100 cases, and the third sweep on these matches is tested at 0.56%.")
    late = [judge_price(replace(FOUND, p_all=0.02), 1.0, look, 0.05 / look**2).sentence for look in (22, 40)]
    assert "the 22nd sweep on these matches is tested at 0.01%." in late[0]
    assert "the 40th sweep on these matches is tested at 0.0031%." in late[1]


def test_a_configuration_is_named_where_there_are_others() -> None:
    alone = replace(FOUND, tested=1, few=0)
    assert "the bets beat" in judge_price(alone, 1.0, 1, 0.05).sentence
    for others in (replace(alone, tested=2), replace(alone, few=1), replace(alone, aggregate=1)):
        assert "the bets of #7 beat" in judge_price(others, 1.0, 1, 0.05).sentence


def test_silence_names_its_reason() -> None:
    silent = judge_price(PriceFindings(too_few(40, 12), "pinnacle", "power", few=3), 5.0, 1, 0.05)
    assert silent.status == "silent" and math.isnan(silent.p_adjusted) and not silent.beats
    assert silent.sentence.startswith("Price: no verdict. It takes 100 bets with a closing price, on 30 days")
    assert silent.sentence.endswith("the best has 40 bets on 12 days.") and "there is none" in too_few(0, 0)
    older = judge_price(None, 5.0, 1, 0.05)
    assert older.status == "not measured" and older.sentence.startswith("Price: not measured.")


def test_names_of_closing_lines() -> None:
    assert closing_line_of("betfair_exchange") == "Betfair Exchange's closing line"


@given(
    p_all=st.floats(0.0, 1.0),
    theta=st.floats(-0.05, 0.1),
    luck=st.floats(1e-4, 0.05),
    bias=st.floats(0.0, 0.05),
    trials=st.floats(1.0, 1e4),
    more=st.floats(1.0, 50.0),
)
def test_no_further_search_makes_a_verdict_better(
    p_all: float, theta: float, luck: float, bias: float, trials: float, more: float
) -> None:
    leader = replace(LEADER, theta=theta, clv_frac=theta, luck=luck, bias=bias)
    found = replace(FOUND, p_all=p_all, leader=leader)
    later = judge_price(found, trials * more, 2, 0.0125)
    assert judge_price(found, trials, 1, 0.05).beats or not later.beats
    assert (later.clv_low > 0.0 and later.p_adjusted <= 0.0125) or not later.beats


def test_numbers_come_back_as_they_were_stored(tmp_path: Path) -> None:
    assert read_price(tmp_path) is None
    for found in (FOUND, PriceFindings("no bet has a closing price", "pinnacle", "power")):
        write_json(tmp_path / PRICE, found.plain())
        back = read_price(tmp_path)
        assert back is not None and plain(back.plain()) == plain(found.plain())
        assert judge_price(back, 3.0, 1, 0.05).sentence == judge_price(found, 3.0, 1, 0.05).sentence
    json.dumps(judge_price(FOUND, 3.0, 1, 0.05).plain(), allow_nan=False)
    (tmp_path / PRICE).write_text("{")
    with pytest.raises(DataError, match="verdict of price"):
        read_price(tmp_path)
