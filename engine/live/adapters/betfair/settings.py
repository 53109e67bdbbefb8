"""Settings of Betfair; `conf/live/betfair.yaml` has the same names. User name, password and key are credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import ConfigurationError

#: where an account is held: each place has a login of its own
JURISDICTIONS: Final = ("com", "it", "es", "ro", "se", "au")


@dataclass(frozen=True)
class BetfairSettings:
    """The keys of ``conf/live/betfair.yaml``.

    Attributes
    ----------
    jurisdiction : str
        One of `JURISDICTIONS`.
    currency : str
        Of the account; it must be that of the ledger.
    certificate, certificate_key : str
        Files of the client certificate; both empty: the interactive login.
    heartbeat_ms : int
        Of the stream; twice as long without a message ends a connection.
    conflate_ms : int
        Of the stream; 0: every change.
    in_play : bool
        Whether orders may go to a market that is in play.
    stake_min_minor, payout_min_minor : int
        The smallest stake, and the payout from which a smaller one is taken, minor units; 0: as Betfair documents them
        for the currency.
    transactions_an_hour : int
        Most orders of this process in a clock hour; Betfair charges for more than 5,000 of an account.

    Raises
    ------
    ConfigurationError
        A value is out of range.
    """

    jurisdiction: str = "com"
    currency: str = "GBP"
    certificate: str = ""
    certificate_key: str = ""
    heartbeat_ms: int = 5_000
    conflate_ms: int = 0
    in_play: bool = False
    stake_min_minor: int = 0
    payout_min_minor: int = 0
    transactions_an_hour: int = 4_000

    def __post_init__(self) -> None:
        if self.jurisdiction not in JURISDICTIONS:
            raise ConfigurationError(
                "unknown jurisdiction", where="betfair.jurisdiction", expected=", ".join(JURISDICTIONS),
                found=self.jurisdiction,
            )  # fmt: skip
        if bool(self.certificate) != bool(self.certificate_key):
            raise ConfigurationError(
                "half a certificate", where="betfair.certificate, betfair.certificate_key", expected="both or neither",
                found="one of them",
            )  # fmt: skip
        for name, low, high in (
            ("heartbeat_ms", 500, 5_000), ("conflate_ms", 0, 120_000), ("stake_min_minor", 0, 10**9),
            ("payout_min_minor", 0, 10**9), ("transactions_an_hour", 1, 10**6),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigurationError(
                    "value out of range", where=f"betfair.{name}", expected=f"{low} to {high}", found=f"{value}"
                )
