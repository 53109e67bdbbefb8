"""Simulated truth: how often the verdict of a sweep is right where the truth is known; see __main__."""
