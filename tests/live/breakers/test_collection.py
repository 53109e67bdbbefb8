"""All breakers together: the kill switch, what is called for, what is counted, and the settings file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from engine.errors import ConfigurationError
from engine.live.breakers import BreakerSettings
from engine.live.ledger.control import Command, Control
from engine.live.ledger.entries import Entry, Kind
from tests.live.breakers.scene import Scene

ROOT = Path(__file__).resolve().parents[3]


def test_the_shipped_settings_are_the_defaults() -> None:
    values = yaml.safe_load((ROOT / "conf/live/breakers.yaml").read_text())
    assert BreakerSettings(**values | {"own": tuple(values["own"])}) == BreakerSettings()
    assert asdict(BreakerSettings())["orders_per_minute"] == 10


@pytest.mark.parametrize(
    "values", [{"stale_after_s": 0}, {"clock_jump_s": float("nan")}, {"unfilled_frac": 1.1}, {"odds_jump_factor": 1.0}]
)
def test_settings_out_of_range_are_refused_in_one_line(values: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="breakers") as raised:
        BreakerSettings(**values)
    assert "\n" not in str(raised.value)


def test_the_kill_switch_stops_everything_and_survives_a_restart() -> None:
    scene = Scene(live_feed=False)
    scene.write(Entry(Kind.KILLED, "killed:4", scene.clock.wall, body={"reason": "odd prices", "person": "bob"}))
    scene.restart()
    assert scene.breakers.killed and scene.reason() == "killed"
    assert [row.cause for row in scene.breakers.open()] == ["odd prices"]
    (entry,) = scene.person()
    assert entry.body["breaker"] == "kill" and not scene.breakers.killed and scene.reason() == ""
    scene.write(Entry(Kind.KILLED, "killed:6", scene.clock.wall, body={"reason": "again", "person": "bob"}))
    assert scene.person("kill") == ()  # the ledger's own switch is freed by a row without a subject only
    assert scene.person()[0].key != entry.key


def test_what_is_called_for_stops_its_venue_or_all_until_a_person_ends_it() -> None:
    scene = Scene()
    scene.write(scene.breakers.trip("proof/venue/paper", "a bet that was proved absent is there", scene.clock.wall))
    assert scene.reason() == "breaker_proof" and scene.reason(venue="other") == ""
    scene.restart()
    assert scene.reason() == "breaker_proof"
    scene.write(scene.breakers.trip("identity", "one venue bet id for two intents", scene.clock.wall))
    assert scene.reason(venue="other") == "breaker_identity"
    scene.person("identity")
    scene.person("proof/venue/paper")
    assert scene.reason() == "" and scene.person("nothing") == ()
    assert scene.breakers.trip("identity", "again", 1).key == "tripped:identity:2"


def test_only_resume_resumes() -> None:
    scene = Scene()
    scene.write(scene.breakers.trip("identity", "x", scene.clock.wall))
    control = Control(1, scene.clock.wall, Command.ACKNOWLEDGE, "identity", "ann", "seen")
    assert scene.breakers.resume(control, scene.clock.wall) == () and scene.reason() == "breaker_identity"


def test_refusals_are_counted_from_the_decisions_on_record() -> None:
    scene = Scene()
    reasons = ["stale", "breaker_service", "edge", "placed", "stale", "breaker_streak"]
    decisions = [{"reason": reason} for reason in reasons]
    scene.write(Entry(Kind.DECIDED, "decided:1", scene.clock.wall, body={"decisions": decisions}))
    scene.restart()
    assert scene.breakers.refused == {"stale": 2, "breaker_service": 1, "breaker_streak": 1}


def test_asking_changes_nothing() -> None:
    scene = Scene()
    scene.turn()
    scene.clock.jump_s(10)
    scene.breakers.distances()
    assert [scene.reason() for _ in range(5)] == ["clock"] * 5  # from the jump on, before it is on record
    assert [entry.key for entry in scene.turn()] == ["tripped:clock:1"]
