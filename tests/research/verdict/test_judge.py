"""The verdict: each condition alone prevents evidence, and nothing else does."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from research.inference.effective_trials import sidak_adjusted
from research.verdict.judge import OutOfSample, judge, p_text, shares_of_sweeps

NAN = math.nan
HELD = OutOfSample(bets=400, days=200, estimate=0.031, low=-0.01, high=0.07, lower=0.008)
PASSING: dict[str, Any] = {
    "p_all": 0.03, "p_single": 0.0005, "trials": 60.0, "out_of_sample": HELD, "flags": (),
}  # fmt: skip


def test_all_four_conditions_make_evidence() -> None:
    found = judge(**PASSING)
    assert found.evidence and not found.failed
    assert "".join(one.letter for one in found.conditions) == "abcd"


@pytest.mark.parametrize(
    ("letter", "change"),
    [
        ("a", {"p_all": 0.051}),
        ("a", {"p_all": NAN}),
        ("b", {"p_single": 0.001}),
        ("b", {"p_single": NAN}),
        ("b", {"trials": 120.0}),
        ("c", {"out_of_sample": replace(HELD, lower=0.0)}),
        ("c", {"out_of_sample": replace(HELD, lower=-0.001)}),
        ("c", {"out_of_sample": replace(HELD, lower=NAN)}),
        ("c", {"out_of_sample": replace(HELD, bets=0, estimate=NAN, lower=NAN)}),
        ("c", {"out_of_sample": None}),
        ("d", {"flags": ("yield",)}),
        ("d", {"flags": ("clv", "leak")}),
    ],
)
def test_each_failed_condition_alone_prevents_evidence(letter: str, change: dict[str, Any]) -> None:
    found = judge(**PASSING | change)
    assert not found.evidence
    assert [one.letter for one in found.failed] == [letter]
    assert all(one.sentence and "\n" not in one.sentence and "nan" not in one.sentence for one in found.conditions)


def test_evidence_if_and_only_if_all_conditions_hold() -> None:
    ways: dict[str, tuple[Any, Any]] = {
        "p_all": (0.03, 0.5), "p_single": (0.0005, 0.5), "out_of_sample": (HELD, None), "flags": ((), ("sharpe",)),
    }  # fmt: skip
    for bad in product((False, True), repeat=4):
        given = {name: pair[int(one)] for (name, pair), one in zip(ways.items(), bad, strict=True)}
        found = judge(trials=60.0, **given)
        assert found.evidence == (not any(bad))
        assert [not one.holds for one in found.conditions] == list(bad)


def test_a_p_value_equal_to_the_level_counts_as_evidence() -> None:
    assert judge(**PASSING | {"p_all": 0.05}).evidence
    single = -math.expm1(math.log1p(-0.05) / 60.0)
    assert sidak_adjusted(single * (1 - 1e-9), 60.0) <= 0.05 < sidak_adjusted(single * (1 + 1e-9), 60.0)
    assert judge(**PASSING | {"p_single": single * (1 - 1e-9)}).evidence
    assert not judge(**PASSING | {"p_single": single * (1 + 1e-9)}).evidence


def test_fewer_than_one_trial_counts_as_one() -> None:
    for trials in (0.0, 0.3, 1.0):
        assert judge(**PASSING | {"p_single": 0.049, "trials": trials}).evidence
        assert not judge(**PASSING | {"p_single": 0.051, "trials": trials}).evidence


def test_a_negative_yield_has_a_minus_sign_and_words_keep_their_hyphens() -> None:
    sentence = judge(**PASSING | {"out_of_sample": replace(HELD, estimate=-0.012, lower=-0.03)}).conditions[2].sentence
    assert "out-of-sample" in sentence and "\N{MINUS SIGN}1.2%" in sentence and "not above zero" in sentence


def test_p_values_as_text() -> None:
    assert [p_text(one) for one in (0.0, 0.00099, 0.001, 0.0504, 1.0)] == [
        "below 0.001", "below 0.001", "0.001", "0.050", "1.000",
    ]  # fmt: skip


def test_shares_of_sweeps_as_text() -> None:
    shown = [shares_of_sweeps(one) for one in (1.0, 0.731, 0.0504, 0.01, 0.0042, 0.001, 0.0009)]
    assert shown == [
        "100 of 100", "73 of 100", "5 of 100", "1 of 100", "4 of 1,000", "1 of 1,000",
        "fewer than 1 of 1,000",
    ]  # fmt: skip


def test_what_is_set_aside_does_not_silence_the_rest() -> None:
    found = judge(**PASSING, set_aside=2)
    assert found.evidence and "2 flagged configurations are set aside" in found.conditions[3].sentence
    shared = judge(**PASSING, set_aside=2, most_flagged=True)
    assert [one.letter for one in shared.failed] == ["d"] and "a fault that all share" in shared.conditions[3].sentence
    still = judge(**PASSING | {"flags": ("clv",)}, set_aside=2)
    assert [one.letter for one in still.failed] == ["d"] and "clv" in still.conditions[3].sentence
    empty = judge(**PASSING | {"p_all": NAN}, set_aside=3)
    assert empty.conditions[0].sentence == "every configuration that bet carries a flag"
