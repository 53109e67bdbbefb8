"""Reader of any table, wide or long, described by a mapping (`engine.source.mapping`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import polars as pl

from engine.schema import IN_PLAY, INSTANTS, LINE_MARKETS, MARKETS, SNAPSHOT, is_selection
from engine.source.aliases import load_aliases
from engine.source.batch import Counts, Parsed
from engine.source.mapped.events import events_of
from engine.source.mapped.facts import facts_of
from engine.source.mapped.file import flag_commas, read_file, refuse_moved_names, with_plain_numbers
from engine.source.mapped.quotes import read_quotes
from engine.source.mapped.row import NO_PRICE, Row
from engine.source.mapped.rows import read_rows
from engine.source.mapped.shape import with_whole_books
from engine.source.mapped.texts import side_of, texts_of
from engine.source.mapping.keys import Long, Mapping
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import Table

#: Prices seen after the start are named if they are so large a share of a file, of so many events. A pull of coming
#: matches that was taken in the evening has fewer.
_LATE_SHARE: Final = 0.9
_LATE_EVENTS: Final = 10


def read(raw: bytes, origin: Origin, today: date, mapping: Mapping) -> Parsed:
    """Read a table as its mapping describes it.

    Raises
    ------
    SourceError
        The header has a duplicate column, or lacks a column that the mapping needs; the price columns hold no prices;
        the dates have another order of day and month than the mapping says.
    """
    quarantine = Quarantine()
    table = read_file(raw, mapping, quarantine)
    if mapping.records is None:
        refuse_moved_names(table, mapping)
    table = with_whole_books(table, mapping, quarantine)
    n_read = table.n_misfit + len(table.rows)
    rows, depends_on_today = read_rows(table, mapping, quarantine, origin, today)
    if mapping.long is not None:
        rows = _rows_with_known_words(table, mapping.long, rows, quarantine, origin)
    kept_table = table.only(r.index for r in rows)
    flag_commas(kept_table, mapping, quarantine)
    kept_table = with_plain_numbers(kept_table, mapping)
    events, ids = events_of(rows, origin, facts_of(kept_table, rows, mapping, quarantine, origin.name))
    quotes = read_quotes(kept_table, ids, rows, mapping, quarantine, origin.name)
    _flag_late(quotes.frame.filter(pl.col("known_at_basis") == "recorded"), rows, mapping, quarantine)
    new = {
        name
        for sport in {r.sport for r in rows}
        for name in load_aliases(sport).new({n for r in rows if r.sport == sport for n in (r.home, r.away)})
    }
    counts = Counts(
        rows_read=n_read,
        rows_kept=len(rows),
        rows_quarantined=n_read - len(rows),
        rows_blank=table.n_blank,
        prices_read=quotes.n_read,
        prices_kept=quotes.n_kept,
        prices_empty=quotes.n_empty,
        prices_quarantined=quotes.n_quarantined,
        flags=quarantine.n_flags,
        new_names=tuple(sorted(new)),
    )
    return Parsed(events, quotes.frame, quarantine.frame(origin), counts, depends_on_today, quotes.lines)


def _flag_late(quotes: pl.DataFrame, rows: list[Row], mapping: Mapping, quarantine: Quarantine) -> None:
    """Flag a file whose snapshots were nearly all seen after the start, where it does not say that they are in play."""
    stated = {row.quote[2] for row in rows} if mapping.long else {p.instant for p in mapping.prices or ()}
    timed = quotes.filter(pl.col("instant").is_in([IN_PLAY, SNAPSHOT]))
    late = timed.filter(pl.col("instant") == IN_PLAY)
    if (
        IN_PLAY not in stated
        and late["event_id"].n_unique() >= _LATE_EVENTS
        and late.height > _LATE_SHARE * timed.height
    ):
        reason = f"{late.height} of {timed.height} prices were seen after the start: in play, or is a time zone wrong?"
        quarantine.flag(None, None, "", reason)


def _rows_with_known_words(
    table: Table, long: Long, rows: list[Row], quarantine: Quarantine, origin: Origin
) -> list[Row]:
    """Rows of a long table with a known market, selection, quote kind and side. The others are quarantined.

    A row without selection and price has an event only.
    """
    columns = [texts_of(table, text, origin.name) for text in (long.market, long.selection, long.instant, long.side)]
    odds = table.column(long.odds_column)
    known = []
    for row in rows:
        market, selection, instant, side = (column[row.index] for column in columns)
        if long.selection.names:
            selection = side_of(selection, *row.sides)
        market, instant, side = market.lower(), instant.lower(), side.lower()
        selection = selection.lower() if is_selection(market, selection.lower()) else selection
        timed = instant in (SNAPSHOT, IN_PLAY)
        if not (odds[row.index] or selection):
            known.append(replace(row, quote=("", "", "open", "back")))
            continue
        if market not in MARKETS:
            reason = f"unknown market: {market[:40]!r}"
        elif not is_selection(market, selection):
            reason = f"unknown selection of {market}: {selection[:40]!r}"
        elif instant not in INSTANTS or side not in ("back", "lay"):
            reason = f"unknown quote kind or side: {instant[:40]!r}, {side[:40]!r}"
        elif market in LINE_MARKETS and not long.line_column:
            reason = f"a price of {market} without a line: the mapping names no line_column"
        elif timed and row.known_basis in ("", NO_PRICE) and odds[row.index]:
            reason = f"a price of kind {instant} without the time at which it was known"
        else:
            known.append(replace(row, quote=(market, selection, instant, side)))
            continue
        quarantine.row(row.line, ",".join(table.rows[row.index]), reason)
    return known
