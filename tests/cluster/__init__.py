"""Sweeps on workers that are killed: ``python -m tests.cluster``."""
