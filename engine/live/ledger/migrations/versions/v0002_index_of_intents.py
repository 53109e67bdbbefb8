"""Entries of one bet are found by an index."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the index."""
    op.create_index("entries_by_intent", "entries", ["intent", "number"])
