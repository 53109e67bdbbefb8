"""Thresholds of the breakers: ``conf/live/breakers.yaml``, checked."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from engine.errors import ConfigurationError, check_above_zero


@dataclass(frozen=True)
class BreakerSettings:
    """The keys of ``conf/live/breakers.yaml``; its comments say what each one is for.

    Durations are in seconds of the monotonic clock, ages of quotes on the runner's clock of the world.

    Raises
    ------
    ConfigurationError
        A value is out of range.
    """

    service_failures: int = 5
    service_open_s: float = 30.0
    service_source_human: bool = False
    service_venue_human: bool = False
    stale_after_s: float = 900.0
    overround_min: float = 0.9
    overround_max: float = 1.5
    odds_jump_factor: float = 1.5
    odds_jump_confirm_s: float = 60.0
    clock_jump_s: float = 2.0
    clock_quiet_s: float = 60.0
    unfilled_frac: float = 0.5
    unfilled_sends: int = 20
    orders_per_minute: int = 10
    act_on_replay: bool = False
    own: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        values = asdict(self).items()
        check_above_zero("breakers", {name: value for name, value in values if not isinstance(value, bool | tuple)})
        if not (self.unfilled_frac <= 1.0 and self.overround_min < self.overround_max and self.odds_jump_factor > 1.0):
            raise ConfigurationError(
                "contradictory limits",
                where="breakers",
                expected="unfilled_frac <= 1, overround_min < overround_max, odds_jump_factor > 1",
                found=f"{self.unfilled_frac:g}, {self.overround_min:g} and {self.overround_max:g}, "
                f"{self.odds_jump_factor:g}",
            )
