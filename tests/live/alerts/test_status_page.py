"""The runbook has a paragraph for every line of status."""

from __future__ import annotations

from pathlib import Path

from engine.live.feed import Quota
from engine.live.running.status import BandLine, BreakerLine, Status
from research.report.status import lines

PAGE = Path(__file__).resolve().parents[3] / "docs" / "runbook" / "status.md"


def test_each_line_of_status_is_explained() -> None:
    status = Status(
        name="n",
        unknown_minor=100,
        bands=(BandLine("yield", 0.1, 0.0, 0.2, "inside"),),
        breakers=(BreakerLine("clock", True, 3.0, 2.0, None, False, "why"),),
        passed_over={"a change of a market before its image": 1},
        quota=Quota(spent=1),
        acknowledged=("verdict: a test",),
    )
    shown = {line.partition(":")[0] for line in lines(status, 1)[1:] if line[:1].strip()}
    explained = [line[3:] for line in PAGE.read_text().splitlines() if line.startswith("## ")]
    assert shown == set(explained) - {"First line", "Open bets, last decisions"}
    assert explained[0] == "First line"


def test_links_of_the_runbook_lead_somewhere() -> None:
    for page in PAGE.parent.glob("*.md"):
        for target in page.read_text().split("](")[1:]:
            name = target.partition(")")[0].partition("#")[0]
            assert name.startswith("http") or (page.parent / name).exists(), f"{page.name}: {name}"
