"""Links in a database: proposed by a program, confirmed or rejected by a person, unique both ways.

The uniqueness is a constraint of the database: of all links that are not rejected, no selection of ours and none of the
venue has two. SQLite: ``data/links/links.db`` in the home folder. PostgreSQL: the schema ``betting_links`` of the
database of the ledgers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)

from engine.clock import SECOND_NS
from engine.errors import UsageError, printable
from engine.live.clock import Clock
from engine.live.ledger.opening import database_url
from engine.live.ledger.session import Sessions, asked_once, postgres_sessions, sqlite_sessions
from engine.live.ledger.settings import LedgerSettings
from engine.live.linking.contract import Link, Links, Ours, Theirs
from engine.live.linking.propose import Offered, Proposal, Refused
from engine.paths import home

#: a directory is read again at the soonest after so long
_AGAIN_NS: Final = 10 * SECOND_NS


class State(StrEnum):
    """Of a link."""

    PROPOSED = "proposed"  # enough for paper
    CONFIRMED = "confirmed"  # by a person: enough for real money
    REJECTED = "rejected"  # by a person: not proposed again


metadata = MetaData()
_OURS: Final = ("event_id", "market", "line", "selection")
_THEIRS: Final = ("their_event", "their_market", "their_selection", "their_handicap")

#: a line or handicap is the text of its number, empty where there is none: NULL is equal to nothing
links = Table(
    "links",
    metadata,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("venue", Text, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    *(Column(name, Text, nullable=False) for name in (*_OURS[1:], *_THEIRS)),
    Column("name", Text, nullable=False),
    Column("starts_ns", BigInteger, nullable=False),
    Column("score", Float, nullable=False),
    Column("state", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
)
_LIVING: Final = text("state <> 'rejected'")
for _side, _names in (("ours", _OURS), ("theirs", _THEIRS)):
    Index(
        f"links_{_side}", links.c.venue, *(links.c[name] for name in _names), unique=True,
        sqlite_where=_LIVING, postgresql_where=_LIVING,
    )  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """A link with what is said of it.

    Attributes
    ----------
    link : Link
        `confirmed_by` is the person of a confirmed one.
    state : State
    name : str
        Of the event, in the words of the venue.
    starts_ns : int
        In the words of the venue, UTC nanoseconds.
    person, reason : str
        Of the person who confirmed or rejected it.
    at_ns : int
        Of the last change, UTC nanoseconds.
    """

    link: Link
    state: State
    name: str
    starts_ns: int
    person: str
    reason: str
    at_ns: int


@dataclass(frozen=True)
class Put:
    """What became of a proposal.

    Attributes
    ----------
    new, same, replaced : int
        Links that are new; that were there, with a score and a start of today; that took the place of a proposed one,
        because an id or a partner changed.
    rejected : int
        That a person rejected before.
    withheld : tuple of Refused
        That speak against a confirmed link: it stays until a person rejects it.
    """

    new: int
    same: int
    replaced: int
    rejected: int
    withheld: tuple[Refused, ...]


class LinkStore:
    """The links of all venues.

    Parameters
    ----------
    sessions : Sessions
    clock : Clock
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock
        with asked_once(sessions.where), sessions.first() as connection:
            if links.name not in inspect(connection).get_table_names():
                metadata.create_all(connection)

    def close(self) -> None:
        """Close all connections."""
        self._sessions.close()

    def put(self, venue: str, proposal: Proposal, offered: Sequence[Offered]) -> Put:
        """Take the links of a proposal in.

        Parameters
        ----------
        venue : str
        proposal : Proposal
        offered : sequence of Offered
            From which it was made: names and starts.

        Raises
        ------
        LedgerFailure
            The database failed; nothing was taken in.
        """
        facts = {one.event: {"name": f"{one.home} v {one.away}", "starts_ns": one.starts_ns} for one in offered}
        counts = dict.fromkeys(("new", "same", "replaced", "rejected"), 0)
        withheld: list[Refused] = []
        with asked_once(self._sessions.where), self._sessions.first() as connection:
            for link in proposal.links:
                row = _row(link) | facts[link.theirs.event] | {"venue": venue}
                what = self._put(connection, row)
                if what in counts:
                    counts[what] += 1
                else:
                    withheld.append(Refused(link.theirs.event, str(row["name"]), what))
        return Put(**counts, withheld=tuple(withheld))

    def _put(self, connection: Connection, row: Mapping[str, Any]) -> str:
        """Take one link in: a name of a count of `Put`, or why it is withheld."""
        ours, theirs = _where(row, _OURS), _where(row, _THEIRS)
        if connection.execute(select(links.c.number).where(ours, theirs, links.c.state == State.REJECTED)).first():
            return "rejected"
        changed = {name: row[name] for name in ("name", "starts_ns", "score")}
        living = links.c.state != State.REJECTED
        if found := connection.execute(select(links.c.number).where(ours, theirs, living)).first():
            connection.execute(update(links).where(links.c.number == found.number).values(**changed))
            return "same"
        rivals = [
            rival for side in (ours, theirs) for rival in connection.execute(select(links).where(side, living)).all()
        ]
        if sure := next((rival for rival in rivals if rival.state == State.CONFIRMED), None):
            return f"{sure.person} confirmed event {sure.event_id} {sure.market} {sure.selection} as {_shown(sure)}"
        connection.execute(delete(links).where(links.c.number.in_([rival.number for rival in rivals])))
        new = {**row, "state": State.PROPOSED, "person": "", "reason": "", "at_ns": self._clock.wall_ns()}
        connection.execute(insert(links), new)
        return "replaced" if rivals else "new"

    def links(self, venue: str, *states: State) -> list[Stored]:
        """The links of a venue in these states, or in any, by start and event."""
        wanted = select(links).where(links.c.venue == venue).order_by(links.c.starts_ns, *(links.c[n] for n in _OURS))
        if states:
            wanted = wanted.where(links.c.state.in_(states))
        with asked_once(self._sessions.where), self._sessions.read() as connection:
            return [_stored(row) for row in connection.execute(wanted)]

    def decide(self, venue: str, events: Sequence[int], state: State, person: str, reason: str) -> int:
        """Confirm what is proposed of events, or reject what is proposed or confirmed of them; the number of links.

        Parameters
        ----------
        venue : str
        events : sequence of int
            Our event ids.
        state : State
            CONFIRMED or REJECTED.
        person, reason : str
            Neither is empty.

        Raises
        ------
        UsageError
            No person or reason, or an event has no such link. Nothing was changed.
        """
        for what, value in (("person", person), ("reason", reason)):
            if not value.strip():
                raise UsageError(f"no {what}", where=f"--{what}", expected=f"a {what}; it is recorded", found="nothing")
        before = [State.PROPOSED] if state is State.CONFIRMED else [State.PROPOSED, State.CONFIRMED]
        said = {"state": state, "person": person, "reason": reason, "at_ns": self._clock.wall_ns()}
        count = 0
        with asked_once(self._sessions.where), self._sessions.first() as connection:
            for event in dict.fromkeys(events):
                where = (links.c.venue == venue) & (links.c.event_id == event) & links.c.state.in_(before)
                done = connection.execute(update(links).where(where).values(**said)).rowcount
                if not done:
                    words = " or ".join(one.value for one in before)
                    raise UsageError(
                        "no such link", where=f"{venue}, event {event}", expected=f"a link that is {words}",
                        found="none", todo=f"see `bea links {printable(venue, 40)} list`",
                    )  # fmt: skip
                count += done
        return count


class StoredDirectory:
    """The links of a venue as `Directory`; what a person changes counts within ten seconds.

    Parameters
    ----------
    store : LinkStore
    venue : str
    clock : Clock
    confirmed : bool
        Only links that a person confirmed: real money.
    """

    def __init__(self, store: LinkStore, venue: str, clock: Clock, *, confirmed: bool) -> None:
        self._store, self._venue, self._clock = store, venue, clock
        self._states = (State.CONFIRMED,) if confirmed else (State.CONFIRMED, State.PROPOSED)
        self._read_ns: int | None = None
        self._to_bet = self._known = Links([])

    def theirs(self, ours: Ours) -> Theirs | None:
        """As `Directory.theirs`."""
        self._read()
        return self._to_bet.theirs(ours)

    def ours(self, theirs: Theirs) -> Ours | None:
        """As `Directory.ours`: also by links that may not be bet on any more, for a bet may stand there."""
        self._read()
        return self._known.ours(theirs)

    def _read(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if self._read_ns is not None and now_ns - self._read_ns < _AGAIN_NS:
            return
        stored = sorted(self._store.links(self._venue), key=lambda one: one.state is not State.REJECTED)
        self._to_bet = Links([one.link for one in stored if one.state in self._states])
        self._known = Links([one.link for one in stored])
        self._read_ns = now_ns


def open_links(settings: LedgerSettings, clock: Clock) -> LinkStore:
    """The store of links of the home folder, or of the database of the ledgers; it is made where it is not there.

    Raises
    ------
    LedgerFailure
        The database cannot be reached.
    """
    url = database_url(settings)
    if url:
        return LinkStore(postgres_sessions(url, "betting_links", settings, clock), clock)
    return LinkStore(sqlite_sessions(home() / "data" / "links" / "links.db", settings, clock, create=True), clock)


def _text(value: float | None) -> str:
    return "" if value is None else repr(float(value) + 0.0)


def _number(value: str) -> float | None:
    return float(value) if value else None


def _row(link: Link) -> dict[str, Any]:
    ours = (link.ours.event_id, link.ours.market, _text(link.ours.line), link.ours.selection)
    theirs = (link.theirs.event, link.theirs.market, link.theirs.selection, _text(link.theirs.handicap))
    return {**dict(zip(_OURS, ours, strict=True)), **dict(zip(_THEIRS, theirs, strict=True)), "score": link.score}


def _where(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    condition = links.c.venue == row["venue"]
    for name in names:
        condition &= links.c[name] == row[name]
    return condition


def _shown(row: Row[Any]) -> str:
    return f"{row.their_event} {row.their_market}/{row.their_selection}"


def _stored(row: Row[Any]) -> Stored:
    ours = Ours(row.event_id, row.market, _number(row.line), row.selection)
    theirs = Theirs(row.their_event, row.their_market, row.their_selection, _number(row.their_handicap))
    state = State(row.state)
    person = row.person if state is State.CONFIRMED else ""
    link = Link(row.venue, ours, theirs, row.score, person)
    return Stored(link, state, row.name, row.starts_ns, row.person, row.reason, row.at_ns)
