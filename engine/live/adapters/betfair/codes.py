"""What each documented code of an answer means for an order that was sent.

Sources: Betfair, Betting Enums (ExecutionReportErrorCode, InstructionReportErrorCode) and Betting Exceptions
(APINGException); JSON-RPC 2.0, section 5.1. A code that is not here means that nothing is known of the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from engine.live.venue import ACCOUNT_STOPPED, DUPLICATE, INSUFFICIENT_FUNDS, NotTaken, Outcome, Receipt, Unanswered


class Meaning(StrEnum):
    """Of a code, for an order."""

    REFUSED = "refused"  # it was not taken, and the same order would be refused again
    STOPS = "stops"  # it was not taken, and the account takes no more: the runner stops betting here
    FUNDS = "funds"  # it was not taken for want of money
    NOT_TAKEN = "not_taken"  # it was not taken; later the same may be
    SESSION = "session"  # it was not taken, for the session is over
    DUPLICATE = "duplicate"  # the same request came before: what became of that one is looked up
    UNKNOWN = "unknown"  # it may stand


_REFUSED: Final = (
    # of a whole request
    "MARKET_SUSPENDED", "MARKET_NOT_OPEN_FOR_BETTING", "INVALID_ORDER", "INVALID_MARKET_ID", "DUPLICATE_BETIDS",
    "NO_ACTION_REQUIRED", "REJECTED_BY_REGULATOR", "REGULATOR_IS_NOT_AVAILABLE", "TOO_MANY_INSTRUCTIONS",
    "INVALID_MARKET_VERSION", "INVALID_PROFIT_RATIO", "NO_CHANGE", "EVENT_EXPOSURE_LIMIT_EXCEEDED",
    "EVENT_MATCHED_EXPOSURE_LIMIT_EXCEEDED", "EVENT_BLOCKED",
    # of an order
    "INVALID_BET_SIZE", "INVALID_RUNNER", "BET_TAKEN_OR_LAPSED", "RUNNER_REMOVED", "MARKET_NOT_OPEN_FOR_BSP_BETTING",
    "INVALID_PRICE_EDIT", "INVALID_ODDS", "INVALID_PERSISTENCE_TYPE", "INVALID_BACK_LAY_COMBINATION", "ERROR_IN_ORDER",
    "INVALID_BID_TYPE", "INVALID_BET_ID", "RELATED_ACTION_FAILED", "TIME_IN_FORCE_CONFLICT",
    "UNEXPECTED_PERSISTENCE_TYPE", "INVALID_ORDER_TYPE", "UNEXPECTED_MIN_FILL_SIZE", "INVALID_CUSTOMER_ORDER_REF",
    "INVALID_MIN_FILL_SIZE", "BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE", "INVALID_CUSTOMER_STRATEGY_REF",
    # of the interface
    "TOO_MUCH_DATA", "INVALID_INPUT_DATA", "REQUEST_SIZE_EXCEEDS_LIMIT", "-32700", "-32600", "-32601", "-32602",
)  # fmt: skip
_STOPS: Final = (
    "LOSS_LIMIT_EXCEEDED", "INVALID_ACCOUNT_STATE", "INVALID_WALLET_STATUS", "PERMISSION_DENIED", "NO_CHASING",
    "SELF_EXCLUDED", "KYC_SUSPEND", "SUSPENDED", "NO_APP_KEY", "INVALID_APP_KEY", "ACCESS_DENIED",
)  # fmt: skip
_UNKNOWN: Final = (
    "ERROR_IN_MATCHER", "PROCESSED_WITH_ERRORS", "BET_ACTION_ERROR", "SERVICE_UNAVAILABLE", "BET_IN_PROGRESS",
    "CANCELLED_NOT_PLACED", "UNEXPECTED_ERROR", "SERVICE_BUSY", "TIMEOUT_ERROR", "-32603",
)  # fmt: skip
#: every documented code
MEANINGS: Final[Mapping[str, Meaning]] = {
    **dict.fromkeys(_REFUSED, Meaning.REFUSED),
    **dict.fromkeys(_STOPS, Meaning.STOPS),
    **dict.fromkeys(_UNKNOWN, Meaning.UNKNOWN),
    "INSUFFICIENT_FUNDS": Meaning.FUNDS,
    "TOO_MANY_REQUESTS": Meaning.NOT_TAKEN,
    "INVALID_SESSION_INFORMATION": Meaning.SESSION,
    "NO_SESSION": Meaning.SESSION,
    "DUPLICATE_TRANSACTION": Meaning.DUPLICATE,
}
_REASONS: Final = {Meaning.STOPS: ACCOUNT_STOPPED, Meaning.FUNDS: INSUFFICIENT_FUNDS}


def meaning(code: object) -> Meaning:
    """The meaning of a code; of one that is not documented, or is no code: `Meaning.UNKNOWN`.

    >>> meaning("MARKET_SUSPENDED"), meaning("SOMETHING_NEW"), meaning(None)
    (<Meaning.REFUSED: 'refused'>, <Meaning.UNKNOWN: 'unknown'>, <Meaning.UNKNOWN: 'unknown'>)
    """
    return MEANINGS.get(code, Meaning.UNKNOWN) if isinstance(code, str) else Meaning.UNKNOWN


def said_of(key: str, code: object, raw: Mapping[str, object], wait_ns: int | None = None) -> (
    Receipt | NotTaken | Unanswered
):  # fmt: skip
    """What a code says of an order.

    Parameters
    ----------
    key : str
    code : object
        As it stands in the answer.
    raw : mapping
        Kept with a refusal.
    wait_ns : int, optional
        That the service asks for.
    """
    what = meaning(code)
    word = code.lower() if isinstance(code, str) and code in MEANINGS else "unreadable"
    if what is Meaning.UNKNOWN:
        return Unanswered(word)
    if what is Meaning.DUPLICATE:
        return Unanswered(DUPLICATE)
    if what is Meaning.SESSION:
        return NotTaken("no_session")
    if what is Meaning.NOT_TAKEN:
        return NotTaken(word, wait_ns)
    return Receipt(key, "", Outcome.REJECTED, reason=_REASONS.get(what, word), raw={**raw, "errorCode": code})
