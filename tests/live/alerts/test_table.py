"""The table of alerts, its pages, and the settings file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from engine.live.alerts import ALERTS, AlertSettings, raised

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs" / "runbook"


def test_each_alert_has_a_page_and_each_page_an_alert() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"index", "status"}
    assert pages == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_a_page_says_what_it_means_and_what_to_do(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text()
    alert = ALERTS[name]
    assert text.startswith(f"# {name}\n\n**{alert.severity.capitalize()}**: {alert.text}.\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## What it means",
        "## What the runner does",
        "## What to do",
    ]


def test_the_guide_lists_every_alert_with_its_severity() -> None:
    text = (ROOT / "docs" / "breakers.md").read_text()
    for alert in ALERTS.values():
        assert f"| [{alert.name}](runbook/{alert.name}.md) | {alert.severity} | {alert.text} |" in text


def test_the_shipped_settings_are_the_defaults() -> None:
    assert AlertSettings(**yaml.safe_load((ROOT / "conf/live/alerts.yaml").read_text())) == AlertSettings()


def test_text_from_outside_is_one_short_line() -> None:
    alert = raised("killed", "k", "a\x1b[31m\nb" + "x" * 1000)
    assert "\n" not in alert.facts and "\x1b" not in alert.facts and len(alert.facts) == 400


def test_an_unknown_alert_is_a_mistake_of_the_code() -> None:
    with pytest.raises(KeyError):
        raised("nothing")
