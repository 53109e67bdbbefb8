"""The smallest bets that Betfair takes, by the currency of the account, whole minor units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.errors import ConfigurationError


@dataclass(frozen=True)
class Minimum:
    """A bet is taken from this stake on, or if it can pay out so much.

    Attributes
    ----------
    stake_minor : int
    payout_minor : int
        0: a smaller stake is never taken.
    step_minor : int
        Stakes are multiples of it.
    """

    stake_minor: int
    payout_minor: int
    step_minor: int = 1

    def allows(self, size_minor: int, price: float) -> bool:
        """Whether a backer's stake at a price is taken.

        >>> minimum = Minimum(100, 1_000)
        >>> minimum.allows(100, 1.5), minimum.allows(50, 20.0), minimum.allows(50, 19.5), minimum.allows(0, 1000.0)
        (True, True, False, False)
        """
        by_payout = bool(self.payout_minor) and size_minor * price >= self.payout_minor - 1e-6
        return size_minor > 0 and (size_minor >= self.stake_minor or by_payout)


#: Betfair, placeOrders; betfairlightweight, metadata.py (currency_parameters)
_MINIMA: Final[Mapping[str, Minimum]] = {
    "GBP": Minimum(100, 1_000), "EUR": Minimum(100, 2_000), "USD": Minimum(100, 2_000), "AUD": Minimum(500, 3_000),
    "CAD": Minimum(200, 3_000), "SEK": Minimum(1_500, 15_000), "DKK": Minimum(1_500, 15_000),
    "NOK": Minimum(1_000, 15_000),
}  # fmt: skip
#: of the Italian exchange: 2 EUR, in steps of 50 cents
_ITALY: Final = Minimum(200, 0, 50)
#: exchanges on which a small stake is never taken, whatever it can pay out
_NO_PAYOUT: Final = ("it", "es", "se")


def minimum_of(currency: str, jurisdiction: str, stake_minor: int = 0, payout_minor: int = 0) -> Minimum:
    """The minimum of an account; amounts above 0 take the place of those of the table.

    Raises
    ------
    ConfigurationError
        The table has no such currency, and no stake is given.
    """
    known = _ITALY if jurisdiction == "it" else _MINIMA.get(currency)
    if known is None and not stake_minor:
        raise ConfigurationError(
            "no minimum stake is known", where="betfair.currency", expected=", ".join(_MINIMA), found=currency,
            todo="give betfair.stake_min_minor",
        )  # fmt: skip
    known = known or Minimum(stake_minor, payout_minor)
    payout = 0 if jurisdiction in _NO_PAYOUT else payout_minor or known.payout_minor
    return Minimum(stake_minor or known.stake_minor, payout, known.step_minor)
