"""Bring an older schema to the one of this version."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from engine.live.clock import Clock, SystemClock
from engine.live.crash_points import Probe, no_probe
from engine.live.ledger import schema
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.opening import check_version, connect, stored_version
from engine.live.ledger.settings import LedgerSettings


def migrate(
    name: str, *, settings: LedgerSettings | None = None, clock: Clock | None = None, probe: Probe = no_probe
) -> tuple[str, str]:
    """Bring a ledger to the newest schema, under its lease and in one transaction: all steps or none.

    Returns
    -------
    str, str
        The version before and after.

    Raises
    ------
    LedgerError
        There is no such ledger, or it is newer than this version of the program.
    Fenced
        A runner holds the lease.
    LedgerFailure
        The database failed; the ledger is as before.
    """
    settings, clock = settings or LedgerSettings(), clock or SystemClock()
    store = connect(name, settings, clock)
    ledger = ChainedLedger(store, clock, settings)
    try:
        before = store.read(stored_version)
        if before not in schema.VERSIONS[:-1]:
            check_version(store, name)
            return before, before
        ledger.take()

        def bring_up() -> None:
            with store.sessions.write() as connection:
                upgrade(connection, probe)

        store.insist(bring_up)
        return before, schema.VERSIONS[-1]
    finally:
        ledger.close()


def upgrade(connection: Connection, probe: Probe = no_probe, to: str = schema.VERSIONS[-1]) -> None:
    """Run the steps up to a version in the transaction of `connection`.

    Parameters
    ----------
    connection : Connection
    probe : Probe
        Passed ``migration.between_steps`` after each step but the last.
    to : str
    """
    from alembic import command
    from alembic.config import Config

    def after_step(step: Any, **_: Any) -> None:
        if step.up_revision_id != to:
            probe("migration.between_steps")

    config = Config()
    config.set_main_option("script_location", f"{__package__}:migrations")
    config.attributes |= {"connection": connection, "after_step": after_step}
    command.upgrade(config, to)
