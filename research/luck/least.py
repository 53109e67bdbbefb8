"""How much an interval must rest on before it is told."""

from __future__ import annotations

from typing import Final

#: an interval is told where so many bets on so many days carry it: below, resampling makes it too narrow
FEWEST_BETS: Final = 100
FEWEST_DAYS: Final = 30
