"""What the hook of the site adds to pages."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from scripts import site_pages

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _fresh() -> None:
    site_pages._changed.cache_clear()


def test_a_page_says_as_of_which_version_it_is() -> None:
    assert re.fullmatch(r"As of version \d+\.\d+\.\d+\.", site_pages.as_of("api/engine.md")), (
        "made when the site is built"
    )


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_a_page_says_when_it_was_changed() -> None:
    for page, source in (("glossary.md", "docs/glossary.md"), ("index.md", "README.md")):
        command = ["git", "log", "-1", "--format=%cs", "--", source]
        day = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
        assert day and site_pages.as_of(page).endswith(f"; last changed on {day}.")


def test_without_git_the_version_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert re.fullmatch(r"As of version [\d.]+\.", site_pages.as_of("glossary.md"))
