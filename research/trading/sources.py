"""Feeds and real venues of a promotion, opened for one runner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing

from engine.errors import LedgerError, UsageError
from engine.live.account import VenueAccount
from engine.live.adapters.registry import Around, Coverage
from engine.live.feed import Feed, Message
from engine.live.ledger.opening import look
from engine.live.linking.store import StoredDirectory, open_links
from engine.live.venue import Venue, VenueFailure
from engine.live.venues.locked import DryVenue, LockedVenue
from engine.live.venues.locks import Wanted, unlock
from research.adapters.by_name import open_feed, open_venue, terms_of
from research.promotion.deployed import Deployed
from research.tapes.builder import open_store
from research.trading.history import PAPER
from research.trading.settings import LiveSettings


class Silent:
    """A feed without a message, on the clock of the machine: for what only asks a venue."""

    name, is_live = "silent", True

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """The end."""
        return None


def coverage_of(deployed: Deployed) -> Coverage:
    """What a promotion asks of a feed: its sport, competitions, markets and bookmakers.

    Raises
    ------
    UsageError
        It spans several sports.
    """
    universe = deployed.inputs.visible
    sports = universe.sports or ()
    if not sports:
        entries = open_store(deployed.spec.store).manifest.entries("events")
        wanted = universe.competitions
        sports = tuple(sorted({one.sport for one in entries if wanted is None or one.competition in wanted}))
    if len(sports) != 1:
        raise UsageError(
            "a feed has one sport", where=f"promotion {deployed.promotion.name}", expected="one in data.sports",
            found=", ".join(sports) or "none",
        )  # fmt: skip
    return Coverage(sports[0], universe.competitions or (), universe.markets or (), universe.bookmakers or ())


def live_feed(name: str, deployed: Deployed, settings: LiveSettings, around: Around) -> Feed:
    """A feed that listens to the world, for a promotion.

    Raises
    ------
    UsageError
        There is no such feed, it does not listen to the world, or the promotion spans several sports.
    BeaError
        A credential is missing, or the service refuses it.
    """
    feed = open_feed(name, settings.of(name), coverage_of(deployed), around)
    if not feed.is_live:
        raise UsageError("the feed does not listen to the world", where=f"--feed {name}", expected="is_live = True")
    return feed


def shown_venue(venue: str, deployed: Deployed, settings: LiveSettings, around: Around, stack: ExitStack) -> DryVenue:
    """A real venue that only shows what would be sent.

    Parameters
    ----------
    venue : str
    deployed : Deployed
    settings : LiveSettings
    around : Around
        With `dry_run`.
    stack : ExitStack
        Closes the links.

    Raises
    ------
    UsageError
        There is no such venue, or the account has another currency than the ledger.
    BeaError
        A credential is missing, or the service refuses it.
    """
    money, currency = deployed.promotion.currency, _currency(venue, deployed, settings)
    if currency != money:
        raise UsageError("account and ledger have two currencies", where=venue, expected=money, found=currency,
                         todo=f"{venue}.currency says which the account has")  # fmt: skip
    _check_sport(venue, deployed, settings)
    return DryVenue(_opened(venue, settings, around, stack), terms_of(venue).bookmakers)


def locked_venue(
    venue: str,
    deployed: Deployed,
    settings: LiveSettings,
    around: Around,
    stack: ExitStack,
    confirm: Callable[[Sequence[str], str], bool],
) -> LockedVenue:
    """A real venue, once every lock is open; parameters as of `shown_venue`, and of `unlock`.

    Raises
    ------
    Locked
        With everything that lacks.
    BeaError
        The venue cannot be opened.
    """
    terms, currency = terms_of(venue), _currency(venue, deployed, settings)
    wanted = Wanted(deployed.promotion, venue, currency, terms.account, terms.credentials)
    _check_sport(venue, deployed, settings)
    opened: list[Venue] = []

    def account() -> VenueAccount | None:
        opened.append(_opened(venue, settings, around, stack))
        return _account(opened[0])

    permit = unlock(wanted, around.environment, around.secrets, confirm, account)
    return LockedVenue(opened[0], terms.bookmakers, permit, around.clock, deployed.spec.zone)


def _opened(venue: str, settings: LiveSettings, around: Around, stack: ExitStack) -> Venue:
    """A venue that bets on links which a person confirmed."""
    links = open_links(settings.ledger, around.clock)
    stack.callback(links.close)
    directory = StoredDirectory(links, venue, around.clock, confirmed=True)
    opened = open_venue(venue, settings.of(venue), directory, around)
    if opened.profile.name != venue:
        raise UsageError("the venue has another name", where=f"--venue {venue}", found=opened.profile.name)
    return opened


def _account(venue: Venue) -> VenueAccount | None:
    """The account as the venue states it; None where it does not."""
    account: Callable[[], VenueAccount] | None = getattr(venue, "account", None)
    try:
        return None if account is None else account()
    except VenueFailure as failure:
        raise LedgerError("the account cannot be read", where=venue.profile.name, found=failure.cause,
                          todo="start again") from None  # fmt: skip


def venue_of_ledger(name: str, settings: LiveSettings) -> str:
    """Name of the venue that a ledger was opened for, ``paper`` among them.

    Raises
    ------
    LedgerError
        There is no such ledger.
    """
    with closing(look(name, settings=settings.ledger)) as ledger:
        first = next(iter(ledger.entries()), None)
    return PAPER if first is None else str(first.entry.body.get("venue", PAPER))


def _currency(venue: str, deployed: Deployed, settings: LiveSettings) -> str:
    """Of the account, as the settings of the venue state it; where they state none, that of the ledger."""
    return str(getattr(settings.of(venue), "currency", deployed.promotion.currency))


def _check_sport(venue: str, deployed: Deployed, settings: LiveSettings) -> None:
    """Refuse a venue whose settings are of another sport than the promotion; most serve every sport."""
    check: Callable[[str], None] | None = getattr(settings.of(venue), "check_sport", None)
    if check is not None:
        check(coverage_of(deployed).sport)
