"""The parts of the page of a ledger: what they say, and what the curve of equity is held against."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

import research
from engine.live.alerts.tally import Count
from engine.live.feed import Quota
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Kind, Money
from engine.live.ledger.settings import LedgerSettings
from engine.live.running.pulse import pulse_text
from engine.live.running.status import BandLine, BreakerLine, Status
from engine.promotion import publish
from research.monitor.chronicle import Interval, Point
from research.monitor.measures import MEASURES
from research.monitor.views import View, parts
from research.monitor.watcher import Snapshot
from tests.engine.promotion.test_frozen import sample
from tests.live.ledger.postgres import server
from tests.research.monitor.conftest import DAY_NS, KEY, NOON_NS, ORDER, Served, entry, serving, written

POINTS = (
    Point(NOON_NS, 10_000, 0.0, 1), Point(NOON_NS + DAY_NS, 9_000, 0.1, 2), Point(NOON_NS + 2 * DAY_NS, 9_500, 0.05, 3),
)  # fmt: skip


def part(name: str, **snapshot: Any) -> str:
    """One part of the page of a snapshot."""
    return parts(View(Snapshot("spring", **snapshot), NOON_NS))[name]


def chart(text: str) -> dict[str, Any]:
    """The data of a chart in a part."""
    found = re.search(r'data-chart="([^"]*)"', text)
    assert found is not None
    data: dict[str, Any] = json.loads(unescape(found[1]))
    return data


@pytest.mark.parametrize(
    ("lower", "upper", "ends"),
    [
        (None, None, "–"),
        (None, 0.2, "up to 0.2000"),
        (-0.1, None, "from −0.1000"),
        (-0.1, 0.2, "−0.1000 to 0.2000"),
    ],
)
def test_a_band_is_told_by_the_ends_that_it_has(lower: float | None, upper: float | None, ends: str) -> None:
    bands = (BandLine("yield", None, lower, upper, "too early to tell"),)
    assert f'<td class="n">{ends}</td><td class="">too early to tell</td>' in part("drift", status=Status(bands=bands))


def test_a_band_of_the_closing_price_that_was_not_measured_yet_is_not_told() -> None:
    early = Status(bands=(BandLine("clv", None, None, None, "too early to tell"),))
    told = part("clv", status=early, clv=Interval(1, 0.02))
    assert "No day has ended yet." in told and "up to" not in told
    known = Status(bands=(BandLine("clv", 0.01, -0.02, 0.05, "inside"),))
    assert "band is −2.00% to +5.00%: inside." in part("clv", status=known, clv=Interval(1, 0.02))


def test_drawdown_hangs_inside_of_the_band_along_time() -> None:
    told = part("equity", equity=POINTS, drawdown_most=(0.05, 0.15, None))
    assert chart(told)["limit"] == [-5.0, -15.0, None] and chart(told)["drawdown"] == [-0.0, -10.0, -5.0]
    assert "Largest drawdown 10.0%; the days of the promotion" in unescape(told)
    assert "its band allows 15.0% so far" in part("equity", equity=POINTS[:2], drawdown_most=(0.05, 0.15))


def test_the_metrics_of_drawdown_are_those_of_the_curve() -> None:
    told = Snapshot("spring", equity=POINTS)
    values = {one.name: [value for _, value in one.samples(told)] for one in MEASURES if "drawdown" in one.name}
    assert values == {"bea_drawdown_ratio": [0.05], "bea_drawdown_max_ratio": [0.1]}


def test_without_a_band_the_breaker_is_the_limit_and_without_both_there_is_none() -> None:
    stop = Status(breakers=(BreakerLine("drawdown", False, 0.05, 0.2),))
    told = part("equity", equity=POINTS, status=stop)
    assert chart(told)["limit"] == [-20.0] * 3 and "its breaker stops bets at 20.0%" in told
    assert chart(part("equity", equity=POINTS))["limit"] is None


def test_the_band_of_the_promotion_is_read_by_its_days(spring: ChainedLedger) -> None:
    measures = {"drawdown": {"lower": [None] * 2, "upper": [0.05, 0.15], "changed": None}}
    publish(replace(sample("spring"), bands={"days": 2, "measures": measures}))
    for day in (1, 2, 3):  # the second of them has no decision, so it is no day of the promotion
        at_ns, money = NOON_NS + day * DAY_NS, Money(cash=-100, pnl=100)
        told = [{**ORDER, "reason": "edge"}] if day != 2 else []
        spring.append([entry(Kind.ROLLED, at_ns), entry(Kind.DECIDED, at_ns, decisions=told),
                       entry(Kind.ADJUSTED, at_ns, money=money, reason="a test")])  # fmt: skip
    with serving() as served:
        known = served.monitor.watcher.snapshots()["spring"]
    assert [point.day for point in known.equity] == [1, 2, 2, 3]
    assert known.drawdown_most == (0.05, 0.15, 0.15, None)


@pytest.mark.parametrize(
    ("quota", "rows"),
    [
        (Quota(19_400, 600, 592, 8), [("", "8"), ("", "592 of 600"), ("", "19,400")]),
        (Quota(599, 600, 0, 600), [("", "600"), ("bad", "0 of 600"), ("warn", "599")]),
        (Quota(-3, 600, 592, 8), [("", "8"), ("", "592 of 600"), ("bad", "−3")]),
        (Quota(12, None, None, 8), [("", "8"), ("", "12")]),
        (Quota(spent=8), [("", "8")]),
        (None, []),
    ],
)
def test_credits_of_the_feed(quota: Quota | None, rows: list[tuple[str, str]]) -> None:
    told = part("feed", status=Status(quota=quota))
    found = re.findall(r'<dt>credits ([^<]*)</dt><dd class="(\w*)">([^<]*)</dd>', told)
    assert [(tone, value) for _, tone, value in found] == rows
    named = ["spent by this run", "left for today", "left at the service"]
    assert [name for name, *_ in found] == [one for one in named if one in told]


@pytest.mark.slow
def test_a_ledger_in_postgresql_is_read_and_followed(home: Path) -> None:
    with server() as url:
        settings = LedgerSettings(url=url)
        with written(settings) as ledger, serving(settings) as served, served.program() as client:
            found = client.get("/api/ledgers/spring").json()
            assert (found["status"]["equity_minor"], found["status"]["runner"]) == (100_550, "running")
            ledger.append([entry(Kind.VOID, NOON_NS + 9, "b" * 32, Money(cash=300, reserved=-300))])
            served.again()
            assert client.get("/api/ledgers/spring").json()["status"]["unknown_minor"] == 0
            assert client.post("/api/ledgers/spring/kill", json={"reason": "a test"}).status_code == 200
            assert [(row.person, row.reason) for row in ledger.controls()] == [("ann", "a test")]
            served.again()
            assert client.get("/api/ledgers").json()["ledgers"][0]["killed"] is True
            page = client.get("/ledger/spring/day/2025-02-03", headers={"accept": "text/html"}).text
            assert "Edge below the minimum" in page and KEY not in page


@pytest.mark.slow
def test_runs_are_listed_opened_and_compared(small_store: Path, home: Path) -> None:
    copytree(small_store / "data" / "store", home / "data" / "store")
    runs = [research.backtest(["report=false", f"strategy.edge_min={edge}"]).id for edge in (0.0, 0.02)]
    with serving() as served, served.browser() as client:
        listed = client.get("/runs").text
        assert all(f'name="run" value="{run}"' in listed for run in runs)
        report = client.get(f"/runs/{runs[0]}")
        assert report.status_code == 200 and runs[0][:12] in report.text
        both = client.get("/runs/compare", params=[("run", run) for run in runs])
        assert both.status_code == 200 and all(run[:8] in both.text for run in runs)
        assert "sandbox allow-scripts" in both.headers["content-security-policy"]
        one = client.get("/runs/compare", params=[("run", runs[0])])
        assert one.status_code == 422 and "tick two runs" in one.text
        assert client.get("/runs/compare", params=[("run", runs[0]), ("run", "none")]).status_code == 409


def test_an_alarm_that_is_no_entry_is_listed_from_the_pulse(served: Served, spring: ChainedLedger) -> None:
    state = Status(epoch=spring.epoch, entries=spring.state().number)
    raised = {"bet_after_all": Count(2, NOON_NS), "breaker_model": Count(1, NOON_NS), "started": Count(1, NOON_NS)}
    spring.renew(pulse_text(state, 5, 4, raised))
    served.again()
    known = served.monitor.watcher.snapshots()["spring"]
    assert known.told == {"bet_after_all": Count(2, NOON_NS)}, "the others are entries"
    shown = parts(View(known, NOON_NS))["alerts"]
    assert "a bet that counted as absent is at the venue" in shown and "2 times since the runner started" in shown
