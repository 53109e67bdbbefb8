"""A name without what sources write in different ways: accents, case, apostrophes, punctuation."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=65_536)
def fold(name: str) -> str:
    """A name without accents, case, apostrophes and punctuation; its words are separated by one space."""
    decomposed = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    letters = "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
    kept = "".join(c if c.isalnum() else "" if c in "'’‘`´ʼ" else " " for c in letters)
    return " ".join(kept.split())
