"""The leak finder: tries to break the claim that no decision knows what only came later.

It copies the store, changes in the copies what was not known at an instant, and decides again. Whatever differs
before the instant is a leak: it is named with its column, event, instant and both values.
"""
