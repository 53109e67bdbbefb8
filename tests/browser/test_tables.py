"""The tables behind the charts in chromium: sorting by column headings, filters of long tables, keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PHONE, Browser
from tests.research.report.made import bets, configuration, report, results

pytestmark = pytest.mark.browser

Pages = Callable[[str, Any], Path]
TABLE = '[data-figure="yield-competition"] .numbers'


@pytest.fixture()
def long(browser: Browser, write_page: Pages) -> Browser:
    """A page with a table of twelve competitions, unfolded."""
    first = int(results(400)["config"][0])
    log = bets(3000, competitions=tuple(f"League {k}" for k in range(12)))
    browser.show(write_page("tables", report(selected=(configuration(first, log),))))
    browser.run("for (const fold of document.querySelectorAll('details.numbers')) fold.open = true")
    return browser


def column(browser: Browser, at: int) -> list[str]:
    """Visible texts of a column."""
    found = browser.run(
        f"return [...document.querySelectorAll('{TABLE} tbody tr')].filter(row => !row.hidden)"
        ".map(row => row.cells[arguments[0]].textContent)",
        at,
    )
    return [str(one) for one in found]


def numbers(texts: list[str]) -> list[float]:
    return [float(one.rstrip("%").strip().replace(",", "").replace("\u2212", "-")) for one in texts]


def press(browser: Browser, at: int) -> None:
    browser.run(f"document.querySelectorAll('{TABLE} thead button')[arguments[0]].click()", at)


def sift(browser: Browser, words: str) -> str:
    browser.run(
        f"const b = document.querySelector('{TABLE} .sift input'); b.value = arguments[0];"
        "b.dispatchEvent(new Event('input'))",
        words,
    )
    return str(browser.run(f"return document.querySelector('{TABLE} .sift .count').textContent"))


def test_numbers_sort_down_up_and_back(long: Browser) -> None:
    names, values = column(long, 0), numbers(column(long, 3))
    assert len(names) == 12 and values != sorted(values) and values != sorted(values, reverse=True)
    head = f"return document.querySelectorAll('{TABLE} thead th')[3].getAttribute('aria-sort')"
    press(long, 3)
    assert numbers(column(long, 3)) == sorted(values, reverse=True) and long.run(head) == "descending"
    press(long, 3)
    assert numbers(column(long, 3)) == sorted(values) and long.run(head) == "ascending"
    press(long, 3)
    assert column(long, 0) == names and long.run(head) is None
    assert long.logs()[0] == []


def test_text_with_numbers_sorts_naturally(long: Browser) -> None:
    press(long, 0)
    assert column(long, 0) == [f"League {k}" for k in range(12)]
    press(long, 0)
    assert column(long, 0) == [f"League {k}" for k in reversed(range(12))]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("LEAGUE competition=league11", ["League 11"]),
        ("nothing", []),
        ("yield>1000", []),
        ("unknown>1", []),
        ("competition=league7", ["League 7"]),
    ],
)
def test_the_filter(long: Browser, words: str, kept: list[str]) -> None:
    assert sift(long, "") == "12 rows"
    assert sift(long, words) == f"{len(kept)} of 12"
    assert column(long, 0) == kept


def test_comparisons_use_the_numbers(long: Browser) -> None:
    counts, gains = numbers(column(long, 1)), numbers(column(long, 3))
    middle = sorted(counts)[6]
    wanted = sum(n >= middle and gain < 5 for n, gain in zip(counts, gains, strict=True))
    assert sift(long, f"bets>={middle:.0f} yield<5") == f"{wanted} of 12" and 0 < wanted < 12


def test_short_tables_have_no_filter_and_headings_are_reachable_by_keyboard(long: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    without = long.run(
        "return [...document.querySelectorAll('.numbers')].map(n => [n.querySelectorAll('tbody tr').length,"
        "n.querySelectorAll('.sift').length])"
    )
    assert all((rows > 8) == bool(boxes) for rows, boxes in without) and {bool(b) for _, b in without} == {True, False}
    long.run(f"document.querySelector('{TABLE} .sift input').focus()")
    long.keys(Keys.TAB, Keys.TAB)  # the scrolling frame, then the first head
    assert long.run(f"return document.activeElement === document.querySelector('{TABLE} thead button')")
    assert long.run("return getComputedStyle(document.activeElement).outlineStyle") != "none"
    long.keys(Keys.ENTER)
    assert column(long, 0) == [f"League {k}" for k in range(12)]


def test_the_page_fits_a_phone(browser: Browser, write_page: Pages, long: Browser) -> None:
    browser.show(write_page("tables", None), PHONE)
    browser.run("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]
