"""What a price column seems to mean, by its name: market, selection, line, quote kind and bookmaker."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.schema import LINE_MARKETS

_SIDES: Final = {
    **dict.fromkeys(("home", "1", "h", "homewin"), "home"),
    **dict.fromkeys(("draw", "x", "d", "tie"), "draw"),
    **dict.fromkeys(("away", "2", "a", "awaywin"), "away"),
    **dict.fromkeys(("over", ">"), "over"),
    **dict.fromkeys(("under", "<"), "under"),
    "yes": "yes",
    "no": "no",
    **{name: name for name in ("1x", "12", "x2")},
}
_MARKETS: Final = {
    **dict.fromkeys(("btts", "bts", "gg"), "btts"),
    **dict.fromkeys(("dc", "doublechance"), "double_chance"),
    "dnb": "draw_no_bet",
    **dict.fromkeys(("corners", "corner"), "corners_totals"),
    **dict.fromkeys(("cards", "bookings"), "cards_totals"),
    **dict.fromkeys(("spread", "handicap", "ah", "runline", "puckline"), "asian_handicap"),
    **dict.fromkeys(("ml", "moneyline", "h2h"), "moneyline"),
    **dict.fromkeys(("total", "totals", "ou"), "totals"),
}
_KINDS: Final = {"open": "open", "opening": "open", "close": "close", "closing": "close"}
_FIRST_HALF: Final = {"ht", "1h", "h1", "firsthalf"}
#: Words of prices for which there is no market.
_UNKNOWN: Final = {"2h", "h2", "secondhalf", "nil", "size", "sets", "set", "cs", "score"}
_NOISE: Final = {
    *("odds", "odd", "price", "prices", "ft", "full", "time", "goals", "team", "win", "of", "size"),
    *("book", "books", "bookmaker", "bookmakers", "market", "markets", "outcomes"),  # parts of paths
}
#: Suffixes of compact names such as B365CH, PAHH and Avg>2.5.
_COMPACT = re.compile(r"([A-Za-z0-9]*?[A-Za-z0-9])(C?)(AHH|AHA|>2\.5|<2\.5|H|D|A|W|L)")
_OF_COMPACT: Final = {
    "H": ("1x2", "home"),
    "D": ("1x2", "draw"),
    "A": ("1x2", "away"),
    "W": ("moneyline", "home"),
    "L": ("moneyline", "away"),
    ">2.5": ("totals", "over"),
    "<2.5": ("totals", "under"),
    "AHH": ("asian_handicap", "home"),
    "AHA": ("asian_handicap", "away"),
}
_FIRST_HALVES: Final = {
    "1x2": "first_half_1x2",
    "totals": "first_half_totals",
    "asian_handicap": "first_half_asian_handicap",
}


@dataclass(frozen=True)
class Guess:
    """What a price column seems to mean; `line_column` is empty where nothing in the file looks like its line."""

    column: str
    market: str
    selection: str
    bookmaker: str = ""
    instant: str = "open"
    line: float | None = None
    line_column: str = ""


def guesses(odds: Sequence[str], columns: Sequence[str]) -> list[Guess]:
    """Meanings of the columns with odds; those without a clear one are left out.

    Parameters
    ----------
    odds : names of the columns whose values look like odds
    columns : all names, among which the lines are searched
    """
    found = _compact(odds, columns)
    known = {guess.column for guess in found}
    found += [guess for name in odds if name not in known if (guess := _spelled(name)) is not None]
    groups = {(g.bookmaker, g.instant) for g in found if g.selection == "draw" and g.market == "1x2"}
    three_way = [
        g if g.market != "1x2" or (g.bookmaker, g.instant) in groups else replace(g, market="moneyline") for g in found
    ]
    with_lines = [_with_line(guess, columns) for guess in three_way]
    order = {name: k for k, name in enumerate(odds)}
    seen: set[tuple[object, ...]] = set()
    kept = []
    for guess in sorted(with_lines, key=lambda g: order[g.column]):
        key = (guess.market, guess.selection, guess.bookmaker, guess.instant, guess.line, guess.line_column)
        if key not in seen and not (guess.market in LINE_MARKETS and guess.line is None and not guess.line_column):
            seen.add(key)
            kept.append(guess)
    return kept


def _compact(odds: Sequence[str], columns: Sequence[str]) -> list[Guess]:
    """Columns whose names are the short name of a bookmaker and a suffix, where a book of them is complete."""
    books: dict[tuple[str, str, str], dict[str, str]] = {}
    for name in odds:
        match = _COMPACT.fullmatch(name)
        if match:
            market = _OF_COMPACT[match[3]][0]
            books.setdefault((match[1], match[2], market), {})[match[3]] = name
    needed = {
        "1x2": {"H", "D", "A"},
        "moneyline": {"W", "L"},
        "totals": {">2.5", "<2.5"},
        "asian_handicap": {"AHH", "AHA"},
    }
    found = []
    for (book, close, market), names in books.items():
        if set(names) != needed[market]:
            continue
        for suffix, name in names.items():
            instant = "close" if close else "open"
            line = 2.5 if market == "totals" else None
            found.append(Guess(name, market, _OF_COMPACT[suffix][1], book.lower(), instant, line))
    return found


def _words(name: str) -> list[str]:
    """Words of a name in lower case; numbers keep their point, paths are divided at theirs."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])\.|\.(?=[A-Za-z])", " ", name)
    spaced = re.sub(r"([<>])", r" \1 ", spaced)
    return [word for word in re.split(r"[^a-z0-9.<>]+", spaced.lower()) if word]


def _spelled(name: str) -> Guess | None:
    """Meaning of a name that spells it out: home_open, over_2.5_close, Odd_1_HT, odds__book__draw__goals."""
    words = _words(name)
    market, selection, instant, first_half = "", "", "open", False
    numbers: list[str] = []
    rest: list[str] = []
    if set(words) & _UNKNOWN:
        return None
    for word in words:
        if word in _MARKETS:
            market = _MARKETS[word]
        elif (
            word in _SIDES and (not selection or selection in ("over", "under")) and not (selection and word.isdigit())
        ):
            selection = selection or _SIDES[word]
        elif word in _KINDS:
            instant = _KINDS[word]
        elif word in _FIRST_HALF:
            first_half = True
        elif re.fullmatch(r"\d+(\.\d+)?", word):
            numbers.append(word)
        elif word not in _NOISE:
            rest.append(word)
    if not selection:
        return None
    if selection in ("over", "under"):
        market = market if market in ("corners_totals", "cards_totals") else "totals"
    elif selection in ("1x", "12", "x2"):
        market = "double_chance"
    elif selection in ("yes", "no") and market != "btts":
        return None
    market = market or "1x2"
    if market in ("corners_totals", "cards_totals") and selection not in ("over", "under"):
        return None
    if first_half:
        market = _FIRST_HALVES.get(market, "")
    bookmaker = "_".join(rest) if len(rest) <= 2 else ""
    return (
        Guess(name, market, selection, bookmaker, instant, _line(numbers) if market in LINE_MARKETS else None)
        if market
        else None
    )


def _line(numbers: Sequence[str]) -> float | None:
    """Line of the numbers in a name: ``2.5``, ``2`` and ``5`` for 2.5, or ``75`` for 7.5."""
    if len(numbers) == 2 and numbers[1] in ("5", "25", "75", "0"):
        return float(".".join(numbers))
    if len(numbers) == 1:
        value = float(numbers[0])
        return value / 10 if "." not in numbers[0] and value > 15 and value % 10 == 5 else value
    return None


def _with_line(guess: Guess, columns: Sequence[str]) -> Guess:
    """The guess with the column of its line, where its name has no line."""
    if guess.market not in LINE_MARKETS or guess.line is not None:
        return guess
    handicap = "handicap" in guess.market
    wanted = ("spread", "handicap", "ah", "line") if handicap else ("total", "ou", "line")
    candidates = [
        name
        for name in columns
        if name != guess.column
        and set(_words(name)) & set(wanted)
        and not set(_words(name)) & {"odds", "odd", "price", "over", "under"}
        and not (handicap and "total" in _words(name))
        and not (not handicap and {"spread", "handicap"} & set(_words(name)))
    ]
    compact = [
        name
        for name in columns
        if handicap and name in (("AHCh", "AHh") if guess.instant == "close" else ("AHh", "BbAHh"))
    ]
    candidates += compact
    named = [name for name in candidates if "line" in _words(name)]  # `total` alone may be the points that were scored
    candidates = named or candidates
    same_side = [name for name in candidates if guess.selection in _words(name)]
    line = next(iter(same_side or candidates), "")
    return replace(guess, line_column=line)
