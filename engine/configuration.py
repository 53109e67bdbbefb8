"""One configuration of staking, risk and execution: what a user writes, checked, and as the numbers of the kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.clock import DAY_NS
from engine.errors import ConfigurationError
from engine.kernel.codes import Staking
from engine.kernel.params import Params

_INF = math.inf


@dataclass(frozen=True)
class Configuration:
    """The fast parameters of one backtest. A limit that is off is infinite.

    Money is in minor units, caps are fractions of equity (the day's cap of equity at the day's start), spans are in
    nanoseconds. `staking` is a member of `schema.Staking`; `amount_minor` is the stake of FLAT and the profit of
    TARGET; `fraction` that of PERCENT and of the Kelly rules, whose stake `stake_cap_frac` bounds.

    Raises
    ------
    ConfigurationError
        A value is NaN, out of its range, or contradicts another one.
    """

    bankroll_minor: float = 1_000_000.0
    edge_min: float = -_INF
    edge_max: float = _INF
    odds_min: float = 1.0
    odds_max: float = _INF
    one_per_market: bool = False
    staking: Staking = Staking.FLAT
    amount_minor: float = 10_000.0
    fraction: float = 0.25
    stake_cap_frac: float = 1.0
    base_is_cash: bool = False
    bet_cap_frac: float = _INF
    event_cap_frac: float = _INF
    competition_cap_frac: float = _INF
    day_cap_frac: float = _INF
    open_cap_frac: float = _INF
    stake_min_minor: float = 100.0
    stake_increment_minor: float = 1.0
    commission_factor: float = 1.0
    slippage_frac: float = 0.0
    rejection_frac: float = 0.0
    drawdown_warn_frac: float = 0.15
    drawdown_warn_factor: float = 0.5
    drawdown_stop_frac: float = 0.20
    drawdown_reset_after_ns: float = 30.0 * DAY_NS
    streak_warn: float = 3.0
    streak_stop: float = 5.0
    streak_cool_off_ns: float = 1.0 * DAY_NS
    daily_loss_frac: float = 0.05
    price_tolerance_frac: float = 0.0
    fill_min_frac: float = 0.0
    limiting_profit_minor: float = _INF
    limiting_factor: float = 1.0
    wallets: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if math.isnan(float(value)):
                raise ConfigurationError("not a number", where=field.name, expected="a number", found="nan")
        self._check_ranges()
        self._check_pairs()

    def _check_ranges(self) -> None:
        lowest = {
            "bankroll_minor": 1.0,
            "amount_minor": 0.0,
            "fraction": 0.0,
            "stake_cap_frac": 0.0,
            "stake_increment_minor": 1.0,
            "commission_factor": 0.0,
            "drawdown_reset_after_ns": 1.0,
            "streak_warn": 1.0,
            "streak_stop": 1.0,
            "streak_cool_off_ns": 1.0,
            "limiting_profit_minor": 1.0,
        }
        for name in _CAPS:
            lowest[name] = 0.0
        for name, low in lowest.items():
            if getattr(self, name) < low:
                raise _out_of(name, f"at least {low:g}", getattr(self, name))
        if not 0.0 < self.limiting_factor <= 1.0:
            raise _out_of("limiting_factor", "above 0, up to 1", self.limiting_factor)
        for name in (
            "slippage_frac",
            "rejection_frac",
            "drawdown_warn_factor",
            "price_tolerance_frac",
            "fill_min_frac",
        ):
            value, top = getattr(self, name), 1.0
            if not 0.0 <= value <= top or (name == "slippage_frac" and value == top):
                raise _out_of(name, "0 to 1" + (" (1 excluded)" if name == "slippage_frac" else ""), value)
        for name in ("drawdown_stop_frac", "daily_loss_frac"):
            if getattr(self, name) == 0.0:
                raise _out_of(name, "above 0 (infinite: off)", 0.0)
        for name in ("amount_minor", "fraction", "commission_factor"):
            if not math.isfinite(getattr(self, name)):
                raise _out_of(name, "a finite number", getattr(self, name))
        for name in ("streak_warn", "streak_stop"):
            value = getattr(self, name)
            if math.isfinite(value) and value != math.floor(value):
                raise _out_of(name, "a whole number of bets, or infinite", value)
        for name in ("bankroll_minor", "stake_min_minor", "stake_increment_minor"):
            value = getattr(self, name)
            if not math.isfinite(value) or value != math.floor(value) or value > 2**53:
                raise _out_of(name, "a whole number of minor units below 2^53", value)

    def _check_pairs(self) -> None:
        pairs = (
            ("edge_min", "edge_max"),
            ("odds_min", "odds_max"),
            ("stake_increment_minor", "stake_min_minor"),
            ("stake_min_minor", "bankroll_minor"),
            ("drawdown_warn_frac", "drawdown_stop_frac"),
        )
        for low, high in pairs:
            if getattr(self, low) > getattr(self, high):
                raise ConfigurationError(
                    "contradictory limits",
                    where=f"{low}, {high}",
                    expected=f"{low} <= {high}",
                    found=f"{getattr(self, low):g} > {getattr(self, high):g}",
                )

    def params(self) -> Params:
        """The numbers of the kernel."""
        return Params(*(float(getattr(self, name)) for name in Params._fields))


_CAPS = (
    "bet_cap_frac",
    "event_cap_frac",
    "competition_cap_frac",
    "day_cap_frac",
    "open_cap_frac",
    "drawdown_warn_frac",
    "drawdown_stop_frac",
    "daily_loss_frac",
)


def _out_of(name: str, expected: str, value: float) -> ConfigurationError:
    return ConfigurationError("value out of range", where=name, expected=expected, found=f"{value:g}")


def params_matrix(configurations: Sequence[Configuration]) -> NDArray[np.float64]:
    """Rows of numbers, float64 (c, len(Params)), one a configuration."""
    return np.array([c.params() for c in configurations], dtype=np.float64).reshape(-1, len(Params._fields))
