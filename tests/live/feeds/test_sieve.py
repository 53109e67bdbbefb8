"""Values that are no price, name or instant are refused with one word, and nothing is raised."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.live.feed import Fixture, Gap, Mark, Quote, Result, Ruling
from engine.live.feeds.sieve import refusal_of

GOOD: dict[str, Any] = {
    "known_at_ns": 10, "event_id": 1, "market": "1x2", "line": None, "selection": "home", "bookmaker": "a",
    "side": "back", "odds": 2.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("odds", [math.nan, math.inf, -math.inf, 0.0, 0, 1.0, 1, -2.0, 1e9, "2.0", None, True]),
        ("side", ["Back", "", None, 1]),
        ("kind", ["late", None]),
        ("size_minor", [-1.0, math.nan, "10"]),
        ("line", ["2.5", math.nan, math.inf]),
        ("known_at_ns", [1.5, None, "10", 2**63, -(2**63), 0, -1]),
        ("event_id", [None, 1.0, "1", True]),
        ("market", [None, "", 3]),
        ("selection", [None, ""]),
        ("bookmaker", [None, ""]),
    ],
)
def test_bad_values_of_a_quote(name: str, values: list[Any]) -> None:
    words = {"size_minor": "size", "known_at_ns": "instant", "event_id": "event"}
    word = words.get(name, "name" if name in ("market", "selection", "bookmaker") else name)
    assert [refusal_of(Quote(**(GOOD | {name: value}))) for value in values] == [word] * len(values)


def test_good_messages_pass() -> None:
    quotes = [GOOD, GOOD | {"odds": 1.01}, GOOD | {"size_minor": 0.0}, GOOD | {"market": "totals", "line": 2.5}]
    assert [refusal_of(Quote(**values)) for values in quotes] == [""] * 4
    fixture = Fixture(1, {"event_id": 1, "sport": "football", "competition": "E0"})
    others = (fixture, Result(1, {"event_id": 1, "status": "played"}), Gap(1, "a"), Mark(1))
    assert [refusal_of(message) for message in others] == [""] * 4


def test_rulings() -> None:
    def said(*rulings: Any) -> str:
        return refusal_of(Result(1, {"event_id": 1, "status": "played"}, rulings=rulings))

    good = (Ruling("1x2", None, "home", "dead_heat", 0.5), Ruling("totals", 2.5, "over", "void"))
    assert said(*good) == said(Ruling("1x2", None, "home", "win", void_frac=1)) == ""
    assert said(Ruling("first_half_totals", None, "", "void"), Ruling("1x2", None, "", "void")) == ""
    wrong: list[Any] = [
        None, Ruling("1x2", None, "home", "unknown"), Ruling("1x2", None, "home", "win", 0.5),
        Ruling("1x2", None, "home", "dead_heat", 0.0), Ruling("1x2", None, "home", "dead_heat", 1.5),
        Ruling("1x2", None, "home", "win", void_frac=1.1), Ruling("1x2", None, "home", "win", void_frac=float("nan")),
        Ruling("totals", None, "over", "win"), Ruling("totals", float("inf"), "over", "win"),
        Ruling("totals", None, "", "win"), Ruling("totals", 2.5, "", "void"), Ruling("1x2", None, "", "void", 0.5),
        Ruling("", None, "home", "win"), Ruling("1x2", None, "home", "win", void_frac="half"),  # type: ignore[arg-type]
    ]  # fmt: skip
    assert [said(*good, one) for one in wrong] == ["ruling"] * len(wrong)
    assert refusal_of(Result(1, {"event_id": 1, "status": "played"}, rulings=list(good))) == "ruling"  # type: ignore[arg-type]


def test_other_messages() -> None:
    wrong: list[Any] = [
        None, "quote", Quote(**(GOOD | {"market": "totals"})), Fixture(1, {"sport": "football"}),
        Fixture(1, {"event_id": 1, "sport": None, "competition": "E0"}), Result(1, {"event_id": 1}),
        Result(1, {"event_id": 1, "status": "played"}, version=0), Result(1, None),  # type: ignore[arg-type]
        Gap(1, None), Mark(None), Mark(0), Gap(0, "a"),  # type: ignore[arg-type]
    ]  # fmt: skip
    found = [refusal_of(message) for message in wrong]
    assert found == [
        "message", "message", "line", "event", "name", "name", "version", "event", "name",
        "instant", "instant", "instant",
    ]  # fmt: skip
