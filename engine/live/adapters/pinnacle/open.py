"""What this adapter offers: `engine.live.adapters.registry` imports it when Pinnacle is asked for."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from engine.errors import BeaError, ConfigurationError
from engine.files import exclusive
from engine.live.account import AccountRead, check_currency
from engine.live.adapters.pinnacle.api import Api
from engine.live.adapters.pinnacle.catalogue import read_catalogue
from engine.live.adapters.pinnacle.events import Events
from engine.live.adapters.pinnacle.feed import PinnacleFeed
from engine.live.adapters.pinnacle.fixtures import Fixtures
from engine.live.adapters.pinnacle.kept import KeptEvents
from engine.live.adapters.pinnacle.lines import Lines
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.pinnacle.venue import PinnacleVenue
from engine.live.adapters.registry import Around, Coverage
from engine.live.linking.contract import Directory
from engine.live.linking.propose import Offered
from engine.live.venue import ReadFailed
from engine.live.wire.dry_run import DryRun
from engine.live.wire.http import HttpWire
from engine.live.wire.request import Wire
from engine.logs.secrets import Secrets

_ACCOUNT: Final = AccountRead(
    "Pinnacle", "pinnacle", "/v1/client/balance", "currency and balance",
    "try again; after invalid_credentials or no_api_access: ask Pinnacle",
)  # fmt: skip
#: by what is one for a process, and by settings
_LINES: Final[MutableMapping[Secrets, dict[PinnacleSettings, Lines]]] = WeakKeyDictionary()


def open_venue(settings: PinnacleSettings, directory: Directory, around: Around) -> PinnacleVenue:
    """The account of the credentials; as `engine.live.adapters.registry.open_venue`.

    Raises
    ------
    ConfigurationError
        A credential is missing, or the account has another currency than the settings say.
    BeaError
        The account could not be read.
    """
    return venue_over(_wire(around), settings, directory, around)


def venue_over(wire: Wire, settings: PinnacleSettings, directory: Directory, around: Around) -> PinnacleVenue:
    """As `open_venue`, over a wire that is open."""
    sends = DryRun(wire, around.show, around.secrets) if around.dry_run else wire
    api = Api(sends, around.environment, around.secrets)
    venue = PinnacleVenue(api, directory, settings, around.clock, lines_of(wire, settings, around))
    check_currency(venue, settings.currency, _ACCOUNT)
    return venue


def lines_of(wire: Wire, settings: PinnacleSettings, around: Around) -> Lines:
    """The lines of a sport: one for all that is opened in the same surroundings, for the pace holds for all of it."""
    shared = _LINES.setdefault(around.secrets, {})
    if settings not in shared:
        claim = _Claim(_folder(around) / f"odds-{settings.sport_id}.lock", settings.sport_id)
        around.at_end(claim.release)
        api = Api(wire, around.environment, around.secrets)
        shared[settings] = Lines(api, settings, around.clock, claim.take)
    return shared[settings]


class _Claim:
    """A lock of this home: one process at a time asks for the odds of a sport."""

    def __init__(self, path: Path, sport_id: int) -> None:
        self._path, self._sport_id, self._held = path, sport_id, ExitStack()
        self._is_held = False

    def take(self) -> None:
        """Hold it until the end; raises BeaError where another process does."""
        if self._is_held:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        refusal = BeaError(
            "another process reads Pinnacle's odds of this sport", where=f"{self._path}",
            expected="one at a time, for Pinnacle allows one request in two minutes", found=f"sport {self._sport_id}",
            todo="stop it first, see `bea status` and `bea stop NAME`",
        )  # fmt: skip
        self._held.enter_context(exclusive(self._path, refusal))
        self._is_held = True

    def release(self) -> None:
        """Let another process have it."""
        self._held.close()
        self._is_held = False


def open_feed(settings: PinnacleSettings, coverage: Coverage, around: Around) -> PinnacleFeed:
    """As `engine.live.adapters.registry.open_feed`.

    Raises
    ------
    ConfigurationError
        A credential is missing, the number of the sport is another one, or no league is one of the competitions.
    BeaError
        The leagues could not be read, or another process of this home reads the odds of the sport.
    """
    return feed_over(_wire(around), settings, coverage, around)


def feed_over(wire: Wire, settings: PinnacleSettings, coverage: Coverage, around: Around) -> PinnacleFeed:
    """As `open_feed`, over a wire that is open."""
    settings.check_sport(coverage.sport)
    lines = lines_of(wire, settings, around)
    lines.claim()
    try:
        lines.read_leagues()
    except ReadFailed as failure:
        raise _unread("/v2/leagues", failure) from None
    events = Events(coverage)
    if not any(events.is_wanted(name) for name in lines.leagues.values()):
        raise ConfigurationError(
            "Pinnacle has none of the competitions", where="data.competitions of the promotion",
            expected=", ".join(sorted(lines.leagues.values())[:5]) + ", ...", found=", ".join(coverage.competitions),
            todo="give its leagues our names in aliases/competitions.yaml",
        )  # fmt: skip
    api = Api(wire, around.environment, around.secrets)
    keep = KeptEvents(_folder(around) / f"events-{settings.sport_id}.json")
    return PinnacleFeed(lines, Fixtures(api, settings.sport_id, around.clock), keep, coverage, around.clock)


def open_catalogue(settings: PinnacleSettings, coverage: Coverage, around: Around) -> Sequence[Offered]:
    """As `engine.live.adapters.registry.open_catalogue`; what cannot be offered is shown by reason and number.

    Raises
    ------
    ConfigurationError
        A credential is missing, or the number of the sport is another one.
    BeaError
        The catalogue could not be read.
    """
    return catalogue_over(_wire(around), settings, coverage, around)


def catalogue_over(wire: Wire, settings: PinnacleSettings, coverage: Coverage, around: Around) -> Sequence[Offered]:
    """As `open_catalogue`, over a wire that is open."""
    settings.check_sport(coverage.sport)
    lines = lines_of(wire, settings, around)
    lines.claim()
    fixtures = Fixtures(Api(wire, around.environment, around.secrets), settings.sport_id, around.clock)
    try:
        found = read_catalogue(lines, fixtures, coverage, around.clock.wall_ns())
    except ReadFailed as failure:
        raise _unread("/v2/odds, /v1/fixtures", failure) from None
    for reason, number in sorted(found.passed_over.items()):
        around.show(f"{number} passed over: {reason}")
    return found.offered


def _folder(around: Around) -> Path:
    return around.folder / "data" / "raw" / "pinnacle"


def _wire(around: Around) -> HttpWire:
    wire = HttpWire(wall_ns=around.clock.wall_ns)
    around.at_end(wire.close)
    return wire


def _unread(where: str, failure: ReadFailed) -> BeaError:
    return BeaError(
        "Pinnacle's offer could not be read", where=where, found=failure.cause,
        todo="try again in two minutes; after invalid_credentials or no_api_access: ask Pinnacle",
    )  # fmt: skip
