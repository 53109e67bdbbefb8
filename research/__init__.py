"""The opinions: strategies, sweeps, runs, reports, and the command line.

The public functions are loaded when they are first asked for::

    import research
    run = research.sweep("data=sample", "strategy.edge_min=range(0,0.05,0.01)")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from research.api import Comparison as Comparison
    from research.api import Run as Run
    from research.api import backtest as backtest
    from research.api import compare as compare
    from research.api import open_run as open_run
    from research.api import runs as runs
    from research.api import sweep as sweep

__all__ = ["Comparison", "Run", "backtest", "compare", "open_run", "runs", "sweep"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'research' has no attribute {name!r}")
    return getattr(import_module("research.api"), name)


def __dir__() -> list[str]:
    return __all__
