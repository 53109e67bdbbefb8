"""The level of each sweep of a family: how the 5 % of error is spent over sweeps, and between the gates of one sweep.

A family is the sweeps on the same matches, in order of entry in the trial ledger. Read one after another at 5 % each,
ten independent sweeps without any edge say "evidence" at least once far more often than 5 %. So the k-th sweep is
tested at 5 % / k^2 (alpha spending: Lan & DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70
(1983)). The levels add up to 8.2 %, and the error stays below 6 %: from the second sweep on the best configuration is
adjusted for the trials of the earlier ones too, and the out-of-sample path must gain as well. Measured with 20,000
families of ten sweeps of 50 worthless configurations, in a model with normal returns: 5.0 % say "evidence" at least
once where the configurations are independent, 5.3 % where they correlate by 0.3, 5.9 % by 0.7; after one sweep 3.9, 4.1
and 4.4 %. The schedule 5 % * 6 / (pi k)^2, whose levels add up to 5 %, gives 3.1 to 3.9 % after ten, at 4 to 7 points
less power.

The gate of the best configuration has the whole level (`main`), since (a), (b) and (c) must all hold; the portfolio of
all configurations has a tenth of it on top (`ensemble`). That adds 0 to 0.3 points of error, nothing to the power
with one configuration that has an edge, and up to 14 points where many have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import ConfigurationError

#: level of the first sweep of a family
ALPHA: Final = 0.05
#: shares of the level for the gate of the best configuration, and for the gate of the portfolio of all
_MAIN: Final = 1.0
_ENSEMBLE: Final = 0.1


@dataclass(frozen=True)
class Levels:
    """Levels of one sweep.

    Attributes
    ----------
    alpha : float
        Level of the sweep as a whole; the verdict of price is tested at it.
    main : float
        Level of conditions (a) and (b).
    ensemble : float
        Level of condition (e).
    """

    alpha: float
    main: float
    ensemble: float


def levels(look: int) -> Levels:
    """Levels of the `look`-th sweep of its family, counted from 1.

    Raises
    ------
    ConfigurationError
        If `look` is below 1.

    >>> levels(2).alpha
    0.0125
    """
    if look < 1:
        raise ConfigurationError("no such sweep of a family", expected="a number from 1 on", found=str(look))
    alpha = ALPHA / look**2
    return Levels(alpha, _MAIN * alpha, _ENSEMBLE * alpha)
