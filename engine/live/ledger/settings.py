"""Settings of a ledger; `conf/live/ledger.yaml` has the same names."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from engine.errors import ConfigurationError

MS_NS = 1_000_000
_MAY_BE_ZERO: Final = ("retries", "retry_wait_ms", "takeover_margin_ms", "renew_after_ms")


@dataclass(frozen=True)
class LedgerSettings:
    """Where a ledger is, and how long it waits.

    Attributes
    ----------
    url : str
        Empty: an SQLite file, ``data/ledger/NAME.db`` in the home folder. ``postgresql://...``: a schema of that
        database. The environment variable ``BEA_LEDGER_URL`` replaces an empty one, so that a password stays out of
        files.
    busy_timeout_ms : int
        SQLite: how long a transaction waits for another writer.
    lock_timeout_ms, statement_timeout_ms, connect_timeout_ms : int
        PostgreSQL: how long for a lock, for a statement, for a connection.
    pool_size : int
        PostgreSQL: most connections of one process.
    retries, retry_wait_ms : int
        PostgreSQL: attempts after a serialization failure or a lost connection, and the wait before the first; it
        doubles each time.
    lease_ttl_ms : int
        How long a lease holds without being renewed, by the holder's monotonic clock.
    takeover_margin_ms : int
        What a second runner waits beyond that, by its own monotonic clock; longer than any send.
    renew_after_ms : int
        An append renews a lease of this age in its own transaction.
    poll_ms : int
        How often a waiting runner looks at the lease.
    checkpoint_bytes : int
        SQLite: the write-ahead log is copied into the file when it has this size.
    """

    url: str = ""
    busy_timeout_ms: int = 5_000
    lock_timeout_ms: int = 5_000
    statement_timeout_ms: int = 10_000
    connect_timeout_ms: int = 5_000
    pool_size: int = 2
    retries: int = 6
    retry_wait_ms: int = 100
    lease_ttl_ms: int = 30_000
    takeover_margin_ms: int = 20_000
    renew_after_ms: int = 5_000
    poll_ms: int = 250
    checkpoint_bytes: int = 4_000_000

    def __post_init__(self) -> None:
        for name in (part.name for part in fields(self) if part.name != "url"):
            value, least = getattr(self, name), 0 if name in _MAY_BE_ZERO else 1
            if type(value) is not int or value < least:
                expected = f"a whole number, {least} or more"
                raise ConfigurationError("wrong setting", where=f"ledger.{name}", expected=expected, found=repr(value))
        if self.renew_after_ms >= self.lease_ttl_ms:
            raise ConfigurationError(
                "a lease must be renewed before it ends",
                where="ledger.renew_after_ms",
                expected=f"less than lease_ttl_ms ({self.lease_ttl_ms})",
                found=str(self.renew_after_ms),
            )
