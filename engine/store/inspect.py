"""Summary of a store, and checks for damage and oddities. All counts are over verified files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from engine.betting.sport import known_too_early
from engine.errors import StoreError
from engine.plausibility.copies import copied, still_books
from engine.plausibility.formats import FORMAT_DOUBT
from engine.plausibility.results import contradictory, impossible_score
from engine.plausibility.seasons import NAMED, is_shifted, span_of_season
from engine.schema import AGGREGATES, ALL_EVENTS, FIELD_MARKETS, FINISHES, QUOTES, SELECTIONS, WINNERS
from engine.store.merge import QUOTE_KEY
from engine.store.pairs import find_pairs
from engine.store.reasons import without_values
from engine.store.store import Store

#: Sum of 1/odds of a bookmaker's book; a book outside this range is reported.
OVERROUND_RANGE: Final = (0.97, 1.30)
_BOOK: Final = ["event_id", "market", "line", "bookmaker", "side", "instant", "known_at"]


@dataclass(frozen=True)
class Finding:
    """Result of one check. `level` is damage (the store is wrong), shout (worth a look) or note (for information)."""

    level: str
    check: str
    count: int
    example: str = ""


def info(store: Store) -> dict[str, Any]:
    """Summary of a store: matches, prices and dates by season; markets, bookmakers, bases of times, quarantine."""
    events, quotes = store.manifest.entries("events"), store.manifest.entries("quotes")
    prices = {e.partition: e.rows for e in quotes}
    seasons = [
        {
            "sport": e.sport,
            "competition": e.competition,
            "season": e.season,
            "matches": e.rows,
            "prices": prices.get(e.partition, 0),
            "first": e.first_date,
            "last": e.last_date,
        }
        for e in events
    ]
    return {
        "store": store.place,
        "matches": sum(e.rows for e in events),
        "prices": sum(e.rows for e in quotes),
        "first": min((e.first_date for e in events), default=""),
        "last": max((e.last_date for e in events), default=""),
        "bytes": sum(e.bytes for e in store.manifest.files.values()),
        "files_imported": len(store.manifest.imports),
        "seasons": seasons,
        "markets": sorted({m for e in quotes for m in e.markets}),
        "bookmakers": sorted({b for e in quotes for b in e.bookmakers}),
        "instants": sorted({i for e in quotes for i in e.instants}),
        "known_at_basis": sorted({b for e in quotes for b in e.bases}),
        "starts_at_basis": sorted({b for e in events for b in e.bases}),
        "quarantine": quarantine_counts(store),
        "withdrawn": sum(e.rows for e in store.manifest.entries("withdrawn")),
    }


def quarantine_counts(store: Store) -> list[dict[str, Any]]:
    """Number of quarantined rows, cells and flags by source, kind and reason without its numbers, largest first."""
    frame = store.quarantine().with_columns(without_values(pl.col("reason")))
    grouped = frame.group_by("source", "kind", "reason").agg(pl.len().alias("count"))
    return grouped.sort(["count", "source", "kind", "reason"], descending=[True, False, False, False]).to_dicts()


def check(store: Store) -> list[Finding]:
    """Verify every file of a store and look for oddities.

    Damage is a wrong hash, wrong columns or types, a duplicate key, a count that differs from the manifest, or a quote
    without an event. A damaged file is a finding, not an exception.
    """
    try:
        store.verify()
        events, quotes = (
            store.events(),
            store.quotes() if store.manifest.entries("quotes") else pl.DataFrame(schema=QUOTES),
        )
        quarantine, withdrawn = store.quarantine(), store.withdrawn()
    except StoreError as error:
        return [Finding("damage", "files", 1, str(error))]
    findings = [*_structure(store, events, quotes), *_dates(events), *_results(events), *_prices(events, quotes)]
    findings += [*_copies(events, quotes), *_formats(quarantine), *_pairs(events)]
    for kind in ("row", "cell", "flag"):
        rows = quarantine.filter(pl.col("kind") == kind)
        example = _place(rows.row(0, named=True)) if rows.height else ""
        findings.append(Finding("note", f"quarantine: {kind}s", rows.height, example))
    findings.append(Finding("note", "withdrawn fixtures", withdrawn.height, _example(withdrawn)))
    return [f for f in findings if f.count]


def _structure(store: Store, events: pl.DataFrame, quotes: pl.DataFrame) -> list[Finding]:
    rows = {table: sum(e.rows for e in store.manifest.entries(table)) for table in ("events", "quotes")}
    without_event = quotes.select("event_id").join(events.select("event_id"), on="event_id", how="anti").height
    timed = pl.when(pl.col("instant").is_in(["snapshot", "in_play"])).then(pl.col("known_at")).alias("_known_at")
    keys = quotes.select(*QUOTE_KEY, timed)
    return [
        Finding("damage", "columns of events", int(dict(events.schema) != pl.Schema(ALL_EVENTS))),
        Finding("damage", "columns of quotes", int(dict(quotes.schema) != pl.Schema(QUOTES))),
        Finding("damage", "event counts that differ from the manifest", abs(events.height - rows["events"])),
        Finding("damage", "quote counts that differ from the manifest", abs(quotes.height - rows["quotes"])),
        Finding("damage", "duplicate events", events.height - events["event_id"].n_unique()),
        Finding("damage", "duplicate quotes", quotes.height - keys.unique().height),
        Finding("damage", "quotes without an event", without_event),
        Finding("damage", "prices of 1 or less", quotes.filter(~(pl.col("odds") > 1.0)).height),
    ]


def _dates(events: pl.DataFrame) -> list[Finding]:
    """Dates outside their season, seasons and leagues that are numbers, and football teams twice within a day."""
    outside = _outside(events)
    shifted = events.filter(
        pl.any_horizontal(
            pl.col(column).is_in([name for name in events[column].unique().to_list() if is_shifted(column, name)])
            for column in NAMED
        )
    )
    teams = pl.concat(
        [
            events.select("sport", "competition", "date", pl.col(side).alias("team"), "home", "away", "season")
            for side in ("home", "away")
        ]
    ).filter(pl.col("sport") == "football")
    gap = pl.col("date").diff().over("sport", "competition", "team", order_by="date").dt.total_days()
    twice = teams.with_columns(gap.alias("_gap")).filter(pl.col("_gap") <= 1)
    return [
        Finding("shout", "dates outside their season", outside.height, _example(outside)),
        Finding("shout", "a league, season or team that is a number", shifted.height, _example(shifted)),
        Finding("shout", "a team twice within a day", twice.height, _example(twice)),
    ]


def _outside(events: pl.DataFrame) -> pl.DataFrame:
    """Events whose date cannot belong to their season; a season without a span is not judged here."""
    rows = [
        (sport, season, *span)
        for sport, season in events.select("sport", "season").unique().iter_rows()
        if (span := span_of_season(season, sport)) is not None
    ]
    schema = {"sport": pl.String, "season": pl.String, "first": pl.Date, "last": pl.Date}
    spans = pl.DataFrame(rows, schema=schema, orient="row")
    joined = events.join(spans, on=["sport", "season"], how="inner", maintain_order="left")
    return joined.filter((pl.col("date") < pl.col("first")) | (pl.col("date") > pl.col("last")))


def _pairs(events: pl.DataFrame) -> list[Finding]:
    """Matches, competitions and names that may stand twice (`engine.store.pairs`)."""
    pairs = find_pairs(events)
    texts = [
        (
            pairs.matches,
            "{competition} {date} {home} - {away} and {competition_other} {date_other} {home_other} - {away_other}",
        ),
        (pairs.competitions, "{competition} and {competition_other}: {pairs} matches"),
        (pairs.names, "{name} and {name_other} in {competition}: {pairs} matches"),
    ]
    examples = [text.format(**rows.row(0, named=True)) if rows.height else "" for rows, text in texts]
    return [
        Finding("shout", "matches that may stand twice (bea data pairs)", pairs.matches.height, examples[0]),
        Finding("shout", "competitions that may be one", pairs.competitions.height, examples[1]),
        Finding("shout", "names that may be one", pairs.names.height, examples[2]),
    ]


def _results(events: pl.DataFrame) -> list[Finding]:
    last = events["date"].max()
    assert isinstance(last, date)
    open_ = events.filter((pl.col("status") == "scheduled") & (pl.col("date") < last))
    # beside a score after regulation there may be no winner, and runners of a field have an end each
    of_the_end = pl.all_horizontal(pl.col(name).is_null() for name in ("score_scope", *FINISHES.values()))
    scoreless = events.filter((pl.col("status") == "played") & pl.col("winner").is_null() & of_the_end)
    early = known_too_early(events)
    wrong, impossible = events.filter(contradictory()), events.filter(impossible_score())
    assumed = events.filter(pl.col("starts_at_basis") != "recorded")
    return [
        Finding("note", "matches without a result", open_.height, _example(open_)),
        Finding("shout", "played matches without a winner", scoreless.height, _example(scoreless)),
        Finding("shout", "results known before the game can be over", early.height, _example(early)),
        Finding("shout", "winners that contradict the score", wrong.height, _example(wrong)),
        Finding("shout", "scores that the sport does not know", impossible.height, _example(impossible)),
        Finding("note", "assumed start times", assumed.height, _example(assumed)),
    ]


def _prices(events: pl.DataFrame, quotes: pl.DataFrame) -> list[Finding]:
    named = events.select("event_id", "competition", "season", "date", "home", "away")
    full = pl.col("market").replace_strict({m: len(s) for m, s in SELECTIONS.items()}, default=None)
    books = (
        quotes.filter(~pl.col("bookmaker").is_in(list(AGGREGATES)) & (pl.col("side") == "back"))
        .group_by(_BOOK)
        .agg((1.0 / pl.col("odds")).sum().alias("sum"), pl.len().alias("n"))
        .with_columns(pl.col("sum") / pl.col("market").replace_strict(WINNERS, default=1))
        .filter((pl.col("n") == full) & ~pl.col("sum").is_between(*OVERROUND_RANGE))
        .join(named, on="event_id", how="left")
        .sort("sum", "event_id", "bookmaker")
    )
    suspect = quotes.filter("suspect").join(named, on="event_id", how="left")
    late = quotes.join(events.select("event_id", "starts_at"), on="event_id", how="left").filter(
        (pl.col("known_at") > pl.col("starts_at"))
        & (pl.col("instant") != "in_play")
        & ~pl.col("market").is_in(FIELD_MARKETS)  # races start late, and their source says when they are in play
    )
    assumed = quotes.filter(pl.col("known_at_basis") != "recorded")
    return [
        Finding("shout", "books under 97 % or above 130 %", books.height, _example(books)),
        Finding("shout", "suspect prices", suspect.height, _example(suspect)),
        Finding(
            "shout",
            "prices after the start that are not marked in play",
            late.height,
            _example(late.join(named, on="event_id")),
        ),
        Finding(
            "note", "assumed times of prices", assumed.height, ", ".join(sorted(assumed["known_at_basis"].unique()))
        ),
    ]


def _copies(events: pl.DataFrame, quotes: pl.DataFrame) -> list[Finding]:
    """Books of which opening and close are equal, of bookmakers and seasons for which that is so nearly always."""
    by = ["bookmaker", "competition", "season"]
    named = events.select("event_id", "sport", "competition", "season")
    books = still_books(quotes).join(named, on="event_id", how="inner")
    equal = copied(books, by)
    example = ", ".join(f"{name} {league} {season}" for name, league, season in equal.select(by).head(3).iter_rows())
    return [Finding("shout", "opening prices that are closing prices", int(equal["still"].sum()), example)]


def _formats(quarantine: pl.DataFrame) -> list[Finding]:
    """Files that look as if their odds were in another format."""
    files = quarantine.filter((pl.col("kind") == "flag") & pl.col("reason").str.contains(FORMAT_DOUBT, literal=True))
    example = _place(files.row(0, named=True)) if files.height else ""
    return [Finding("shout", "files of odds in another format", files.height, example)]


def _place(row: dict[str, Any]) -> str:
    """A row of the quarantine in words; without a line where it is about the whole file."""
    line = "" if row["line"] is None else f":{row['line']}"
    return f"{row['file']}{line} {row['reason']}"


def _example(rows: pl.DataFrame) -> str:
    if not rows.height:
        return ""
    row = rows.row(0, named=True)
    book = f" {row['bookmaker']}" if "bookmaker" in row else ""
    if {"selection", "odds", "market"} <= row.keys():
        book = f" {row['market']} {row['selection']}{book} {row['odds']:g}"
    return f"{row['competition']} {row['season']} {row['date']} {row['home']} - {row['away']}{book}"
