"""Meaning of the columns of football-data.co.uk: bookmaker, market, selection, opening or closing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from engine.schema import CLOSE, OPEN
from engine.source.prices import PriceColumn

#: Column prefix to bookmaker name. ``Max``/``BbMx`` and ``Avg``/``BbAv`` are aggregates.
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

#: Documented columns that are not prices.
FACTS: Final = frozenset(
    """Div Date Time Country League Season Home Away HomeTeam AwayTeam HT AT FTHG FTAG FTR HG AG Res
    HTHG HTAG HTR Attendance Referee HS AS HST AST HHW AHW HC AC HF AF HFKC AFKC HO AO HY AY HR AR HBP ABP
    HTHxG HTAxG HxG AxG Bb1X2 BbOU BbAH BbAHh AHh AHCh
    """.split()  # noqa: SIM905
)

#: column suffix to market, line and selection
_SUFFIXES: Final = {
    "H": ("1x2", None, "home"),
    "D": ("1x2", None, "draw"),
    "A": ("1x2", None, "away"),
    ">2.5": ("totals", 2.5, "over"),
    "<2.5": ("totals", 2.5, "under"),
    "AHH": ("asian_handicap", None, "home"),
    "AHA": ("asian_handicap", None, "away"),
}
#: suffixes that form a complete book of a market
_BOOKS: Final = {"1x2": ("H", "D", "A"), "totals": (">2.5", "<2.5"), "asian_handicap": ("AHH", "AHA")}
_UNKNOWN = re.compile(r"([A-Za-z0-9]{1,8}?)(AHH|AHA|[HDA]|>2\.5|<2\.5)")
_UNNAMED = re.compile(r"(Unnamed: ?\d+)?")


def price_columns(header: Sequence[str], *, closing_only: bool = False) -> tuple[list[PriceColumn], list[str]]:
    """Price columns of a header, and the names of unknown columns.

    A bookmaker that is not in the table gets its prefix in lower case as its name, if the header has its complete
    book. If a file has both, ``Max``/``Avg`` take precedence over ``BbMx``/``BbAv``, and ``PS`` over ``P``.

    Parameters
    ----------
    header : trimmed names
    closing_only : every price is a closing price, whatever its column name (layout with one country per file)
    """
    names = set(header)
    columns: dict[tuple[str, str, str, str], PriceColumn] = {}
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
        line_column = _line_column(prefix, closing, names) if market == "asian_handicap" else None
        column = PriceColumn(index, name, market, selection, bookmaker, instant, line, line_column)
        if (market, selection, bookmaker, instant) in columns:
            unknown.append(name)
        else:
            columns[market, selection, bookmaker, instant] = column
    return sorted(columns.values(), key=lambda p: p.index), unknown


def unknown_bookmakers(columns: Sequence[PriceColumn]) -> set[str]:
    """Bookmakers whose prefix is not in the table."""
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
    match = _UNKNOWN.fullmatch(name)
    if match is None:
        return None
    prefix, suffix = match[1], match[2]
    book = _BOOKS[_SUFFIXES[suffix][0]]
    if not all(prefix + other in names for other in book):
        return None
    if prefix.endswith("C") and all(prefix[:-1] + other in names for other in book):
        return prefix[:-1], True, suffix
    return prefix, False, suffix


def _line_column(prefix: str, closing: bool, names: set[str]) -> str:
    """Column with the handicap line of a bookmaker's prices. If the file lacks it, the prices have no line."""
    if closing:
        return "AHCh"
    if prefix in ("BbMx", "BbAv"):
        return "BbAHh"
    column = prefix + "AH"
    return column if column in names else "AHh"


def _is_line(name: str) -> bool:
    return name.endswith("AH") and name[:-2] in BOOKMAKERS
