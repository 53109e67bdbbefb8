"""Odds arithmetic: formats, margin removal, edge and closing line value. Vectorised, NumPy only."""

from engine.odds.formats import (
    from_american,
    from_fractional,
    implied_probability,
    is_price,
    to_american,
    to_fractional,
)
from engine.odds.margin import METHODS, fair_of_market, fair_probabilities
from engine.odds.value import clv, clv_raw, edge, edge_net, edge_states, lay_as_back, overround

__all__ = [
    "METHODS",
    "clv",
    "clv_raw",
    "edge",
    "edge_net",
    "edge_states",
    "fair_of_market",
    "fair_probabilities",
    "from_american",
    "from_fractional",
    "implied_probability",
    "is_price",
    "lay_as_back",
    "overround",
    "to_american",
    "to_fractional",
]
