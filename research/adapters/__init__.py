"""Feeds and venues by name: those of this version, and those in files of the user."""
