"""The documentation site opens from the file system: nothing from the network, and the search works."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.browser.conftest import Browser

SITE = Path(__file__).resolve().parents[2] / "site"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (SITE / "index.html").is_file(), reason="no site/ (nox -s docs builds it)"),
]


TYPE = """
    const box = document.querySelector("[data-md-component=search-query]");
    box.focus();
    box.value = arguments[0];
    box.dispatchEvent(new Event("keyup", { bubbles: true }));
"""


def test_no_page_names_an_asset_of_the_network() -> None:
    foreign = re.compile(r'<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)="?(?:https?:)?//[^">]+')
    pages = sorted(SITE.rglob("*.html"))
    assert len(pages) > 40
    assert not [match for page in pages for match in foreign.findall(page.read_text())]
    assert not [path for path in SITE.rglob("*.css") if re.search(r"url\(\s*[\"']?(?:https?:)?//", path.read_text())]


@pytest.mark.parametrize(
    ("words", "target"), [("embargo", "research.validation.html"), ("fair_probabilities", "engine.odds.html")]
)
def test_the_search_answers_from_the_file_system(fresh_browser: Browser, words: str, target: str) -> None:
    fresh_browser.show(SITE / "index.html")
    links: list[str] = []
    for _ in range(100):  # the page may not listen yet, and the index is large: type until there is an answer
        fresh_browser.run(TYPE, words)
        links = fresh_browser.run("return [...document.querySelectorAll('.md-search-result__link')].map((a) => a.href)")
        if links:
            break
        time.sleep(0.2)
    assert any(target in link for link in links), links
    messages, requests = fresh_browser.logs()
    assert not [address for address in requests if not address.startswith(("file:", "data:", "blob:", "about:"))]
    assert not messages
