"""Feeds and venues by name."""
