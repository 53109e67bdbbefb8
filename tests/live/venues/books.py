"""Recordings of one made-up market for the exchange of the paper venue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.clock import SECOND_NS
from engine.live.venues.exchange import ExchangeFills, Runner
from engine.live.venues.fills import Fills
from tests.live.venues.orders import T0_NS

MARKET = "1.1"


def line(seconds: float, ladders: dict[str, Any] | None = None, **definition: Any) -> str:
    """A message `seconds` after `T0`: of runner 7, or a definition."""
    change: dict[str, Any] = {"id": MARKET}
    if definition:
        change["marketDefinition"] = definition
    if ladders:
        change["rc"] = [{"id": 7, **ladders}]
    return json.dumps({"op": "mcm", "pt": T0_NS * 1000 // SECOND_NS + round(seconds * 1000), "mc": [change]})


def recorded(fills: Fills, path: Path, ladders: dict[str, Any], *lines: str) -> ExchangeFills:
    """The same fills over a recording that begins open with `ladders`; runner 7 is the home side of event 1."""
    path.write_text("\n".join([line(0, ladders, status="OPEN", betDelay=0, inPlay=False), *lines]) + "\n")
    return ExchangeFills(fills.model, fills.prices, {(1, "1x2", None, "home"): Runner(path, MARKET, (7, 0.0))})
