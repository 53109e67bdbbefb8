"""The first backtest on a machine does not wait for the compiler: the kernel is plain Python, and runs as it is.

Compiling the kernel takes half a minute; interpreting it for one configuration over a small store takes seconds. Both
give the same bits. Numba reads its switch when it is loaded, so this is decided before, from the manifest of the store.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.errors import BeaError
from engine.kernel.folder import cache_folder, holds
from engine.paths import is_address
from engine.store import manifest
from research.config.compose import Composer, resolved
from research.config.tape_spec import store_place

#: prices in a store up to which interpreting is faster: twice those of the sample, which takes up to ten seconds
_PRICES: Final = 1_000_000
_SWITCH: Final = "NUMBA_DISABLE_JIT"


def interpret_if_cold(composer: Composer, words: Sequence[str]) -> None:
    """Switch the compiler off for this process if nothing is compiled yet and the store of the backtest is small.

    Nothing changes where Numba is already loaded, its switch is set, or the words cannot be composed: whoever runs them
    says why.
    """
    if "numba" in sys.modules or _SWITCH in os.environ or any(word.startswith("from=") for word in words):
        return
    folder = cache_folder()
    if folder is not None and holds(folder, "engine.kernel.walk"):
        return
    try:
        place = store_place(resolved(composer.compose(list(words)))["data"]["store"])
        if is_address(place):
            return
        prices = sum(entry.rows for entry in manifest.read(Path(place)).entries("quotes"))
    except BeaError:
        return
    if prices <= _PRICES:
        os.environ[_SWITCH] = "1"
        sys.stderr.write(f"nothing is compiled on this machine yet: {prices:,} prices are worked through without\n")
