"""Opening an account: credentials, currency, dry run, and the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.errors import BeaError, ConfigurationError
from engine.live.adapters import registry
from engine.live.adapters.betfair.login import KEY, PASSWORD, USER
from engine.live.adapters.betfair.open import open_venue, open_wire, venue_over
from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.registry import Around
from engine.live.linking.contract import Links
from engine.live.venue import NotTaken, Receipt
from engine.logs.secrets import Secrets
from tests.betfair_exchange import exchange
from tests.betfair_exchange.words import Everything
from tests.live.adapters.betfair.scene import Scene, order
from tests.live.venues.orders import BANKROLL
from tests.wire_server.certificates import certificates

CREDENTIALS = {USER: exchange.USER, PASSWORD: exchange.PASSWORD, KEY: exchange.APP_KEY}


class Opening:
    """A scene and what surrounds an adapter there."""

    def __init__(
        self, stack: ExitStack, *, dry_run: bool = False, credentials: Mapping[str, str] = CREDENTIALS
    ) -> None:
        self.scene, self.shown = Scene(), list[str]()
        self.around = Around(
            credentials, Secrets(), self.scene.clock, Path(), self.shown.append, dry_run, stack.callback
        )

    def open(self, settings: BetfairSettings | None = None) -> object:
        """The venue of the adapter over the line of the scene."""
        return venue_over(self.scene.line, settings or BetfairSettings(), Everything(), self.around)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_an_account_is_opened_and_logged_out_at_the_end() -> None:
    with ExitStack() as stack:
        opening = Opening(stack)
        venue = venue_over(opening.scene.line, BetfairSettings(), Everything(), opening.around)
        (receipt,) = venue.place([order()])
        assert isinstance(receipt, Receipt) and venue.balance_minor() == BANKROLL - 1_000
        assert len(opening.scene.desk.sessions) == 2
    assert opening.scene.desk.sessions == {"session-0"}


@pytest.mark.parametrize("missing", [USER, PASSWORD, KEY])
def test_a_missing_credential_is_one_line(missing: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    left = {name: value for name, value in CREDENTIALS.items() if name != missing}
    opening = Opening(stack, credentials=left)
    with pytest.raises(ConfigurationError, match=f"a credential is missing in {missing}"):
        registry.open_venue("betfair", BetfairSettings(), Links([]), opening.around)


def test_a_certificate_that_cannot_be_used_is_one_line(stack: ExitStack, tmp_path: Path) -> None:
    pem, around = certificates(), Opening(stack).around
    for certificate, key in ((tmp_path / "none.pem", pem.client[1]), (pem.client[0], pem.server[1])):
        settings = BetfairSettings(certificate=str(certificate), certificate_key=str(key))
        with pytest.raises(ConfigurationError, match="the client certificate cannot be used"):
            open_venue(settings, Everything(), around)
    assert open_wire(BetfairSettings(certificate=str(pem.client[0]), certificate_key=str(pem.client[1])), around)


def test_an_account_in_another_currency_is_refused_in_one_line(stack: ExitStack) -> None:
    opening = Opening(stack)
    opening.scene.exchange.currency = "EUR"
    with pytest.raises(ConfigurationError, match=r"betfair\.currency: expected GBP, found EUR"):
        opening.open()
    assert opening.open(BetfairSettings(currency="EUR"))


@pytest.mark.parametrize(
    ("word", "found"), [("KYC_SUSPEND", "login_refused"), ("INTERNAL_ERROR", "login_internal_error")]
)
def test_an_account_that_cannot_be_read_is_one_line(word: str, found: str, stack: ExitStack) -> None:
    opening = Opening(stack)
    opening.scene.exchange.login_status = word
    with pytest.raises(BeaError, match=f"found {found}"):
        opening.open()


def test_a_dry_run_shows_the_order_that_would_be_sent_and_sends_none(stack: ExitStack) -> None:
    opening = Opening(stack, dry_run=True)
    venue = venue_over(opening.scene.line, BetfairSettings(), Everything(), opening.around)
    with pytest.raises(NotTaken, match="dry_run"):
        venue.place([order()])
    (text,) = opening.shown
    assert "SportsAPING/v1.0/placeOrders" in text and order().key in text and exchange.PASSWORD not in text
    assert not opening.scene.asked("placeOrders") and venue.balance_minor() == BANKROLL
