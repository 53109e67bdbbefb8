"""Which event each id of the service stands for, and which results were told, kept in the database of the cache.

So they hold over all answers, all processes and restarts.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl
from sqlalchemy import BigInteger, Column, Connection, Date, Integer, MetaData, Table, Text, delete, inspect, select

from engine.clock import DAY_NS
from engine.live.ledger.session import Sessions, asked_once
from engine.schema import ALL_EVENTS, with_optional
from engine.store.lasting import KNOWN, followed, has_lasting_ids

metadata = MetaData()
games = Table(
    "games",
    metadata,
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    *(Column(name, Text) for name in ("sport", "competition", "season", "home", "away", "starts_at_basis", "game_id")),
    Column("date", Date),
    Column("game", Integer),
    Column("starts_at", BigInteger),
)
#: the last result that was told of an event, and its version
results = Table(
    "results",
    metadata,
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("said", Text, nullable=False),
    Column("version", Integer, nullable=False),
)
#: a game is forgotten so long after its start
_KEEP_NS: Final = 60 * DAY_NS


class Games:
    """The events of the ids that any process of this database has met.

    Parameters
    ----------
    sessions : Sessions
        Of the cache.

    Raises
    ------
    LedgerFailure
        The database fails.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        with asked_once(sessions.where), sessions.first() as connection:
            if not {games.name, results.name} <= set(inspect(connection).get_table_names()):
                metadata.create_all(connection)

    def followed(
        self, events: pl.DataFrame, quotes: pl.DataFrame, received_ns: int
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Events and quotes of an answer as the events of its ids (`engine.store.lasting.followed`).

        Raises
        ------
        LedgerFailure
            The database fails.
        """
        if not has_lasting_ids(events):
            return events, quotes
        with asked_once(self._sessions.where), self._sessions.first() as connection:
            known = _known(connection, events)
            events, quotes = followed(known, events, quotes)
            rows = _rows(events)
            before = {row["event_id"]: row for row in _rows(known).to_dicts()}
            new = [
                row for row in rows.to_dicts() if row != before.get(row["event_id"]) and "\0" not in str(row.values())
            ]
            if new:
                connection.execute(delete(games).where(games.c.event_id.in_([row["event_id"] for row in new])))
                connection.execute(games.insert(), new)
                connection.execute(delete(games).where(games.c.starts_at < received_ns - _KEEP_NS))
        return events, quotes

    def version(self, event_id: int, said: str) -> int:
        """The version of a result: 1, and one more where something else was said before, by any process.

        Raises
        ------
        LedgerFailure
            The database fails.
        """
        with asked_once(self._sessions.where), self._sessions.first() as connection:
            before = connection.execute(select(results).where(results.c.event_id == event_id)).first()
            if before is not None and before.said == said:
                return int(before.version)
            version = 1 if before is None else int(before.version) + 1
            connection.execute(delete(results).where(results.c.event_id == event_id))
            connection.execute(results.insert(), {"event_id": event_id, "said": said, "version": version})
            return version


def _known(connection: Connection, events: pl.DataFrame) -> pl.DataFrame:
    competitions = events["competition"].unique().to_list()
    rows: list[dict[str, Any]] = [
        dict(row._mapping) for row in connection.execute(select(games).where(games.c.competition.in_(competitions)))
    ]
    types = {name: pl.Int64 if name == "starts_at" else ALL_EVENTS[name] for name in KNOWN}
    return pl.DataFrame(rows, schema=types).with_columns(pl.col("starts_at").cast(ALL_EVENTS["starts_at"]))


def _rows(events: pl.DataFrame) -> pl.DataFrame:
    return with_optional(events).select(KNOWN).with_columns(pl.col("starts_at").cast(pl.Int64))
