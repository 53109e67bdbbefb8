"""Entries, lease, control rows, facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ACCOUNTS = ("cash", "reserved", "stakes", "pnl", "commission", "tax", "adjustment", "capital")


def _text(name: str, **words: bool) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=bool(words.pop("nullable", False)), **words)  # type: ignore[arg-type]


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "entries",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        *(_whole("epoch"), _whole("wall_ns"), _text("kind"), _text("key", unique=True), _whole("at_ns")),
        *(_text("intent"), _text("venue_bet", nullable=True, unique=True), _text("bookmaker")),
        *(_whole(name) for name in _ACCOUNTS),
        *(_text("body"), _text("previous"), _text("hash")),
        sa.CheckConstraint(" + ".join(_ACCOUNTS) + " = 0", name="sums_to_zero"),
        sa.CheckConstraint("number > 0", name="numbered"),
        sa.CheckConstraint("venue_bet <> ''", name="named_bet"),
    )
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        *(_text("holder"), _whole("epoch"), _whole("beat"), sa.Column("exclusive", sa.Boolean(), nullable=False)),
        *(_whole("ttl_ns"), _whole("wall_ns"), _whole("number"), _text("hash")),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    op.create_table(
        "control",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        *(_whole("wall_ns"), _text("command"), _text("subject"), _text("person"), _text("reason"), _text("hash")),
    )
    op.create_table("facts", sa.Column("name", sa.Text, primary_key=True), _text("value"))
