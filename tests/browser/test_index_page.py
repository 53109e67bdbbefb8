"""The index of runs in chromium: sorts and filters, loads nothing, and fits a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from research.report.index import page
from tests.browser.conftest import PHONE, Browser
from tests.research.report.test_index import frame, rows

pytestmark = pytest.mark.browser
BETS = (
    "[...document.querySelectorAll('#runs tbody tr')].filter(row => !row.hidden).map(row => row.cells[6].textContent)"
)


@pytest.mark.parametrize("dark", [False, True])
def test_the_index_sorts_filters_and_fits(browser: Browser, tmp_path: Path, dark: bool) -> None:
    made = [rows(run=f"{k:x}" * 32, bets=1000 - 70 * k, note="word " * 60, tags=[f"t{k}"]) for k in range(10)]
    path = tmp_path / "index.html"
    path.write_text(page(frame(*made), {"1" * 32}), encoding="utf-8")
    browser.show(path, PHONE, dark=dark)
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]
    browser.run("document.querySelectorAll('#runs thead button')[6].click()")
    browser.run("document.querySelectorAll('#runs thead button')[6].click()")
    assert browser.run(f"return {BETS}") == [f"{1000 - 70 * k:,}" for k in reversed(range(10))]
    browser.run(
        "const b = document.querySelector('.sift input'); b.value = 'tags=t3'; b.dispatchEvent(new Event('input'))"
    )
    assert browser.run(f"return {BETS}") == ["790"]
    assert browser.run("return document.querySelectorAll('#runs tbody a').length") == 1
    messages, addresses = browser.logs()
    assert messages == [] and all(address.startswith("file:") for address in addresses)
