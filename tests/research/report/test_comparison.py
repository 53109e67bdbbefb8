"""The comparison page: its headline follows the numbers, nothing is loaded from outside, names stay text."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import polars as pl
import pytest

from research.inference.bootstrap import Interval
from research.inference.differences import PairedRatios
from research.report import charts
from research.report.comparison.page import page
from research.report.comparison.pairs import Pair, pairs_of
from research.report.comparison.sentences import by_itself, caveats, reading, statement
from research.report.figure import FULL, HALF, PHONE
from tests.research.report.made import bets, daily
from tests.research.report.made_comparison import better, comparison, side, swept
from tests.research.report.test_page import EVIL, read

LOG = bets()


def only(*sides: object) -> Pair:
    return pairs_of(comparison(*sides), out_of_sample=False)[0]  # type: ignore[arg-type]


def test_a_pair_counts_events_and_measures_by_hand() -> None:
    first, second = LOG.filter(pl.col("event_id") % 7 != 0), better(LOG.filter(pl.col("event_id") % 5 != 0), -0.1)
    pair = only(side("A", first), side("B", second))
    events = set(first["event_id"]), set(second["event_id"])
    common = events[0] & events[1]
    one, two = (frame.filter(pl.col("event_id").is_in(list(common))) for frame in (first, second))
    found = pair.ratios["yield"]
    assert (found.common, found.first_only, found.second_only) == (
        len(common), len(events[0] - common), len(events[1] - common),
    )  # fmt: skip
    yields = [frame["pnl_minor"].sum() / frame["stake_minor"].sum() for frame in (one, two)]
    assert found.difference.estimate == pytest.approx(yields[0] - yields[1], abs=1e-12)
    assert found.difference.low < yields[0] - yields[1] < found.difference.high
    gains = [frame["pnl_minor"].sum() / 1_000_000 / len(common) for frame in (one, two)]
    assert pair.ratios["pnl"].difference.estimate == pytest.approx(gains[0] - gains[1], abs=1e-12)
    priced = [frame.filter(pl.col("clv").is_not_null()) for frame in (one, two)]
    both = set(priced[0]["event_id"]) & set(priced[1]["event_id"])
    means = [frame.filter(pl.col("event_id").is_in(list(both)))["clv"].mean() for frame in priced]
    assert pair.ratios["clv"].difference.estimate == pytest.approx(means[0] - means[1], abs=1e-12)  # type: ignore[operator]


def test_the_headline_follows_the_interval() -> None:
    ahead = comparison(side("A", LOG), side("B", better(LOG.filter(pl.col("odds") > 1.5), -0.3)))
    text = statement(ahead, pairs_of(ahead, out_of_sample=False))
    assert re.match(r"A has a yield \d\d\.\d\d points higher than B on the 628 events that both bet on: 90", text)
    behind = comparison(side("A", better(LOG.filter(pl.col("odds") > 1.5), -0.3)), side("B", LOG))
    assert statement(behind, pairs_of(behind, out_of_sample=False)).startswith("B has a yield")
    alike = comparison(side("A", LOG), side("B", LOG.filter(pl.int_range(1200) % 9 != 0)))
    assert "do not differ clearly in yield" in statement(alike, pairs_of(alike, out_of_sample=False))


def test_few_common_events_have_no_interval() -> None:
    few = LOG.filter(pl.col("event_id").is_in(LOG["event_id"].unique().sort().head(90).to_list()))
    pair = only(side("A", LOG), side("B", better(few.head(150), -0.2).filter(pl.col("odds") > 1.3)))
    assert 10 < pair.common < 100 and not pair.ratios["yield"].difference.known
    of = comparison(side("A", LOG), side("B", few))
    assert "share too little" in statement(of, pairs_of(of, out_of_sample=False))
    apart = comparison(side("A", LOG), side("B", LOG.with_columns(event_id=pl.col("event_id") + 1)))
    assert "no event in common" in statement(apart, pairs_of(apart, out_of_sample=False))
    assert "No two of these runs bet on the same event." in page(apart)


def test_many_common_events_on_few_days_have_no_interval() -> None:
    crowded = LOG.with_columns(date=pl.lit(LOG["date"][0]))
    pair = only(side("A", crowded), side("B", better(crowded, -0.5).filter(pl.col("odds") > 1.5)))
    assert pair.common == 628 and pair.days == 1 and not pair.ratios["yield"].difference.known


def test_pairs_are_corrected_for_their_number() -> None:
    found = PairedRatios(0.03, 0.01, Interval(0.02, 0.001, 0.039, 0.0116, 0.9), 500, 0, 0)
    pair = Pair("A", "B", False, 90, {"yield": found})
    assert (pair.sign(1), pair.sign(2)) == (1, 0)  # 1.72 standard errors: 1.645 are needed for one, 1.960 for two
    assert (
        Pair(
            "A", "B", False, 90, {"yield": replace(found, difference=Interval(-0.02, -0.039, -0.001, 0.0116, 0.9))}
        ).sign(1)
        == -1
    )
    three = comparison(
        side("A", LOG), side("B", better(LOG.filter(pl.col("odds") > 1.5), -0.6)), side("C", LOG.head(1190))
    )
    pairs = pairs_of(three, out_of_sample=False)
    assert [pair.name for pair in pairs] == ["A − B", "A − C", "B − C"]
    assert statement(three, pairs).startswith("2 of 3 pairs differ clearly in yield: A over B and C over B.")
    assert "correction for 3 pairs" in reading(three, pairs)


def test_out_of_sample_paths_are_compared_where_all_have_one() -> None:
    first, second = swept("A", LOG), swept("B", better(LOG.filter(pl.col("odds") > 1.5), -0.4))
    both = comparison(first, second)
    pairs = pairs_of(both, out_of_sample=True)
    assert (
        both.out_of_sample
        and "higher than B on the" in statement(both, pairs)
        and "out of sample" in statement(both, pairs)
    )
    assert first.path_bets is not None and second.path_bets is not None
    common = first.path_bets.join(second.path_bets, on="event_id", how="semi")
    wanted = common["net_minor"].sum() / common["stake_minor"].sum()
    assert pairs[0].ratios["yield"].first == pytest.approx(wanted, abs=1e-12)
    made = page(both)
    assert "Which bankroll grows out of sample?" in made
    assert made.index('data-figure="outside"') < made.index("The same for the configurations, in sample")
    mixed = comparison(first, side("B", LOG))
    assert not mixed.out_of_sample and "The same for" not in page(mixed)
    idle = comparison(first, swept("B", LOG, path_bets=LOG.clear().with_columns(net_minor=pl.lit(0.0))))
    assert not idle.out_of_sample


def test_each_run_shows_its_own_verdict() -> None:
    verdict, measured = by_itself(side("A", LOG))
    assert verdict.startswith("One backtest") and "#1 in sample: yield" in measured and "90% interval" in measured
    verdict, measured = by_itself(swept("B", LOG))
    assert verdict.startswith("Profit: not proved.") and measured.startswith("The out-of-sample yield is 1.0%")
    lacking = comparison(side("A", LOG), side("B", LOG.clear(), missing="the store is gone"))
    assert ("No path (B)", "The bets of the configuration are not available: the store is gone.") in caveats(lacking)
    assert any(word == "Assumed times (A, B)" for word, _ in caveats(lacking))


def test_the_page_is_one_file_with_everything_in_order() -> None:
    of = comparison()
    made = page(of)
    assert made == page(of)
    marks = ["<h1>", 'class="sides"', 'id="headline"', 'id="pairs"', 'id="measures"', 'id="settings"', 'id="again"']
    assert [made.index(mark) for mark in marks] == sorted(made.index(mark) for mark in marks)
    reader = read(made)
    for tag, attributes in reader.tags:
        assert tag not in {"iframe", "object", "embed", "base", "form", "img"}, tag
        for name, value in attributes.items():
            assert not name.startswith("on") and name != "style", (tag, name)
            assert name not in {"src", "href"} or value == "data:," or (value or "").startswith("#")
    assert (
        "http://" not in made
        and "https://" not in made
        and not re.search(r"\b(NaN|nan|None|null|inf)\b", " ".join(reader.text))
    )
    assert len(made) < 400_000
    text = " ".join(reader.text)
    assert "strategy.key_11" in text and "0" * 12 in text and "0" * 13 not in text and "bea compare 0a0a" in text


def test_hostile_names_stay_text() -> None:
    log = bets(800, competitions=EVIL)
    sides = []
    for place, letter in enumerate("AB"):
        one = side(
            letter, log, manifest={"command": ["bea", *EVIL], "data": {"sources": list(EVIL)}, "notes": list(EVIL)}
        )
        one.configuration.parameters["data.zone"] = EVIL[place]  # type: ignore[index]
        sides.append(one)
    made = page(comparison(*sides, configuration={name: [name, EVIL[1]] for name in EVIL}))
    reader, plain = read(made), read(page(comparison()))
    assert {tag for tag, _ in reader.tags} <= {tag for tag, _ in plain.tags}
    assert len(reader.scripts) == len(plain.scripts)
    assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)
    assert "\u202e" not in made and "\x00" not in made and "\x1b" not in made


@pytest.mark.parametrize("measure", ["yield", "clv", "pnl"])
def test_the_chart_of_differences_is_complete(measure: str) -> None:
    few = LOG.filter(pl.col("event_id").is_in(LOG["event_id"].unique().sort().head(20).to_list()))
    sides = [side("A", LOG), side("B", better(LOG.filter(pl.col("odds") > 1.5), -0.3)), side("C", better(few, 3.0))]
    pairs = pairs_of(comparison(*sides), out_of_sample=False)
    figure = charts.differences({pair.name: pair.ratios[measure] for pair in pairs}, measure)
    assert figure.draw is not None and figure.numbers is not None and len(figure.numbers.rows) == 3
    assert all(len(row) == len(figure.numbers.heads) for row in figure.numbers.rows)
    for width in (FULL, HALF, PHONE):
        root = ElementTree.fromstring(figure.draw(width, "wide"))
        dots = list(root.iter("circle"))
        assert len(dots) == 3 and sum("hollow" in (dot.get("class") or "") for dot in dots) == 2
        assert all(0 <= float(dot.get("cx") or -1) <= width for dot in dots)
        words = [text.text or "" for text in root.iter("text")]
        assert any(word.startswith("difference in ") and "%" in word for word in words) and "events" in words
        assert not any("nan" in word.lower() for word in words)
    assert "1 of 1 interval excludes zero: A − B." in figure.answer


def test_a_bankrupt_side_and_one_that_stopped_are_named() -> None:
    log = bets(seed=0)
    days = daily(log)
    lost = pl.when(pl.int_range(pl.len()) == 40).then(-990_000).otherwise(0).cast(days["pnl_minor"].dtype)
    ruined = days.with_columns(pnl_minor=lost, n_bets=pl.when(pl.int_range(pl.len()) > 40).then(0).otherwise(1))
    found = dict(caveats(comparison(side("A"), swept("B", log, path_daily=ruined))))
    assert found["Bankrupt (B)"] == f"The out-of-sample path went bankrupt on {days['date'][40]}."
    assert found["Betting stopped (B)"].startswith(
        f"The out-of-sample path placed its last bet on {days['date'][40]}, "
    )
    assert not any(name.startswith(("Bankrupt", "Betting")) for name, _ in caveats(comparison(side("A"), side("B"))))
