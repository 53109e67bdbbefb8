"""What a promotion is held against before it is traded: time, hashes, the feed."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import PromotionError
from engine.promotion.frozen import (
    DATA_HASHES,
    Promotion,
    check_active,
    hashes_in_force,
    hint_to_settle,
    history,
    is_artifact,
    iso,
)


def check(promotion: Promotion, now_ns: int, current: Mapping[str, str]) -> None:
    """Refuse a promotion that may not be traded now.

    Parameters
    ----------
    promotion : Promotion
        From `load`.
    now_ns : int
        UTC nanoseconds.
    current : mapping of str to str
        The hashes of what is here now, by the names of `Promotion.hashes`. Those of data may be left out where no data
        of the store is read.

    Raises
    ------
    PromotionError
        It is demoted or expired, the clock is before its creation, or a hash is another one now.
    """
    check_active(promotion, history(promotion))
    _check_time(promotion, now_ns)
    _check_bands(promotion)
    frozen = hashes_in_force(promotion)
    for name in sorted({*frozen, *current}):
        if name in current and frozen.get(name) == current[name]:
            continue
        if name not in current and name in DATA_HASHES:
            continue
        raise _moved(promotion, name, frozen.get(name, "nothing"), current.get(name, "nothing"))


def _check_time(promotion: Promotion, now_ns: int) -> None:
    if now_ns >= promotion.expires_ns:
        raise PromotionError(
            f"promotion {promotion.name} has expired",
            expected=f"a time before {iso(promotion.expires_ns)}",
            found=iso(now_ns),
            todo=f"backtest on newer data and promote again under another name; {hint_to_settle(promotion.name)}",
        )
    if now_ns < promotion.created_ns:
        raise PromotionError(
            f"promotion {promotion.name} is of the future",
            expected=f"a time after {iso(promotion.created_ns)}",
            found=iso(now_ns),
            todo="set the clock of this machine",
        )


def _check_bands(promotion: Promotion) -> None:
    """Bands rest on days that were over when the promotion was made: later days would let the future judge itself."""
    until_ns = promotion.bands.get("reference", {}).get("until_ns", promotion.created_ns)
    if until_ns > promotion.created_ns:
        raise PromotionError(
            f"the bands of promotion {promotion.name} rest on days after it was made",
            expected=f"days before {iso(promotion.created_ns)}",
            found=f"days until {iso(until_ns)}",
            todo="promote again under another name",
        )


def _moved(promotion: Promotion, name: str, expected: str, found: str) -> PromotionError:
    if name in DATA_HASHES:
        what, todo = "the data is not what was promoted", "restore the store, or repeat the run and promote again"
    elif is_artifact(name):
        what, todo = f"{name.removeprefix('artifact.')} is not what was promoted", "put the artifact back"
    else:
        what = "the code is not what was promoted"
        todo = f"`bea promote --renew --name {promotion.name}` proves that it bets the same"
    todo = f"{todo}; {hint_to_settle(promotion.name)}"
    return PromotionError(
        what, where=f"promotion {promotion.name}, hash of {name}", expected=expected, found=found, todo=todo
    )


def check_feed(promotion: Promotion, *, is_live: bool) -> None:
    """Refuse a live feed where the times of the decisions were assumed, also if that was acknowledged.

    Parameters
    ----------
    promotion : Promotion
    is_live : bool
        Whether the feed listens to the world (`engine.live.feed.Feed.is_live`).

    Raises
    ------
    PromotionError
        Decisions at the time of a quote, which the backtest only assumed, mean nothing on a live feed.
    """
    if is_live and "decision_times" in promotion.acknowledged:
        raise PromotionError(
            f"promotion {promotion.name} decides at times that its data only assumed",
            expected="a replay",
            found="a live feed",
            todo="backtest with data.decide_at=before_start:1h or the like, and promote again",
        )
