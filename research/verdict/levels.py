"""The level of each sweep of a family: how the 5 % of error is spent over sweeps, and between the gates of one sweep.

A family is the sweeps on the same matches, in order of entry in the trial ledger. Read one after another at 5 % each,
ten independent sweeps without any edge say "evidence" at least once far more often than 5 %. So the k-th sweep is
tested at 5 % / k^2 (alpha spending: Lan & DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70
(1983)). The sum over all k would be 8.2 %, but from the second sweep on the best configuration is adjusted for the
trials of the earlier ones too, and the out-of-sample path must gain as well.

The level of one sweep is divided between its two gates: `main` for the best configuration, `ensemble` for the portfolio
of all configurations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import ConfigurationError

#: level of the first sweep of a family
ALPHA: Final = 0.05
#: shares of the level for the gate of the best configuration, and for the gate of the portfolio of all
_MAIN: Final = 0.85
_ENSEMBLE: Final = 0.2


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
