"""What this adapter offers: `engine.live.adapters.registry` imports it when Pinnacle is asked for."""

from __future__ import annotations

from typing import Final

from engine.live.account import AccountRead, check_currency
from engine.live.adapters.pinnacle.api import Api
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.pinnacle.venue import PinnacleVenue
from engine.live.adapters.registry import Around
from engine.live.linking.contract import Directory
from engine.live.wire.dry_run import DryRun
from engine.live.wire.http import HttpWire
from engine.live.wire.request import Wire

_ACCOUNT: Final = AccountRead(
    "Pinnacle", "pinnacle", "/v1/client/balance", "currency and balance",
    "try again; after invalid_credentials or no_api_access: ask Pinnacle",
)  # fmt: skip


def open_venue(settings: PinnacleSettings, directory: Directory, around: Around) -> PinnacleVenue:
    """The account of the credentials; as `engine.live.adapters.registry.open_venue`.

    Raises
    ------
    ConfigurationError
        A credential is missing, or the account has another currency than the settings say.
    BeaError
        The account could not be read.
    """
    wire = HttpWire(wall_ns=around.clock.wall_ns)
    around.at_end(wire.close)
    return venue_over(wire, settings, directory, around)


def venue_over(wire: Wire, settings: PinnacleSettings, directory: Directory, around: Around) -> PinnacleVenue:
    """As `open_venue`, over a wire that is open."""
    wire = DryRun(wire, around.show, around.secrets) if around.dry_run else wire
    venue = PinnacleVenue(Api(wire, around.environment, around.secrets), directory, settings, around.clock)
    check_currency(venue, settings.currency, _ACCOUNT)
    return venue
