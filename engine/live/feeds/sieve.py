"""What cannot be used of a message: values that are no price, name or instant. It is refused with one word."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from engine.live.feed import RULED, Fixture, Gap, Mark, Message, Quote, Result, Ruling
from engine.schema import FINISHES, INSTANTS, LINE_MARKETS
from engine.tape.check import HIGHEST_ODDS

_LATEST: Final = 2**62
_SIDES: Final = ("back", "lay")
#: a word of how runners ended (`schema.FINISHES`)
_FINISH: Final = re.compile(
    r"[^: ]+:(won|lost|void|tied)|share:(0\.[0-9]+|1)|removed:[0-9]{1,19}:(0(\.[0-9]+)?|[0-9.]+e-[0-9]+)|"
)


def refusal_of(message: Message) -> str:
    """Why a message cannot be used, one word; empty: it can.

    ``instant``, ``event``, ``name``, ``odds``, ``side``, ``kind``, ``line``, ``size``, ``version``, ``finish``,
    ``ruling``, ``message``.
    """
    if not isinstance(message, Fixture | Quote | Result | Gap | Mark):
        return "message"
    if not _is_whole(message.known_at_ns) or not 0 < message.known_at_ns < _LATEST:  # 0 stands for none
        return "instant"
    if isinstance(message, Quote):
        return _of_quote(message)
    if isinstance(message, Fixture | Result):
        return _of_event(message)
    if isinstance(message, Gap) and not isinstance(message.source, str):
        return "name"
    return ""


def _of_quote(quote: Quote) -> str:
    if not _is_whole(quote.event_id):
        return "event"
    if not all(isinstance(name, str) and name for name in (quote.market, quote.selection, quote.bookmaker)):
        return "name"
    if not _is_number(quote.odds) or not 1.0 < quote.odds <= HIGHEST_ODDS:
        return "odds"
    if quote.side not in _SIDES:
        return "side"
    if quote.kind not in INSTANTS:
        return "kind"
    if quote.line is not None and not (_is_number(quote.line) and math.isfinite(quote.line)):
        return "line"
    if quote.line is None and quote.market in LINE_MARKETS:
        return "line"
    if quote.size_minor is not None and not (_is_number(quote.size_minor) and quote.size_minor >= 0.0):
        return "size"
    return ""


def _of_event(message: Fixture | Result) -> str:
    values = message.values
    if not hasattr(values, "get") or not _is_whole(values.get("event_id")):
        return "event"
    if isinstance(message, Fixture):
        return "" if all(isinstance(values.get(name), str) for name in ("sport", "competition")) else "name"
    if not isinstance(values.get("status"), str):
        return "name"
    if not _is_whole(message.version) or message.version < 1:
        return "version"
    if not all(_is_finish(values.get(name)) for name in FINISHES.values()):
        return "finish"
    return "" if isinstance(message.rulings, tuple) and all(map(_is_ruling, message.rulings)) else "ruling"


def _is_finish(value: Any) -> bool:
    return value is None or (isinstance(value, str) and all(map(_FINISH.fullmatch, value.split(" "))))


def _is_ruling(ruling: Any) -> bool:
    if not isinstance(ruling, Ruling) or ruling.state not in RULED:
        return False
    if not all(isinstance(name, str) for name in (ruling.market, ruling.selection)) or not ruling.market:
        return False
    if not ruling.selection:  # of a whole market
        return ruling == Ruling(ruling.market, None, "", "void")
    if ruling.line is None:
        known = ruling.market not in LINE_MARKETS
    else:
        known = _is_number(ruling.line) and math.isfinite(ruling.line)
    share, part = ruling.share, ruling.void_frac
    if not known or not _is_number(share) or not _is_number(part):
        return False
    return 0.0 <= part <= 1.0 and (0.0 < share <= 1.0 if ruling.state == "dead_heat" else share == 1.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
