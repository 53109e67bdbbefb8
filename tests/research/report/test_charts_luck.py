"""The charts of drawdown and calibration: units on the axes, and an answer that agrees with the numbers."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from research.inference.bootstrap import generator
from research.inference.calibration import Calibration
from research.inference.calibration import calibration as scored
from research.inference.drawdown import Drawdowns
from research.inference.drawdown import drawdowns as drawn
from research.report import charts
from research.report.figure import HALF, PHONE, Figure
from research.report.text import number, percent
from tests.research.inference.test_calibration import market, three


def fallen(days: int = 700, spread: float = 0.02) -> Drawdowns:
    return drawn(np.random.default_rng(1).normal(0.0008, spread, days), generator(1, "fall"), paths=400)


def judged(count: int = 3_000, *, closing: bool = True, **errors: float) -> Calibration | None:
    bets, _ = market(1, count, **errors)  # type: ignore[arg-type]
    bets = bets if closing else bets.with_columns(close_prob=pl.lit(None, pl.Float64))
    return scored(bets, generator(1, "judged"))


MAKERS: dict[str, Callable[[], Figure]] = {
    "drawdowns": lambda: charts.drawdowns(fallen(), 2_000),
    "deep": lambda: charts.drawdowns(fallen(400, 0.2), 2_000),
    "few bets": lambda: charts.drawdowns(fallen(60), 40),
    "calibration": lambda: charts.calibration(judged(bias=0.04, own_noise=0.05, close_noise=0.02)),
    "small": lambda: charts.calibration(judged(90, own_noise=0.05)),
    "tiny": lambda: charts.calibration(judged(8)),
    "alone": lambda: charts.calibration(judged(600, closing=False)),
}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("drawdowns", ["resamples", "maximum drawdown, % of the peak", "observed ", "one in twenty above"]),
        (
            "calibration",
            ["share of bets won, %", "mean probability, %", "probability used", "closing market", "perfect"],
        ),
    ],
)
def test_a_chart_names_its_axes_and_marks(name: str, words: list[str]) -> None:
    figure = MAKERS[name]()
    assert figure.draw is not None
    for width in (HALF, PHONE):
        drawn_text = figure.draw(width, "wide")
        for word in words:
            assert word in drawn_text, word


def test_the_answer_states_quantiles_and_ruin() -> None:
    found = fallen(400, 0.2)
    answer = charts.drawdowns(found).answer
    for value in (np.median(found.simulated), np.quantile(found.simulated, 0.95), found.observed):
        assert percent(float(value)) in answer
    assert f"{percent(0.5, 0)} or more in {percent(float((found.simulated >= 0.5).mean()))}" in answer
    assert f"{percent(0.1, 0)} in {percent(float((found.lowest <= 0.1).mean()))}" in answer


def test_every_resample_is_in_a_bar() -> None:
    figure = MAKERS["drawdowns"]()
    assert figure.draw is not None
    root = ElementTree.fromstring(figure.draw(HALF, "wide"))
    tips = [mark.get("data-tip") or "" for mark in root.iter()]
    assert sum(int(tip.split(": ")[1].split(" ")[0]) for tip in tips if tip) == 400


def test_few_bets_are_hollow() -> None:
    for name, hollow in (("drawdowns", False), ("few bets", True), ("calibration", False), ("small", True)):
        figure = MAKERS[name]()
        assert figure.draw is not None
        assert ("hollow" in figure.draw(HALF, "wide")) == hollow == ("Hollow" in figure.note), name


def test_the_answer_names_the_better_one() -> None:
    found = judged(own_noise=0.15)
    assert found is not None
    answer = charts.calibration(found).answer
    assert number(found.plain.log_loss.strategy, 4) in answer and number(found.plain.log_loss.market, 4) in answer
    assert ": the market is better. Weighted by odds: the market is better." in answer
    assert "they are better than the market" in charts.calibration(judged(close_noise=0.15)).answer
    assert "the difference is not clear" in charts.calibration(judged(own_noise=0.01, close_noise=0.01)).answer
    assert "too few bets or days" in charts.calibration(judged(8, own_noise=0.1)).answer
    assert "no bet has a closing price" in MAKERS["alone"]().answer


def test_points_are_where_the_numbers_are() -> None:
    found = judged()
    figure = charts.calibration(found)
    assert found is not None and figure.draw is not None and figure.numbers is not None
    root = ElementTree.fromstring(figure.draw(HALF, "wide"))
    circles = [mark for mark in root.iter() if mark.tag.endswith("circle")][1:]
    assert len(circles) == len(found.bins) == 10
    across = np.array([float(mark.get("cx") or 0) for mark in circles])
    down = np.array([float(mark.get("cy") or 0) for mark in circles])
    means = np.array([one.mean_prob for one in found.bins])
    shares = np.array([one.won.estimate for one in found.bins])
    assert np.corrcoef(across, means)[0, 1] == pytest.approx(1.0, abs=1e-5)
    assert np.corrcoef(down, shares)[0, 1] == pytest.approx(-1.0, abs=1e-5)
    assert [row[1] for row in figure.numbers.rows[:10]] == [percent(float(share)) for share in shares]
    assert len(figure.numbers.rows) == 20


def test_bets_left_out_are_counted() -> None:
    bets, _ = market(2, 400)
    void = bets.with_columns(state=pl.when(pl.int_range(400) < 3).then(pl.lit("void")).otherwise("state"))
    void = void.with_columns(close_prob=pl.when(pl.int_range(400) > 394).then(None).otherwise("close_prob"))
    note = charts.calibration(scored(void, generator(2, "void"))).note
    assert "Left out: 3 without a full win or loss, 5 without a closing price." in note


def test_the_table_of_scores() -> None:
    found = judged(own_noise=0.15)
    assert found is not None
    figure = charts.calibration_scores(found)
    assert figure.draw is None and figure.numbers is not None and figure.question.endswith("?")
    rows = {row[0]: row[1:] for row in figure.numbers.rows}
    assert all(len(row) == len(figure.numbers.heads) for row in figure.numbers.rows)
    assert rows["Brier score, weighted by odds"][:2] == (
        number(found.weighted.brier.strategy, 4),
        number(found.weighted.brier.market, 4),
    )
    assert rows["calibration error by chance"][0] == number(found.plain.ece.strategy_by_chance, 4)
    assert figure.answer == "They are clearly better in 0 of 4 scores and clearly worse in 4."
    assert "nan" not in figure.html().lower() and "Show the numbers" in figure.html()
    matches = [row for k in range(30) for row in three(k, (0.5, 0.3, 0.2), ("home", "draw", "away")[k % 3])]
    ranked = charts.calibration_scores(scored(pl.DataFrame(matches), generator(3, "ranked")))
    assert ranked.numbers is not None and "Ranked probability score: 30 events" in ranked.note
    assert [row[0] for row in ranked.numbers.rows if "ranked" in row[0]] == [
        "ranked probability score, 1x2",
        "ranked probability score, 1x2, weighted by odds",
    ]
    assert "No bet has a closing price" in charts.calibration_scores(judged(60, closing=False)).answer
    assert charts.calibration_scores(judged(60)).answer == "There are too few bets or days to say."


def test_nothing_to_draw_is_put_into_words() -> None:
    for figure, words in (
        (charts.drawdowns(drawn(np.zeros(50), generator(1))), "There is no drawdown"),
        (charts.drawdowns(drawn([], generator(1))), "There is no drawdown"),
        (charts.calibration(None), "No bet with a probability"),
        (charts.calibration_scores(None), "No bet with a probability"),
    ):
        assert figure.draw is None and words in figure.answer and "<svg" not in figure.html()


def test_the_same_seed_gives_the_same_drawing() -> None:
    first, second = (MAKERS["calibration"]().html() for _ in range(2))
    assert first == second
    assert MAKERS["drawdowns"]().html() == MAKERS["drawdowns"]().html()
