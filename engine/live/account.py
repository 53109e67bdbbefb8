"""The account of a venue as a person knows it: what the locks on real money show before the first order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class VenueAccount:
    """An account at a venue.

    Attributes
    ----------
    name : str
        As the venue says it, such as the name of its holder.
    currency : str
        Three letters; that of every amount at this venue.
    balance_minor : int
        Money that is free for bets, whole minor units.
    """

    name: str
    currency: str
    balance_minor: int


class HasAccount(Protocol):
    """A venue that says whose account it bets on."""

    def account(self) -> VenueAccount:
        """The account now.

        Raises
        ------
        ReadFailed
            It could not be read.
        """
        ...
