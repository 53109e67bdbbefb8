"""The contract of every built-in feature. A new one is tested as soon as its file is there."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.asof.features import AFTER, BEFORE, Follower, frames
from engine.schema import ALL_EVENTS, CORNERS, GAMES, INSTANT_DTYPE, KNOWN_AFTER, STATISTIC_TYPES, score_columns
from engine.strategy import Feature
from research.features import built_in, names
from tests.contract.planted_features import IDEAS, OneAfterAnother, PlantedFeature
from tests.property.markets import world

INSTANT = pl.col("settled_at").cast(pl.Int64)


@cache
def history(seed: int = 3, n_events: int = 150) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events of 20 days that are settled at midnight, and two decisions on each: before its day, and at a midnight.

    Three competitions of five sides each and two seasons; results often share an instant, and some sides play twice in
    it. One competition is on neutral ground, and half of its events are of a tour.
    """
    events, _ = world(seed, n_events)
    events = described(peopled(events, seed), seed)
    start = pl.col("starts_at")
    early = events.select("event_id", decided_at=start - pl.duration(hours=30))
    midnight = events.select("event_id", decided_at=start.dt.truncate("1d") - pl.duration(seconds=1))
    decisions = pl.concat([early, midnight]).with_columns(pl.col("decided_at").cast(INSTANT_DTYPE))
    at_a_settlement = events["settled_at"].cast(INSTANT_DTYPE).implode()
    assert decisions["decided_at"].is_in(at_a_settlement).any(), "some are taken as others settle"
    return events.with_columns(pl.col("settled_at").cast(INSTANT_DTYPE)), decisions.unique()


def peopled(events: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The events between few sides, so that each has a past; a promoted side plays in two competitions."""
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(5, 2, replace=False) for _ in range(events.height)])
    sides = [pl.Series(pairs[:, number]).cast(pl.String) for number in (0, 1)]
    league, late = pl.col("competition"), pl.col("starts_at").dt.day() > 10
    names = [pl.when(late & (side == "4")).then(pl.lit("M4")).otherwise(league + side) for side in sides]
    return events.with_columns(
        home=names[0],
        away=names[1],
        neutral=league == "L2",
        sport=pl.when(league == "L2", pl.col("event_id") % 2 == 0).then(pl.lit("tennis")).otherwise("sport"),
        season=pl.when(late).then("season").otherwise(pl.lit("2022-2023")),
    )


def described(events: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The events with statistics where they were played, and with surfaces, rankings and lengths."""
    rng, n = np.random.default_rng(seed), events.height
    kinds = (*STATISTIC_TYPES, CORNERS, GAMES)
    numbers = {name: numbers_of(rng, n) for kind in kinds for name in score_columns(kind)}
    played = pl.col("status") == "played"
    statistics = [pl.when(played).then(numbers[name]).cast(ALL_EVENTS[name]).alias(name) for name in numbers]
    points = {name: numbers_of(rng, n) * 100.0 for name in score_columns("rank_points")}
    return events.with_columns(
        *statistics,
        surface=pl.Series(rng.choice(["clay", "grass"], n)),
        best_of=pl.Series(rng.choice([3, 5], n), dtype=pl.Int8),
        **{name: pl.when(numbers_of(rng, n) > 1).then(value) for name, value in points.items()},
    )


def numbers_of(rng: np.random.Generator, n: int) -> pl.Series:
    """Whole numbers from 0 to 19."""
    return pl.Series(rng.integers(0, 20, n), dtype=pl.Int32)


def feature(name: str) -> Feature:
    """The feature, with a warm-up that the small history is longer than."""
    found: Any = built_in(name)
    return replace(found, warm_up=10) if "warm_up" in {field.name for field in fields(found)} else found


@pytest.fixture(params=names())
def made(request: pytest.FixtureRequest) -> Feature:
    return feature(request.param)


def of(made: Feature, events: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    return frames([made], events, decisions)[made.name]


def by_messages(made: Feature, events: pl.DataFrame, decisions: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """The incremental form: results as messages in the order of settled_at, each decision asked alone."""
    follower = Follower([made])
    settled = events.filter(pl.col("settled_at").is_not_null()).sample(fraction=1, shuffle=True, seed=seed)
    messages = list(settled.with_columns(at=INSTANT).sort("at", maintain_order=True).iter_rows(named=True))
    rows = {row["event_id"]: row for row in events.iter_rows(named=True)}
    parts = []
    for decided, event in decisions.select(pl.col("decided_at").cast(pl.Int64), "event_id").sort("*").iter_rows():
        while messages and messages[0]["at"] <= decided:
            message = messages.pop(0)
            follower.add(message, message["at"])
        parts.append(follower.frames([(decided, rows[event])])[made.name])
    return pl.concat(parts)


def test_it_is_a_frozen_dataclass_with_columns(made: Feature) -> None:
    assert is_dataclass(made) and type(made).__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert isinstance(made, Feature) and built_in(made.name).name == made.name and made.columns
    assert type(made).__doc__ and all(f"`{column}`" in type(made).__doc__ for column in made.columns)  # type: ignore[operator]


def test_a_batch_gives_the_same_bits_as_one_message_after_another(made: Feature) -> None:
    events, decisions = history()
    batch = of(made, events, decisions)
    assert (
        batch.height == decisions.height and batch.drop_nulls().height > 100 and batch.null_count().sum_horizontal()[0]
    )
    assert batch.drop_nulls().n_unique(list(made.columns)) > 10
    assert batch.equals(by_messages(made, events, decisions))


def test_whole_history_gives_the_same_as_a_truncated_one_and_as_single_rows(made: Feature) -> None:
    events, decisions = history(4)
    batch = of(made, events, decisions)
    for (instant,), part in decisions.group_by(["decided_at"], maintain_order=True):
        known = pl.col("settled_at") < pl.lit(instant, INSTANT_DTYPE)
        hidden = [
            pl.when(known).then(name).otherwise(None).alias(name)
            for name in ("settled_at", "home_score", "away_score", "winner", *KNOWN_AFTER)
            if name in events.columns
        ]
        cut = events.with_columns(hidden, status=pl.when(known).then("status").otherwise(pl.lit("scheduled")))
        here = batch.filter(pl.col("decided_at") == pl.lit(instant, INSTANT_DTYPE))
        assert of(made, cut, part).equals(here)
    single = [of(made, events, decisions[number : number + 1]) for number in range(0, decisions.height, 7)]
    assert pl.concat(single).join(batch, on=batch.columns, nulls_equal=True).height == len(single)


def test_it_depends_on_no_order_of_events_and_does_not_read_what_is_not_settled(made: Feature) -> None:
    events, decisions = history(5)
    batch = of(made, events, decisions)
    assert batch.equals(of(made, events.sample(fraction=1, shuffle=True, seed=9), decisions))
    assert batch.equals(of(made, events, decisions.sample(fraction=1, shuffle=True, seed=9)))
    rng = np.random.default_rng(1)
    last = pl.quantile("at", 0.66) < pl.col("at")
    other = pl.Series("other", rng.integers(0, 9, events.height), dtype=pl.Int32)
    score = pl.when(last).then("other").otherwise("home_score")
    sign = (score - pl.col("away_score")).sign()  # the last third of the results becomes another one
    numbers = {n: ALL_EVENTS[n] for n in events.columns if n in KNOWN_AFTER and ALL_EVENTS[n] != pl.String}
    future = events.with_columns(other, at=INSTANT).with_columns(  # or a match that never took place
        *(pl.when(last).then("other").otherwise(name).cast(dtype).alias(name) for name, dtype in numbers.items()),
        home_score=score,
        winner=sign.replace_strict([-1, 0, 1], ["away", "draw", "home"]),
        status=pl.when(last & (pl.col("other") > 4)).then(pl.lit("walkover")).otherwise("status"),
    )
    until = events["settled_at"].cast(pl.Int64).quantile(0.66)
    early = pl.col("decided_at").cast(pl.Int64) <= until
    assert not batch.equals(of(made, future, decisions))
    assert batch.filter(early).equals(of(made, future, decisions).filter(early)) and batch.filter(early).height > 50


def test_asking_changes_nothing(made: Feature) -> None:
    events, _ = history(6)
    settled = events.drop_nulls("settled_at").sort("settled_at", "event_id")
    asked, quiet = made.start(), made.start()
    for row in settled.with_columns(at=INSTANT).iter_rows(named=True):
        result = {name: row.get(name) for name in (*BEFORE, *AFTER)}
        event = {name: row.get(name) for name in BEFORE}
        asked.value(event, row["at"])
        asked.update(result, row["at"])
        quiet.update(result, row["at"])
    assert asked.value(event, 2**62) == quiet.value(event, 2**62)


def test_no_order_of_the_results_of_an_instant_matters(made: Feature) -> None:
    events, decisions = history(7)
    drawn = np.random.default_rng(2).permutation(events.height) + 1
    renamed = pl.Series(drawn, dtype=pl.Int64)
    names = pl.DataFrame({"event_id": events["event_id"], "new": renamed})
    others = events.with_columns(event_id=renamed)
    asked = decisions.join(names, on="event_id").select("decided_at", event_id="new")
    here = of(made, events, decisions).join(names, on="event_id").drop("event_id").rename({"new": "event_id"})
    there = of(made, others, asked).select(here.columns)
    assert_frame_equal(here, there, check_row_order=False, check_exact=False, rel_tol=1e-9, abs_tol=1e-9)


def test_a_side_that_is_new_in_two_competitions_at_once_is_one_side_in_any_order(made: Feature) -> None:
    """One competition is past its warm-up, the other is not: a side would start lower in the first."""
    events, _ = history(3)
    settled = events.filter(pl.col("settled_at").is_not_null(), status="played").sort("settled_at", "event_id")
    known = pl.concat([settled.filter(competition="L0").head(20), settled.filter(competition="L1").head(3)])
    known = known.with_columns(season=pl.lit("2022-2023"))
    first, last = known["settled_at"].max(), settled["settled_at"].max()
    new = {"home": "M4", "settled_at": last, "season": "2023-2024"}
    two = pl.concat([known.filter(competition=name).tail(1) for name in ("L0", "L1")])
    found = []
    for numbers in ((901, 902), (902, 901)):
        both = two.with_columns(pl.lit(value).alias(name) for name, value in new.items())
        both = both.with_columns(
            event_id=pl.Series(numbers, dtype=pl.Int64), settled_at=pl.col("settled_at").cast(INSTANT_DTYPE)
        )
        asked = both.select(decided_at=pl.col("settled_at") + pl.duration(hours=1), event_id="event_id")
        values = of(made, pl.concat([known, both]), asked).sort("event_id", descending=numbers[0] > numbers[1])
        found.append(values.drop("event_id"))
    assert first < last and found[0].height == 2 and not found[0].head(1).drop_nulls().is_empty()
    assert_frame_equal(*found, check_exact=True)


CHECKS = {
    "truncated": test_whole_history_gives_the_same_as_a_truncated_one_and_as_single_rows,
    "messages": test_a_batch_gives_the_same_bits_as_one_message_after_another,
    "future": test_it_depends_on_no_order_of_events_and_does_not_read_what_is_not_settled,
    "instant": test_no_order_of_the_results_of_an_instant_matters,
}


def refusals(made: Feature, *names: str) -> set[str]:
    """The parts of this contract, of some of them, that a feature breaks."""
    found = set()
    for name in names or tuple(CHECKS):
        try:
            CHECKS[name](made)
        except AssertionError:
            found.add(name)
    return found


@pytest.mark.parametrize("idea", list(IDEAS))
def test_a_planted_mistake_is_found_and_its_honest_version_is_not(idea: str) -> None:
    planted = PlantedFeature(IDEAS[idea])
    assert refusals(planted, "truncated", "instant") == {"truncated"}
    assert not refusals(replace(planted, honest=True), "truncated", "instant")


def test_a_planted_mistake_makes_history_and_messages_differ() -> None:
    planted = PlantedFeature(IDEAS["form without shift"])
    assert refusals(planted) == {"truncated", "messages", "future"}
    assert not refusals(replace(planted, honest=True))


def test_a_rating_that_takes_the_results_of_an_instant_one_after_another_is_found() -> None:
    assert refusals(OneAfterAnother()) == {"instant"}


@pytest.mark.parametrize("place", [0, -1], ids=["lowest id", "highest id"])
def test_a_result_that_comes_late_is_of_its_instant(made: Feature, place: int) -> None:
    events, decisions = history(8)
    settled = events.filter(pl.col("settled_at").is_not_null()).with_columns(at=INSTANT).sort("at", "event_id")
    together = settled.filter(pl.len().over("at") > 1)
    early = together.filter(pl.col("at") <= pl.col("at").median())
    late = early.filter(pl.col("at") == pl.col("at").max())[place]
    late_ns = late["at"][0]
    # what is decided until then has read no later one
    following = settled.filter(pl.col("at") > late_ns)["at"].min()
    decided = pl.col("decided_at").cast(pl.Int64)
    asked = decisions.filter(decided > late_ns, decided <= following).sort("decided_at", "event_id")
    rows = {row["event_id"]: row for row in events.iter_rows(named=True)}
    keys = asked.select(decided, "event_id").rows()
    follower, (instant, first) = Follower([made]), keys[0]
    known = settled.filter(pl.col("event_id") != late["event_id"][0], pl.col("at") <= late_ns)
    for message in known.iter_rows(named=True):
        follower.add(message, message["at"])
    follower.frames([(instant, rows[first])])  # everything so far is read
    follower.add(late.row(0, named=True), late_ns)
    found = follower.frames([(at, rows[event]) for at, event in keys])[made.name]
    assert asked.height and found.equals(of(made, events, asked))
