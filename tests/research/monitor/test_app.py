"""The monitor tells what a ledger holds, and writes rows of control only."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.errors import ConfigurationError, LedgerFailure
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import look
from engine.live.running.pulse import pulse_text
from engine.live.running.status import BandLine, BreakerLine, Latency, Status
from engine.logs.secrets import Secrets
from research.monitor.serve import token_of
from research.monitor.settings import MonitorSettings
from tests.research.monitor.conftest import NOON_NS, Served, entry, serving


def test_it_tells_what_the_ledger_holds(served: Served) -> None:
    with served.program() as client:
        found = client.get("/api/ledgers/spring").json()
    status = found["status"]
    assert (status["equity_minor"], status["cash_minor"], status["unknown_minor"]) == (100_550, 100_250, 300)
    assert status["runner"] == "running" and [line["name"] for line in status["breakers"]] == ["model"]
    assert found["clv"]["n"] == 1 and found["clv"]["mean"] == pytest.approx(0.05)
    assert [(bet["state"], bet["pnl_minor"]) for bet in found["settled"]] == [("win", 550)]
    assert [(day["day"], day["decisions"], day["reasons"]) for day in found["days"]] == [
        ("2025-02-03", 2, {"placed": 1, "edge": 1})
    ]
    assert [alert["name"] for alert in found["alerts"]] == ["bet_unknown", "breaker_model", "started"]


def test_it_follows_the_ledger_and_the_pulse_of_its_runner(served: Served, spring: ChainedLedger) -> None:
    status = Status(
        epoch=spring.epoch, entries=spring.state().number,
        breakers=(BreakerLine("model", False, 0.1, 0.2, state="closed"), BreakerLine("drawdown", False, 0.05, 0.2)),
        bands=(BandLine("clv", 0.01, -0.02, 0.05, "inside"),), latency=Latency(12, 1.5, 4.25),
    )  # fmt: skip
    spring.renew(pulse_text(status, 5, 4))
    spring.append([entry(Kind.RESUMED, NOON_NS + 9, breaker="model", n=1, reason="looked into", person="ann")])
    served.again()
    with served.program() as client:
        found = client.get("/api/ledgers/spring").json()
    assert (found["pulse_ns"], found["heard_ns"], found["status"]["latency"]["p99_ms"]) == (5, 4, 4.25)
    lines = {line["name"]: (line["tripped"], line["measured"]) for line in found["status"]["breakers"]}
    assert lines == {"model": (False, 0.1), "drawdown": (False, 0.05)}
    assert found["status"]["bands"][0]["measure"] == "clv"


def test_a_trip_is_newer_than_the_pulse(served: Served, spring: ChainedLedger) -> None:
    status = Status(epoch=spring.epoch, entries=1, breakers=(BreakerLine("model", False, 0.1, 0.2, state="closed"),))
    spring.renew(pulse_text(status, 5, 4))
    served.again()
    (line,) = served.monitor.watcher.snapshots()["spring"].status.breakers
    assert (line.tripped, line.cause, line.measured) == (True, "yield is low", 0.1)


def test_what_was_resumed_after_the_pulse_is_not_tripped(served: Served, spring: ChainedLedger) -> None:
    tripped = BreakerLine("model", True, 0.3, 0.2, human=True, cause="yield is low", state="open")
    status = Status(epoch=spring.epoch, entries=spring.state().number, breakers=(tripped,))
    spring.renew(pulse_text(status, 5, 4))
    spring.append([entry(Kind.RESUMED, NOON_NS + 9, breaker="model", n=1, reason="looked into", person="ann")])
    served.again()
    (line,) = served.monitor.watcher.snapshots()["spring"].status.breakers
    assert (line.tripped, line.cause, line.state) == (False, "", "closed")


def test_a_runner_that_ended_without_a_word_is_told_once(served: Served, spring: ChainedLedger) -> None:
    spring.close()  # as the system does for a process that was killed: no entry says that it stopped
    served.until(lambda: served.monitor.watcher.snapshots()["spring"].status.runner == "dead")
    served.again()
    assert [alert.alert.name for alert in served.told] == ["runner_dead"]
    with served.browser() as client:
        page = client.get("/ledger/spring").text
    assert "its runner ended without a word" in page and '<b class="tag bad">dead</b>' in page


def test_kill_resume_and_acknowledge_are_rows_of_control(served: Served, spring: ChainedLedger) -> None:
    with served.program() as client:
        killed = client.post("/api/ledgers/spring/kill", json={"reason": "odd prices"})
        assert killed.status_code == 200 and killed.json()["command"] == "kill"
        served.again()
        assert client.get("/api/ledgers").json()["ledgers"][0]["killed"] is True
        assert client.post("/api/ledgers/spring/resume", json={"reason": "it is fine"}).status_code == 200
        assert client.post("/api/ledgers/spring/resume", json={"reason": "slip", "breaker": "modl"}).status_code == 409
        assert (
            client.post("/api/ledgers/spring/resume", json={"reason": "looked into", "breaker": "model"}).status_code
            == 200
        )
        alert = served.monitor.watcher.snapshots()["spring"].alerts[0].key
        assert (
            client.post(
                "/api/ledgers/spring/acknowledge", json={"reason": "asked the venue", "alert": alert}
            ).status_code
            == 200
        )
        served.again()
        (first, *_) = client.get("/api/ledgers/spring").json()["alerts"]
    assert (first["person"], first["reason"]) == ("ann", "asked the venue")
    rows = [(row.command, row.subject, row.person, row.reason) for row in spring.controls()]
    assert rows == [
        (Command.KILL, "", "ann", "odd prices"),
        (Command.RESUME, "", "ann", "it is fine"),
        (Command.RESUME, "model", "ann", "looked into"),
        (Command.ACKNOWLEDGE, f"alert/{alert}", "ann", "asked the venue"),
    ]


def test_a_day_is_signed_as_it_was_read(served: Served, spring: ChainedLedger) -> None:
    with served.program() as client:
        told = client.get("/api/ledgers/spring/days/2025-02-03").json()
        assert [row["reason"] for row in told["rows"]] == ["placed", "edge"] and told["after"] == 0
        last = served.monitor.watcher.snapshots()["spring"].days[-1][1].last
        late = {"day": "2025-02-03", "last": last - 1, "reason": "all read"}
        assert client.post("/api/ledgers/spring/sign", json=late).status_code == 409
        assert client.post("/api/ledgers/spring/sign", json=late | {"last": last}).status_code == 200
        served.again()
        (day,) = client.get("/api/ledgers/spring").json()["days"]
        assert day["signed"]["person"] == "ann" and day["signed"]["last"] == last
        # what the runner makes of the row is an entry, and it says the same
        row = spring.controls()[-1]
        body = {"control": row.number, "command": "acknowledge", "subject": row.subject, "person": row.person,
                "reason": row.reason}  # fmt: skip
        spring.append([entry(Kind.ACKNOWLEDGED, NOON_NS + 5, **body)])
        spring.append([entry(Kind.DECIDED, NOON_NS + 6, decisions=[])])
        served.again()
        page = client.get("/ledger/spring/day/2025-02-03", headers={"accept": "text/html"}).text
    assert "Signed by ann" in page and "More decisions came after that" in page


def test_the_connection_that_reads_cannot_write(spring: ChainedLedger) -> None:
    with closing(look("spring", read_only=True)) as ledger, pytest.raises(LedgerFailure, match="read-only"):
        ledger.control(Command.KILL, person="ann", reason="this connection reads")


def test_a_ledger_that_cannot_be_read_is_told_and_comes_back(served: Served, spring: ChainedLedger) -> None:
    spring.append([entry(Kind.ROLLED, NOON_NS + 7)])
    store = spring._store
    with store.sessions.write() as connection:  # type: ignore[attr-defined]
        (kept,) = connection.execute(text("SELECT body FROM entries WHERE number = 7")).one()
        connection.execute(text("UPDATE entries SET body = '{}' WHERE number = 7"))
    with served.program() as client, serving() as other:
        with other.program() as fresh:
            assert fresh.get("/readyz").status_code == 503
            assert "damaged" in fresh.get("/api/ledgers").json()["ledgers"][0]["failed"]
            with store.sessions.write() as connection:  # type: ignore[attr-defined]
                connection.execute(text("UPDATE entries SET body = :body WHERE number = 7"), {"body": kept})
            other.again()
            assert fresh.get("/readyz").json() == {"status": "ok", "detail": ""}
        assert client.get("/healthz").json()["status"] == "ok"


def test_it_is_not_opened_to_others_without_tls() -> None:
    with pytest.raises(ConfigurationError, match="without TLS"):
        MonitorSettings(host="192.0.2.1")
    assert MonitorSettings(host="192.0.2.1", plain=True).names == {"192.0.2.1", "127.0.0.1", "localhost", "::1"}
    with pytest.raises(ConfigurationError, match="both files"):
        MonitorSettings(certificate="a.pem")


def test_a_token_is_long_or_made() -> None:
    with pytest.raises(ConfigurationError, match="too short"):
        token_of({"BEA_MONITOR_TOKEN": "short"})
    with pytest.raises(ConfigurationError) as refused:
        token_of({"BEA_MONITOR_TOKEN": "short"})
    line = refused.value.line()
    assert Secrets().clean(line) == line and "expected at least 16 characters, found 5" in line
    made, is_made = token_of({})
    assert is_made and len(made) >= 24 and token_of({}) != (made, True)


def test_without_a_ledger_it_says_so(home: Path) -> None:
    with serving() as served, served.browser() as client:
        assert "No ledger yet" in client.get("/").text


def test_runs_and_promotions_have_a_page(home: Path) -> None:
    with serving() as served, served.browser() as client:
        assert "No run yet" in client.get("/runs").text and "No promotion yet" in client.get("/promotions").text
        assert client.get("/runs/none").status_code == 404
        assert client.get("/runs/compare?run=a").status_code == 422
