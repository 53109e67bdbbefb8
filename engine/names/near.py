"""Names that may mean the same participant: spelled in another way, shortened, or with a word more."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Final

from engine.names.fold import fold


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


#: Words that say what kind of club it is. They are left out where something else remains.
_CLUB_WORDS: Final = _words(
    "1 ac acf ad af afc aj as bc bk ca cd cf cfc club cp cs ec ev fc ff fk fsv gd if ik il jk kaa kas krc ksc kv kvc",
    "nk ogc osc rc rcd rfc rkc rsc sc sco scp sd sk sl sm spvgg ss ssc ssd ssv sv tsg tsv uc ud us vfb vfl vfr",
    "and calcio da das de del della den des di do dos du el futbol la le les of the van",
)
#: Words of a second team, or of the women's or young people's team. Names that differ in them are different teams.
_SECOND_TEAM: Final = _words(
    "b ii iii 2 w u17 u18 u19 u20 u21 u23 women woman ladies femenino feminine frauen reserves reserve res youth",
    "amateure jong castilla juniors",
)
#: Abbreviations that are no beginning of their word.
_SHORT: Final = {
    "ath": "athletic",
    "mgladbach": "monchengladbach",
    "moenchengladbach": "monchengladbach",
    "rvs": "rovers",
    "st": "saint",
    "ste": "sainte",
    "utd": "united",
    "weds": "wednesday",
}
_PREFIX: Final = 3  # letters of an abbreviation, at least
_LONG: Final = 5  # letters of a word whose middle is left out, or that has a typing error, at least
_COMMON: Final = 0.8  # part of the shorter word with which both begin
_TYPO: Final = 0.85  # similarity of two words (difflib)


@lru_cache(maxsize=65_536)
def near(one: str, other: str) -> bool:
    """Whether two names may mean the same participant; true for equal ones.

    Each word of the shorter name must be a word of the longer one: equal, a beginning of at least three letters, an
    abbreviation, an initial, or a typing error. Names of a second or a women's team are not near to the first team's.
    """
    a, b = fold(one), fold(other)
    if a == b or a.replace(" ", "") == b.replace(" ", ""):
        return True
    words, others = a.split(), b.split()
    if not words or not others:
        return False
    if _team(words, others) != _team(others, words):
        return False
    if _is_initials(words, others) or _is_initials(others, words):
        return True
    small, large = sorted((_significant(a), _significant(b)), key=len)
    return _covered(small, large)


def near_pairs(names: Iterable[str]) -> set[tuple[str, str]]:
    """Pairs of different names that are near, each in alphabetical order. Only names with a like word are compared."""
    groups: dict[str, set[str]] = defaultdict(set)
    for name in names:
        folded = fold(name)
        groups[folded.replace(" ", "")].add(name)
        for word in _significant(folded):
            if len(word) >= _PREFIX:
                groups[word[:2]].add(name)
        for initials in {"".join(word[0] for word in words) for words in (folded.split(), _significant(folded))}:
            groups[initials].add(name)
    pairs = {pair for group in groups.values() for pair in combinations(sorted(group), 2)}
    return {pair for pair in pairs if near(*pair)}


def significant_words(name: str) -> tuple[str, ...]:
    """Words of a name without accents, case, punctuation and club words, abbreviations written out.

    >>> significant_words("1. FC K\u00f6ln"), significant_words("Utd")
    (('koln',), ('united',))
    """
    return _significant(fold(name))


@lru_cache(maxsize=65_536)
def _significant(folded: str) -> tuple[str, ...]:
    """Words of a folded name without club words, abbreviations written out; all words where none would remain."""
    words = tuple(_SHORT.get(word, word) for word in folded.split())
    return tuple(word for word in words if word not in _CLUB_WORDS) or words


def _team(words: Sequence[str], others: Sequence[str]) -> set[str]:
    """Words that say which team of the club it is. A last letter may be an initial of the other's last word instead."""
    initial = len(words) == len(others) and len(words[-1]) == 1 and others[-1].startswith(words[-1])
    return set(words[1 : len(words) - initial]) & _SECOND_TEAM


def _is_initials(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether the one word has the first letters of the others, such as QPR."""
    letters = {"".join(w[0] for w in others), "".join(w[0] for w in others if w not in _CLUB_WORDS)}
    return len(words) == 1 and len(words[0]) >= _PREFIX and words[0] in letters


def _covered(small: Sequence[str], large: Sequence[str]) -> bool:
    """Whether each word of `small` is like another word of `large`, and one of them by more than an initial."""
    left, whole = list(large), False
    for word in sorted(small, key=len, reverse=True):
        like = next((other for other in sorted(left, key=lambda o: (o != word, -len(o))) if _like(word, other)), None)
        if like is None or (len(like) < len(word) and len(small) < len(large)):
            return False
        left.remove(like)
        whole |= min(len(word), len(like)) >= _PREFIX
    return whole


@lru_cache(maxsize=65_536)
def _like(one: str, other: str) -> bool:
    """Whether two words are equal, or one is a beginning, an initial or an abbreviation, or a typing error of it."""
    short, long = sorted((one, other), key=len)
    if short == long or (long.startswith(short) and not long.isdigit() and (len(short) >= _PREFIX or len(short) == 1)):
        return True
    if short[:2] != long[:2] or len(short) < _LONG:
        return False
    rest = iter(long)
    if short[-1] == long[-1] and all(letter in rest for letter in short):
        return True
    common = next(n for n in range(len(short), 0, -1) if long.startswith(short[:n]))
    if common >= max(_LONG, _COMMON * len(short)):
        return True
    return difflib.SequenceMatcher(None, short, long, autojunk=False).ratio() >= _TYPO
