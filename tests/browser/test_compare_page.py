"""The comparison page in chromium: widths, themes, sorting, folded parts, printing."""

from __future__ import annotations

import base64
from pathlib import Path

import polars as pl
import pytest

from research.report.comparison.page import page
from research.report.comparison.sides import Comparison
from tests.browser.conftest import DESKTOP, PHONE, Browser
from tests.browser.test_report_page import VIEWS, check_view
from tests.research.report.made import bets
from tests.research.report.made_comparison import better, comparison, side, swept

pytestmark = pytest.mark.browser

LOG = bets()
OTHER = better(LOG.filter(pl.col("odds") > 1.5), -0.2)


def six() -> Comparison:
    letters = "ABCDEF"
    return comparison(*(side(letters[k], better(bets(seed=k), 0.03 * k)) for k in range(6)))


CASES = {
    "two backtests": lambda: comparison(side("A", LOG), side("B", OTHER)),
    "two sweeps": lambda: comparison(swept("A", LOG), swept("B", OTHER)),
    "sweep and backtest": lambda: comparison(swept("A", LOG), side("B", OTHER)),
    "six": six,
    "nothing in common": lambda: comparison(side("A", LOG), side("B", LOG.clear(), missing="gone")),
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("compared")
    made = {}
    for number, (name, of) in enumerate(CASES.items()):
        made[name] = folder / f"{number}.html"
        made[name].write_text(page(of()), encoding="utf-8")
    return made


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("size", "dark"), VIEWS)
def test_every_view_is_complete_and_readable(
    browser: Browser, pages: dict[str, Path], case: str, size: tuple[int, int], dark: bool
) -> None:
    check_view(browser, pages[case], size, dark=dark, least=100)
    text = browser.run("return document.body.innerText")
    assert "NaN" not in text and "undefined" not in text and "null" not in text
    shown, hidden = ("wide", "narrow") if size == DESKTOP else ("narrow", "wide")
    assert browser.run(f"return document.querySelector('#headline .{shown}').getBoundingClientRect().width") > 300
    assert browser.run(f"return document.querySelector('#headline .{hidden}').getBoundingClientRect().width") == 0


def test_the_first_screen_shows_the_headline_and_the_lines(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["two sweeps"])
    for place in ("h1", ".sides", "#headline .wide"):
        assert browser.run(f"return document.querySelector('{place}').getBoundingClientRect().top") < 800, place
    assert browser.run("return document.querySelector('table').getBoundingClientRect().top") > 800


def test_lines_have_the_colours_of_their_letters(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["six"])
    lines, letters = browser.run(
        "const of = (s, key) => [...document.querySelectorAll(s)].map(e => getComputedStyle(e)[key]);"
        "return [of('#headline .wide .series:not(.thin)', 'stroke'), of('.sides > li > b', 'color')]"
    )
    assert len(set(letters)) == 6 and lines == letters[::-1]  # the first line is drawn last, on top


def test_measures_sort_by_their_heads_and_settings_filter(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["six"])
    names = "return [...document.querySelectorAll('#measures tbody th')].map(cell => cell.textContent[0])"
    head = "[...document.querySelectorAll('#measures thead button')].find(b => b.textContent.startsWith('P&L')).click()"
    gains = dict(zip("ABCDEF", (one.configuration.metrics["pnl_minor"] for one in six().sides), strict=True))
    browser.run(head)
    assert browser.run(names) == sorted(gains, key=lambda name: -gains[name])
    browser.run(head)
    assert browser.run(names) == sorted(gains, key=lambda name: gains[name])
    browser.run(
        "const box = document.querySelector('[data-part=configuration] .sift input');"
        "box.value = 'key_11'; box.dispatchEvent(new Event('input'))"
    )
    kept = "return [...document.querySelectorAll('[data-part=configuration] tbody tr')].filter(r => !r.hidden).length"
    assert browser.run(kept) == 1
    assert browser.run("return document.querySelectorAll('[data-part=data] .sift').length") == 0


def test_everything_is_reachable_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.show(pages["two sweeps"], PHONE)
    reached, unseen = set(), []
    for _ in range(90):
        browser.keys(Keys.TAB)
        name, outline = browser.run(
            "const e = document.activeElement, s = getComputedStyle(e);"
            "return [e.id || e.getAttribute('aria-label') || e.textContent.trim().slice(0, 20), s.outlineStyle]"
        )
        if browser.run("return document.activeElement === document.body"):
            break
        reached.add(name)
        if outline == "none":
            unseen.append(name)
    assert {"theme", "Measures", "Configuration", "Show the numbers", "The same for the co", "Copy"} <= {
        name[:19] if name.startswith("The same") else name for name in reached
    }
    assert unseen == []


def test_print_shows_the_folded_parts(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["two sweeps"], dark=True)
    printed = browser.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(printed["data"]).count(b"/Type /Page") >= 3
    assert browser.run("return [...document.querySelectorAll('details')].every(fold => fold.open)")
    assert browser.logs()[0] == []
