"""The table of alerts, its pages, and the settings file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from engine.live.alerts import ALERTS, AlertSettings, raised
from scripts import alerts as matrix

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs" / "runbook"


def test_each_alert_has_a_page_and_each_page_an_alert() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"index", "status"}
    assert pages == {name for name, *_ in matrix.rows()} and set(ALERTS) < pages


@pytest.mark.parametrize("row", matrix.rows(), ids=lambda row: row[0])
def test_a_page_says_what_it_means_and_what_to_do(row: tuple[str, ...]) -> None:
    name, severity, says, *_ = row
    text = (PAGES / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n\n**{severity.capitalize()}**: {says}.\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## What it means",
        "## What the runner does",
        "## What to do",
    ]


def test_the_guide_has_the_current_matrix() -> None:
    assert matrix.page() == matrix.PAGE.read_text()
    text = matrix.PAGE.read_text()
    for alert in ALERTS.values():
        assert f"| [{alert.name}](runbook/{alert.name}.md) | {alert.severity} | {alert.text} |" in text


def test_only_informative_alerts_have_no_rule_in_prometheus() -> None:
    informative = {name for name, alert in ALERTS.items() if alert.severity == "info"}
    assert {name for name, *_, rule in matrix.rows() if not rule} == informative | {"lease_lost"}


def test_the_shipped_settings_are_the_defaults() -> None:
    assert AlertSettings(**yaml.safe_load((ROOT / "conf/live/alerts.yaml").read_text())) == AlertSettings()


def test_text_from_outside_is_one_short_line() -> None:
    alert = raised("killed", "k", "a\x1b[31m\nb" + "x" * 1000)
    assert "\n" not in alert.facts and "\x1b" not in alert.facts and len(alert.facts) == 400


def test_an_unknown_alert_is_a_mistake_of_the_code() -> None:
    with pytest.raises(KeyError):
        raised("nothing")
