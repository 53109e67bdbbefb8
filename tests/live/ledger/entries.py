"""Entries and settings that the tests of the ledger share."""

from __future__ import annotations

from engine.live.ledger.entries import FIRST_PREVIOUS, Entry, Kind, Money, Recorded, body_text
from engine.live.ledger.settings import LedgerSettings

OPENED = Entry(Kind.OPENED, "opened", 1, body={"promotion": "ab" * 16, "currency": "GBP", "mode": "paper"})
#: short waits, and a lease that outlives a slow machine: tests that wait for its end move their own clock
FAST = LedgerSettings(
    busy_timeout_ms=200,
    lease_ttl_ms=60_000,
    takeover_margin_ms=100,
    renew_after_ms=20_000,
    poll_ms=5_000,
    retry_wait_ms=1,
)


def recorded(entry: Entry, number: int = 1, *, epoch: int = 1, wall_ns: int = 0) -> Recorded:
    """An entry as a ledger would hold it, without its hashes."""
    return Recorded(number, epoch, wall_ns, entry, body_text(entry.body), FIRST_PREVIOUS, FIRST_PREVIOUS)


def intended(number: int, stake: int = 500) -> Entry:
    """The intent of bet `number`."""
    money = Money(cash=-stake, reserved=stake)
    body = {"odds": 2.5, "note": 'quoted "text"\n\u00e9'}
    return Entry(Kind.INTENDED, f"intended:{number}", 10 + number, f"{number:032x}", None, "pinnacle", money, body)


def placed(number: int, bet: str, stake: int = 500) -> Entry:
    """The receipt of bet `number`, which claims a venue bet."""
    money = Money(reserved=-stake, stakes=stake)
    return Entry(Kind.PLACED, f"placed:{number}", 20 + number, f"{number:032x}", bet, "pinnacle", money, {"raw": {}})
