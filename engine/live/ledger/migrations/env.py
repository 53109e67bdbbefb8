"""Run by Alembic: the steps go into the transaction of the connection that `engine.live.ledger.migrate` gives."""

from __future__ import annotations

from alembic import context

_given = context.config.attributes
context.configure(connection=_given["connection"], on_version_apply=_given["after_step"], transactional_ddl=True)
context.run_migrations()
