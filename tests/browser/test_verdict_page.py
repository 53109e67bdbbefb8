"""The page of a real sweep in chromium: verdict, conditions, evidence, charts of the validation."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import research
from tests.browser.conftest import DESKTOP, PHONE, Browser
from tests.browser.test_report_page import VIEWS, check_view

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a sweep in which one configuration has a flag."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(tmp_path_factory.mktemp("home")))
        run = research.sweep(
            ["data=sample", "strategy.edge_min=range(0,0.04,0.01)", "strategy.odds_max=3,null", "validation=cpcv"]
        )
        pl.DataFrame({"config": [8], "flag": ["hit_rate"]}).write_parquet(run.folder / "flags.parquet")
        return run.render()


@pytest.mark.parametrize(("size", "dark"), VIEWS)
def test_every_view_is_complete_and_readable(browser: Browser, swept: Path, size: tuple[int, int], dark: bool) -> None:
    check_view(browser, swept, size, dark=dark, least=400)
    assert browser.run("return document.querySelectorAll('.conditions li').length") == 5


def test_the_verdict_comes_first(browser: Browser, swept: Path) -> None:
    browser.show(swept)
    assert browser.run("return document.querySelector('h1').textContent").startswith("Profit: not proved. ")
    signs = browser.run("return [...document.querySelectorAll('.conditions b')].map(b => b.textContent)")
    assert len(signs) == 5 and set(signs) <= {"✓ holds", "✗ fails"} and signs[4] == "✗ fails"
    second = browser.run("return document.querySelector('h1 + .second').textContent")
    assert second.startswith("Price: ") and "Profit" not in second
    for place in ("h1", ".second", ".conditions", "#headline .wide"):
        assert browser.run(f"return document.querySelector('{place}').getBoundingClientRect().top") < 800, place
    order = "return [...document.querySelectorAll('main > section')].map(s => s.id)"
    assert browser.run(order)[:5] == ["headline", "evidence", "price", "outside", "board-section"]


def test_every_chart_is_there_with_named_axes(browser: Browser, swept: Path) -> None:
    browser.show(swept)
    names = browser.run("return [...document.querySelectorAll('[data-figure]')].map(f => f.dataset.figure)")
    wanted = {
        "outside",
        "yield-season",
        "yield-odds",
        "drawdowns",
        "calibration",
        "inside-outside",
        "logits",
        "crossing",
    }
    assert wanted <= set(names), sorted(names)
    bare = browser.run(
        "return [...document.querySelectorAll('[data-figure] svg.wide')]"
        ".filter(svg => !svg.getAttribute('aria-label') || svg.querySelectorAll('text.muted').length < 2)"
        ".map(svg => svg.closest('[data-figure]').dataset.figure)"
    )
    assert bare == []


def test_a_flagged_configuration_is_listed_last_with_its_flag(browser: Browser, swept: Path) -> None:
    browser.show(swept)
    last = "const rows = document.querySelectorAll('#board tbody tr:not([aria-hidden])'); return rows[rows.length - 1]"
    assert browser.run(f"{last}.textContent").startswith("#8")
    assert "hit rate" in browser.run(f"{last}.textContent")
    assert "--acknowledge hit_rate" in browser.run("return document.querySelector('.notes').textContent")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_evidence_is_filtered(browser: Browser, swept: Path, size: tuple[int, int]) -> None:
    browser.show(swept, size)
    rows = "[...document.querySelectorAll('#evidence .evidence tbody tr')]"
    shown = f"return {rows}.filter(row => row.getBoundingClientRect().height).length"
    assert browser.run(shown) >= 12
    browser.run(
        "const box = document.querySelector('#evidence input'); box.value = 'deflated';"
        "box.dispatchEvent(new Event('input'))"
    )
    browser.driver.execute_async_script("setTimeout(arguments[0], 250)")
    assert browser.run(shown) == 1
