"""Regimes: states of a market that last, told from what was known at the time."""
