"""The mutants: wrong changes behind the verdicts and the locks on real money, each with the test that finds it."""

from __future__ import annotations

from typing import Final

from tests.mutants.locks import LOCKS
from tests.mutants.mutant import Mutant

_ASSESS: Final = "tests/research/execution/test_assess.py"
_CALIBRATION: Final = "tests/research/inference/test_closing_calibration.py"
_JUDGE: Final = "tests/research/verdict/test_judge.py"
_LEVELS: Final = "tests/research/verdict/test_levels.py"
_LINE: Final = "tests/research/inference/test_closing_line.py"
_MULTIPLIERS: Final = "tests/research/inference/test_multipliers.py"
_PRICE: Final = "tests/research/verdict/test_price.py"
_SINGLE: Final = "tests/research/inference/test_single.py"
_TRIALS: Final = "tests/research/records/test_trials.py"

MUTANTS: Final = (
    Mutant(
        "(a) takes the smaller of the p-values",
        "research/verdict/evidence.py",
        "counted = max(self.p_consistent, self.p_skewed)",
        "counted = min(self.p_consistent, self.p_skewed)",
        f"{_ASSESS}::test_the_largest_p_value_counts",
    ),
    Mutant(
        "(b) takes the smaller p-value of equity and level stakes",
        "research/verdict/evidence.py",
        "else max(self.selected.larger, at_level.larger)",
        "else min(self.selected.larger, at_level.larger)",
        f"{_ASSESS}::test_both_series_must_show_it",
    ),
    Mutant(
        "(a) ignores level stakes",
        "research/verdict/evidence.py",
        "counted = max(counted, self.level.p_value)",
        "counted = max(counted, 0.0)",
        f"{_ASSESS}::test_both_series_must_show_it",
    ),
    Mutant(
        "the p-value of one series is two-sided",
        "research/inference/single.py",
        "return math.erfc(score / math.sqrt(2.0)) / 2.0",
        "return math.erfc(abs(score) / math.sqrt(2.0))",
        f"{_SINGLE}::test_the_score_is_hall_s_ratio_with_student_s_tail",
    ),
    Mutant(
        "the leader is judged instead of the walk-forward choice",
        "research/execution/assess.py",
        """        sweep.series.returns.T,
        selection.row,
""",
        """        sweep.series.returns.T,
        int(np.argmax(sweep.series.returns.mean(axis=1) / sweep.series.returns.std(axis=1))),
""",
        f"{_ASSESS}::test_the_selected_configuration_is_judged_and_not_the_one_ahead",
    ),
    Mutant(
        "the best at level stakes is taken from what is set aside too",
        "research/verdict/at_level.py",
        "among = whom.judged & np.isfinite(scores)",
        "among = np.isfinite(scores)",
        "tests/research/verdict/test_at_level.py::test_the_best_score_is_compared_with_the_null_maxima_of_all",
    ),
    Mutant(
        "the portfolio weighs by turnover",
        "research/verdict/at_level.py",
        "weights: Floats = 1.0 / np.maximum(turnover, _LEAST_TURNOVER * float(np.median(turnover)))",
        "weights: Floats = np.full(len(turnover), 1.0 / float(turnover.mean()))",
        "tests/research/verdict/test_at_level.py::test_the_portfolio_has_equal_turnover_by_hand",
    ),
    Mutant(
        "the ledger counts the last command instead of the union of all",
        "research/records/trials.py",
        "largest = maxima if largest is None else np.maximum(largest, maxima)",
        "largest = maxima",
        f"{_TRIALS}::test_a_configuration_counts_once_for_its_events",
    ),
    Mutant(
        "the effective number is not capped by the number of configurations",
        "research/records/trials.py",
        "return Count(int(raw), min(float(raw), worth + rest))",
        "return Count(int(raw), float(raw))",
        f"{_TRIALS}::test_what_does_not_bet_counts_as_tried_and_is_worth_one",
    ),
    Mutant(
        "multipliers are keyed by the place of a day, not by its date",
        "research/inference/multipliers.py",
        "np.random.Philox(key=[number % 2**64, _KEY])",
        "np.random.Philox(key=[row, _KEY])",
        f"{_MULTIPLIERS}::test_the_normals_of_a_day_are_those_of_its_date_alone",
    ),
    Mutant(
        "every sweep of a family has the whole level",
        "research/verdict/levels.py",
        "alpha = ALPHA / look**2",
        "alpha = ALPHA",
        f"{_LEVELS}::test_the_first_sweep_has_the_whole_level_and_the_sum_is_finite",
    ),
    Mutant(
        "the k-th sweep has the k-th part of the level",
        "research/verdict/levels.py",
        "alpha = ALPHA / look**2",
        "alpha = ALPHA / look",
        f"{_LEVELS}::test_the_first_sweep_has_the_whole_level_and_the_sum_is_finite",
    ),
    Mutant(
        "(a) or (b) opens the first gate",
        "research/verdict/judge.py",
        'selected = self.condition("a").holds and self.condition("b").holds',
        'selected = self.condition("a").holds or self.condition("b").holds',
        f"{_JUDGE}::test_evidence_if_and_only_if_a_gate_is_open_and_c_and_d_hold",
    ),
    Mutant(
        "the portfolio needs no out-of-sample path",
        "research/verdict/judge.py",
        'return self.gate is not None and self.condition("c").holds and self.condition("d").holds',
        'return self.gate is not None and (self.gate == "ensemble" or self.condition("c").holds) '
        'and self.condition("d").holds',
        f"{_JUDGE}::test_evidence_if_and_only_if_a_gate_is_open_and_c_and_d_hold",
    ),
    Mutant(
        "(b) is not adjusted for trials",
        "research/verdict/judge.py",
        "adjusted = sidak_adjusted(p_value, max(trials, 1.0))",
        "adjusted = p_value",
        f"{_JUDGE}::test_each_failed_condition_alone_prevents_evidence",
    ),
    Mutant(
        "the portfolio has the level of the first gate",
        "research/verdict/judge.py",
        "_ensemble(p_values.ensemble, level.ensemble),",
        "_ensemble(p_values.ensemble, level.main),",
        f"{_JUDGE}::test_a_p_value_equal_to_the_level_counts_as_evidence",
    ),
    Mutant(
        "price is tested against its sweep alone, not against the ledger",
        "research/verdict/price.py",
        "worst = max(findings.p_all, adjusted)",
        "worst = findings.p_all",
        f"{_PRICE}::test_each_condition_alone_denies_it",
    ),
    Mutant(
        "a yield far below the closing line value does not matter",
        "research/verdict/price.py",
        "beats = worst <= alpha and clv[0] > leader.tau_high and not below",
        "beats = worst <= alpha and clv[0] > leader.tau_high",
        f"{_PRICE}::test_each_condition_alone_denies_it",
    ),
    Mutant(
        "a closing line value above zero is enough, whatever the close may be off by",
        "research/verdict/price.py",
        "beats = worst <= alpha and clv[0] > leader.tau_high and not below",
        "beats = worst <= alpha and clv[0] > 0.0 and not below",
        f"{_PRICE}::test_the_interval_must_begin_above_what_the_close_may_be_off_by",
    ),
    Mutant(
        "the close has no error",
        "research/inference/closing_line.py",
        "bias=rest * tau,",
        "bias=0.0 * tau,",
        f"{_LINE}::test_the_estimates_are_the_formulas_over_bets",
    ),
    Mutant(
        "yield and closing line value change their weights",
        "research/inference/closing_line.py",
        "theta=clv + weight * (yields - clv),",
        "theta=yields + weight * (clv - yields),",
        f"{_LINE}::test_the_estimates_are_the_formulas_over_bets",
    ),
    Mutant(
        "each configuration has an error of the close of its own",
        "research/inference/closing_error.py",
        "least = np.minimum(least, error.min(axis=1))",
        "least = np.minimum(least, error.mean(axis=1))",
        f"{_LINE}::test_the_largest_of_all_agrees_with_its_interpreted_twin",
    ),
    Mutant(
        "a close passes by its measured bias, however uncertain",
        "research/inference/closing_calibration.py",
        "np.nan_to_num(high, nan=math.inf) <= BIAS_MOST)",
        "np.nan_to_num(bias, nan=math.inf) <= BIAS_MOST)",
        f"{_CALIBRATION}::test_too_few_matches_do_not_pass_and_say_how_many_it_takes",
    ),
    Mutant(
        "biases that cancel over the bets do not count",
        "research/inference/closing_calibration.py",
        "bias = np.sqrt(np.maximum(mean**2, spread))",
        "bias = np.abs(mean)",
        f"{_CALIBRATION}::test_biases_that_cancel_over_the_bets_still_count",
    ),
    *LOCKS,
)
