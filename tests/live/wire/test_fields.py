"""Fields of an answer: right ones are read, others are named."""

from __future__ import annotations

import pytest

from engine.clock import SECOND_NS
from engine.live.wire.fields import Misread, instant_ns, number_or_none, whole, word

_DAY_NS = 86_400 * SECOND_NS


def test_fields_of_their_kind_are_read() -> None:
    row = {"price": 2.5, "name": "Home", "id": 7, "at": "1970-01-02T00:00:00Z", "offset": "1970-01-02T02:00:00+02:00"}
    assert (number_or_none(row, "price"), word(row, "name"), whole(row, "id")) == (2.5, "Home", 7)
    assert instant_ns(row, "at") == instant_ns(row, "offset") == _DAY_NS


def test_an_instant_without_an_offset_is_utc() -> None:
    assert instant_ns({"at": "1970-01-02T00:00:00.25"}, "at") == _DAY_NS + SECOND_NS // 4


def test_what_is_not_there_is_nothing_except_an_id() -> None:
    assert (number_or_none({}, "price"), word({}, "name"), instant_ns({}, "at")) == (None, "", 0)
    with pytest.raises(Misread, match="id"):
        whole({}, "id")


@pytest.mark.parametrize("value", [True, "2.5", float("nan"), float("inf"), 1e13, [1.0]])
def test_a_number_that_is_none_is_named(value: object) -> None:
    with pytest.raises(Misread, match="price"):
        number_or_none({"price": value}, "price")


@pytest.mark.parametrize("value", [1, "x" * 201, ["Home"]])
def test_a_text_that_is_none_is_named(value: object) -> None:
    with pytest.raises(Misread, match="name"):
        word({"name": value}, "name")


@pytest.mark.parametrize("value", [True, 7.0, "7", None])
def test_an_id_that_is_none_is_named(value: object) -> None:
    with pytest.raises(Misread, match="id"):
        whole({"id": value}, "id")


@pytest.mark.parametrize("value", ["soon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", 5])
def test_an_instant_that_is_none_is_named(value: object) -> None:
    with pytest.raises(Misread, match="at"):
        instant_ns({"at": value}, "at")
