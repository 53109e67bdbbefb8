"""What a column of football-data.co.uk means: bookmaker, market, selection, opening or closing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from engine.schema import CLOSE, OPEN
from engine.source.prices import PriceColumn

#: Prefix of a column to the name of its bookmaker. ``Max``/``BbMx`` and ``Avg``/``BbAv`` are aggregates.
BOOKMAKERS: Final = {
    "1XB": "1xbet",
    "Avg": "avg",
    "B365": "b365",
    "BF": "betfair_sportsbook",
    "BFD": "betfred",
    "BFE": "betfair_exchange",
    "BMGM": "betmgm",
    "BS": "blue_square",
    "BV": "betvictor",
    "BW": "bwin",
    "BbAv": "avg",
    "BbMx": "max",
    "CL": "coral",
    "GB": "gamebookers",
    "IW": "interwetten",
    "LB": "ladbrokes",
    "Max": "max",
    "P": "pinnacle",
    "PS": "pinnacle",
    "SB": "sportingbet",
    "SJ": "stan_james",
    "SO": "sporting_odds",
    "SY": "stanleybet",
    "VC": "vc_bet",
    "WH": "william_hill",
}

#: Columns without prices that the source documents.
FACTS: Final = frozenset(
    """Div Date Time Country League Season Home Away HomeTeam AwayTeam HT AT FTHG FTAG FTR HG AG Res
    HTHG HTAG HTR Attendance Referee HS AS HST AST HHW AHW HC AC HF AF HFKC AFKC HO AO HY AY HR AR HBP ABP
    HTHxG HTAxG HxG AxG Bb1X2 BbOU BbAH BbAHh AHh AHCh
    """.split()  # noqa: SIM905
)

#: suffix: market, line, selection, and the suffixes that form its book
_SUFFIXES: Final = {
    "H": ("1x2", None, "home"),
    "D": ("1x2", None, "draw"),
    "A": ("1x2", None, "away"),
    ">2.5": ("totals", 2.5, "over"),
    "<2.5": ("totals", 2.5, "under"),
    "AHH": ("asian_handicap", None, "home"),
    "AHA": ("asian_handicap", None, "away"),
}
_BOOKS: Final = {"1x2": ("H", "D", "A"), "totals": (">2.5", "<2.5"), "asian_handicap": ("AHH", "AHA")}
_UNKNOWN = re.compile(r"([A-Za-z0-9]{1,8}?)(AHH|AHA|[HDA]|>2\.5|<2\.5)")
_UNNAMED = re.compile(r"(Unnamed: ?\d+)?")


def price_columns(header: Sequence[str], *, closing_only: bool = False) -> tuple[list[PriceColumn], list[str]]:
    """The price columns of a header, and the names of columns that mean nothing known.

    A bookmaker that is not in the table is read under its own prefix in lower case where its whole book is there.
    ``Max``/``Avg`` go before ``BbMx``/``BbAv``, ``PS`` before ``P``, where a file has both.

    Parameters
    ----------
    header : trimmed names
    closing_only : every price is a closing one, whatever its name says (the layout of one country a file)
    """
    names = set(header)
    found: dict[tuple[str, str, str, str], PriceColumn] = {}
    unknown = []
    order = sorted(range(len(header)), key=lambda i: (header[i].startswith("Bb"), not header[i].startswith("PS"), i))
    for index in order:
        name = header[index]
        meaning = None if name in FACTS else _meaning(name, names)
        if meaning is None:
            if name not in FACTS and not _UNNAMED.fullmatch(name) and not _is_line(name):
                unknown.append(name)
            continue
        prefix, closing, suffix = meaning
        market, line, selection = _SUFFIXES[suffix]
        bookmaker = BOOKMAKERS.get(prefix, prefix.lower())
        instant = CLOSE if closing or closing_only else OPEN
        where = _line_column(prefix, closing, names) if market == "asian_handicap" else None
        column = PriceColumn(index, name, market, selection, bookmaker, instant, line, where)
        if (market, selection, bookmaker, instant) in found:
            unknown.append(name)
        else:
            found[market, selection, bookmaker, instant] = column
    return sorted(found.values(), key=lambda p: p.index), unknown


def unknown_bookmakers(columns: Sequence[PriceColumn]) -> set[str]:
    """Names of bookmakers that the table of prefixes does not hold."""
    return {p.bookmaker for p in columns} - set(BOOKMAKERS.values())


def _meaning(name: str, names: set[str]) -> tuple[str, bool, str] | None:
    """(prefix, closing, suffix) of a price column, or None."""
    for suffix in ("AHH", "AHA", ">2.5", "<2.5", "H", "D", "A"):
        prefix = name.removesuffix(suffix)
        if prefix == name:
            continue
        if prefix in BOOKMAKERS:
            return prefix, False, suffix
        if prefix.endswith("C") and prefix[:-1] in BOOKMAKERS:
            return prefix[:-1], True, suffix
    found = _UNKNOWN.fullmatch(name)
    if found is None:
        return None
    prefix, suffix = found[1], found[2]
    book = _BOOKS[_SUFFIXES[suffix][0]]
    if not all(prefix + other in names for other in book):
        return None
    if prefix.endswith("C") and all(prefix[:-1] + other in names for other in book):
        return prefix[:-1], True, suffix
    return prefix, False, suffix


def _line_column(prefix: str, closing: bool, names: set[str]) -> str:
    """The column that holds the handicap of a bookmaker's prices (it may be absent: then they have no line)."""
    if closing:
        return "AHCh"
    if prefix in ("BbMx", "BbAv"):
        return "BbAHh"
    own = prefix + "AH"
    return own if own in names else "AHh"


def _is_line(name: str) -> bool:
    return name.endswith("AH") and name[:-2] in BOOKMAKERS
