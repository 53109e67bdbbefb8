"""The table of alerts. Code, the pages of the runbook and tests share it: one page in docs/runbook for each name."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from engine.errors import printable

#: longest part of an alert that comes from outside, in characters
_WIDTH: Final = 400


class Severity(StrEnum):
    """How soon somebody has to look."""

    CRITICAL = "critical"  # now: money or the record of it is in doubt
    WARNING = "warning"  # today: bets are stopped, or will be
    INFO = "info"  # nothing to do


class Alert(NamedTuple):
    """One row of the table.

    Attributes
    ----------
    name : str
        Also the name of its page: docs/runbook/NAME.md.
    severity : Severity
    text : str
        What it says, before the facts of the case.
    """

    name: str
    severity: Severity
    text: str


class Raised(NamedTuple):
    """An alert of one case.

    Attributes
    ----------
    alert : Alert
    subject : str
        What it concerns, such as the key of a bet. The same alert of the same subject is not sent again for a while.
    facts : str
        One line, safe to print.
    """

    alert: Alert
    subject: str
    facts: str

    def title(self, name: str = "") -> str:
        """``[severity] name: text``.

        >>> raised("started").title(), raised("started").title("demo")
        ('[info] the runner started', '[info] demo: the runner started')
        """
        return f"[{self.alert.severity}] {name}{': ' if name else ''}{self.alert.text}"

    @property
    def page(self) -> str:
        """Where the runbook says what to do."""
        return f"docs/runbook/{self.alert.name}.md"


_ROWS: Final = (
    Alert("killed", Severity.CRITICAL, "the kill switch is set: nothing is sent"),
    Alert("resumed", Severity.INFO, "a breaker or the kill switch ended"),
    Alert("breaker_service", Severity.WARNING, "a source or a venue does not answer"),
    Alert("breaker_clock", Severity.WARNING, "the clock of the machine jumped"),
    Alert("breaker_fills", Severity.WARNING, "too many of the bets that were sent were not matched"),
    Alert("breaker_model", Severity.WARNING, "results left the band of the promotion"),
    Alert("breaker_clv", Severity.WARNING, "the closing line value left the band of the promotion"),
    Alert("breaker_calibration", Severity.WARNING, "the bets win more or less often than the promotion's band allows"),
    Alert("breaker_drawdown", Severity.CRITICAL, "the drawdown reached its limit"),
    Alert("breaker_streak", Severity.WARNING, "the losing streak reached its limit"),
    Alert("breaker_daily_loss", Severity.WARNING, "the loss of the day reached its limit"),
    Alert("breaker_proof", Severity.CRITICAL, "a bet that counted as absent is at the venue"),
    Alert("breaker_price", Severity.CRITICAL, "a bet was matched at a worse price than was allowed"),
    Alert("breaker_size", Severity.CRITICAL, "more was matched than was ordered"),
    Alert("breaker_identity", Severity.CRITICAL, "bets at the venue cannot be told apart"),
    Alert("breaker_funds", Severity.CRITICAL, "the venue refused a bet for want of money"),
    Alert("breaker_account", Severity.CRITICAL, "the venue takes no more bets of this account"),
    Alert("breaker_plausibility", Severity.CRITICAL, "results on paper are too good to be true: bets are stopped"),
    Alert("breaker_other", Severity.CRITICAL, "a breaker stops bets"),
    Alert("drawdown_warning", Severity.WARNING, "the drawdown reached its warning: stakes are lower"),
    Alert("streak_warning", Severity.WARNING, "the losing streak reached its warning"),
    Alert("bet_unknown", Severity.CRITICAL, "it is not known whether a bet is placed"),
    Alert("bet_undecided", Severity.WARNING, "the venue does not decide on a bet"),
    Alert("bet_after_all", Severity.CRITICAL, "a bet that counted as absent is at the venue"),
    Alert("bet_ambiguous", Severity.CRITICAL, "the lists of the venue do not say which bet is ours"),
    Alert("bet_external", Severity.WARNING, "a bet at the venue is not from here"),
    Alert("bet_stranger", Severity.CRITICAL, "the venue knows references of ours that the ledger does not"),
    Alert("wrong_reference", Severity.CRITICAL, "the venue answered with a reference that was not asked for"),
    Alert("worse_price", Severity.CRITICAL, "a bet was matched at a worse price than was allowed"),
    Alert("more_than_asked", Severity.CRITICAL, "more was matched than was ordered"),
    Alert("insufficient_funds", Severity.CRITICAL, "the venue has less money than the ledger"),
    Alert("account_stopped", Severity.CRITICAL, "the venue takes no more bets of this account"),
    Alert("limit_reached", Severity.WARNING, "a limit on real money keeps orders back"),
    Alert("implausible", Severity.CRITICAL, "the paper venue stopped: its results are too good to be true"),
    Alert("balance_differs", Severity.WARNING, "the balance of the venue is not what the ledger expects"),
    Alert("settlement_differs", Severity.WARNING, "the venue settled a bet differently"),
    Alert("settlement_corrected", Severity.WARNING, "a settlement was corrected"),
    Alert("money_adjusted", Severity.WARNING, "money was adjusted"),
    Alert("reads_fail", Severity.WARNING, "look-ups at the venue fail"),
    Alert("intent_differs", Severity.WARNING, "a decision made again after a restart was another one"),
    Alert("lease_lost", Severity.CRITICAL, "another runner holds the ledger"),
    Alert("ledger_failed", Severity.CRITICAL, "the ledger cannot be written: the runner ended"),
    Alert("started", Severity.INFO, "the runner started"),
    Alert("stopped", Severity.INFO, "the runner stopped"),
    Alert("all_well", Severity.INFO, "all is well"),
    Alert("promotion_expires", Severity.WARNING, "the promotion expires soon"),
    Alert("runner_dead", Severity.CRITICAL, "a runner ended without a word, or does not renew its lease"),
    Alert("monitor_failed", Severity.WARNING, "the monitor failed to answer a request"),
    Alert("alerts_left_out", Severity.WARNING, "alerts were left out, for there were too many"),
)
#: every alert by its name
ALERTS: Final[Mapping[str, Alert]] = {alert.name: alert for alert in _ROWS}


def raised(name: str, subject: str = "", facts: str = "") -> Raised:
    """An alert of one case; text from outside is made safe and short.

    Raises
    ------
    KeyError
        The table has no such alert.
    """
    return Raised(ALERTS[name], printable(subject, _WIDTH), printable(facts, _WIDTH))
