"""Each alert rule fires when it should and only then, and the alert matrix is covered."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.live.alerts import ALERTS, Severity
from scripts.alerts import RULES, page_of, rules
from tests.deployment.dockerfile import ROOT
from tests.deployment.prometheus.queries import CONFIG

HERE = Path(__file__).resolve().parent
PAGES = ROOT / "docs" / "runbook"
#: rules whose page is that of the alert named by a label of the metric
BY_LABEL = {"BeaBreakerTripped", "BeaAlert"}
#: alerts that a rule of its own tells: a state and no event
STATES = {"killed": "BeaKilled", "bet_unknown": "BeaBetUnknown", "runner_dead": "BeaRunnerDead"}

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: apt-get install prometheus brings it"
)


def promtool(*words: str | Path) -> str:
    """What promtool says, and its status."""
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=60)
    return f"{done.returncode} {done.stdout}{done.stderr}"


def told(tmp_path: Path, cases: str, text: str) -> str:
    """What promtool says of cases for the rules."""
    (tmp_path / "rules.yml").write_text(text)
    (tmp_path / "cases.yml").write_text(cases.replace("[RULES]", "[rules.yml]"))
    return promtool("test", "rules", tmp_path / "cases.yml")


@needs_promtool
def test_rules_and_configuration_are_valid(tmp_path: Path) -> None:
    assert promtool("check", "rules", RULES).startswith("0 ")
    assert promtool("check", "config", "--syntax-only", CONFIG).startswith("0 ")


@needs_promtool
def test_each_rule_fires_when_it_should_and_not_before(tmp_path: Path) -> None:
    cases = (HERE / "rules_test.yml").read_text()
    assert told(tmp_path, cases, RULES.read_text()).startswith("0 ")
    names = {case["alertname"] for test in yaml.safe_load(cases)["tests"] for case in test["alert_rule_test"]
             if case.get("exp_alerts")}  # fmt: skip
    assert names | {"BeaAlert"} == {rule["alert"] for rule in rules()}


@needs_promtool
def test_a_rule_that_is_wrong_fails_its_cases(tmp_path: Path) -> None:
    text = RULES.read_text()
    wrong = text.replace("< 120)", "< 1200)")
    assert wrong != text and "FAILED" in told(tmp_path, (HERE / "rules_test.yml").read_text(), wrong)


def matrix() -> str:
    """Cases: each alert is raised at 15 minutes, and was never raised before."""
    series, cases = [], []
    for alert in ALERTS.values():
        labels = f'ledger="spring",alert="{alert.name}",severity="{alert.severity}"'
        if alert.name.startswith("breaker_"):
            series.append(("bea_breaker_tripped{" + labels + f',breaker="{alert.name}"}}', "0x14 1x10"))
        series.append(("bea_alert_raised_timestamp_seconds{" + labels + "}", "-99999x14 900x70"))
    for at, is_event in (("14m", False), ("16m", True), ("76m", False)):
        expected = [
            {
                "exp_labels": {"ledger": "spring", "alert": one.name, "severity": str(one.severity)},
                "exp_annotations": {
                    "summary": f"alert {one.name}",
                    "description": "Raised 1m 0s ago by spring.",
                    "runbook_url": f"docs/runbook/{one.name}.md",
                },
            }
            for one in ALERTS.values()
            if is_event and one.severity is not Severity.INFO
            and one.name not in STATES and not one.name.startswith("breaker_")
        ]  # fmt: skip
        cases.append({"eval_time": at, "alertname": "BeaAlert", "exp_alerts": expected})
    breakers = [
        {
            "exp_labels": {"ledger": "spring", "alert": one.name, "severity": str(one.severity), "breaker": one.name},
            "exp_annotations": {
                "summary": "a breaker stops bets",
                "description": f"Breaker {one.name} of spring.",
                "runbook_url": f"docs/runbook/{one.name}.md",
            },
        }
        for one in ALERTS.values() if one.name.startswith("breaker_")
    ]  # fmt: skip
    cases.append({"eval_time": "14m", "alertname": "BeaBreakerTripped", "exp_alerts": []})
    cases.append({"eval_time": "16m", "alertname": "BeaBreakerTripped", "exp_alerts": breakers})
    test = {
        "interval": "1m",
        "external_labels": {"runbook": "docs/runbook"},
        "input_series": [{"series": name, "values": values} for name, values in series],
        "alert_rule_test": cases,
    }
    return yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]})


@needs_promtool
def test_each_alert_of_the_matrix_that_is_not_informative_fires_with_its_page(tmp_path: Path) -> None:
    assert told(tmp_path, matrix(), RULES.read_text()).startswith("0 ")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_has_a_severity_and_a_page_of_the_runbook(rule: dict[str, Any]) -> None:
    page, link = page_of(rule), rule["annotations"]["runbook_url"]
    assert link.startswith("{{ $externalLabels.runbook }}/")
    if rule["alert"] in BY_LABEL:
        assert link.endswith("/{{ $labels.alert }}.md") and "labels" not in rule
        return
    severity, text = rule["labels"]["severity"], rule["annotations"]["summary"]
    assert (PAGES / f"{page}.md").read_text().startswith(f"# {page}\n\n**{severity.capitalize()}**: {text}.\n")
    if page in ALERTS:
        assert (severity, text) == (ALERTS[page].severity, ALERTS[page].text)
    assert STATES.get(page, rule["alert"]) in (rule["alert"], "BeaRunnerDead")
