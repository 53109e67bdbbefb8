"""Which entry of the ledger raises which alert."""

from __future__ import annotations

from typing import Final

from engine.live.alerts.table import ALERTS, Raised, raised
from engine.live.ledger.entries import Kind, Recorded

#: the name of a breaker, up to its first slash, is the end of the name of its alert
_PREFIX: Final = "breaker_"


def alert_of_breaker(breaker: str) -> str:
    """The name of the alert that a trip of a breaker raises.

    >>> alert_of_breaker("proof/venue/betfair"), alert_of_breaker("something/new")
    ('breaker_proof', 'breaker_other')
    """
    name = _PREFIX + breaker.partition("/")[0]
    return name if name in ALERTS else "breaker_other"


def alerts_of(recorded: Recorded) -> tuple[Raised, ...]:
    """The alerts that a new entry raises. Entries that are folded at start raise none: do not ask about them.

    What the executor and reconciliation tell by themselves, such as a bet without an answer, is not raised again here.
    """
    entry = recorded.entry
    body = entry.body
    if entry.kind is Kind.TRIPPED:
        breaker = str(body["breaker"])
        ends = "a person must end it" if body.get("human") else "it ends by its rule"
        subject, facts = f"{breaker}:{body.get('n', '')}", f"{breaker}: {body['cause']}; {ends}"
        return (raised(alert_of_breaker(breaker), subject, facts),)
    if entry.kind is Kind.RESUMED:
        who = f" ({body['person']})" if body.get("person") else ""
        return (raised("resumed", entry.key, f"{body['breaker']}: {body.get('reason', '')}{who}"),)
    if entry.kind is Kind.KILLED:
        return (raised("killed", entry.key, f"{body.get('reason', '')} ({body.get('person', '')})"),)
    if entry.kind is Kind.REVERSED:
        return (raised("settlement_corrected", entry.key, f"bet {entry.intent}"),)
    if entry.kind is Kind.ADJUSTED:
        return (raised("money_adjusted", entry.key, f"{entry.money.cash:+d} minor units: {body.get('reason', '')}"),)
    if entry.kind is Kind.STARTED:
        return (raised("started", entry.key, f"epoch {recorded.epoch}"),)
    if entry.kind is Kind.STOPPED:
        return (raised("stopped", entry.key, str(body.get("reason", ""))),)
    return ()
