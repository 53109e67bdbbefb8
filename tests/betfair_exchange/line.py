"""The line from the adapter to the fake exchange, under the names of Betfair."""

from __future__ import annotations

from typing import ClassVar, Final

from engine.live.adapters.betfair.api import Api
from engine.live.adapters.betfair.login import Account, Session
from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.betfair.venue import PROFILE, BetfairVenue
from engine.live.linking.contract import Directory
from engine.live.venue import Profile
from engine.live.wire.request import Request
from engine.logs.secrets import Secrets
from tests.betfair_exchange.exchange import APP_KEY, PASSWORD, USER
from tests.betfair_exchange.words import Everything
from tests.wire_server import line

#: smallest bets of the tests: one minor unit
SETTINGS: Final = BetfairSettings(stake_min_minor=1, transactions_an_hour=10**6)


class Line(line.Line):
    """To an `Exchange`."""

    hosts: ClassVar[tuple[str, ...]] = (".betfair.com", ".betfair.it")

    def concerns_a_bet(self, request: Request) -> bool:
        """An order, or the list of current ones."""
        return request.changes or b"listCurrentOrders" in request.content


def venue_of(
    line: Line, *, profile: Profile = PROFILE, settings: BetfairSettings = SETTINGS, directory: Directory | None = None
) -> BetfairVenue:
    """The adapter at the end of a line, not logged in yet."""
    session = Session(line, Account(USER, PASSWORD, APP_KEY), line.clock, Secrets())
    return BetfairVenue(Api(line, session), directory or Everything(), settings, line.clock, profile)
