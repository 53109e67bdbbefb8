"""What this adapter offers: `engine.live.adapters.registry` imports it when Betfair is asked for."""

from __future__ import annotations

from pathlib import Path

from engine.errors import BeaError, ConfigurationError
from engine.live.adapters.betfair.api import Api
from engine.live.adapters.betfair.login import Account, Session
from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.betfair.venue import BetfairVenue
from engine.live.adapters.registry import Around
from engine.live.linking.contract import Directory
from engine.live.venue import ReadFailed
from engine.live.wire.dry_run import DryRun
from engine.live.wire.http import HttpWire
from engine.live.wire.request import Wire


def open_venue(settings: BetfairSettings, directory: Directory, around: Around) -> BetfairVenue:
    """The account of the credentials; as `engine.live.adapters.registry.open_venue`.

    Raises
    ------
    ConfigurationError
        A credential is missing or refused, or the account has another currency than the settings say.
    BeaError
        The account could not be read.
    """
    return venue_over(open_wire(settings, around), settings, directory, around)


def open_wire(settings: BetfairSettings, around: Around) -> HttpWire:
    """The wire to Betfair, with the certificate of the settings; it ends with the adapter.

    Raises
    ------
    ConfigurationError
        The certificate and its key cannot be read, or do not belong together.
    """
    pair = (Path(settings.certificate), Path(settings.certificate_key)) if settings.certificate else None
    try:
        wire = HttpWire(wall_ns=around.clock.wall_ns, client_certificate=pair)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            "the client certificate cannot be used", where="betfair.certificate, betfair.certificate_key",
            expected="two PEM files that belong together", found=error.strerror or type(error).__name__,
            todo="name the files that were made for the account",
        ) from None  # fmt: skip
    around.at_end(wire.close)
    return wire


def open_session(wire: Wire, settings: BetfairSettings, around: Around) -> Session:
    """A session that logs in when it is used, and out at the end.

    Raises
    ------
    ConfigurationError
        A credential is missing.
    """
    session = Session(
        wire, Account.read(around.environment, around.secrets), around.clock, around.secrets,
        jurisdiction=settings.jurisdiction, with_certificate=bool(settings.certificate),
    )  # fmt: skip
    around.at_end(session.close)
    return session


def venue_over(wire: Wire, settings: BetfairSettings, directory: Directory, around: Around) -> BetfairVenue:
    """As `open_venue`, over a wire that is open."""
    session = open_session(wire, settings, around)
    wire = DryRun(wire, around.show, around.secrets) if around.dry_run else wire
    api = Api(wire, session, jurisdiction=settings.jurisdiction)
    venue = BetfairVenue(api, directory, settings, around.clock)
    try:
        currency = venue.account().currency
    except ReadFailed as failure:
        raise BeaError(
            "the account at Betfair could not be read", where="getAccountDetails", expected="name, currency, balance",
            found=failure.cause, todo="try again; after login_refused: log in on the site and see what it asks for",
        ) from None  # fmt: skip
    if currency != settings.currency:
        raise ConfigurationError(
            "the account has another currency", where="betfair.currency", expected=settings.currency, found=currency,
            todo="one ledger has one currency: set betfair.currency to that of the account, and begin a ledger in it",
        )  # fmt: skip
    return venue
