"""Settings of Pinnacle; `conf/live/pinnacle.yaml` has the same names. User name and password are credentials."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PinnacleSettings:
    """The keys of ``conf/live/pinnacle.yaml``.

    Attributes
    ----------
    currency : str
        Of the account; it must be that of the ledger.
    accept_better_line : bool
        Whether a bet is taken at a price that became better for us.
    sport_id : int
        Of Pinnacle: 29 is soccer.
    """

    currency: str = "EUR"
    accept_better_line: bool = True
    sport_id: int = 29
