"""Texts of sources in one form, and names of participants: their letters, and names that may mean the same."""

from engine.names.fold import fold
from engine.names.near import near, near_pairs, significant_words

__all__ = ["fold", "near", "near_pairs", "significant_words"]
