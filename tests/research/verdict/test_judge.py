"""The verdict: each condition alone prevents evidence, and nothing else does."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from research.inference.effective_trials import sidak_adjusted
from research.verdict.judge import (
    Flagged,
    OutOfSample,
    PValues,
    Search,
    Verdict,
    judge,
    p_text,
)
from research.verdict.levels import levels
from research.verdict.numerals import percent_of_level, shares_of_sweeps

NAN = math.nan
HELD = OutOfSample(bets=400, days=200, estimate=0.031, low=-0.01, high=0.07, lower=0.008)
PASSING: dict[str, Any] = {
    "every": 0.03, "selected": 0.0005, "ensemble": 0.4, "effective": 60.0, "look": 1, "out_of_sample": HELD,
    "flags": (), "set_aside": 0, "most": False,
}  # fmt: skip
MAIN, ENSEMBLE = levels(1).main, levels(1).ensemble


def judged(**change: Any) -> Verdict:
    """The verdict on a sweep that passes by (a) and (b), except for what is changed."""
    given = PASSING | change
    p_values = PValues(given["every"], given["selected"], given["ensemble"])
    flagged = Flagged(given["flags"], given["set_aside"], given["most"])
    return judge(p_values, Search(given["effective"], given["look"]), given["out_of_sample"], flagged)


def test_the_first_gate_and_the_last_two_conditions_make_evidence() -> None:
    found = judged()
    assert found.evidence and not found.failed and found.gate == "selected"
    assert "".join(one.letter for one in found.conditions) == "abecd"


@pytest.mark.parametrize(
    ("letter", "change"),
    [
        ("a", {"every": 0.051}),
        ("a", {"every": NAN}),
        ("b", {"selected": 0.001}),
        ("b", {"selected": NAN}),
        ("b", {"effective": 120.0}),
        ("c", {"out_of_sample": replace(HELD, lower=0.0)}),
        ("c", {"out_of_sample": replace(HELD, lower=-0.001)}),
        ("c", {"out_of_sample": replace(HELD, lower=NAN)}),
        ("c", {"out_of_sample": replace(HELD, lower=NAN, reason="five matches carry the variance")}),
        ("c", {"out_of_sample": replace(HELD, bets=0, estimate=NAN, lower=NAN)}),
        ("c", {"out_of_sample": None}),
        ("d", {"flags": ("yield",)}),
        ("d", {"flags": ("clv", "leak")}),
    ],
)
def test_each_failed_condition_alone_prevents_evidence(letter: str, change: dict[str, Any]) -> None:
    found = judged(**change)
    assert not found.evidence
    assert [one.letter for one in found.failed] == ([letter, "e"] if letter in "ab" else [letter])
    assert all(one.sentence and "\n" not in one.sentence and "nan" not in one.sentence for one in found.conditions)


def test_evidence_if_and_only_if_a_gate_is_open_and_c_and_d_hold() -> None:
    ways: dict[str, tuple[Any, Any]] = {
        "every": (0.03, 0.5), "selected": (0.0005, 0.5), "ensemble": (0.004, 0.5), "out_of_sample": (HELD, None),
        "flags": ((), ("sharpe",)),
    }  # fmt: skip
    for bad in product((False, True), repeat=5):
        found = judged(**{name: pair[int(one)] for (name, pair), one in zip(ways.items(), bad, strict=True)})
        assert [not one.holds for one in found.conditions] == list(bad)
        a, b, e, c, d = (not one for one in bad)
        assert found.evidence == (((a and b) or e) and c and d) == (not found.failed)
        assert found.gate == ("both" if a and b and e else "selected" if a and b else "ensemble" if e else None)
        if a and b:
            assert not {"a", "b", "e"} & {one.letter for one in found.failed}


def test_a_p_value_equal_to_the_level_counts_as_evidence() -> None:
    assert judged(every=MAIN).evidence and not judged(every=MAIN * (1 + 1e-9)).evidence
    single = -math.expm1(math.log1p(-MAIN) / 60.0)
    assert sidak_adjusted(single * (1 - 1e-9), 60.0) <= MAIN < sidak_adjusted(single * (1 + 1e-9), 60.0)
    assert judged(selected=single * (1 - 1e-9)).evidence
    assert not judged(selected=single * (1 + 1e-9)).evidence
    assert judged(every=0.9, ensemble=ENSEMBLE).evidence
    assert not judged(every=0.9, ensemble=ENSEMBLE * (1 + 1e-9)).evidence


def test_fewer_than_one_trial_counts_as_one() -> None:
    for effective in (0.0, 0.3, 1.0):
        assert judged(selected=MAIN * 0.99, effective=effective).evidence
        assert not judged(selected=MAIN * 1.01, effective=effective).evidence


def test_the_portfolio_is_not_adjusted_for_trials() -> None:
    """Nothing is selected inside the sweep: the ledger's number does not matter to it, the look does."""
    assert judged(every=0.9, selected=0.9, ensemble=0.004, effective=1e6).gate == "ensemble"
    assert judged(every=0.9, selected=0.9, ensemble=0.004, effective=1e6, look=2).gate is None


def test_an_earlier_version_without_the_portfolio_is_judged_by_the_first_gate() -> None:
    found = judge(PValues(0.03, 0.0005), Search(60.0), HELD)
    assert found.evidence and found.gate == "selected" and "not tested" in found.condition("e").sentence


def test_each_sweep_of_a_family_is_tested_at_its_own_level() -> None:
    assert judged(look=1).spending == "first sweep on these matches: tested at 5%"
    third = judged(look=3)
    assert third.spending == "third sweep on these matches: tested at 0.56% instead of 5%"
    assert [one.letter for one in third.failed] == ["a", "b", "e"]
    assert all(f"tested at {percent_of_level(levels(3).main)}" in third.condition(one).sentence for one in "ab")
    assert judged(look=3, every=0.004, selected=1e-6).gate == "selected"


def test_a_negative_yield_has_a_minus_sign_and_words_keep_their_hyphens() -> None:
    sentence = judged(out_of_sample=replace(HELD, estimate=-0.012, lower=-0.03)).condition("c").sentence
    assert "out-of-sample" in sentence and "\N{MINUS SIGN}1.2%" in sentence and "not above zero" in sentence
    untested = judged(out_of_sample=replace(HELD, lower=NAN, reason="five matches carry the variance")).condition("c")
    assert untested.sentence == "the out-of-sample yield is not tested: five matches carry the variance"


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
    found = judged(set_aside=2)
    assert found.evidence and "2 flagged configurations are set aside" in found.condition("d").sentence
    shared = judged(set_aside=2, most=True)
    assert [one.letter for one in shared.failed] == ["d"] and "a fault that all share" in shared.condition("d").sentence
    still = judged(flags=("clv",), set_aside=2)
    assert [one.letter for one in still.failed] == ["d"] and "clv" in still.condition("d").sentence
    empty = judged(every=NAN, set_aside=3)
    assert empty.condition("a").sentence == "every configuration that bet carries a flag"
