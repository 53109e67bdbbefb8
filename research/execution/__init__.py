"""Carry out a command: units of work, progress, resume, and the evidence of a sweep."""
