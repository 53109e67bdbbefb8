"""What the API takes and gives."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from engine.live.running.status import Status
from research.monitor.chronicle import AlertLine, Interval, SettledLine, SignOff

#: why somebody does something: typed by them, and kept in the ledger
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class Request(BaseModel):
    """A body: nothing that is not named is accepted."""

    model_config = ConfigDict(extra="forbid")


class LogIn(Request):
    """The token, and who gives it: the name stands in the ledger beside what they do."""

    token: Annotated[str, StringConstraints(max_length=500)]
    person: Person


class Kill(Request):
    """Set the kill switch."""

    reason: Reason


class Resume(Request):
    """End the kill switch, or the breaker of a name as the status shows it."""

    reason: Reason
    breaker: _Text = ""


class Acknowledge(Request):
    """Somebody has read an alert: its key."""

    alert: _Text
    reason: Reason


class Sign(Request):
    """A day of decisions was reviewed, up to the entry `last`."""

    day: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    last: int
    reason: Reason


class Written(BaseModel):
    """A row of control that was appended; the runner takes it into the ledger."""

    ledger: str
    number: int
    command: str
    subject: str
    person: str
    reason: str


class Health(BaseModel):
    """Whether the monitor lives, and whether it can read what it should."""

    status: Literal["ok", "starting", "failed"]
    detail: str = ""


class LedgerLine(BaseModel):
    """One ledger of the list."""

    name: str
    sentence: str
    runner: str
    killed: bool
    failed: str


class Ledgers(BaseModel):
    """All ledgers."""

    ledgers: list[LedgerLine]


class DayLine(BaseModel):
    """Decisions of a day by reason, and who signed it."""

    day: str
    decisions: int
    reasons: dict[str, int]
    signed: SignOff | None


class LedgerView(BaseModel):
    """A ledger as the page shows it. Money in minor units, time in UTC nanoseconds."""

    status: Status
    read_ns: int
    pulse_ns: int
    heard_ns: int
    failed: str
    alerts: list[AlertLine]
    settled: list[SettledLine]
    days: list[DayLine]
    clv: Interval


class DecisionRow(BaseModel):
    """One decision of a day."""

    number: int
    at_ns: int
    event_id: int
    market: str
    selection: str
    bookmaker: str
    odds: float
    reason: str
    stake_minor: float


class Decisions(BaseModel):
    """Decisions of a day, from an entry on; `after` asks for what follows, 0: nothing does."""

    day: str
    rows: list[DecisionRow]
    after: int
