"""A real Prometheus reads a running monitor, and answers every query of the rules and of the dashboard."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from engine.live.alerts import Count
from engine.live.alerts.sender import AlertCounts
from engine.live.feed import Quota
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Kind, Money
from engine.live.running.pulse import pulse_text
from engine.live.running.status import BandLine, BreakerLine, Latency, Status
from scripts.alerts import RULES, rules
from tests.deployment.prometheus.queries import CONFIG, metrics_of, queries
from tests.live.alerts.webhook import webhook
from tests.research.monitor.conftest import NOON_NS, ORDER, TOKEN_OF_TESTS, Served, entry, served, spring

__all__ = ["served", "spring"]  # fixtures

_SECOND: Final = 1_000_000_000
needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="no prometheus: apt-get install prometheus brings it"
)


@pytest.fixture()
def full(served: Served, spring: ChainedLedger) -> Served:
    """A monitor of a ledger whose runner gave a pulse with everything in it."""
    status = Status(
        epoch=spring.epoch, entries=spring.state().number + 6,
        breakers=(BreakerLine("model", True, 0.3, 0.2, None, True, "yield is low", "open"),
                  BreakerLine("streak", True, 5.0, 5.0, NOON_NS, False, "", "open"),
                  BreakerLine("alerts/phone", True, 3)),
        bands=(BandLine("clv", 0.01, -0.02, 0.05, "inside"), BandLine("drawdown", 0.3, None, 0.2, "outside")),
        latency=Latency(12, 1.5, 4.25), alerts=AlertCounts(5, 3, 2, 1),
        passed_over={"late": 4}, quota=Quota(19_400, 600, 592, 8),
    )  # fmt: skip
    second = "c" * 32
    spring.append([
        entry(Kind.INTENDED, NOON_NS + 5, second, Money(cash=-500, reserved=500), **ORDER),
        entry(Kind.SENT, NOON_NS + 5, second),
        entry(Kind.PLACED, NOON_NS + 5, second, Money(reserved=-500, stakes=500), odds=2.2, matched_minor=500),
        entry(Kind.SETTLED, NOON_NS + 6, second, Money(stakes=-500, cash=0, pnl=500), state="loss"),
        entry(Kind.CLOSED, NOON_NS + 6, event_id=7, close_probs={second: 0.5}),
        entry(Kind.TRIPPED, NOON_NS + 9, breaker="streak", n=1, cause="5 of 5", until_ns=NOON_NS + 10),
    ])  # fmt: skip
    now_ns = time.time_ns()
    spring.renew(pulse_text(status, now_ns, now_ns - _SECOND, {"balance_differs": Count(2, now_ns)}))
    served.again()
    return served


def exported(served: Served) -> dict[str, list[Any]]:
    """Samples by name, as a program reads them."""
    with served.program() as client:
        text = client.get("/metrics").text
    found: dict[str, list[Any]] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def test_every_metric_that_a_query_names_is_exported(full: Served) -> None:
    there = set(exported(full))
    lacking = {where: names - there for where, text in queries().items() if (names := metrics_of(text)) - there}
    assert lacking == {}
    assert metrics_of("bea_nothing > 0") - there == {"bea_nothing"}


def free_port() -> int:
    """A port of the loopback that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def prometheus(address: str, tmp_path: Path, alertmanager: str = "127.0.0.1:1") -> Iterator[httpx2.Client]:
    """A Prometheus with the shipped configuration, whose targets, token and pace are those of the test."""
    (tmp_path / "token").write_text(TOKEN_OF_TESTS)
    config = yaml.safe_load(CONFIG.read_text())
    config["global"] |= {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"}
    config["rule_files"] = [str(RULES)]
    (job,) = config["scrape_configs"]
    job["authorization"]["credentials_file"] = str(tmp_path / "token")
    job["static_configs"] = [{"targets": [urllib.parse.urlsplit(address).netloc]}]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alertmanager]}]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    words = ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]  # fmt: skip
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(words, stdout=log, stderr=log) as running:
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}/api/v1/", timeout=5.0) as client:
                yield client
        finally:
            running.terminate()


def asked(client: httpx2.Client, path: str, **words: str) -> Any:
    """The data of an answer of Prometheus."""
    told = client.get(path, params=words).raise_for_status().json()
    assert told["status"] == "success", told
    return told["data"]


def firing(client: httpx2.Client) -> dict[tuple[str, str], Any]:
    """Alerts that fire, by rule and by the name of the alert; none while it does not answer yet."""
    try:
        found = asked(client, "alerts")["alerts"]
    except httpx2.HTTPError:  # no socket yet, or 503 while it starts
        return {}
    return {
        (one["labels"]["alertname"], one["labels"].get("alert", "")): one for one in found if one["state"] == "firing"
    }


def fired(client: httpx2.Client, count: int, log: Path) -> dict[tuple[str, str], Any]:
    """Wait until so many alerts fire, at most 20 s."""
    ends = time.monotonic() + 20
    while len(told := firing(client)) < count:
        assert time.monotonic() < ends, f"{told.keys()} {log.read_text()}"
        time.sleep(0.1)
    return told


@needs_prometheus
def test_prometheus_reads_the_monitor_and_answers_every_query(full: Served, tmp_path: Path) -> None:
    with prometheus(full.address, tmp_path) as client:
        told = fired(client, 3, tmp_path / "log")
        assert told.keys() == {
            ("BeaBreakerTripped", "breaker_model"), ("BeaBreakerTripped", "breaker_streak"),
            ("BeaAlert", "balance_differs"),
        }  # fmt: skip
        page = told["BeaAlert", "balance_differs"]["annotations"]["runbook_url"]
        assert page == "docs/runbook/balance_differs.md"
        known = set(asked(client, "label/__name__/values"))
        for where, text in queries().items():
            asked(client, "query", query=text)
            assert metrics_of(text) <= known, where
        judged = [rule for group in asked(client, "rules")["groups"] for rule in group["rules"]]
        assert {rule["name"] for rule in judged} == {rule["alert"] for rule in rules()}
        assert [(rule["name"], rule.get("lastError")) for rule in judged if rule["health"] != "ok"] == []


@needs_prometheus
@pytest.mark.skipif(shutil.which("prometheus-alertmanager") is None, reason="no prometheus-alertmanager")
def test_an_alert_reaches_a_webhook_through_the_alertmanager(full: Served, tmp_path: Path) -> None:
    port = free_port()
    config = yaml.safe_load((CONFIG.parent / "alertmanager.yml").read_text())
    config["route"] |= {"group_wait": "100ms"}
    with webhook() as hook, (tmp_path / "manager.log").open("wb") as log:
        config["receivers"][0]["webhook_configs"] = [{"url": f"http://127.0.0.1:{hook.server_port}/"}]
        (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
        words = ["prometheus-alertmanager", f"--config.file={tmp_path}/alertmanager.yml", "--cluster.listen-address=",
                 f"--storage.path={tmp_path}/manager", f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
        with subprocess.Popen(words, stdout=log, stderr=log) as manager:
            try:
                with prometheus(full.address, tmp_path, f"127.0.0.1:{port}"):
                    full.until(lambda: len(hook.bodies) >= 3, 20)
            finally:
                manager.terminate()
        sent: list[Any] = [alert for body in hook.bodies for alert in body["alerts"]]
    assert {(one["labels"]["alertname"], one["labels"]["alert"], one["labels"]["severity"]) for one in sent} == {
        ("BeaBreakerTripped", "breaker_model", "warning"), ("BeaBreakerTripped", "breaker_streak", "warning"),
        ("BeaAlert", "balance_differs", "warning"),
    }  # fmt: skip
    assert all("runbook" not in one["labels"] and one["annotations"]["runbook_url"] for one in sent)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool: apt-get install prometheus brings it")
def test_names_and_units_are_those_that_prometheus_recommends(full: Served) -> None:
    with full.program() as client:
        text = client.get("/metrics").content
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr.decode(), done.stdout.decode()) == (0, "", "")
