"""The line from the adapter to the fake service, under the name of Pinnacle."""

from __future__ import annotations

from typing import ClassVar, Final

from engine.live.adapters.pinnacle.api import PASSWORD as PASSWORD_NAME
from engine.live.adapters.pinnacle.api import USER as USER_NAME
from engine.live.adapters.pinnacle.api import Api
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.pinnacle.venue import PROFILE, PinnacleVenue
from engine.live.linking.contract import Directory
from engine.live.venue import Profile
from engine.live.wire.request import Request
from engine.logs.secrets import Secrets
from tests.pinnacle_server.service import PASSWORD, USER, Everything
from tests.wire_server import line

#: credentials of the fake account
ENVIRONMENT: Final = {USER_NAME: USER, PASSWORD_NAME: PASSWORD}


class Line(line.Line):
    """To a `Service`."""

    hosts: ClassVar[tuple[str, ...]] = ("api.pinnacle.com",)

    def concerns_a_bet(self, request: Request) -> bool:
        """A bet, or the look-up of one."""
        return request.changes or "uniqueRequestIds" in request.params


def venue_of(
    line: Line,
    *,
    profile: Profile = PROFILE,
    settings: PinnacleSettings | None = None,
    directory: Directory | None = None,
) -> PinnacleVenue:
    """The adapter at the end of a line."""
    api = Api(line, ENVIRONMENT, Secrets())
    return PinnacleVenue(api, directory or Everything(), settings or PinnacleSettings(), line.clock, profile=profile)
