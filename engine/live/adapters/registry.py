"""Feeds and venues over the wire by name: what each is given to open, and where its factory is.

An adapter is a package beside this module. Its module `open` has one function for each thing it offers:
``open_feed(settings, coverage, around)``, ``open_venue(settings, directory, around)`` and
``open_catalogue(settings, coverage, around)``. They are imported when they are asked for, so that an adapter that
nobody uses costs nothing, and no adapter sees another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol, cast

from engine.errors import UsageError, printable, unknown_name
from engine.live.clock import Clock
from engine.live.feed import Feed
from engine.live.ledger.settings import LedgerSettings
from engine.live.linking.contract import Directory
from engine.live.linking.propose import Offered
from engine.live.venue import Venue
from engine.logs.secrets import Secrets

#: adapter by name of the feed, and by name of the venue; a venue also has a catalogue
FEEDS: Final = ("the_odds_api", "betfair", "pinnacle")
VENUES: Final = ("betfair", "pinnacle")


@dataclass(frozen=True)
class Terms:
    """What is known of a venue before it is opened.

    Attributes
    ----------
    bookmakers : tuple of str
        Our names of what is sold there: a feed or the store may have several names for one exchange.
    account : str
        Name of the credential that is the user name of the account; empty: it has none.
    credentials : tuple of str
        Names of all credentials.
    """

    bookmakers: tuple[str, ...]
    account: str = ""
    credentials: tuple[str, ...] = ()


#: of each of `VENUES`
TERMS: Final[Mapping[str, Terms]] = {
    "betfair": Terms(
        ("betfair_exchange", "betfair_ex_uk", "betfair_ex_eu", "betfair_ex_au"),
        "BEA_BETFAIR_USERNAME",
        ("BEA_BETFAIR_USERNAME", "BEA_BETFAIR_PASSWORD", "BEA_BETFAIR_APP_KEY"),
    ),
    "pinnacle": Terms(("pinnacle",), "BEA_PINNACLE_USERNAME", ("BEA_PINNACLE_USERNAME", "BEA_PINNACLE_PASSWORD")),
}


@dataclass(frozen=True)
class Coverage:
    """What a feed or a catalogue is asked for. An empty part leaves nothing out.

    Attributes
    ----------
    sport : str
    competitions, markets, bookmakers : tuple of str
        Our names, as in a promotion.
    """

    sport: str
    competitions: tuple[str, ...] = ()
    markets: tuple[str, ...] = ()
    bookmakers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Around:
    """What surrounds an adapter.

    Attributes
    ----------
    environment : mapping
        Of the process: where credentials are looked for first (`engine.live.wire.credentials`).
    secrets : Secrets
        Of the log; takes in what no text may show.
    clock : Clock
        Of the machine.
    folder : Path
        The home folder; raw answers go below ``data/raw/NAME``.
    show : callable
        Gets the requests of a dry run as text.
    dry_run : bool
        Nothing is sent that changes something: a venue puts `engine.live.wire.dry_run.DryRun` around its wire.
    at_end : callable
        Takes functions that close what the adapter opened; the last opened is closed first. `ExitStack.callback`.
    ledger : LedgerSettings
        Where the database is that processes share.
    """

    environment: Mapping[str, str]
    secrets: Secrets
    clock: Clock
    folder: Path
    show: Callable[[str], None]
    dry_run: bool
    at_end: Callable[[Callable[[], None]], object]
    ledger: LedgerSettings = field(default_factory=LedgerSettings)


class History(Protocol):
    """What of a source can be asked for to be kept.

    Attributes
    ----------
    calls : int
        How many questions there are.
    credits_most : int
        What they can cost, in the unit of the source; 0 where it costs nothing.
    """

    @property
    def calls(self) -> int: ...  # an attribute

    @property
    def credits_most(self) -> int: ...  # an attribute

    def fetch(self) -> Iterator[str]:
        """Ask, keep each answer below ``data/raw/NAME``, and say a line about it.

        Raises
        ------
        BeaError
            The source does not answer, or not any more. What was answered is kept.
        """
        ...


def open_history(name: str, settings: Any, coverage: Coverage, instants_ns: Sequence[int], around: Around) -> History:
    """What a source can be asked for: prices of now, or as they were at some instants (UTC nanoseconds).

    Raises
    ------
    UsageError
        The feed has no history in this version.
    BeaError
        As `open_feed`.
    """
    return cast(History, _factory(name, "history", FEEDS)(settings, coverage, instants_ns, around))


def open_feed(name: str, settings: Any, coverage: Coverage, around: Around) -> Feed:
    """A live feed.

    Parameters
    ----------
    name : str
        One of `FEEDS`.
    settings : object
        Of the adapter's section.
    coverage : Coverage
    around : Around

    Raises
    ------
    UsageError
        There is no such feed in this version.
    BeaError
        A credential is missing, or the service refuses it.
    """
    return cast(Feed, _factory(name, "feed", FEEDS)(settings, coverage, around))


def open_venue(name: str, settings: Any, directory: Directory, around: Around) -> Venue:
    """A real venue, without any lock on it.

    Parameters
    ----------
    name : str
        One of `VENUES`.
    settings : object
        Of the adapter's section.
    directory : Directory
        The links that may be bet on.
    around : Around

    Raises
    ------
    UsageError
        There is no such venue in this version.
    BeaError
        A credential is missing, or the service refuses it.
    """
    return cast(Venue, _factory(name, "venue", VENUES)(settings, directory, around))


def open_catalogue(name: str, settings: Any, coverage: Coverage, around: Around) -> Sequence[Offered]:
    """What a venue offers now, with its own ids: what links are proposed from; errors as `open_venue`."""
    return cast(Sequence[Offered], _factory(name, "catalogue", VENUES)(settings, coverage, around))


def _factory(name: str, what: str, names: Sequence[str]) -> Callable[..., object]:
    if name not in names:
        raise unknown_name(what, printable(name, 60), names, where=f"--{what}")
    opened = _offered(name, what)
    if opened is None:
        others = ", ".join(other for other in names if _offered(other, what))
        raise UsageError(f"{name} has no {what} in this version", expected=others or "none has one")
    return opened


def _offered(name: str, what: str) -> Callable[..., object] | None:
    """The factory of an adapter; None: it offers no such thing."""
    module = f"{__package__}.{name}.open"
    found: Callable[..., object] | None = (
        getattr(import_module(module), f"open_{what}", None) if find_spec(module) else None
    )
    return found
