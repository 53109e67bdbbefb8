"""Recordings of one made-up market for the exchange of the paper venue."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.clock import SECOND_NS
from engine.exchange.recorded import Recordings, Runner
from engine.live.venues.account import Bet
from engine.live.venues.exchange import ExchangeFills
from engine.live.venues.fills import Fills
from tests.live.venues.orders import T0_NS

MARKET = "1.1"


def line(seconds: float, ladders: dict[str, Any] | None = None, *, image: bool = False, **definition: Any) -> str:
    """A message `seconds` after `T0`: of runner 7, or a definition."""
    change: dict[str, Any] = {"id": MARKET} | ({"img": True} if image else {})
    if definition:
        change["marketDefinition"] = definition
    if ladders:
        change["rc"] = [{"id": 7, **ladders}]
    return json.dumps({"op": "mcm", "pt": T0_NS * 1000 // SECOND_NS + round(seconds * 1000), "mc": [change]})


def recording(path: Path, ladders: dict[str, Any], *lines: str) -> Recordings:
    """A recording that begins open with `ladders`; runner 7 is the home side of event 1 at bookmaker ``aaa``."""
    path.write_text("\n".join([line(0, ladders, status="OPEN", betDelay=0, inPlay=False), *lines]) + "\n")
    return Recordings("aaa", {(1, "1x2", None, "home"): Runner((path,), MARKET, (7, 0.0))}, ("aaa_sp",))


def recorded(fills: Fills, path: Path, ladders: dict[str, Any], *lines: str, bets: Iterable[Bet] = ()) -> ExchangeFills:
    """The same fills over such a recording."""
    return ExchangeFills(fills.model, fills.prices, recording(path, ladders, *lines), bets)
