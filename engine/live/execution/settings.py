"""Settings of the executor and of reconciliation: ``conf/live/executor.yaml``, checked."""

from __future__ import annotations

from dataclasses import dataclass, fields

from engine.clock import SECOND_NS
from engine.errors import ConfigurationError

_MS_NS = SECOND_NS // 1000


@dataclass(frozen=True)
class ExecutionSettings:
    """The keys of ``conf/live/executor.yaml``; its comments say what each one is for.

    Raises
    ------
    ConfigurationError
        A value is out of range.
    """

    attempts_most: int = 4
    retries_per_minute: int = 30
    backoff_first_ms: float = 250
    backoff_most_ms: float = 5000
    jitter_frac: float = 0.5
    lease_margin_ms: float = 2000
    on_restart: str = "send"
    unknown_alarm_s: float = 300
    undecided_alarm_s: float = 300
    look_up_every_s: float = 10
    look_up_most_s: float = 60
    list_every_s: float = 300
    balance_tolerance_minor: int = 0

    def __post_init__(self) -> None:
        for name in (part.name for part in fields(self) if part.name != "on_restart"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise _out_of_range(name, "a number, 0 or more", value)
        for name in ("attempts_most", "retries_per_minute", "balance_tolerance_minor"):
            if type(getattr(self, name)) is not int:
                raise _out_of_range(name, "a whole number", getattr(self, name))
        if self.attempts_most < 1:
            raise _out_of_range("attempts_most", "1 or more", self.attempts_most)
        if self.jitter_frac > 1:
            raise _out_of_range("jitter_frac", "at most 1", self.jitter_frac)
        if self.look_up_every_s <= 0:
            raise _out_of_range("look_up_every_s", "more than 0", self.look_up_every_s)
        if self.on_restart not in ("send", "abandon"):
            raise _out_of_range("on_restart", "send or abandon", self.on_restart)

    @property
    def backoff_first_ns(self) -> int:
        """`backoff_first_ms` in nanoseconds."""
        return round(self.backoff_first_ms * _MS_NS)

    @property
    def backoff_most_ns(self) -> int:
        """`backoff_most_ms` in nanoseconds."""
        return round(self.backoff_most_ms * _MS_NS)

    @property
    def lease_margin_ns(self) -> int:
        """`lease_margin_ms` in nanoseconds."""
        return round(self.lease_margin_ms * _MS_NS)

    @property
    def unknown_alarm_ns(self) -> int:
        """`unknown_alarm_s` in nanoseconds."""
        return round(self.unknown_alarm_s * SECOND_NS)

    @property
    def undecided_alarm_ns(self) -> int:
        """`undecided_alarm_s` in nanoseconds."""
        return round(self.undecided_alarm_s * SECOND_NS)

    @property
    def look_up_every_ns(self) -> int:
        """`look_up_every_s` in nanoseconds."""
        return round(self.look_up_every_s * SECOND_NS)

    @property
    def look_up_most_ns(self) -> int:
        """`look_up_most_s` in nanoseconds."""
        return round(self.look_up_most_s * SECOND_NS)

    @property
    def list_every_ns(self) -> int:
        """`list_every_s` in nanoseconds."""
        return round(self.list_every_s * SECOND_NS)


def _out_of_range(name: str, expected: str, found: object) -> ConfigurationError:
    return ConfigurationError("wrong setting", where=f"executor.{name}", expected=expected, found=repr(found))
