"""What this adapter offers: `engine.live.adapters.registry` imports it when Betfair is asked for."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.errors import BeaError, ConfigurationError
from engine.live.account import AccountRead, check_currency
from engine.live.adapters.betfair.api import Api
from engine.live.adapters.betfair.catalogue import MOST_QUESTIONS, Catalogue, offered, read_catalogue
from engine.live.adapters.betfair.closed import KeptMarkets
from engine.live.adapters.betfair.feed import BetfairFeed
from engine.live.adapters.betfair.following import Following
from engine.live.adapters.betfair.frames import Line, TlsLine
from engine.live.adapters.betfair.login import Account, Session
from engine.live.adapters.betfair.recording import Recording
from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.betfair.stream import HOSTS, PORT, Stream
from engine.live.adapters.betfair.subscription import MARKETS, Subscription, market_filter
from engine.live.adapters.betfair.venue import BetfairVenue
from engine.live.adapters.registry import Around, Coverage
from engine.live.linking.contract import Directory
from engine.live.linking.propose import Offered
from engine.live.venue import ReadFailed
from engine.live.wire.dry_run import DryRun
from engine.live.wire.http import HttpWire
from engine.live.wire.request import Wire

_ACCOUNT: Final = AccountRead(
    "Betfair", "betfair", "getAccountDetails", "name, currency, balance",
    "try again; after login_refused: log in on the site and see what it asks for",
)  # fmt: skip

#: questions of a reading while the feed runs: the runner waits for it
_AGAIN: Final = 3


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
    check_currency(venue, settings.currency, _ACCOUNT)
    return venue


def open_catalogue(settings: BetfairSettings, coverage: Coverage, around: Around) -> Sequence[Offered]:
    """As `engine.live.adapters.registry.open_catalogue`; what cannot be offered is shown by reason and number.

    Raises
    ------
    ConfigurationError
        A credential is missing.
    BeaError
        The catalogue could not be read.
    """
    wire = open_wire(settings, around)
    api = Api(wire, open_session(wire, settings, around), jurisdiction=settings.jurisdiction)
    catalogue = _catalogue(api, coverage, around.clock.wall_ns())
    for reason, number in sorted(catalogue.passed_over.items()):
        around.show(f"{number} passed over: {reason}")
    return offered(catalogue)


def open_feed(settings: BetfairSettings, coverage: Coverage, around: Around) -> BetfairFeed:
    """The markets of a coverage that start next (`Following`); as `engine.live.adapters.registry.open_feed`.

    Raises
    ------
    ConfigurationError
        A credential is missing.
    BeaError
        The catalogue could not be read, or has no such market.
    """
    return feed_over(open_wire(settings, around), lambda: TlsLine(HOSTS["live"], PORT), settings, coverage, around)


def feed_over(
    wire: Wire, dial: Callable[[], Line], settings: BetfairSettings, coverage: Coverage, around: Around
) -> BetfairFeed:
    """As `open_feed`, over a wire that is open and lines to the stream."""
    session = open_session(wire, settings, around)
    api = Api(wire, session, jurisdiction=settings.jurisdiction)
    questions = MOST_QUESTIONS

    def read(from_ns: int) -> Catalogue:
        return _catalogue(api, coverage, from_ns, questions)

    following = Following(read, around.show)
    kept = KeptMarkets(around.folder / "data" / "betfair" / f"markets-{coverage.sport}.json")

    def follow(ended: Collection[str]) -> Mapping[str, Any] | None:
        is_new = following.renew(ended, around.clock.wall_ns())
        kept.keep(following.markets, around.clock.wall_ns())
        return market_filter(tuple(following.markets)) if is_new and following.markets else None

    filters, questions = follow(()), _AGAIN
    if filters is None:
        raise BeaError(
            "Betfair offers no market that the promotion bets on", where="listMarketCatalogue",
            expected=", ".join((coverage.sport, *coverage.competitions, *coverage.markets)), found="none",
            todo="competitions are countries at Betfair, for races the venue; or start again when markets are open",
        )  # fmt: skip
    recording = Recording(around.folder / "data" / "raw" / "betfair", around.clock, following.completed)
    around.at_end(recording.close)
    subscription = Subscription(MARKETS, filters, settings.heartbeat_ms, settings.conflate_ms)
    jitter = random.Random()  # noqa: S311  # spreads new starts, hides nothing
    stream = Stream(dial, session, subscription, around.clock, jitter, recording.take)
    around.at_end(stream.close)
    closed = kept.closed(api, following.markets, around.show)
    feed = BetfairFeed(
        stream, session, around.clock, currency=settings.currency, completed=following.completed, follow=follow,
        closed=closed,
    )  # fmt: skip
    feed.show = around.show
    return feed


def _catalogue(api: Api, coverage: Coverage, from_ns: int, questions: int = MOST_QUESTIONS) -> Catalogue:
    try:
        return read_catalogue(api, coverage, from_ns, questions)
    except ReadFailed as failure:
        raise BeaError(
            "the catalogue of Betfair could not be read", where="listMarketCatalogue", found=failure.cause,
            todo="try again; after login_refused: log in on the site and see what it asks for",
        ) from None  # fmt: skip
