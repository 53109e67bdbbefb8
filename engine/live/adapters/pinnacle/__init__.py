"""Pinnacle: fixtures and odds by snapshot and delta, straight bets."""
