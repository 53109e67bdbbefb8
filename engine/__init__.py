"""The machine: markets, money, time and risk. It holds no opinion and imports nothing of research.

The public names are loaded on first use, so that importing the package is fast::

    from engine import backtest, Configuration
    from engine.tape import from_frame
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if sys.platform == "win32" or find_spec("fcntl") is None:  # files are locked through it
    raise SystemExit("bea runs on Linux and macOS; on Windows use WSL 2")

if TYPE_CHECKING:
    from engine.backtesting.run import Result as Result
    from engine.backtesting.run import backtest as backtest
    from engine.configuration import Configuration as Configuration
    from engine.kernel.codes import Staking as Staking
    from engine.odds import fair_probabilities as fair_probabilities

_MODULES = {
    "Configuration": "engine.configuration",
    "Result": "engine.backtesting.run",
    "Staking": "engine.kernel.codes",
    "backtest": "engine.backtesting.run",
    "fair_probabilities": "engine.odds",
}

__all__ = ["Configuration", "Result", "Staking", "backtest", "fair_probabilities"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
