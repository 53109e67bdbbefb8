"""Backtests: many configurations over one tape, planned in blocks and walked by threads."""
