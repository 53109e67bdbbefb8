"""Simulated leagues, prices and results with a known edge, and the embedded sample."""
