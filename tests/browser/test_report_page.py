"""The report page in chromium: widths, themes, keyboard, table, maps, printing, hostile names."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from research.report.text import MEASURES
from tests.browser.conftest import DESKTOP, PHONE, Browser
from tests.research.report.made import configuration, report, results
from tests.research.report.test_page import CASES, EVIL

pytestmark = pytest.mark.browser

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
VIEWS = [
    pytest.param(size, dark, id=f"{size[0]}-{'dark' if dark else 'light'}")
    for size in (DESKTOP, PHONE)
    for dark in (False, True)
]
FIRST = "return document.querySelector('#board tbody tr:not([aria-hidden])')"
Pages = Callable[[str, Any], Path]


@pytest.fixture()
def plain(write_page: Pages) -> Path:
    return write_page("plain", report(count=3000))


def check_view(browser: Browser, path: Path, size: tuple[int, int], *, dark: bool, least: int) -> None:
    """A page logs and requests nothing, does not scroll sideways, and shows more than `least` readable texts."""
    browser.show(path, size, dark=dark)
    said, asked = browser.logs()
    assert said == []
    assert [address for address in asked if not address.startswith(("file:", "data:"))] == []
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]
    browser.run("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]
    seen, bad = browser.run(CONTRAST, 4.5)
    assert seen > least and bad == []


@pytest.mark.parametrize(("size", "dark"), VIEWS)
def test_every_view_is_complete_and_readable(browser: Browser, plain: Path, size: tuple[int, int], dark: bool) -> None:
    check_view(browser, plain, size, dark=dark, least=200)
    back = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert back == ("rgb(18, 20, 22)" if dark else "rgb(255, 255, 255)")
    shown, hidden = ("wide", "narrow") if size == DESKTOP else ("narrow", "wide")
    assert browser.run(f"return document.querySelector('#headline .{shown}').getBoundingClientRect().width") > 300
    assert browser.run(f"return document.querySelector('#headline .{hidden}').getBoundingClientRect().width") == 0


def test_the_first_screen_shows_verdict_and_headline_chart(browser: Browser, plain: Path) -> None:
    browser.show(plain)
    for place in ("h1", ".reading", "#headline .wide"):
        assert browser.run(f"return document.querySelector('{place}').getBoundingClientRect().top") < 700, place
    assert browser.run("return document.querySelector('#board').getBoundingClientRect().top") > 700


def test_columns_of_text_are_narrow_and_figures_tabular(browser: Browser, plain: Path) -> None:
    browser.show(plain)
    widest = browser.run(
        "const wide = p => p.getBoundingClientRect().width / parseFloat(getComputedStyle(p).fontSize);"
        "return Math.max(...[...document.querySelectorAll('main p:not(.tried)')].map(wide))"
    )
    assert widest < 60
    assert browser.run("return getComputedStyle(document.body).fontVariantNumeric") == "tabular-nums"
    assert browser.run("return document.querySelector('main').getBoundingClientRect().width") <= 1120


def test_the_theme_is_switched_and_remembered(browser: Browser, plain: Path) -> None:
    browser.show(plain)
    back = "return getComputedStyle(document.body).backgroundColor"
    browser.run("document.getElementById('theme').click()")
    assert browser.run(back) == "rgb(18, 20, 22)"
    browser.driver.refresh()
    assert browser.run(back) == "rgb(18, 20, 22)"
    assert browser.run("return document.getElementById('theme').textContent") == "Light"
    seen, bad = browser.run(CONTRAST, 4.5)
    assert seen > 200 and bad == []
    browser.prefer(False, "print")
    assert browser.run(back) == "rgb(255, 255, 255)"
    browser.prefer(False)
    browser.run("document.getElementById('theme').click()")
    assert browser.run(back) == "rgb(255, 255, 255)"


def test_the_table_sorts_filters_and_draws_only_visible_rows(browser: Browser, write_page: Pages) -> None:
    browser.show(write_page("large", report(count=20_000)))
    rows = "return document.querySelectorAll('#board tbody tr').length"
    assert browser.run(rows) < 60
    assert browser.run("return document.getElementById('tally').textContent") == "20,000 rows"
    head = "[...document.querySelectorAll('#board thead button')].find(b => b.textContent.startsWith('{}')).click()"
    heads = browser.run("return [...document.querySelectorAll('#board thead button')].map(b => b.textContent)")
    assert heads[1:4] == ["strategy", "edge min", "fraction"], "settings stand beside the rank"
    for name in ("yield", "bets"):
        column = next(place for place, text in enumerate(heads) if text.startswith(name))
        browser.run(head.format(name))
        down = float(browser.run(f"{FIRST}.children[{column}].textContent").replace(",", "").replace("\u2212", "-"))
        assert browser.run(f"return document.querySelectorAll('#board th')[{column}].ariaSort") == "descending"
        browser.run(head.format(name))
        up = float(browser.run(f"{FIRST}.children[{column}].textContent").replace(",", "").replace("\u2212", "-"))
        assert up < down
    browser.run("document.getElementById('board').scrollTop = 300000")
    browser.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    assert browser.run(rows) < 60
    sticky = "return document.querySelector('#board tbody th').getBoundingClientRect().left"
    before = browser.run(sticky)
    browser.run("document.getElementById('board').scrollLeft = 200")
    assert browser.run(sticky) == before
    browser.driver.execute_async_script(
        "const done = arguments[0], box = document.getElementById('filter');"
        "box.value = 'strategy=value bets>=1000 yield>2'; box.dispatchEvent(new Event('input'));"
        "const ready = () => document.getElementById('tally').textContent.includes('of');"
        "const look = () => ready() ? done() : setTimeout(look, 5); look();"
    )
    board = report(count=20_000).results
    kept = board.filter(
        (board["strategy.name"] == "value") & (board["n_bets"] >= 1000) & (board["yield"] > 0.02)
    ).height
    assert browser.run("return document.getElementById('tally').textContent") == f"{kept:,} of 20,000"


@pytest.mark.parametrize(
    ("words", "kept"), [("consensus", 1500), ("nothing-like-this", 0), ("unknown>3", 0), ("strategy!=value", 1500)]
)
def test_filters(browser: Browser, plain: Path, words: str, kept: int) -> None:
    browser.show(plain)
    browser.run(
        "const b = document.getElementById('filter'); b.value = arguments[0]; b.dispatchEvent(new Event('input'))",
        words,
    )
    browser.driver.execute_async_script("setTimeout(arguments[0], 250)")
    assert browser.run("return document.getElementById('tally').textContent") == f"{kept:,} of 3,000"


def test_the_map_follows_axes_sliders_and_the_table(browser: Browser, plain: Path) -> None:
    browser.show(plain)
    first = browser.run("return document.getElementById('map').innerText")
    assert browser.run("return document.querySelectorAll('#map td.here').length") == 1
    assert "standard error" in browser.run("return document.getElementById('map-answer').textContent")
    slider = browser.run("return document.querySelector('#map-rest input')")
    assert slider is not None
    browser.run(
        "const s = arguments[0]; s.value = s.value === s.max ? s.min : s.max; s.dispatchEvent(new Event('input'))",
        slider,
    )
    assert browser.run("return document.getElementById('map').innerText") != first
    browser.run("document.getElementById('map-back').click()")
    assert browser.run("return document.getElementById('map').innerText") == first
    browser.run(
        "const x = document.getElementById('map-x'), y = document.getElementById('map-y'); const kept = x.value;"
        "x.value = y.value; x.dispatchEvent(new Event('change'));"
    )
    assert browser.run("return document.getElementById('map-x').value !== document.getElementById('map-y').value")
    browser.run(
        "const m = document.getElementById('map-measure'); m.selectedIndex = 3; m.dispatchEvent(new Event('change'))"
    )
    assert browser.run("return document.querySelectorAll('#map td').length") > 1
    browser.run("document.querySelectorAll('#board .pick')[4].click()")
    picked = browser.run("return document.querySelectorAll('#board .pick')[4].textContent")
    assert browser.run("return document.getElementById('show-command').textContent").endswith(picked)
    assert browser.logs()[0] == []


def test_the_charts_of_another_configuration_are_shown(browser: Browser, plain: Path) -> None:
    browser.show(plain)
    browser.run("const s = document.getElementById('sheet'); s.selectedIndex = 1; s.dispatchEvent(new Event('change'))")
    shown = browser.run(
        "return [...document.querySelectorAll('.sheet')].map(s => s.getBoundingClientRect().height > 0)"
    )
    assert shown == [False, True]


def test_everything_is_reachable_by_keyboard_with_visible_focus(browser: Browser, plain: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.show(plain)
    reached, unseen = set(), []
    for _ in range(70):
        browser.keys(Keys.TAB)
        name, outline, width = browser.run(
            "const e = document.activeElement, s = getComputedStyle(e);"
            "return [e.id || e.className || e.textContent.slice(0, 20), s.outlineStyle, parseFloat(s.outlineWidth)]"
        )
        if browser.run("return document.activeElement === document.body"):
            break
        reached.add(name)
        if outline == "none" or width < 1:
            unseen.append(name)
    assert {"theme", "filter", "csv", "board", "sheet"} <= reached
    assert unseen == []
    browser.run("document.getElementById('board').focus()")
    browser.keys(Keys.PAGE_DOWN)
    assert browser.run("return document.getElementById('board').scrollTop") > 100
    browser.run("document.querySelector('#board .pick[tabindex=\"0\"]').focus()")
    browser.keys(Keys.END, Keys.ARROW_UP, Keys.ENTER)
    last = report(count=3000).results["config"][-2]
    assert browser.run("return document.querySelector('#board tr.selected .pick').textContent") == f"#{last}"


def test_tooltips_show_numbers(browser: Browser, plain: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    browser.show(plain)
    mark = browser.run("return [...document.querySelectorAll('#headline .wide .hit')].at(5)")
    browser.run("arguments[0].scrollIntoView({block: 'center'})", mark)
    # a scroll hides the tooltip, and its event comes with the next frame
    browser.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    ActionChains(browser.driver).move_to_element(mark).perform()
    assert "configurations" in browser.run(
        "const t = document.getElementById('tip'); return t.hidden ? '' : t.textContent"
    )


def test_print_shows_everything(browser: Browser, plain: Path) -> None:
    browser.show(plain, dark=True)
    printed = browser.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    pages = base64.b64decode(printed["data"]).count(b"/Type /Page\n") or base64.b64decode(printed["data"]).count(
        b"/Type /Page"
    )
    assert pages >= 4
    assert browser.run("return [...document.querySelectorAll('details')].every(fold => fold.open)")
    assert browser.logs()[0] == []


def test_hostile_names_do_nothing(browser: Browser, write_page: Pages) -> None:
    board = results(names=EVIL)
    data = report()
    manifest = {**data.manifest, "command": ["bea", *EVIL], "notes": list(EVIL)}
    path = configuration(int(board["config"][0]), **{"strategy.name": EVIL[1]})
    browser.show(write_page("hostile", replace(data, results=board, selected=(path,), manifest=manifest)))
    said, asked = browser.logs()
    assert said == [] and len(asked) <= 2
    assert browser.run("return document.querySelectorAll('img, svg svg, iframe').length") == 0
    lines = browser.run("return bea.csv()").split("\r\n")
    assert len(lines) == 402
    assert any('"\'=HYPERLINK(""http://evil.example"",""win"")"' in line for line in lines)
    assert not any(cell.startswith(("=", "+", "@")) for line in lines for cell in line.split(","))


@pytest.mark.parametrize("case", CASES)
def test_empty_cases_log_nothing(browser: Browser, write_page: Pages, case: str) -> None:
    browser.show(write_page(case.replace(" ", "-"), report(**CASES[case][0])), PHONE)
    assert browser.logs()[0] == []
    text = browser.run("return document.body.innerText")
    assert "NaN" not in text and "undefined" not in text and "null" not in text
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]


def test_equal_results_are_folded_until_the_box_is_cleared(browser: Browser, write_page: Pages) -> None:
    data = report()
    twins = data.results.head(30).with_columns(pl.col("config") + 1000, pl.lit(0.5).alias("staking.fraction"))
    browser.show(write_page("twins", replace(data, results=pl.concat([data.results, twins.cast(data.results.schema)]))))
    tally, box = "return document.getElementById('tally').textContent", "document.getElementById('fold')"
    assert browser.run(tally) == "400 of 430"
    assert browser.run("return document.getElementById('folded').textContent") == (
        "Fold 30 with the same bets as another one"
    )
    assert browser.run(f"{FIRST}.children[0].textContent").endswith(" +1")
    browser.run(f"{box}.click()")
    assert browser.run(tally) == "430 rows"
    assert not browser.run(f"{FIRST}.children[0].textContent").endswith(" +1")


def test_nothing_to_fold_shows_no_box(browser: Browser, plain: Path) -> None:
    browser.show(plain)
    assert browser.run("return getComputedStyle(document.getElementById('fold').parentElement).display") == "none"


def test_the_page_writes_numbers_as_sentences_do(browser: Browser, plain: Path) -> None:
    browser.show(plain)
    for name, values in {
        "pnl_minor": [0, 5, -12_345, 99_999, 100_000, -1_234_567],
        "yield": [0.0125, -0.00004, 0.1, 12.5],
        "n_bets": [0, 999, 1_000],
    }.items():
        for value in values:
            shown = browser.run(
                "return bea.text(bea.measures.find(m => m.name === arguments[0]), arguments[1])", name, value
            )
            assert shown == MEASURES[name].text(value), (name, value)


@pytest.mark.parametrize(("size", "last"), [(DESKTOP, "clv_mean"), (PHONE, "yield")])
def test_many_settings_leave_the_results_in_sight(
    browser: Browser, write_page: Pages, size: tuple[int, int], last: str
) -> None:
    data = report()
    more = [pl.Series(f"strategy.a_long_name_{k}", [k % 2 + row % 3 for row in range(400)]) for k in range(7)]
    keys = (*data.keys, *(column.name for column in more))
    browser.show(write_page("many", replace(data, results=data.results.with_columns(more), keys=keys)), size)
    heads = browser.run("return [...document.querySelectorAll('#board thead th')].map(cell => cell.textContent)")
    assert heads[:3] == ["#", "settings", "yield, %"] and heads[-1] == "a long name 6"
    place = heads.index(MEASURES[last].head)
    edges = browser.run(
        "const ends = place => place.getBoundingClientRect().right, frame = document.getElementById('board');"
        "return [ends(frame.querySelectorAll('thead th')[arguments[0]]), ends(frame)]",
        place,
    )
    assert edges[0] <= edges[1] + 2
    words = browser.run(f"{FIRST}.children[1].title")
    row = data.results.row(0, named=True)
    assert words.startswith(f"{row['strategy.name']}, edge min ") and "a long name 6 " in words
    saved = browser.run("return bea.csv()").split("\r\n")[0]
    assert "settings" not in saved and saved.endswith("strategy.a_long_name_6")
    browser.run("document.querySelectorAll('#board thead button')[1].click()")
    assert browser.run(f"{FIRST}.children[1].title").startswith("consensus, edge min 0")
    assert browser.logs()[0] == []
