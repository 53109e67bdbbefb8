"""All settings of a runner, each section read into the class of the room that owns it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.the_odds_api.settings import OddsApiSettings
from engine.live.alerts.settings import AlertSettings
from engine.live.breakers.settings import BreakerSettings
from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.settings import LedgerSettings
from engine.live.running.runner import RunnerSettings
from engine.live.venues.guard import PaperSettings
from engine.logs.setup import LogSettings
from research.adapters.by_name import settings_class
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
    "the_odds_api": OddsApiSettings,
}


@dataclass(frozen=True)
class LiveSettings:
    """The settings of one runner by section; `own` has those of the user's feeds and venues by name."""

    ledger: LedgerSettings
    executor: ExecutionSettings
    runner: RunnerSettings
    breakers: BreakerSettings
    alerts: AlertSettings
    paper: PaperSettings
    logs: LogSettings
    betfair: BetfairSettings
    pinnacle: PinnacleSettings
    the_odds_api: OddsApiSettings

    own: Mapping[str, Any] = field(default_factory=dict)

    def of(self, name: str) -> Any:
        """The settings of a feed or venue; None where it has none."""
        return self.own.get(name, getattr(self, name, None))

    def plain(self) -> dict[str, Any]:
        """All values as plain JSON; the address of the ledger, which may hold a password, is left out."""
        parts = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "own"} | dict(self.own)
        values = {name: asdict(part) for name, part in parts.items()}
        del values["ledger"]["url"]
        return values


def live_settings(words: Sequence[str] = (), names: Iterable[str] = ()) -> LiveSettings:
    """The settings of the files and of words such as ``runner.poll_ms=200``; errors as `research.config.live.read`.

    Parameters
    ----------
    words : sequence of str
    names : iterable of str
        Feeds and venues that are used: those of the user have settings of their own.
    """
    own = {name: found for name in names if (found := settings_class(name)) is not None}
    values = read({**SECTIONS, **own}, words)
    return LiveSettings(**{name: values[name] for name in SECTIONS}, own={name: values[name] for name in own})
