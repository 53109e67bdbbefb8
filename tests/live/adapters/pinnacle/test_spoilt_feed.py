"""The feed on answers that are spoilt: fields by the schema, or bytes; more by ``python -m tests.pinnacle_spoilt``."""

from __future__ import annotations

from pathlib import Path

from tests.pinnacle_spoilt import spoilt_feed


def test_spoilt_answers_never_leave_the_contract_of_a_feed(tmp_path: Path) -> None:
    met = spoilt_feed(tmp_path, range(60))
    assert {"Fixture", "Quote", "Result", "Gap", "Mark", "FeedFailure"} <= set(met)
