"""The account of the paper venue: its bets and its money, in a database file of its own.

It shares no code with the ledger, as a venue is another system: what one of them gets wrong the other one shows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.errors import LedgerError, LedgerFailure
from engine.live.venue import Order, Outcome, Receipt

__all__ = ["Bet", "PaperAccount", "PaperConflict"]

SCHEMA_VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS bets (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, content TEXT NOT NULL, outcome TEXT NOT NULL,
    odds REAL NOT NULL, matched_minor INTEGER NOT NULL, backer_minor INTEGER NOT NULL, open_minor INTEGER NOT NULL,
    reason TEXT NOT NULL, pnl_minor INTEGER, commission_minor INTEGER, version INTEGER NOT NULL,
    arrives_ns INTEGER NOT NULL, facts TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS movements (
    number INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, bookmaker TEXT NOT NULL, change_minor INTEGER NOT NULL,
    pnl_minor INTEGER
);
CREATE TABLE IF NOT EXISTS findings (
    number INTEGER PRIMARY KEY, day TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, bets INTEGER NOT NULL,
    person TEXT NOT NULL, reason TEXT NOT NULL, UNIQUE (day, name)
);
"""


class PaperConflict(LedgerError):
    """A reference is in the database of the paper venue with other content."""


@dataclass(frozen=True)
class Bet:
    """A bet, or a rejected order, as the venue knows it.

    Attributes
    ----------
    number : int
        1, 2, 3, ... in the order of arrival.
    order : Order
    receipt : Receipt
        What the venue says of it now.
    arrives_ns : int
        When the order reached the market, UTC nanoseconds.
    facts : mapping
        What the fill rests on, plain JSON: the price on arrival and when it was known, prices of other bookmakers.
    """

    number: int
    order: Order
    receipt: Receipt
    arrives_ns: int
    facts: Mapping[str, Any]

    @property
    def at_risk_minor(self) -> int:
        """Money that the bet holds now, minor units."""
        return self.receipt.at_risk_minor


class PaperAccount:
    """Bets and money. Each change is one transaction that is on the disk when the call returns.

    Parameters
    ----------
    path : Path or str
        The database file; ``:memory:`` keeps nothing.

    Raises
    ------
    LedgerError
        The file was written by a newer version.
    LedgerFailure
        The database cannot be opened or written. Nothing of the change is kept.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        try:
            if self.path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.path, isolation_level=None, timeout=5.0, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._check_version()
            self._database.executescript(_TABLES)
            (self._seen,) = self._database.execute("PRAGMA data_version").fetchone()
            self._load()
        except (sqlite3.Error, OSError) as error:
            raise _failure(self.path, error) from error

    def refresh(self) -> None:
        """Read everything again if another process wrote, such as the runner that took this one's lease over.

        Raises
        ------
        LedgerFailure
        """
        try:
            self._read_what_others_wrote()
        except sqlite3.Error as error:
            raise _failure(self.path, error) from error

    def _read_what_others_wrote(self) -> None:
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        if version != self._seen:
            self._load()
            self._seen = version

    def _check_version(self) -> None:
        version = int(self._database.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise LedgerError(
                "the paper venue's database is of a newer version", where=self.path, expected=str(SCHEMA_VERSION),
                found=str(version), todo="install the version that wrote it",
            )  # fmt: skip
        self._database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _load(self) -> None:
        """Read everything into memory."""
        self.bets: dict[str, Bet] = {}
        for row in self._database.execute("SELECT * FROM bets ORDER BY number"):
            bet = _bet(row)
            self.bets[bet.order.key] = bet
        self.references: dict[str, int] = {}
        self.balances: dict[str, int] = {}
        self.results: list[tuple[str, int]] = []
        for row in self._database.execute(
            "SELECT reference, bookmaker, change_minor, pnl_minor FROM movements ORDER BY number"
        ):
            self._take(*row)
        self._load_findings()

    def _take(self, reference: str, bookmaker: str, change: int, pnl: int | None) -> None:
        self.references[reference] = change
        self.balances[bookmaker] = self.balances.get(bookmaker, 0) + change
        if pnl is not None:
            self.results.append((bookmaker, pnl))

    def balance_minor(self, bookmaker: str | None = None) -> int:
        """Free money: of one wallet, or (None) of all together."""
        return sum(self.balances.values()) if bookmaker is None else self.balances.get(bookmaker, 0)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All changes inside are one transaction. After a failure memory is read again from the disk."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._read_what_others_wrote()
            yield
            self._database.execute("COMMIT")
        except BaseException as error:
            try:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                self._load()
            except sqlite3.Error as second:
                raise _failure(self.path, second) from error
            if isinstance(error, sqlite3.Error):
                raise _failure(self.path, error) from error
            raise

    def add(self, order: Order, receipt: Receipt, arrives_ns: int, facts: Mapping[str, Any]) -> Bet:
        """Write a new bet and take its money; inside `changing`."""
        bet = _restated(Bet(len(self.bets) + 1, order, receipt, arrives_ns, facts))
        self._database.execute("INSERT INTO bets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(bet))
        self.bets[order.key] = bet
        if bet.at_risk_minor:
            self.move(f"placed:{order.key}", order.bookmaker, -bet.at_risk_minor)
        return bet

    def update(self, bet: Bet, receipt: Receipt, facts: Mapping[str, Any] | None = None) -> Bet:
        """Replace what is known of a bet; its money is moved apart; inside `changing`."""
        new = _restated(replace(bet, receipt=receipt, facts=bet.facts if facts is None else facts))
        self._database.execute(
            "UPDATE bets SET outcome = ?, odds = ?, matched_minor = ?, backer_minor = ?, open_minor = ?, reason = ?,"
            " pnl_minor = ?, commission_minor = ?, version = ?, facts = ? WHERE number = ?",
            (*_row(new)[3:12], _text(new.facts), bet.number),
        )
        self.bets[bet.order.key] = new
        return new

    def move(self, reference: str, bookmaker: str, change_minor: int, pnl_minor: int | None = None) -> bool:
        """Change the balance once; False if this reference did so before; inside `changing`.

        Raises
        ------
        PaperConflict
            The reference stands for another amount.
        """
        if reference in self.references:
            if self.references[reference] != change_minor:
                raise PaperConflict(
                    "a movement is there with another amount", where=f"{self.path}: {reference}",
                    expected=str(self.references[reference]), found=str(change_minor),
                    todo="compare the ledger with the paper venue: bea reconcile",
                )  # fmt: skip
            return False
        self._database.execute(
            "INSERT INTO movements (reference, bookmaker, change_minor, pnl_minor) VALUES (?, ?, ?, ?)",
            (reference, bookmaker, change_minor, pnl_minor),
        )
        self._take(reference, bookmaker, change_minor, pnl_minor)
        return True

    def add_finding(self, day: str, name: str, text: str) -> bool:
        """Write a finding; False if the day has it already; inside `changing`."""
        sql = "INSERT OR IGNORE INTO findings VALUES (NULL, ?, ?, ?, ?, '', '')"
        is_new = self._database.execute(sql, (day, name, text, len(self.bets))).rowcount > 0
        self._load_findings()
        return is_new

    def acknowledge(self, number: int, person: str, reason: str) -> None:
        """Note that a person has looked at a finding; inside `changing`."""
        self._database.execute("UPDATE findings SET person = ?, reason = ? WHERE number = ?", (person, reason, number))
        self._load_findings()

    def _load_findings(self) -> None:
        rows = self._database.execute("SELECT number, text FROM findings WHERE person = '' ORDER BY number")
        #: findings of the guard that nobody has acknowledged: number and line
        self.findings: dict[int, str] = dict(rows.fetchall())
        latest = self._database.execute("SELECT MAX(bets) FROM findings WHERE person <> ''").fetchone()[0]
        #: number of the last bet that an acknowledged finding has seen
        self.acknowledged_up_to = int(latest or 0)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def content_of(order: Order) -> str:
    """The one JSON form of an order: two orders are the same if these are equal."""
    return _text(asdict(order))


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), sort_keys=True, separators=(",", ":"))


def _row(bet: Bet) -> tuple[Any, ...]:
    r = bet.receipt
    return (
        bet.number, bet.order.key, content_of(bet.order), str(r.outcome), r.odds, r.matched_minor, r.backer_minor,
        r.open_minor, r.reason, r.pnl_minor, r.commission_minor, r.version, bet.arrives_ns, _text(bet.facts),
    )  # fmt: skip


def _bet(row: tuple[Any, ...]) -> Bet:
    order = Order(**json.loads(row[2]))
    receipt = Receipt(order.key, "", Outcome(row[3]), *row[4:12])
    return _restated(Bet(row[0], order, receipt, row[12], json.loads(row[13])))


def _restated(bet: Bet) -> Bet:
    """The bet with the venue's id and raw answer in its receipt; a rejected order has no id."""
    name = "" if bet.receipt.outcome is Outcome.REJECTED else str(bet.number)
    order = bet.order
    receipt = replace(
        bet.receipt, venue_bet_id=name, raw=raw_of(order, bet.facts), event_id=order.event_id,
        selection=order.selection, side=order.side, bookmaker=order.bookmaker,
    )  # fmt: skip
    return replace(bet, receipt=receipt)


def raw_of(order: Order, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as a venue would give it: what the bet is on, and what the fill rests on."""
    asked = {
        name: getattr(order, name) for name in ("event_id", "market", "line", "selection", "bookmaker", "side", "odds")
    }
    return {**asked, "stake_minor": order.stake_minor, **facts}


def _failure(path: str, error: BaseException) -> LedgerFailure:
    full = "full" in str(error)
    todo = "free some space" if full else "start again"
    return LedgerFailure("the paper venue's database failed", where=path, found=str(error), todo=todo)
