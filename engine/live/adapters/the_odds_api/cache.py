"""Answers shared by every process that uses the same database: what one has asked, the others need not ask again.

The database also counts the credits of a day. Before a call leaves, what it may cost is booked; its answer corrects
that. A process that dies between the two leaves the larger number, and so does an answer that is lost, each time a call
is asked again: the budget is never exceeded.

SQLite: ``data/cache/the_odds_api.db`` in the home folder. PostgreSQL: schema ``betting_odds`` of the database of the
ledgers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table, Text, delete, inspect, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.clock import HOUR_NS, SECOND_NS
from engine.live.adapters.the_odds_api.calls import Call
from engine.live.adapters.the_odds_api.client import Client, NoCredits, NotThere, Usage
from engine.live.adapters.the_odds_api.raw import RawAnswers
from engine.live.clock import Clock
from engine.live.feed import FeedFailure, Quota
from engine.live.ledger.opening import database_url
from engine.live.ledger.session import Sessions, asked_once, postgres_sessions, sqlite_sessions
from engine.live.ledger.settings import LedgerSettings
from engine.paths import home

metadata = MetaData()
#: `asking_ns`: until then some process waits for the answer; 0: none does. `failed_ns`, `cause`: of the last failure
answers = Table(
    "answers",
    metadata,
    Column("call", Text, primary_key=True),
    Column("content", LargeBinary),
    Column("received_ns", BigInteger),
    Column("asking_ns", BigInteger, nullable=False),
    Column("failed_ns", BigInteger),
    Column("cause", Text),
)
spending = Table(
    "spending",
    metadata,
    Column("day", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("used", BigInteger),
    Column("remaining", BigInteger),
)

#: a process that has not had its answer after so long is taken for dead
_ASKING_NS: Final = 60 * SECOND_NS
_LOOK_NS: Final = SECOND_NS // 20
#: after a failure of the service nobody asks for the same thing for so long, those who waited for it least of all
_REST_NS: Final = 3 * SECOND_NS
#: answers of calls that nobody makes any more are removed after so long
_KEEP_NS: Final = 24 * HOUR_NS


@dataclass(frozen=True)
class Kept:
    """An answer of the cache.

    Attributes
    ----------
    value : object
        Its JSON.
    received_ns : int
        UTC nanoseconds.
    stale : bool
        Older than was asked for: the service does not answer. Its prices may be shown, never bet at.
    cause : str
        Why it is stale.
    """

    value: Any
    received_ns: int
    stale: bool = False
    cause: str = ""


@dataclass(frozen=True)
class Spent:
    """Of one day.

    Attributes
    ----------
    calls : int
        That left.
    credits : int
        What they cost; of calls without an answer, what they could cost.
    used, remaining : int or None
        Of the key, as the service last said.
    """

    calls: int = 0
    credits: int = 0
    used: int | None = None
    remaining: int | None = None


class Cache:
    """Asks the service only for what the database does not have.

    Parameters
    ----------
    sessions : Sessions
    client : Client
    clock : Clock
    credits_a_day : int
        A call that may exceed it is not sent.
    raw : RawAnswers
        Keeps each answer, and what it has no more.

    Raises
    ------
    LedgerFailure
        The database fails.
    """

    def __init__(
        self,
        sessions: Sessions,
        client: Client,
        clock: Clock,
        credits_a_day: int,
        raw: RawAnswers,
    ) -> None:
        self._sessions, self._client, self._clock = sessions, client, clock
        self._credits_a_day, self._raw = credits_a_day, raw
        self._spent_here = 0
        self._lost = set[str]()  # calls whose prices were kept as gone since their last answer
        with asked_once(sessions.where), sessions.first() as connection:
            if answers.name not in inspect(connection).get_table_names():
                metadata.create_all(connection)

    def close(self) -> None:
        """Close all connections."""
        self._sessions.close()

    def get(self, call: Call, age_most_ns: int) -> Kept:
        """An answer that is not older than that; an older one, marked as stale, where there is no other.

        Where another process is asking, its answer is waited for.

        Raises
        ------
        FeedFailure
            There is no answer, and there was none before. `NoCredits` and `NotThere` are such.
        ConfigurationError
            A person has to do something, as of `Client.ask`.
        LedgerFailure
            The database fails.
        """
        gone_on_ns = self._clock.monotonic_ns() + _ASKING_NS
        while True:
            kept, is_ours, failed = self._look(call, age_most_ns)
            if failed:
                return _or_stale(kept, FeedFailure(failed))
            if is_ours:
                return self._ask(call, kept)
            if kept is not None and not kept.stale:
                return kept
            if self._clock.monotonic_ns() >= gone_on_ns:
                return _or_stale(kept, FeedFailure("another process waits for the answer"))
            self._clock.sleep_ns(_LOOK_NS)

    def spent(self) -> Spent:
        """Of today, UTC."""
        with asked_once(self._sessions.where), self._sessions.read() as connection:
            return _spent(connection, self._day())

    def quota(self) -> Quota:
        """What is left of the key and of today, UTC, and what this process spent.

        Raises
        ------
        LedgerFailure
            The database fails.
        """
        last = select(spending.c.remaining).where(spending.c.remaining.is_not(None))
        with asked_once(self._sessions.where), self._sessions.read() as connection:
            left = connection.execute(last.order_by(spending.c.day.desc()).limit(1)).scalar()
            spent = _spent(connection, self._day())
        return Quota(left, self._credits_a_day, max(0, self._credits_a_day - spent.credits), self._spent_here)

    def _look(self, call: Call, age_most_ns: int) -> tuple[Kept | None, bool, str]:
        """What is kept of a call, whether it is now on this process to ask, and how the service has just failed."""
        with asked_once(self._sessions.where), self._sessions.first() as connection:
            row = connection.execute(select(answers).where(answers.c.call == call.key)).first()
            now = self._clock.wall_ns()  # after what the row says: the lock may have been waited for
            kept = None
            if row is not None and row.content is not None:
                is_fresh = 0 <= now - row.received_ns <= age_most_ns
                kept = Kept(json.loads(row.content), row.received_ns, stale=not is_fresh)
                if is_fresh:
                    return kept, False, ""
            if row is not None and now < row.asking_ns <= now + _ASKING_NS:
                return kept, False, ""
            if row is not None and row.failed_ns is not None and 0 <= now - row.failed_ns < _REST_NS:
                return kept, False, row.cause
            self._put(connection, answers, {"call": call.key, "asking_ns": now + _ASKING_NS})
            connection.execute(delete(answers).where(answers.c.received_ns < now - _KEEP_NS, answers.c.asking_ns < now))
            return kept, True, ""

    def _ask(self, call: Call, kept: Kept | None) -> Kept:
        try:
            answer = self._client.ask(call, self)
            self._raw.keep(call, answer, None if kept is None else kept.value)
        except FeedFailure as failure:
            if kept is not None and call.key not in self._lost:
                self._lost.add(call.key)
                self._raw.keep_gone(call, self._clock.wall_ns(), kept.value, [])
            is_of_all = not isinstance(failure, NoCredits | NotThere)
            told = {"failed_ns": self._clock.wall_ns(), "cause": str(failure)} if is_of_all else {}
            self._store({"call": call.key, "asking_ns": 0, **told})
            return _or_stale(kept, failure)
        except BaseException:
            self._store({"call": call.key, "asking_ns": 0})
            raise
        row = {"call": call.key, "content": answer.content, "received_ns": answer.received_ns, "asking_ns": 0}
        self._store(row)
        self._lost.discard(call.key)
        return Kept(answer.value, answer.received_ns)

    def book(self, call: Call) -> None:
        """As `Purse.book`."""
        with asked_once(self._sessions.where), self._sessions.first() as connection:
            day = self._day()
            spent = _spent(connection, day)
            if spent.credits + call.credits_most > self._credits_a_day and call.credits_most:
                left = self._credits_a_day - spent.credits
                raise NoCredits(
                    f"{call.path} may cost {call.credits_most} credits, and {left} are left of"
                    f" the_odds_api.credits_a_day = {self._credits_a_day}"
                )
            row = {"day": day, "calls": spent.calls + 1, "credits": spent.credits + call.credits_most}
            self._put(connection, spending, row)
        self._spent_here += call.credits_most

    def correct(self, call: Call, usage: Usage) -> None:
        """As `Purse.correct`."""
        known = {name: value for name in ("used", "remaining") if (value := getattr(usage, name)) is not None}
        if usage.last is None and not known:
            return
        with asked_once(self._sessions.where), self._sessions.first() as connection:
            day = self._day()
            spent = _spent(connection, day)
            less = 0 if usage.last is None else call.credits_most - usage.last
            row = {"day": day, "calls": spent.calls, "credits": max(0, spent.credits - less)}
            self._put(connection, spending, row | known)
        self._spent_here -= less

    def _store(self, row: dict[str, Any]) -> None:
        with asked_once(self._sessions.where), self._sessions.first() as connection:
            self._put(connection, answers, row)

    def _put(self, connection: Connection, table: Table, row: dict[str, Any]) -> None:
        """Insert a row, or change its columns where it is there."""
        dialect: Any = sqlite if self._sessions.sqlite else postgresql
        (key,) = table.primary_key.columns
        new = {name: value for name, value in row.items() if name != key.name}
        connection.execute(dialect.insert(table).values(**row).on_conflict_do_update(index_elements=[key], set_=new))

    def _day(self) -> str:
        return datetime.fromtimestamp(self._clock.wall_ns() // SECOND_NS, UTC).date().isoformat()


def cache_sessions(settings: LedgerSettings, clock: Clock) -> Sessions:
    """The database of the cache; it is made where it is not there.

    Raises
    ------
    LedgerFailure
        It cannot be reached.
    """
    if url := database_url(settings):
        return postgres_sessions(url, "betting_odds", settings, clock)
    return sqlite_sessions(home() / "data" / "cache" / "the_odds_api.db", settings, clock, create=True)


def _or_stale(kept: Kept | None, failure: FeedFailure) -> Kept:
    if kept is None or isinstance(failure, NotThere):
        raise failure
    return Kept(kept.value, kept.received_ns, stale=True, cause=str(failure))


def _spent(connection: Connection, day: str) -> Spent:
    row = connection.execute(select(spending).where(spending.c.day == day)).first()
    return Spent() if row is None else Spent(row.calls, row.credits, row.used, row.remaining)
