"""The settings: the file has the keys and values of the dataclass; what is out of range is refused."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from engine.errors import ConfigurationError
from engine.live.execution.settings import ExecutionSettings

CONF = Path(__file__).resolve().parents[3] / "conf" / "live" / "executor.yaml"


def test_the_file_and_the_defaults_are_the_same() -> None:
    assert yaml.safe_load(CONF.read_text()) == asdict(ExecutionSettings())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attempts_most", 0),
        ("attempts_most", 1.5),
        ("retries_per_minute", -1),
        ("backoff_first_ms", float("nan")),
        ("backoff_most_ms", float("inf")),
        ("lease_margin_ms", "2"),
        ("jitter_frac", 1.01),
        ("unknown_alarm_s", True),
        ("look_up_every_s", 0),
        ("balance_tolerance_minor", 0.5),
        ("on_restart", "maybe"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"executor\.{name}.*expected"):
        ExecutionSettings(**{name: value})  # type: ignore[arg-type]


def test_durations_in_nanoseconds() -> None:
    settings = ExecutionSettings(
        backoff_first_ms=1,
        backoff_most_ms=2,
        lease_margin_ms=3,
        unknown_alarm_s=4,
        undecided_alarm_s=5,
        look_up_every_s=6,
        look_up_most_s=7,
        list_every_s=8,
    )
    milliseconds = (settings.backoff_first_ns, settings.backoff_most_ns, settings.lease_margin_ns)
    assert milliseconds == (1_000_000, 2_000_000, 3_000_000)
    alarms = (settings.unknown_alarm_ns, settings.undecided_alarm_ns)
    waits = (settings.look_up_every_ns, settings.look_up_most_ns, settings.list_every_ns)
    assert (*alarms, *waits) == tuple(seconds * 10**9 for seconds in (4, 5, 6, 7, 8))
