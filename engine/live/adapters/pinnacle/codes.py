"""What each documented code of an answer means for a bet that was sent.

Sources: Pinnacle Bets API v4, PlaceStraightBetResponse and its errors; the FAQ on RESUBMIT_REQUEST and
DUPLICATED_REQUEST. A code that is not here means that nothing is known of the bet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.live.venue import (
    ACCOUNT_STOPPED,
    DUPLICATE,
    INSUFFICIENT_FUNDS,
    NotTaken,
    Outcome,
    Receipt,
    Unanswered,
    VenueFailure,
)

#: it was not taken, and the same bet would be refused again
REFUSED: Final = frozenset({
    "ALL_BETTING_CLOSED", "ALL_LIVE_BETTING_CLOSED", "ABOVE_EVENT_MAX", "ABOVE_MAX_BET_AMOUNT", "BELOW_MIN_BET_AMOUNT",
    "INVALID_EVENT", "INVALID_ODDS_FORMAT", "LINE_CHANGED", "LISTED_PITCHERS_SELECTION_ERROR", "OFFLINE_EVENT",
    "PAST_CUTOFFTIME", "RED_CARDS_CHANGED", "SCORE_CHANGED", "TIME_RESTRICTION", "LIMITS_CONFIGURATION_ISSUE",
    "LICENCE_RESTRICTION_LIVE_BETTING_BLOCKED", "BETTING_SUSPENDED", "INVALID_REQUEST_DATA",
})  # fmt: skip
#: it was not taken, and the account takes no more: the runner stops betting here, and a person looks
STOPS: Final = frozenset({
    "BLOCKED_BETTING", "BLOCKED_CLIENT", "INVALID_COUNTRY", "INCOMPLETE_CUSTOMER_BETTING_PROFILE",
    "INVALID_CUSTOMER_PROFILE", "RESPONSIBLE_BETTING_LOSS_LIMIT_EXCEEDED", "RESPONSIBLE_BETTING_RISK_LIMIT_EXCEEDED",
    "INVALID_CREDENTIALS", "INVALID_AUTHORIZATION_HEADER", "ACCOUNT_INACTIVE", "NO_API_ACCESS",
})  # fmt: skip
#: it was not taken and not kept; the same may be sent again
NOT_TAKEN: Final = frozenset({"RESUBMIT_REQUEST", "TOO_MANY_REQUESTS"})
#: the same request came before: what became of it is looked up
DUPLICATES: Final = frozenset({"DUPLICATED_REQUEST", "DUPLICATE_UNIQUE_REQUEST_ID"})
#: it may stand
UNKNOWN: Final = frozenset({"SYSTEM_ERROR_3"})
#: what a status means where the answer has no documented code
_OF_STATUS: Final[Mapping[int, str]] = {
    400: "INVALID_REQUEST_DATA", 401: "INVALID_CREDENTIALS", 403: "NO_API_ACCESS", 429: "TOO_MANY_REQUESTS",
}  # fmt: skip
DOCUMENTED: Final = REFUSED | STOPS | NOT_TAKEN | DUPLICATES | UNKNOWN | {"INSUFFICIENT_FUNDS"}


def said_of(key: str, code: object, wait_ns: int | None = None) -> Receipt | VenueFailure:
    """What a code says of a bet.

    >>> said_of("00", "LINE_CHANGED").reason, str(said_of("00", "SOMETHING_NEW"))
    ('line_changed', 'unreadable')
    """
    if not isinstance(code, str) or code not in DOCUMENTED:
        return Unanswered("unreadable")
    if code in DUPLICATES:
        return Unanswered(DUPLICATE)
    if code in NOT_TAKEN:
        return NotTaken(code.lower(), wait_ns)
    if code in UNKNOWN:
        return Unanswered(code.lower())
    reason = ACCOUNT_STOPPED if code in STOPS else INSUFFICIENT_FUNDS if code == "INSUFFICIENT_FUNDS" else code.lower()
    return Receipt(key, "", Outcome.REJECTED, reason=reason, raw={"errorCode": code})


def code_of(status: int, body: object) -> str | None:
    """The code of an answer that is an error; None where nothing definite is said.

    >>> code_of(400, {"code": "RESUBMIT_REQUEST"}), code_of(403, None), code_of(503, {"code": "LINE_CHANGED"})
    ('RESUBMIT_REQUEST', 'NO_API_ACCESS', None)
    """
    if status not in _OF_STATUS:
        return None
    code = body.get("code") if isinstance(body, Mapping) else None
    return code if isinstance(code, str) and code in DOCUMENTED else _OF_STATUS[status]
