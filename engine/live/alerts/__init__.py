"""Alerts: which there are, which entry of the ledger raises which, and how they reach a person.

Nothing here can stop or change a bet: an alert is handed to a thread of its own. A dead channel is counted and shown.
"""

from engine.live.alerts.rules import alerts_of
from engine.live.alerts.sender import AlertSender, ChannelStatus, channels_of
from engine.live.alerts.settings import AlertSettings
from engine.live.alerts.table import ALERTS, Alert, Raised, Severity, raised
from engine.live.alerts.tally import Count, Tally

__all__ = [
    "ALERTS",
    "Alert",
    "AlertSender",
    "AlertSettings",
    "ChannelStatus",
    "Count",
    "Raised",
    "Severity",
    "Tally",
    "alerts_of",
    "channels_of",
    "raised",
]
