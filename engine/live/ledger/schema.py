"""The tables of a ledger. Amounts are whole minor units in 64-bit columns; each row of entries sums to zero."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, MetaData, Table, Text

from engine.live.ledger.entries import ACCOUNTS, HASHED

#: versions of the schema, oldest first; each is a file in the folder of migrations
VERSIONS: Final = ("0001", "0002")

metadata = MetaData()

#: columns of `entries` in the order of `engine.live.ledger.entries.HASHED`, with the body and both hashes at the end
ENTRY_COLUMNS: Final = (*HASHED[1:], "body", HASHED[0], "hash")

entries = Table(
    "entries",
    metadata,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("wall_ns", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("intent", Text, nullable=False),
    Column("venue_bet", Text, nullable=True, unique=True),
    Column("bookmaker", Text, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ACCOUNTS),
    Column("body", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint(" + ".join(ACCOUNTS) + " = 0", name="sums_to_zero"),
    CheckConstraint("number > 0", name="numbered"),
    CheckConstraint("venue_bet <> ''", name="named_bet"),
)

#: of version 0002
by_intent = Index("entries_by_intent", entries.c.intent, entries.c.number)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("beat", BigInteger, nullable=False),
    Column("exclusive", Boolean(create_constraint=False), nullable=False),
    Column("ttl_ns", BigInteger, nullable=False),
    Column("wall_ns", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

control = Table(
    "control",
    metadata,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("wall_ns", BigInteger, nullable=False),
    Column("command", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

#: facts of the database: `name`, `restored` (the head of the backup that it came from), and `pulse` (of the runner)
facts = Table("facts", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

version = Table("alembic_version", MetaData(), Column("version_num", Text, primary_key=True))
