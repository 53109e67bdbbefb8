"""The account of a venue as a person knows it: what the locks on real money show before the first order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.errors import BeaError, ConfigurationError
from engine.live.venue import ReadFailed


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


@dataclass(frozen=True)
class AccountRead:
    """How a service is asked for an account, in the words of its error messages.

    Attributes
    ----------
    service : str
        Its name, such as ``Betfair``.
    section : str
        Its settings, such as ``betfair``.
    where, expected : str
        The request, and what it answers.
    todo : str
        What a person does if it fails.
    """

    service: str
    section: str
    where: str
    expected: str
    todo: str


def check_currency(venue: HasAccount, currency: str, how: AccountRead) -> None:
    """Refuse an account that has another currency than the settings say.

    Raises
    ------
    ConfigurationError
        It has another currency.
    BeaError
        It could not be read.
    """
    try:
        found = venue.account().currency
    except ReadFailed as failure:
        raise BeaError(
            f"the account at {how.service} could not be read", where=how.where, expected=how.expected,
            found=failure.cause, todo=how.todo,
        ) from None  # fmt: skip
    if found != currency:
        key = f"{how.section}.currency"
        raise ConfigurationError(
            "the account has another currency", where=key, expected=currency, found=found,
            todo=f"one ledger has one currency: set {key} to that of the account, and begin a ledger in it",
        )  # fmt: skip
