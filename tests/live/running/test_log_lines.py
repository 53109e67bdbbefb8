"""The fields that the page about shipping logs names are those of real lines, and its configurations read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.live.alarm import Alarm
from engine.live.alerts import AlertSender, AlertSettings
from engine.live.running.herald import Herald
from engine.logs import setup
from engine.logs.secrets import Secrets
from research.monitor import actions
from tests.live.clock import MovedClock
from tests.live.running import scene
from tests.research.monitor.conftest import serving, written

PAGE = Path(__file__).resolve().parents[3] / "docs" / "logs.md"
TEXT = PAGE.read_text(encoding="utf-8")


def section(title: str) -> str:
    """A section of the page."""
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def block(language: str) -> str:
    """The one block of code in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)
    return str(found)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """Lines of a day of a runner, of an alert, and of a monitor that failed to answer."""
    folder = tmp_path_factory.mktemp("lines")
    file, patch = folder / "demo.log", pytest.MonkeyPatch()
    patch.setenv("BEA_HOME", str(folder))
    scene.History.cut(1, folder)
    setup.start(setup.LogSettings(console_level="off"), Secrets(), file)
    try:
        scene.traded(scene.History.read(folder))
        Herald(AlertSender(AlertSettings(), MovedClock(), {})).tell(Alarm("balance_differs", "12 minor units", "k"))
        patch.setattr(actions, "kill", lambda *words: 1 / 0)
        with written(), serving() as served, served.program() as client:
            client.post("/api/ledgers/spring/kill", json={"reason": "a test"})
    finally:
        setup.stop()
        patch.undo()
    yield [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_every_field_of_the_page_is_in_a_real_line(lines: list[dict[str, Any]]) -> None:
    always, some = section("Fields").split("These come with some:")
    named = [re.findall(r"^\| `(\w+)` \|", part, re.M) for part in (always, some)]
    assert named[0] == ["timestamp", "level", "logger", "event"] and len(named[1]) > 10
    assert all(set(named[0]) <= set(line) for line in lines)
    assert set(named[1]) <= {field for line in lines for field in line}
    levels = re.findall(r"`(\w+)`", re.findall(r"\| `level` \|(.*)\|", always)[0])
    assert {line["level"] for line in lines} <= set(levels)


def test_one_id_leads_from_the_placed_bet_to_its_settlement(lines: list[dict[str, Any]]) -> None:
    bets: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        if "correlation" in line:
            bets.setdefault(line["correlation"], []).append(line)
    stories = [[line["event"] for line in found] for found in bets.values()]
    assert ["placed", "settled"] in stories
    assert all(line["key"][:16] == line["correlation"] for line in lines if "key" in line and "correlation" in line)


def test_the_time_is_read_by_each_of_the_configurations(lines: list[dict[str, Any]]) -> None:
    (agent,) = json.loads(block("json"))["logs"]["logs_collected"]["files"]["collect_list"]
    beat = yaml.safe_load(block("yaml"))
    (stamp,) = (one["timestamp"] for one in beat["processors"] if "timestamp" in one)
    assert '"RFC3339Nano"' in block("alloy") and agent["timezone"] == "UTC"
    assert stamp["layouts"] == ["2006-01-02T15:04:05.999999Z", "2006-01-02T15:04:05Z"]
    for text in (*(line["timestamp"] for line in lines), *stamp["test"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", text)
        if "." in text:
            read = datetime.strptime(text.removesuffix("Z"), agent["timestamp_format"]).replace(tzinfo=UTC)
            assert read == datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_the_configurations_read_the_files_and_fields_that_there_are() -> None:
    alloy, beat = block("alloy"), yaml.safe_load(block("yaml"))
    (expressions,) = re.findall(r"expressions = \{(.*)\}", alloy)
    (labels,) = re.findall(r"values = \{(.*)\}", alloy)
    extracted = set(re.findall(r"(\w+) = \"\"", expressions))
    assert extracted == {"level", "logger", "timestamp"}
    assert set(re.findall(r"(\w+) = \"\"", labels)) == extracted - {"timestamp"}
    (source,) = beat["filebeat.inputs"]
    target = source["parsers"][0]["ndjson"]["target"]
    assert beat["processors"][0]["timestamp"]["field"] == f"{target}.timestamp"
    paths = {source["paths"][0], *re.findall(r"\"(/[^\"]+\.log)\"", alloy + block("json"))}
    assert paths == {"/var/lib/bea/home/data/logs/*.log"}
    assert setup.LogSettings().file_max_mb == 10 and setup.LogSettings().files == 5
