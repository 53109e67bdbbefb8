"""A month of recorded races, made of the recordings of one: its lines at other dates, decided at other seconds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

_DAY_MS: Final = 86_400_000
_OFF_MS: Final = 1_650_392_760_000
_KEPT: Final = ("id", "atb", "atl")
_NAMES: Final = ("1.197931750", "1.197931751")


def month(folder: Path, target: Path, days: int = 32) -> Path:
    """Write the win and the place market of one race `days` times, a day apart, to one file in the order of time.

    Of each race only the minute before its start, every definition, and what can be backed and laid at. Each day it is
    said to start a second later than the day before, so that decisions meet other books.

    Parameters
    ----------
    folder : Path
        Of the recordings.
    target : Path
    days : int
    """
    lines = [json.loads(text) for name in _NAMES for text in (folder / name).read_bytes().splitlines()]
    lines = [message for message in lines if _is_kept(message)]
    messages = [_at(message, day) for message in lines for day in range(days)]
    messages.sort(key=lambda message: message["pt"])
    target.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    return target


def _is_kept(message: dict[str, Any]) -> bool:
    in_time = _OFF_MS - 70_000 <= message["pt"] <= _OFF_MS - 20_000
    return in_time or any("marketDefinition" in change for change in message["mc"])


def _at(message: dict[str, Any], day: int) -> dict[str, Any]:
    changes = [_changed(change, day) for change in message["mc"]]
    return message | {"pt": message["pt"] + day * _DAY_MS, "mc": changes}


def _changed(change: dict[str, Any], day: int) -> dict[str, Any]:
    runners = [{name: runner[name] for name in _KEPT if name in runner} for runner in change.get("rc", ())]
    changed = change | {"id": f"{change['id']}{day:02d}", "rc": runners}
    if "marketDefinition" in change:
        start = datetime.fromisoformat(change["marketDefinition"]["marketTime"])
        moved = (start + timedelta(days=day, seconds=day)).astimezone(UTC).isoformat()
        changed["marketDefinition"] = change["marketDefinition"] | {"marketTime": moved}
    return changed
