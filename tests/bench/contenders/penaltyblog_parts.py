"""penaltyblog without its own start, which imports parts whose dependencies are not installed; imported before it."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from types import ModuleType

_found = PathFinder.find_spec("penaltyblog")
if _found is None:
    raise ModuleNotFoundError("penaltyblog is not installed")
_package = ModuleType("penaltyblog")
_package.__path__ = list(_found.submodule_search_locations or ())
sys.modules["penaltyblog"] = _package
