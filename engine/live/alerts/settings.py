"""Channels and limits of alerts: ``conf/live/alerts.yaml``, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import ConfigurationError, check_above_zero
from engine.live.alerts.table import Severity


@dataclass(frozen=True)
class AlertSettings:
    """The keys of ``conf/live/alerts.yaml``.

    Attributes
    ----------
    channels : mapping of str to str
        The environment variable that holds the address of each channel. The address itself, which is a secret, stands
        in no setting, so no ledger, log or page can hold it.
    lowest : str
        Lowest severity that is sent: ``info``, ``warning`` or ``critical``.
    repeat_after_s : float
        The same alert of the same subject is sent again after so long, at the soonest.
    per_minute : int
        Most alerts in a minute; critical ones are sent all the same.
    queue : int
        Alerts that wait, at most.
    attempts : int
        Of each alert and channel.
    retry_after_s : float
        Between two attempts.
    all_well_hour : int or None
        Hour of the day, UTC, of the message that all is well, whatever `lowest` says; None: never.

    Raises
    ------
    ConfigurationError
        A value is out of range.
    """

    channels: Mapping[str, str] = field(default_factory=dict)
    lowest: str = "warning"
    repeat_after_s: float = 3600.0
    per_minute: int = 10
    queue: int = 200
    attempts: int = 3
    retry_after_s: float = 2.0
    all_well_hour: int | None = 8

    def __post_init__(self) -> None:
        if self.lowest not in list(Severity):
            raise ConfigurationError(
                "unknown severity", where="alerts.lowest", expected=", ".join(Severity), found=repr(self.lowest)
            )
        if self.all_well_hour is not None and not 0 <= self.all_well_hour <= 23:
            raise ConfigurationError(
                "not an hour", where="alerts.all_well_hour", expected="0 to 23, or null", found=str(self.all_well_hour)
            )
        names = ("repeat_after_s", "per_minute", "queue", "attempts", "retry_after_s")
        check_above_zero("alerts", {name: getattr(self, name) for name in names})
