"""The key of an intent: a pure function of what is bet on and when it was decided, not of clock, chance or attempt."""

from __future__ import annotations

import hashlib


def intent_key(promotion_digest: str, opportunity_id: int) -> str:
    """128 bits as 32 hexadecimal digits.

    Parameters
    ----------
    promotion_digest : str
        Digest of the promotion (`engine.promotion.Promotion.digest`).
    opportunity_id : int
        `engine.identity.opportunity_ids`: event, market, line, selection, bookmaker, side and the instant of the
        decision.

    Examples
    --------
    >>> intent_key("00" * 16, 1) == intent_key("00" * 16, 1)
    True
    """
    text = f"{promotion_digest}:{opportunity_id}"
    return hashlib.blake2b(text.encode("ascii"), digest_size=16, person=b"bea intent key").hexdigest()
