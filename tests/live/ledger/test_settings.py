"""Settings of a ledger: what is refused, and that the file says what the class does."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from engine.errors import ConfigurationError
from engine.live.ledger.settings import LedgerSettings
from research.config.live import read


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"busy_timeout_ms": 0}, "ledger.busy_timeout_ms"),
        ({"lease_ttl_ms": 1.5}, "ledger.lease_ttl_ms"),
        ({"pool_size": True}, "ledger.pool_size"),
        ({"retries": -1}, "ledger.retries"),
        ({"lease_ttl_ms": 100, "renew_after_ms": 100}, "ledger.renew_after_ms"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(values: dict[str, int], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        LedgerSettings(**values)


def test_the_file_of_settings_names_every_key_with_its_default() -> None:
    assert asdict(read({"ledger": LedgerSettings})["ledger"]) == asdict(LedgerSettings())
    assert LedgerSettings(retries=0, retry_wait_ms=0, takeover_margin_ms=0, renew_after_ms=0).retries == 0
