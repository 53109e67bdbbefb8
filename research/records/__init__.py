"""Runs: their identity, their folder, and what is read from it."""
