"""Requests and replies of the venue with faults, and their JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

from engine.live.venue import Order, Receipt

_FIELDS: Final = tuple(part.name for part in fields(Receipt))


class Delivery(StrEnum):
    """How a reply reaches the client."""

    WHOLE = "whole"
    REFUSED = "refused"  # no connection: the venue sees nothing
    DROPPED = "dropped"  # the connection is reset, no byte of an answer
    CUT = "cut"  # the connection is reset in the middle of the answer
    SHORT = "short"  # Content-Length is larger than the answer
    UNCHUNKED = "unchunked"  # the last chunk is missing
    SILENT = "silent"  # no answer until the client gives up


@dataclass(frozen=True)
class Request:
    """A request: what to do, with JSON values, under a session."""

    operation: str  # place | look_up | bets | balance | cancel | session
    body: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""


@dataclass(frozen=True)
class Reply:
    """A reply, and how it is delivered."""

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE


def reply(value: Any, status: int = 200, **headers: str) -> Reply:
    """A whole reply with JSON."""
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"content-type": "application/json"} | names)


def order_json(order: Order) -> dict[str, Any]:
    """An order as it is sent."""
    return asdict(order)


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """A bet as the venue states it."""
    values = {name: getattr(receipt, name) for name in _FIELDS}
    return values | {"outcome": str(receipt.outcome), "raw": dict(receipt.raw)}
