"""Any table, wide or long, through a mapping (`engine.source.mapping`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from engine.betting.formats import from_american, from_fractional
from engine.errors import SourceError
from engine.schema import INSTANTS, SELECTIONS
from engine.source.aliases import load_aliases
from engine.source.batch import Counts, Parsed
from engine.source.mapped_rows import Row, events_of, instants_of, read_rows, texts_of
from engine.source.mapping import Long, Mapping
from engine.source.prices import Floats, Instants, LineRule, PriceColumn, Prices, read_prices, to_floats
from engine.source.quarantine import Findings, Origin
from engine.source.table import Table, read_table, twins

_LINED = ("totals", "asian_handicap")
_KEY = ("event_id", "market", "line", "selection", "bookmaker", "side", "instant", "known_at")


def read(raw: bytes, origin: Origin, today: date, mapping: Mapping) -> Parsed:
    """Read a table by its mapping.

    Raises
    ------
    SourceError
        A column that the mapping needs is not in the header.
    """
    findings = Findings()
    table = read_table(raw, findings, delimiter=mapping.delimiter, multiline=True)
    _check_header(table, mapping, findings)
    n_read = table.n_misfit + len(table.rows)
    rows, ahead = read_rows(table, mapping, findings, origin, today)
    if mapping.long is not None:
        rows = _with_a_meaning(table, mapping.long, rows, findings)
    blank = set(mapping.missing)
    cells = [["" if cell.strip() in blank else cell for cell in table.rows[r.at]] for r in rows] if blank else None
    kept = Table(table.header, cells or [table.rows[r.at] for r in rows], [r.line for r in rows])
    events, ids = events_of(rows, mapping, origin)
    prices = _wide(kept, ids, rows, mapping, findings)
    quotes, n_twice = _turned(prices, rows, kept, mapping, findings)
    aliases = {r.sport: load_aliases(r.sport) for r in rows}
    new = {
        n
        for sport, table_ in aliases.items()
        for n in table_.new({r.home for r in rows if r.sport == sport} | {r.away for r in rows if r.sport == sport})
    }
    counts = Counts(
        rows_read=n_read,
        rows_kept=len(rows),
        rows_quarantined=n_read - len(rows),
        rows_blank=table.n_blank,
        prices_read=prices.n_read,
        prices_kept=prices.n_kept - n_twice,
        prices_empty=prices.n_empty,
        prices_quarantined=prices.n_quarantined + n_twice,
        flags=findings.n_flags,
        new_names=tuple(sorted(new)),
    )
    return Parsed(events, quotes, findings.frame(origin), counts, ahead)


def _check_header(table: Table, mapping: Mapping, findings: Findings) -> None:
    names = set(table.header)
    twice = twins(table.header)
    if twice:
        raise SourceError("a column stands twice in the header", found=", ".join(twice[:3]))
    texts = [mapping.sport, mapping.competition, mapping.home, mapping.away]
    texts += [mapping.long.market, mapping.long.selection] if mapping.long else []
    needed = [t.column for t in texts if t.column] + [mapping.start.column]
    needed += [mapping.long.odds_column] if mapping.long else []
    missing = [name for name in needed if name not in names]
    if missing:
        found = ",".join(table.header)[:80]
        raise SourceError("a column of the mapping is missing", expected=", ".join(missing[:5]), found=found)
    absent = [p.column for p in mapping.prices if p.column not in names]
    if mapping.prices and len(absent) == len(mapping.prices):
        raise SourceError("none of the price columns is there", expected=absent[0], found=",".join(table.header)[:80])
    for name in absent:
        findings.flag(None, name, "", "a price column of the mapping that the file does not have")


def _with_a_meaning(table: Table, long: Long, rows: list[Row], findings: Findings) -> list[Row]:
    """Rows of a long table whose market, selection, instant and side are ours; the others are put aside."""
    columns = [texts_of(table, text) for text in (long.market, long.selection, long.instant, long.side)]
    good = []
    for row in rows:
        market, selection, instant, side = (column[row.at] for column in columns)
        if market not in SELECTIONS:
            why = f"a market that means nothing known: {market[:40]!r}"
        elif selection not in SELECTIONS[market]:
            why = f"no selection of {market}: {selection[:40]!r}"
        elif instant not in INSTANTS or side not in ("back", "lay"):
            why = f"no instant or side: {instant[:40]!r}, {side[:40]!r}"
        else:
            good.append(replace(row, quote=(market, selection, instant, side)))
            continue
        findings.row(row.line, ",".join(table.rows[row.at]), why)
    return good


def _wide(kept: Table, ids: Sequence[int], rows: list[Row], mapping: Mapping, findings: Findings) -> Prices:
    """Quotes of all price cells; of a long table they have no meaning of their own yet."""
    event_ids = np.array(ids, dtype=np.int64)
    rules = {name: LineRule(line.step, line.limit, line.factor) for name, line in mapping.lines.items()}
    default = LineRule(limit=1000.0)
    instants = instants_of(rows)
    if mapping.long is None:
        columns = [
            PriceColumn(
                kept.header.index(p.column),
                p.column,
                p.market,
                p.selection,
                p.bookmaker,
                p.instant,
                p.line,
                p.line_column or None,
                p.side,
            )
            for p in mapping.prices
            if p.column in kept.header
        ]
        rules = {**{c.line_column: default for c in columns if c.line_column}, **rules}
        return _read(kept, event_ids, columns, (instants, rules, mapping), findings)
    parts = []
    for lined in (False, True):
        at = [i for i, row in enumerate(rows) if (row.quote[0] in _LINED) == lined]
        part = Table(kept.header, [kept.rows[i] for i in at], [kept.lines[i] for i in at])
        line = (mapping.long.line_column or None) if lined else None
        column = PriceColumn(
            kept.header.index(mapping.long.odds_column), mapping.long.odds_column, "", "", "", "open", None, line
        )
        known = {"open": Instants(instants["open"].known_at[at], "")}
        of = {line: rules.get(line, default)} if line else {}
        found = _read(part, event_ids[at], [column], (known, of, mapping), findings)
        parts.append(replace(found, rows=np.array(at, dtype=np.int64)[found.rows]))
    a, b = parts
    return Prices(
        pl.concat([a.quotes, b.quotes]),
        np.concatenate([a.rows, b.rows]),
        a.n_read + b.n_read,
        a.n_kept + b.n_kept,
        a.n_empty + b.n_empty,
        a.n_quarantined + b.n_quarantined,
    )


def _read(
    table: Table,
    ids: np.typing.NDArray[np.int64],
    columns: list[PriceColumn],
    given: tuple[dict[str, Instants], dict[str, LineRule], Mapping],
    findings: Findings,
) -> Prices:
    instants, rules, mapping = given

    def american(texts: Sequence[str]) -> Floats:
        return from_american(to_floats(texts)[0])

    convert = {"american": american, "fractional": from_fractional}.get(mapping.odds)
    return read_prices(table, ids, columns, instants, findings, rules=rules, convert=convert)


def _turned(
    prices: Prices, rows: list[Row], kept: Table, mapping: Mapping, findings: Findings
) -> tuple[pl.DataFrame, int]:
    """Quotes with what their row says (bookmaker, meaning, exchanged names); and how many stood there twice."""
    quotes, own = prices.quotes, [rows[i] for i in prices.rows]
    if mapping.bookmaker.column or mapping.bookmaker.value or mapping.long is not None:
        text = mapping.long.bookmaker if mapping.long and not mapping.bookmaker.column else mapping.bookmaker
        names = texts_of(kept, text)
        books = pl.Series("bookmaker", [names[i].lower() or "unnamed" for i in prices.rows], dtype=pl.String)
        quotes = quotes.with_columns(
            pl.when(pl.col("bookmaker") == "").then(books).otherwise("bookmaker").alias("bookmaker")
        )
    if mapping.long is not None:
        meaning = {n: [r.quote[k] for r in own] for k, n in enumerate(("market", "selection", "instant", "side"))}
        quotes = quotes.with_columns(pl.Series(n, values, dtype=pl.String) for n, values in meaning.items())
        found = instants_of(own)
        moments = [found[r.quote[2]].known_at[i] for i, r in enumerate(own)]
        kinds = [
            (found[r.quote[2]].instant or [])[i] if found[r.quote[2]].instant else r.quote[2] for i, r in enumerate(own)
        ]
        quotes = quotes.with_columns(
            pl.Series("known_at", moments, dtype=pl.Int64).cast(quotes.schema["known_at"]),
            pl.Series("known_at_basis", [found[r.quote[2]].basis for r in own], dtype=pl.String),
            pl.Series("instant", kinds, dtype=pl.String),
        )
    bases = pl.Series([r.known_basis for r in own], dtype=pl.String)
    quotes = quotes.with_columns(
        pl.when(pl.col("instant").is_in(["snapshot", "in_play"]))
        .then(bases)
        .otherwise("known_at_basis")
        .alias("known_at_basis")
    )
    exchanged = pl.Series([r.exchanged for r in own], dtype=pl.Boolean)
    if exchanged.any():
        other = pl.col("selection").replace({"home": "away", "away": "home"})
        flip = pl.lit(exchanged)
        turned = flip & (pl.col("market") == "asian_handicap")
        quotes = quotes.with_columns(
            pl.when(flip).then(other).otherwise("selection").alias("selection"),
            pl.when(turned).then(0.0 - pl.col("line")).otherwise("line").alias("line"),
        )
    first = quotes.select(pl.struct(_KEY).is_first_distinct()).to_series()
    for at in np.flatnonzero(~first.to_numpy()):
        quote = quotes.row(int(at), named=True)
        what = f"{quote['market']} {quote['selection']} {quote['bookmaker']}"
        findings.cell(own[at].line, what, f"{quote['odds']:g}", "a price that the file gives twice: the first is kept")
    return quotes.filter(first), int((~first).sum())
