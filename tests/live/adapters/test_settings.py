"""The settings of the adapters: the files have the keys and values of the classes; what is out of range is refused."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from engine.errors import ConfigurationError
from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.the_odds_api.settings import OddsApiSettings

CONF = Path(__file__).resolve().parents[3] / "conf" / "live"


@pytest.mark.parametrize("cls", [BetfairSettings, PinnacleSettings, OddsApiSettings])
def test_the_file_and_the_defaults_are_the_same(cls: type) -> None:
    name, settings = cls.__module__.split(".")[-2], cls()
    assert yaml.safe_load((CONF / f"{name}.yaml").read_text()) == asdict(settings)


@pytest.mark.parametrize(
    ("key", "value"),
    [("jurisdiction", "uk"), ("certificate", "client.crt"), ("heartbeat_ms", 499), ("conflate_ms", 120_001)],
)
def test_what_is_out_of_range_is_refused(key: str, value: str | int) -> None:
    with pytest.raises(ConfigurationError, match=f"betfair.{key}"):
        BetfairSettings(**{key: value})  # type: ignore[arg-type]
