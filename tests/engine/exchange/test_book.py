"""Books from changes: the documented forms, hostile ones, and real streams beside an independent reader."""

from __future__ import annotations

import bz2
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from betfairlightweight.streaming.cache import MarketBookCache

from engine.exchange.book import LEVELS, POINTS, Books, MarketBook, UnreadableChange

RUNNER = (7, 0.0)
#: names of the same ladders in the other reader
THEIRS = {
    "atb": "available_to_back", "atl": "available_to_lay", "trd": "traded", "spb": "starting_price_back",
    "spl": "starting_price_lay", "batb": "best_available_to_back", "batl": "best_available_to_lay",
    "bdatb": "best_display_available_to_back", "bdatl": "best_display_available_to_lay",
}  # fmt: skip


def after(*changes: dict[str, Any]) -> MarketBook:
    """The market after changes of its runner 7; a change with `img` or `marketDefinition` is one of the market."""
    books = Books()
    for number, change in enumerate(changes):
        whole = {"img", "marketDefinition", "con", "tv"} & change.keys()
        book = books.apply({"id": "1.1", **(change if whole else {"rc": [{"id": 7, **change}]})}, number)
    return book


def test_sizes_are_new_totals_and_a_size_of_nothing_takes_the_price_away() -> None:
    book = after({"atb": [[2.0, 10.0], [1.9, 5.0]]}, {"atb": [[2.0, 4.0], [1.9, 0]]}).runners[RUNNER]
    assert book.points["atb"] == {2.0: 4.0} and book.best("back") == [(2.0, 4.0)]


def test_levels_are_put_in_place_and_a_level_of_nothing_is_empty() -> None:
    book = after({"batb": [[0, 2.0, 1.0], [1, 1.9, 2.0], [3, 1.5, 1.0]]}, {"batb": [[3, 0, 0], [0, 2.2, 3.0]]})
    assert book.runners[RUNNER].levels["batb"] == {0: (2.2, 3.0), 1: (1.9, 2.0)}
    assert book.runners[RUNNER].best("back") == [(2.2, 3.0), (1.9, 2.0)]


def test_an_empty_list_of_trades_empties_it_and_an_empty_list_of_prices_changes_nothing() -> None:
    book = after({"trd": [[2.0, 9.0]], "bdatb": [[0, 2.0, 1.0]]}, {"trd": [], "bdatb": []}).runners[RUNNER]
    assert not book.points["trd"] and book.levels["bdatb"] == {0: (2.0, 1.0)}


def test_an_image_replaces_the_market() -> None:
    book = after({"atb": [[2.0, 1.0]]}, {"img": True, "rc": [{"id": 7, "atl": [[3.0, 1.0]]}]}).runners[RUNNER]
    assert not book.points["atb"] and book.best("lay") == [(3.0, 1.0)]


def test_lays_are_best_when_lowest() -> None:
    assert after({"atl": [[3.0, 1.0], [2.5, 2.0]]}).runners[RUNNER].best("lay") == [(2.5, 2.0), (3.0, 1.0)]
    assert after({"ltp": 2.0}).runners[RUNNER].best("lay") == []


def test_a_handicap_makes_another_runner() -> None:
    book = after({"ltp": 2.0}, {"hc": -0.5, "ltp": 3.0})
    assert {key: runner.numbers["ltp"] for key, runner in book.runners.items()} == {(7, 0.0): 2.0, (7, -0.5): 3.0}


def test_the_definition_says_whether_it_trades() -> None:
    book = after({"marketDefinition": {"status": "OPEN", "inPlay": True, "betDelay": 5}}, {"con": True, "tv": 12.5})
    assert (book.is_open, book.is_in_play, book.delay_s, book.is_conflated, book.traded) == (True, True, 5, True, 12.5)
    assert not after({"ltp": 2.0}).is_open


def test_a_starting_price_that_is_none_is_not_known() -> None:
    assert "spn" not in after({"spn": 2.0}, {"spn": "NaN"}).runners[RUNNER].numbers
    assert "spf" not in after({"spf": float("inf")}).runners[RUNNER].numbers


@pytest.mark.parametrize(
    "bad",
    [
        {"atb": [[2.0]]}, {"atb": [["2.0", 1.0]]}, {"atb": 7}, {"atb": [[2.0, float("nan")]]}, {"batb": [[0, 2.0]]},
        {"atb": [[2.0, -1.0]]}, {"id": None}, {"id": True}, {"hc": "0"}, {"ltp": "two"}, {"ltp": True}, {"atb": "xy"},
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_read_forgets_the_market(bad: dict[str, Any]) -> None:
    books = Books()
    books.apply({"id": "1.1", "rc": [{"id": 7, "ltp": 2.0}]}, 0)
    with pytest.raises(UnreadableChange):
        books.apply({"id": "1.1", "rc": [{"id": 7, **bad}]}, 1)
    assert not books.markets


@pytest.mark.parametrize("bad", [{}, {"id": ""}, {"id": 1.1}, {"id": "1.1", "rc": {}}, {"id": "1.1", "rc": [5]}])
def test_what_is_no_change_of_a_market_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UnreadableChange):
        Books().apply(bad, 0)


def test_whatever_a_change_holds_it_is_taken_or_refused() -> None:
    rng = random.Random(5)
    odd = [None, True, -1, 0, 1.01, "x", "", [], [[]], [[1, 2]], [[0, 2.0, 3.0]], {}, {"id": 7}, float("nan"), 10**400]
    words = ["id", "img", "con", "tv", "rc", "marketDefinition", *POINTS, *LEVELS, "ltp", "spn", "hc"]
    refused = 0
    for _ in range(10_000):
        runner = {rng.choice(words): rng.choice(odd) for _ in range(3)} | {"id": rng.choice([7, 7, 7, None])}
        change = {rng.choice(words): rng.choice(odd), "id": rng.choice(["1.1", "1.1", 5]), "rc": [runner]}
        try:
            Books().apply(change, 0)
        except UnreadableChange:
            refused += 1
    assert 2_000 < refused < 10_000


def real_lines(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    yield from map(json.loads, (bz2.decompress(content) if path.suffix == ".bz2" else content).splitlines())


def test_real_streams_give_the_books_of_an_independent_reader(reference_dir: Path) -> None:
    lines = compared = 0
    for path in sorted((reference_dir / "data" / "betfair" / "stream").iterdir()):
        books, theirs = Books(), dict[str, MarketBookCache]()
        for message in real_lines(path):
            lines += 1
            for change in message.get("mc", ()):
                book = books.apply(change, message["pt"] * 10**6)
                if change.get("img") or book.market_id not in theirs:
                    theirs[book.market_id] = MarketBookCache(book.market_id, message["pt"], True, False, False)
                cache = theirs[book.market_id]
                cache.update_cache(change, message["pt"], True)
                compared += _compare(book, cache, change)
    assert (lines, compared) == (14_076, 430_983)


def _compare(book: MarketBook, cache: MarketBookCache, change: dict[str, Any]) -> int:
    """Whether both readers know the same of the runners of a change; how many ladders were compared."""
    assert dict(book.definition) == cache.market_definition
    for row in change.get("rc", ()):
        ours, theirs = book.runners[row["id"], float(row.get("hc", 0))], cache.runner_dict[row["id"], row.get("hc", 0)]
        for word in POINTS:
            ladder = getattr(theirs, THEIRS[word]).order_book
            assert ours.points[word] == {price: row[1] for price, row in ladder.items()}
        for word in LEVELS:
            ladder = getattr(theirs, THEIRS[word]).order_book
            assert ours.levels[word] == {level: (row[1], row[2]) for level, row in ladder.items()}
        assert ours.numbers.get("ltp") == theirs.last_price_traded
    return len(change.get("rc", ())) * len(THEIRS)
