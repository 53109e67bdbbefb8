"""The bets of a report in chromium: the table, the zoom by dragging, dates and keyboard, and the scale of money."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from research.report.data import ReportData
from tests.browser.conftest import DESKTOP, PHONE, Browser
from tests.browser.test_report_page import CONTRAST, VIEWS
from tests.research.report.made import report, results
from tests.research.report.test_page import EVIL
from tests.research.report.test_sheets import named

pytestmark = pytest.mark.browser

Pages = Callable[[str, Any], Path]
SHEET = "document.querySelector('.sheet')"
FIGURE = "document.querySelector('.sheet [data-figure=\"equity\"]')"
BUTTON = f"[...{FIGURE}.querySelectorAll('.controls button')]"
DATES = f"return [...{FIGURE}.querySelectorAll('.controls input')].map(input => input.value)"


def made() -> ReportData:
    data = report()
    return replace(data, selected=tuple(replace(one, bets=named(one.bets)) for one in data.selected))


@pytest.fixture()
def log(browser: Browser, write_page: Pages) -> pl.DataFrame:
    """The bets of the first configuration, whose page is open."""
    data = made()
    browser.show(write_page("bets", data))
    return data.selected[0].bets


def column(browser: Browser, at: int) -> list[str]:
    found = browser.run(
        f"return [...{SHEET}.querySelectorAll('.bets tbody tr')].map(row => row.cells[arguments[0]].textContent)", at
    )
    return [str(one) for one in found]


def said(browser: Browser, place: str) -> str:
    return str(browser.run(f"return {SHEET}.querySelector('.bets {place}').textContent"))


def sift(browser: Browser, words: str) -> str:
    browser.driver.execute_async_script(
        f"const done = arguments[1], box = {SHEET}.querySelector('.bets input'); box.value = arguments[0];"
        "box.dispatchEvent(new Event('input')); setTimeout(done, 150)",
        words,
    )
    return said(browser, ".count")


def pick(browser: Browser, first: dt.date, last: dt.date) -> None:
    """Two dates, as a change of the fields gives them."""
    browser.run(
        f"const inputs = {FIGURE}.querySelectorAll('.controls input');"
        "inputs.forEach((input, at) => { input.value = arguments[at]; });"
        "inputs[1].dispatchEvent(new Event('change'))",
        first.isoformat(),
        last.isoformat(),
    )


def dated(log: pl.DataFrame, first: dt.date, last: dt.date) -> pl.DataFrame:
    return log.filter(pl.col("date").is_between(first, last))


def test_the_table_pages_sorts_and_filters(browser: Browser, log: pl.DataFrame) -> None:
    assert said(browser, ".count") == "1,200 bets" and said(browser, ".place") == "1 to 50 of 1,200"
    assert column(browser, 0) == [str(date) for date in log["date"][:50]]
    assert column(browser, 1)[:2] == ["Team 0 v Guest 0", "Team 1 v Guest 1"]
    assert column(browser, 5)[0] == f"{log['odds_placed'][0]:.3f}" and column(browser, 7)[5] == "open"
    assert column(browser, 8)[5] == "–"
    browser.run(f"{SHEET}.querySelector('.bets [data-step=\"1\"]').click()")
    assert column(browser, 0) == [str(date) for date in log["date"][50:100]]
    heads = f"{SHEET}.querySelectorAll('.bets thead button')"
    browser.run(f"{heads}[6].click()")
    most = log["stake_minor"].sort(descending=True)[:50]
    assert column(browser, 6) == [f"{stake / 100:.2f}" for stake in most]
    assert browser.run(f"return {heads}[6].parentElement.getAttribute('aria-sort')") == "descending"
    assert said(browser, ".place").startswith("1 to 50 of")
    browser.run(f"{heads}[6].click()")
    assert float(column(browser, 6)[0]) == float(log["stake_minor"].min() or 0) / 100  # type: ignore[arg-type]
    browser.run(f"{heads}[6].click()")
    assert column(browser, 0) == [str(date) for date in log["date"][:50]], "the third click: the order of betting"
    kept = log.filter((pl.col("odds_placed") >= 2) & (pl.col("pnl_minor") > 0))
    assert sift(browser, "odds>=2 profit>0") == f"{kept.height:,} of 1,200 bets"
    assert sift(browser, "GUEST over") == f"{log.filter(selection='over').height:,} of 1,200 bets"
    late = log.filter((pl.col("bookmaker") == "b365") & (pl.col("date") >= dt.date(2021, 1, 1)))
    assert sift(browser, "bookmaker=b365 date>=2021-01-01") == (f"{late.height:,} of 1,200 bets")
    assert sift(browser, "no-such-team") == "0 of 1,200 bets" and said(browser, ".place") == "No such bet."
    assert browser.logs()[0] == []


def test_two_dates_zoom_into_the_drawing_and_the_bets(browser: Browser, log: pl.DataFrame) -> None:
    from selenium.webdriver.common.keys import Keys

    before = browser.run(f"return {FIGURE}.querySelector('svg').outerHTML")
    assert browser.run(DATES) == ["2019-08-01", "2023-05-31"]
    first, last = dt.date(2020, 3, 1), dt.date(2020, 4, 15)
    pick(browser, first, last)
    inside = dated(log, first, last)
    assert said(browser, ".count") == f"{inside.height} of 1,200 bets, dated 2020-03-01 to 2020-04-15"
    assert column(browser, 0) == [str(date) for date in inside["date"][:50]]
    daily = made().selected[0].daily
    money = daily.filter(pl.col("date") >= first)["equity_start_minor"][0], daily.filter(pl.col("date") > last)
    words = browser.run(f"return {FIGURE}.querySelector('svg.wide').getAttribute('aria-label')")
    ends = f"from {money[0] / 100:,.0f} to {money[1]['equity_start_minor'][0] / 100:,.0f}, drawdown up to "
    assert words.startswith(f"2020-03-01 to 2020-04-15: {ends}")
    texts = browser.run(f"return [...{FIGURE}.querySelectorAll('svg.wide text')].map(text => text.textContent)")
    assert "03-01" in texts and "2021" not in texts and "NaN" not in "".join(texts)
    pick(browser, last, first)
    assert "after the last one" in browser.run(f"return {FIGURE}.querySelector('.count').textContent")
    browser.run("document.body.focus()")
    browser.keys(Keys.ESCAPE)
    assert browser.run(f"return {FIGURE}.querySelector('svg').outerHTML") == before
    assert said(browser, ".count") == "1,200 bets" and browser.run(DATES) == ["2019-08-01", "2023-05-31"]
    pick(browser, first, last)
    browser.run(f"{BUTTON}.find(button => button.textContent === 'Show all days').click()")
    assert browser.run(f"return {FIGURE}.querySelector('svg').outerHTML") == before
    assert browser.logs()[0] == []


def test_dragging_zooms_and_zooms_again(browser: Browser, log: pl.DataFrame) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    def drag(start: int, end: int) -> list[dt.date]:
        svg = browser.run(f"return {FIGURE}.querySelector('svg.wide')")
        browser.run("arguments[0].scrollIntoView({block: 'center'})", svg)
        move = ActionChains(browser.driver).move_to_element_with_offset(svg, start, 0).click_and_hold()
        half = (end - start) // 2
        move.move_by_offset(half, 10).move_by_offset(end - start - half, 0).release().perform()
        return [dt.date.fromisoformat(one) for one in browser.run(DATES)]

    whole = [dt.date(2019, 8, 1), dt.date(2023, 5, 31)]
    assert drag(0, 3) == whole, "a click is no drag"
    first, last = drag(-200, 100)
    assert whole[0] < first < last < whole[1] and 250 < (last - first).days < 600
    assert said(browser, ".count").startswith(f"{dated(log, first, last).height} of 1,200 bets")
    assert browser.run(f"return {FIGURE}.querySelectorAll('.span').length") == 0
    nearer = drag(150, -150)
    assert first < nearer[0] < nearer[1] < last, "from right to left, within the days that are shown"
    assert browser.logs()[0] == []


def test_the_scale_changes_and_the_note_with_it(browser: Browser, log: pl.DataFrame) -> None:
    title = f"return {FIGURE}.querySelector('svg.wide text').textContent"
    note = f"return {FIGURE}.querySelector('.note').textContent"
    height = f"return {FIGURE}.querySelector('svg.wide .series.s1').getAttribute('points')"
    before, points = browser.run(note), browser.run(height)
    check_same_drawing(browser)
    assert browser.run(title) == "equity, money" and "Logarithmic" not in before
    press = f"{BUTTON}.at(-1).click()"
    browser.run(press)
    assert browser.run(title) == "equity, money, log scale" and "Logarithmic scale" in browser.run(note)
    assert browser.run(f"return {BUTTON}.at(-1).textContent") == "Linear scale"
    assert browser.run(height) != points
    pick(browser, dt.date(2020, 3, 1), dt.date(2020, 4, 15))
    assert browser.run(title) == "equity, money, log scale", "the zoom keeps the scale"
    browser.run(press)
    assert browser.run(title) == "equity, money" and browser.run(note) == before
    assert browser.logs()[0] == []


def check_same_drawing(browser: Browser) -> None:
    """What the script draws of all days is within a pixel of the page's own drawing, whose lines have fewer points."""
    kept = f"return [...{FIGURE}.querySelectorAll('svg.wide .fan90, svg.wide .fan50')].map(one => one.outerHTML)"
    drawn = (
        "const [sheet] = bea.sheets, tracks = bea.sheets.map(curve.track), main = tracks[0];"
        "const least = Math.min(...tracks.flatMap(line => [...line.money])) / 2;"
        "const days = {...sheet.days, floor: Math.max(sheet.days.floor, least)};"
        "const svg = curve.draw(days, tracks, [main.first, main.last], days.log, 1088, '');"
        "return [...svg.querySelectorAll('.fan90, .fan50')].map(one => one.outerHTML)"
    )
    for own, script in zip(browser.run(kept), browser.run(drawn), strict=True):
        places = [
            [float(number) for number in re.findall(r"-?[0-9]+\.?[0-9]*(?=[ ,\"])", one)] for one in (own, script)
        ]
        assert len(places[0]) > 900 and places[0] == pytest.approx(places[1], abs=1.0)


def test_a_path_of_decades_can_be_linear(browser: Browser, write_page: Pages) -> None:
    data = made()
    jump = pl.when(pl.int_range(pl.len()) == 9).then(20_000_000).otherwise("pnl_minor")
    days = data.selected[0].daily.with_columns(pnl_minor=jump)
    browser.show(write_page("decades", replace(data, selected=(replace(data.selected[0], daily=days),))))
    note = f"return {FIGURE}.querySelector('.note').textContent"
    assert "Logarithmic scale" in browser.run(note)
    check_same_drawing(browser)
    browser.run(f"{BUTTON}.at(-1).click()")
    text = browser.run(note)
    assert "Logarithmic" not in text and "below the drawing" not in text and "Days roll in UTC." in text
    assert browser.run(f"return {FIGURE}.querySelector('svg.wide text').textContent") == "equity, money"
    assert browser.logs()[0] == []


@pytest.mark.parametrize(("size", "dark"), VIEWS)
def test_a_zoomed_page_is_readable(browser: Browser, write_page: Pages, size: tuple[int, int], dark: bool) -> None:
    browser.show(write_page("bets", made()), size, dark=dark)
    pick(browser, dt.date(2020, 3, 1), dt.date(2020, 9, 15))
    browser.run(f"{BUTTON}.at(-1).click()")
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]
    shown = "wide" if size == DESKTOP else "narrow"
    assert browser.run(f"return {FIGURE}.querySelector('svg.{shown}').getBoundingClientRect().width") > 300
    assert size == PHONE or browser.run(f"return {SHEET}.querySelector('.bets table').offsetWidth") <= 1120
    assert browser.run(CONTRAST, 4.5)[1] == []
    assert browser.logs()[0] == []


def test_one_configuration_zooms_in_its_headline(browser: Browser, write_page: Pages) -> None:
    data = made()
    one = replace(data, results=results(1), keys=(), selected=(replace(data.selected[0], config=1),))
    browser.show(write_page("bets-of-one", one))
    browser.run(
        "const input = document.querySelector('#headline input'); input.value = '2022-01-01';"
        "input.dispatchEvent(new Event('change'))"
    )
    kept = dated(data.selected[0].bets, dt.date(2022, 1, 1), dt.date(2023, 5, 31))
    assert said(browser, ".count") == f"{kept.height} of 1,200 bets, dated 2022-01-01 to 2023-05-31"


def test_hostile_names_of_teams_stay_text(browser: Browser, write_page: Pages) -> None:
    data = made()
    evil = pl.Series("home", [EVIL[k % len(EVIL)] for k in range(1200)])
    first = replace(data.selected[0], bets=data.selected[0].bets.with_columns(evil, evil.alias("selection")))
    browser.show(write_page("hostile-bets", replace(data, selected=(first,))))
    assert column(browser, 1)[0] == f"{EVIL[0]} v Guest 0"
    assert browser.run("return document.querySelectorAll('main img, main script, main iframe').length") == 0
    said_, asked = browser.logs()
    assert said_ == [] and len(asked) <= 2
