"""All settings of a runner, each section read into the class of the room that owns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.alerts.settings import AlertSettings
from engine.live.breakers.settings import BreakerSettings
from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.settings import LedgerSettings
from engine.live.running.runner import RunnerSettings
from engine.live.venues.guard import PaperSettings
from engine.logs.setup import LogSettings
from research.config.live import read

#: class by section; `conf/live/NAME.yaml` is the file of section NAME
SECTIONS: Final[Mapping[str, type]] = {
    "ledger": LedgerSettings,
    "executor": ExecutionSettings,
    "runner": RunnerSettings,
    "breakers": BreakerSettings,
    "alerts": AlertSettings,
    "paper": PaperSettings,
    "logs": LogSettings,
    "betfair": BetfairSettings,
    "pinnacle": PinnacleSettings,
}


@dataclass(frozen=True)
class LiveSettings:
    """The settings of one runner by section."""

    ledger: LedgerSettings
    executor: ExecutionSettings
    runner: RunnerSettings
    breakers: BreakerSettings
    alerts: AlertSettings
    paper: PaperSettings
    logs: LogSettings
    betfair: BetfairSettings
    pinnacle: PinnacleSettings

    def plain(self) -> dict[str, Any]:
        """All values as plain JSON; the address of the ledger, which may hold a password, is left out."""
        values = {field.name: asdict(getattr(self, field.name)) for field in fields(self)}
        del values["ledger"]["url"]
        return values


def live_settings(words: Sequence[str] = ()) -> LiveSettings:
    """The settings of the files and of words such as ``runner.poll_ms=200``; errors as `research.config.live.read`."""
    return LiveSettings(**read(SECTIONS, words))
