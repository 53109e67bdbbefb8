"""The leak finder: tests whether decisions use information that became known only later.

It copies the store, changes in the copies what was not known yet at an instant, and decides again. Any decision before
the instant that differs is a leak. It is reported with its column, its event, the instant and both values.
"""
