"""The tape: all opportunities and settlements of a universe in time order, as flat columns with dense ids.

`columns` defines the tape. `build` makes one from the opportunities of a strategy, `frame` from a table of bets, and
`file` stores one. Functions are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.tape.columns import NEVER, REFUSED, Tape

if TYPE_CHECKING:
    from engine.tape.file import load as load
    from engine.tape.file import save as save
    from engine.tape.frame import from_frame as from_frame

_MODULES = {"from_frame": "frame", "load": "file", "save": "file"}

__all__ = ["NEVER", "REFUSED", "Tape", "from_frame", "load", "save"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'engine.tape' has no attribute {name!r}")
    return getattr(import_module(f"engine.tape.{_MODULES[name]}"), name)
