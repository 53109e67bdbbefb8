"""Simulated truth: how often the verdict of a sweep is right when the truth is known. See __main__."""
