"""Lines of mapped prices: whose handicap a column has, and books whose two sides do not fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from engine.schema import IN_PLAY, LINE_MARKETS, SNAPSHOT
from engine.source.mapping.keys import Line
from engine.source.quarantine import Quarantine

#: Markets whose line is a handicap, and so has another sign for each side.
HANDICAPS: Final = ("asian_handicap", "first_half_asian_handicap")
#: A side is a clear favourite from this probability on, margin removed. Below it, a small spread against it is usual:
#: the two markets are quoted with their own margins and at their own moments.
_FAVOURITE: Final = 0.58
#: The main line of a book: the margin-free probability of its home side is within this distance of one half.
_BALANCED: Final = 0.15
_OWN_LINES: Final = (
    "; where each side has its own line, the mapping needs `team: own`, and a constant line is the home side's"
)
_BOOK: Final = ("event_id", "bookmaker", "side", "instant", "_time")
_AT_LINE: Final = ("event_id", "bookmaker", "side", "instant", "market", "line")


def sign_of(market: str, selection: str, line: Line) -> float:
    """Factor that turns a line as written into the handicap of the home side. 1 for markets without a handicap."""
    if market not in HANDICAPS:
        return 1.0
    away = line.team == "away" or (line.team == "own" and selection == "away")
    return -line.factor if away else line.factor


def flag_books(quotes: pl.DataFrame, lines: pl.Series, quarantine: Quarantine) -> pl.Series:
    """Flag books whose sides have different lines, and spreads that contradict the moneyline of the same book.

    Nothing is removed. Each book is flagged once a market, and its prices at these lines are suspect.

    Parameters
    ----------
    quotes : polars.DataFrame
        Columns of `schema.QUOTES`, lines of the home side.
    lines : polars.Series
        Line of the file of each quote.
    quarantine : Quarantine
        Receives the flags.

    Returns
    -------
    polars.Series
        Whether each quote is at a flagged line, Boolean (n,).
    """
    timed = pl.col("instant").is_in((SNAPSHOT, IN_PLAY))
    frame = quotes.select(
        "event_id", "market", "line", "selection", "bookmaker", "side", "instant", "odds",
        pl.when(timed).then(pl.col("known_at")).otherwise(None).alias("_time"),
        lines.alias("_raw"),
    )  # fmt: skip
    if not frame["market"].is_in(LINE_MARKETS).any():
        return pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
    flagged = _flag_split_books(frame.filter(pl.col("market").is_in(LINE_MARKETS)), quarantine)
    flagged += _flag_contradictions(frame, quarantine)
    at = pl.DataFrame(flagged, schema={name: frame.schema[name] for name in _AT_LINE}, orient="row").unique()
    marked = frame.join(at.with_columns(_flagged=True), on=_AT_LINE, how="left", maintain_order="left")
    return marked["_flagged"].fill_null(False)


def _flag_split_books(frame: pl.DataFrame, quarantine: Quarantine) -> list[tuple[object, ...]]:
    """Flag each book with a line for one side only and another line for the other side only; both lines of each."""
    flagged: list[tuple[object, ...]] = []
    first = pl.col("selection").is_in(("home", "over"))
    for keys in ([*_BOOK, "market"], [*(name for name in _BOOK if name != "_time"), "market"]):
        sides = frame.group_by(*keys, "line").agg(
            first.any().alias("a"), (~first).any().alias("b"), pl.col("_raw").min(), maintain_order=True
        )
        books = sides.group_by(keys, maintain_order=True).agg(
            pl.col("a").any().alias("has_a"),
            pl.col("b").any().alias("has_b"),
            pl.col("line").filter(pl.col("a") & ~pl.col("b")).first().alias("only_a"),
            pl.col("line").filter(pl.col("b") & ~pl.col("a")).first().alias("only_b"),
            pl.col("_raw").filter(pl.col("a") != pl.col("b")).min().alias("raw"),
        )
        split = books.filter(pl.col("only_a").is_not_null() & pl.col("only_b").is_not_null())
        for book in split.sort("raw").iter_rows(named=True):
            handicap = book["market"] in HANDICAPS
            names = ("home", "away") if handicap else ("over", "under")
            mirrored = handicap and book["only_a"] == -book["only_b"]
            advice = _OWN_LINES if mirrored else ""
            reason = (
                f"the two sides of a book have different lines: {names[0]} and {names[1]} do not fit together{advice}"
            )
            value = f"{book['bookmaker']}: {names[0]} {book['only_a']:+g}, {names[1]} {book['only_b']:+g}"
            quarantine.flag(book["raw"], book["market"], value, reason)
            flagged += [(*(book[name] for name in _AT_LINE[:-1]), book[line]) for line in ("only_a", "only_b")]
        one_sided = books.filter(pl.col("has_a") != pl.col("has_b"))
        frame = frame.join(one_sided.select(*keys), on=keys, how="semi", nulls_equal=True)
        if not frame.height:
            break
    return flagged


def _flag_contradictions(frame: pl.DataFrame, quarantine: Quarantine) -> list[tuple[object, ...]]:
    """Flag each book that gives points to its own clear favourite on its most balanced line; that line of each."""
    backs = frame.filter(pl.col("side") == "back").sort("_raw")

    def two_sided(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        home, away = (
            rows.filter(selection=name).unique(keys, keep="last", maintain_order=True) for name in ("home", "away")
        )
        both = home.join(
            away.select(*keys, pl.col("odds").alias("away")), on=keys, nulls_equal=True, maintain_order="left"
        )
        return both.with_columns((pl.col("away") / (pl.col("odds") + pl.col("away"))).alias("p"))

    winners = two_sided(backs.filter(pl.col("market").is_in(("moneyline", "1x2"))), _BOOK)
    spreads = two_sided(backs.filter(market="asian_handicap"), [*_BOOK, "line"])
    if not (winners.height and spreads.height):
        return []
    off = (pl.col("p") - 0.5).abs()
    main = spreads.filter(off <= _BALANCED).sort(off).unique(_BOOK, keep="first", maintain_order=True)
    both = main.join(winners.select(*_BOOK, pl.col("p").alias("wins")), on=_BOOK, nulls_equal=True)
    wrong = both.filter(
        ((pl.col("wins") >= _FAVOURITE) & (pl.col("line") > 0))
        | ((pl.col("wins") <= 1 - _FAVOURITE) & (pl.col("line") < 0))
    )
    for book in wrong.sort("_raw").iter_rows(named=True):
        name, line = ("home", book["line"]) if book["wins"] > 0.5 else ("away", -book["line"])
        reason = (
            "a spread that contradicts the moneyline of its book: the favourite is given points; where all are so, the "
            "mapping needs `factor: -1` for this column"
        )
        value = f"{book['bookmaker']}: {name} {line:+g}, chance of winning {max(book['wins'], 1 - book['wins']):.0%}"
        quarantine.flag(book["_raw"], "asian_handicap", value, reason)
    return wrong.select(_AT_LINE).rows()
