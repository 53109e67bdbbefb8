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


def open_session(settings: BetfairSettings, around: Around) -> tuple[Wire, Session]:
    """The wire to Betfair and a session that is not logged in yet; both end with the adapter."""
    certificate = None
    if settings.certificate:
        certificate = (Path(settings.certificate), Path(settings.certificate_key))
    http = HttpWire(wall_ns=around.clock.wall_ns, client_certificate=certificate)
    around.at_end(http.close)
    account = Account.read(around.environment, around.secrets)
    session = Session(
        http, account, around.clock, around.secrets, jurisdiction=settings.jurisdiction,
        with_certificate=certificate is not None,
    )  # fmt: skip
    around.at_end(session.close)
    return http, session


def open_venue(settings: BetfairSettings, directory: Directory, around: Around) -> BetfairVenue:
    """The account of the credentials; as `engine.live.adapters.registry.open_venue`.

    Raises
    ------
    ConfigurationError
        A credential is missing or refused, or the account has another currency than the settings say.
    BeaError
        The account could not be read.
    """
    wire, session = open_session(settings, around)
    wire = DryRun(wire, around.show, around.secrets) if around.dry_run else wire
    return checked(BetfairVenue(
        Api(wire, session, jurisdiction=settings.jurisdiction), directory, settings, around.clock
    ), settings)  # fmt: skip


def checked(venue: BetfairVenue, settings: BetfairSettings) -> BetfairVenue:
    """A venue whose account has the currency of the settings; raises as `open_venue`."""
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
