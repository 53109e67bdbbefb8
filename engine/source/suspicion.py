"""Flags on what a file says although it can be read: prices far from all others, copies, odd results and names.

Flagged values are kept. A flag on a price sets `suspect` on its quote; a flag on a result or a name sets nothing, since
a result is known only after the bets. A price is compared with those that were known no later than itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.plausibility.copies import copied, still_books
from engine.plausibility.formats import AMERICAN, doubts
from engine.plausibility.outliers import far_apart, far_from_others, impossible_books
from engine.plausibility.results import contradictory, impossible_score
from engine.plausibility.seasons import NAMED, is_shifted
from engine.schema import IN_PLAY, QUARANTINE, SELECTIONS
from engine.source.batch import Parsed

#: rows of prices in force that are compared at once
_BLOCK: Final = 2_000_000
_BET: Final = ("event_id", "market", "line", "selection", "instant")
_BOOK: Final = ("event_id", "market", "line", "bookmaker", "side", "instant", "known_at")
_NOT_ABOVE_ONE: Final = "not a price: not above 1"
_UNREAD: Final = "not a price: not a number"

_Bools = NDArray[np.bool_]
_Item = tuple[int | None, str | None, str, str]


def with_flags(parsed: Parsed, source: str, name: str, raw_file: str) -> Parsed:
    """The same events and quotes with doubtful values flagged.

    Parameters
    ----------
    parsed : Parsed
    source, name, raw_file : str
        Source, file as the user named it, and its hash, for the quarantine.

    Returns
    -------
    Parsed
        `suspect` is set on quotes that are far from those of the other bookmakers, on books with an impossible sum, and
        on quotes that look like American odds.
    """
    lines = _lines_of(parsed)
    suspect, items = _prices(parsed.quotes, lines)
    wrong, of_books = _books(parsed.quotes, lines, suspect)
    american, of_format = _formats(parsed)
    items += [
        *of_books,
        *of_format,
        *_copies(parsed.quotes),
        *_events(parsed.events, _contradictions(parsed.quarantine)),
    ]
    if not items:
        return parsed
    columns = list(zip(*items, strict=True))
    flags = pl.DataFrame(
        {
            "source": [source] * len(items),
            "file": [name] * len(items),
            "raw_file": [raw_file] * len(items),
            "kind": ["flag"] * len(items),
            **{key: list(column) for key, column in zip(("line", "column", "value", "reason"), columns, strict=True)},
        },
        schema_overrides=QUARANTINE,
    ).select(list(QUARANTINE))
    marked = parsed.quotes.with_columns(
        suspect=pl.col("suspect").fill_null(False) | pl.Series(suspect | wrong | american)
    )
    return replace(
        parsed,
        quotes=marked,
        quarantine=pl.concat([parsed.quarantine, flags]).sort(pl.col("line").fill_null(0), maintain_order=True),
        counts=replace(parsed.counts, flags=parsed.counts.flags + len(items)),
    )


def _lines_of(parsed: Parsed) -> pl.Series:
    """Line of the raw file of each quote: that of the quote, or else that of its event."""
    if parsed.quote_lines is not None:
        return parsed.quote_lines
    lines = parsed.events.select("event_id", "raw_line")
    return parsed.quotes.select("event_id").join(lines, on="event_id", how="left", maintain_order="left")["raw_line"]


def _contradictions(quarantine: pl.DataFrame) -> list[int]:
    """Lines whose result the reader has flagged already."""
    flagged = (pl.col("kind") == "flag") & pl.col("reason").str.contains(" contradicts ", literal=True)
    return quarantine.filter(flagged)["line"].drop_nulls().to_list()


def _prices(quotes: pl.DataFrame, lines: pl.Series) -> tuple[_Bools, list[_Item]]:
    """Which quotes are far from the others at the instant at which they became known, and a flag for each."""
    suspect = np.zeros(quotes.height, np.bool_)
    found = [part for part in _compared(quotes) if part.height]
    if not found:
        return suspect, []
    far = pl.concat(found).unique("row", keep="first", maintain_order=True).sort("row")
    suspect[far["row"].to_numpy()] = True
    rows = quotes.with_columns(raw_line=lines)[far["row"].to_numpy()].with_columns(far.select("others", "others_odds"))
    rows = rows.filter(~pl.col("suspect").fill_null(False))  # its source has flagged it already
    exchanged = _exchanged(rows)
    items = list[_Item]()
    for row in rows.iter_rows(named=True):
        place = tuple(row[key] for key in _BOOK)
        count = "the other price is" if row["others"] == 1 else f"the middle of {row['others']} other prices is"
        hint = ": are the two sides exchanged?" if place in exchanged else ""
        reason = f"suspect: far from the others, {count} {row['others_odds']:g}{hint}"
        items.append((row["raw_line"], _column(row), f"{row['odds']:g}", reason))
    return suspect, items


def _books(quotes: pl.DataFrame, lines: pl.Series, far: _Bools) -> tuple[_Bools, list[_Item]]:
    """Quotes of books with an impossible sum, and a flag for each book; not where one price is known to be wrong."""
    rows = quotes.with_columns(far=pl.Series(far) | pl.col("suspect").fill_null(False), raw_line=lines)
    wrong = impossible_books(rows.filter(pl.col("instant") != IN_PLAY), _BOOK)
    if wrong.is_empty():
        return np.zeros(quotes.height, np.bool_), []
    marks = rows.select(*_BOOK, "odds", "far", "raw_line").join(
        wrong.with_columns(wrong=pl.lit(True)), on=list(_BOOK), how="left", nulls_equal=True, maintain_order="left"
    )
    marks = marks.with_columns(wrong=pl.col("wrong").fill_null(False) & ~pl.col("far").any().over(_BOOK))
    books = marks.filter("wrong").group_by(_BOOK, maintain_order=True)
    items = list[_Item]()
    for row in books.agg(pl.col("raw_line").min(), pl.col("sum").first(), "odds").iter_rows(named=True):
        reason = f"suspect: 1/odds of the book add up to {100.0 * row['sum']:.0f}%"
        prices = "/".join(f"{odds:g}" for odds in row["odds"])
        items.append((row["raw_line"], _column(row | {"selection": "book"}), prices, reason))
    return marks["wrong"].to_numpy(), items


def _column(row: dict[str, object]) -> str:
    line = "" if row["line"] is None else f" {row['line']:g}"
    return f"{row['market']}{line} {row['selection']} {row['bookmaker']} {row['instant']}"


def _compared(quotes: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Quotes that are far from the others: row, others, others_odds."""
    rows = quotes.with_row_index("row").filter(pl.col("instant") != IN_PLAY)
    if rows.is_empty():
        return
    rows = rows.with_columns(bet=pl.struct(_BET).rank("dense"))
    moments = rows.group_by("bet").agg(
        once=pl.col("known_at").min() == pl.col("known_at").max(),
        books=pl.col("bookmaker").min() != pl.col("bookmaker").max(),
    )
    moments = moments.filter("books").sort("bet")
    once = rows.join(moments.filter("once").select("bet"), on="bet", how="semi", maintain_order="left")
    yield _far(once, ["bet"])
    several = rows.join(moments.filter(~pl.col("once")).select("bet"), on="bet", how="semi", maintain_order="left")
    sizes = several.group_by("bet").agg(size=pl.col("known_at").n_unique() * pl.col("bookmaker").n_unique()).sort("bet")
    for part in sizes.with_columns(block=pl.col("size").cum_sum() // _BLOCK).partition_by("block", maintain_order=True):
        yield _far_when_known(several.join(part.select("bet"), on="bet", how="semi", maintain_order="left"))


def _far(rows: pl.DataFrame, bet: Sequence[str]) -> pl.DataFrame:
    rows = rows.unique([*bet, "bookmaker", "side"], keep="last", maintain_order=True)
    found = pl.concat([rows.select("row"), far_from_others(rows, bet)], how="horizontal")
    return found.filter("far").select("row", "others", "others_odds")


def _far_when_known(rows: pl.DataFrame) -> pl.DataFrame:
    """Each quote beside the latest quotes of the other bookmakers that were known by then."""
    rows = rows.select("row", "bet", "bookmaker", "side", "odds", "known_at").sort("known_at", "row")
    asked = rows.select("bet", at="known_at").unique().join(rows.select("bet", "bookmaker", "side").unique(), on="bet")
    in_force = asked.sort("at").join_asof(
        rows, left_on="at", right_on="known_at", by=["bet", "bookmaker", "side"], strategy="backward",
        check_sortedness=False,
    ).drop_nulls("row")  # fmt: skip
    own = pl.concat([in_force, far_from_others(in_force, ["bet", "at"])], how="horizontal")
    return own.filter(pl.col("far") & (pl.col("at") == pl.col("known_at"))).select("row", "others", "others_odds")


def _exchanged(far: pl.DataFrame) -> set[tuple[object, ...]]:
    """Books of which two prices are far from the others and would be near them the other way round."""
    pairs = far.group_by(_BOOK, maintain_order=True).agg("odds", "others_odds").filter(pl.col("odds").list.len() == 2)
    fits = [
        not far_apart(np.array(odds), np.array(others[::-1])).any()
        for odds, others in pairs.select("odds", "others_odds").iter_rows()
    ]
    return set(pairs.filter(pl.Series(fits, dtype=pl.Boolean)).select(_BOOK).iter_rows())


def _formats(parsed: Parsed) -> tuple[_Bools, list[_Item]]:
    """Quotes that look like another format of odds, and a flag on the file for each format that it looks like."""
    cells = parsed.quarantine.filter(pl.col("kind") == "cell")
    low, unread = (cells.filter(pl.col("reason") == reason)["value"].to_list() for reason in (_NOT_ABOVE_ONE, _UNREAD))
    few = [market for market, selections in SELECTIONS.items() if len(selections) <= 3]
    high = ((parsed.quotes["odds"] >= AMERICAN) & parsed.quotes["market"].is_in(few)).to_numpy()
    marked, items = np.zeros(len(high), np.bool_), list[_Item]()
    for doubt in doubts(len(high), int(high.sum()), low, unread):
        items.append((None, None, "", doubt.sentence))
        if doubt.suspect != "none":
            marked |= high if doubt.suspect == "high" else True
    return marked, items


def _copies(quotes: pl.DataFrame) -> list[_Item]:
    """Flags on bookmakers whose opening prices are their closing prices; one flag if that is so for all of them."""
    books = still_books(quotes)
    equal = copied(books, ["bookmaker"])
    if equal.is_empty():
        return []
    if equal.height > 1 and equal.height == books["bookmaker"].n_unique():
        names = ", ".join(equal["bookmaker"].head(3)) + (", ..." if equal.height > 3 else "")
        return [
            (None, None, "", _copied(int(equal["still"].sum()), int(equal["books"].sum()), f"all bookmakers ({names})"))
        ]
    return [(None, name, "", _copied(still, count, name)) for name, count, still in equal.iter_rows()]


def _copied(still: int, count: int, who: str) -> str:
    return (
        f"opening and closing prices are equal to the last digit in {still:,} of {count:,} books of {who}: "
        "was one column read as both?"
    )


def _events(events: pl.DataFrame, known: Sequence[int]) -> list[_Item]:
    """Flags on results that contradict themselves, scores that the sport does not know, and names that are numbers."""
    items: list[_Item] = []
    score = pl.format("{}-{}", "home_score", "away_score")
    wrong = events.filter(contradictory() & ~pl.col("raw_line").is_in(known)).with_columns(score=score)
    items += [
        (line, "winner", winner, f"the winner contradicts the score {text}: kept as written")
        for line, winner, text in wrong.select("raw_line", "winner", "score").iter_rows()
    ]
    wrong = events.filter(impossible_score()).with_columns(score=score)
    items += [
        (line, "score", text, f"a score that {sport} does not know: kept as written")
        for line, sport, text in wrong.select("raw_line", "sport", "score").iter_rows()
    ]
    for column, words in NAMED.items():
        lines = events.group_by(pl.col(column).alias("name"), maintain_order=True)
        for name, line, count in lines.agg(pl.col("raw_line").min(), pl.len()).iter_rows():
            if is_shifted(column, name):
                reason = f"{words} is a number in {count:,} rows: are the columns shifted?"
                items.append((line, column, name, reason))
    return items
