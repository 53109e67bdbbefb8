"""What `bea data` says about matches, names and competitions that may stand twice in a store."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import polars as pl

from engine.source.aliases import load_aliases, shipped_competitions
from engine.store.inspect import Finding
from engine.store.pairs import Pairs

Row = list[object]


def count_text(pairs: Pairs) -> str:
    """How many pairs of matches there are, in words."""
    number = pairs.matches.height
    if number < 2:
        return "1 pair of matches may be one match" if number else "no match may stand twice"
    return f"{number:,} pairs of matches may be one match each"


def outdated(events: pl.DataFrame) -> list[Finding]:
    """A finding if the tables of names spell a stored name or competition in another way now; else none."""
    columns = ["sport", "competition", "home", "away"]
    named = events.select(columns).unique(maintain_order=True)
    tables = {sport: load_aliases(sport) for sport in named["sport"].unique().to_list()}
    now = []
    for sport, competition, home, away in named.rows():
        table = tables[sport]
        league = table.competition(competition)
        now.append((sport, league, table.resolve(home, league), table.resolve(away, league)))
    other = pl.DataFrame(now, schema=[f"{name}_now" for name in columns], orient="row")
    changed = pl.concat([named, other], how="horizontal").filter(
        pl.any_horizontal(pl.col(name) != pl.col(f"{name}_now") for name in columns)
    )
    count = events.join(changed, on=columns, how="semi").height
    if not count:
        return []
    row = changed.row(0, named=True)
    example = "{competition} {home} - {away}, now {competition_now} {home_now} - {away_now}".format(**row)
    return [Finding("shout", "matches under names that have an alias now (import their files again)", count, example)]


def new_name(name: str, near: Mapping[str, list[str]]) -> str:
    """A new name, with the names that it may stand for."""
    return f"{name} (may be the same as {', '.join(near[name])})" if name in near else name


def document(pairs: Pairs) -> dict[str, Any]:
    """The pairs as one JSON document."""
    return {
        "pairs": pairs.matches.height,
        "competitions": pairs.competitions.to_dicts(),
        "names": pairs.names.to_dicts(),
        "matches": pairs.matches.with_columns(pl.col("date", "date_other").cast(pl.String)).to_dicts(),
        "aliases": suggestions(pairs),
    }


def tables(pairs: Pairs) -> list[tuple[str, list[str], list[Row]]]:
    """Title, column names and rows of the tables of `bea data pairs`."""
    names = ["sport", "competition", "name", "and", "in", "pairs"]
    columns = ["sport", "competition", "name", "name_other", "competition_other", "pairs"]
    competitions = ["sport", "competition", "competition_other", "pairs"]
    matches = [[_words(row, ""), _words(row, "_other"), row["differs"], row["results"]] for row in _rows(pairs.matches)]
    return [
        ("competitions", ["sport", "competition", "and", "pairs"], _lists(pairs.competitions.select(competitions))),
        ("names", names, _lists(pairs.names.select(columns))),
        ("matches", ["match", "may be the same as", "differ in", "results"], matches),
    ]


def lines(pairs: Pairs) -> list[str]:
    """One line for each pair of competitions, of names and, where neither says it, of matches."""
    shared = {frozenset((row["competition"], row["competition_other"])) for row in _rows(pairs.competitions)}
    said = [
        f"competitions {row['competition']} and {row['competition_other']} ({_count(row['pairs'])})"
        for row in _rows(pairs.competitions)
    ]
    said += [
        f"{row['name']} and {row['name_other']} ({_places(row)}, {_count(row['pairs'])})" for row in _rows(pairs.names)
    ]
    said += [
        f"{_words(row, '')} and {_words(row, '_other')}"
        for row in _rows(pairs.matches)
        if row["differs"] != "names" and frozenset((row["competition"], row["competition_other"])) not in shared
    ]
    return said


def suggestions(pairs: Pairs) -> dict[str, dict[str, dict[str, str]]]:
    """By file of ``BEA_HOME/aliases``: the content that makes one name of two, if they are one.

    The standard name is the one that the tables know, else the first by alphabet.
    """
    files: dict[str, dict[str, dict[str, str]]] = {}
    for row in _rows(pairs.names):
        known = load_aliases(row["sport"]).known
        table = files.setdefault(f"{row['sport']}.yaml", {}).setdefault("aliases", {})
        _add(table, (row["name"], row["name_other"]), known)
    for row in _rows(pairs.competitions):
        shipped = set(shipped_competitions(row["sport"]).values())
        table = files.setdefault("competitions.yaml", {}).setdefault(row["sport"], {})
        _add(table, (row["competition"], row["competition_other"]), shipped)
    return files


def _add(table: dict[str, str], names: tuple[str, str], known: Set[str]) -> None:
    """Add the variant of two names to a table of aliases, which has no chain before and after."""
    name, variant = sorted((table.get(n, n) for n in names), key=lambda text: (text not in known, text))
    if name != variant:
        table.update({v: name for v, standard in table.items() if standard == variant})
        table[variant] = name


def _count(number: int) -> str:
    return f"{number:,} match{'es' if number > 1 else ''}"


def _places(row: dict[str, Any]) -> str:
    places = dict.fromkeys((row["competition"], row["competition_other"]))
    return " and ".join(places)


def _words(row: dict[str, Any], suffix: str) -> str:
    competition, date, home, away = (row[f"{name}{suffix}"] for name in ("competition", "date", "home", "away"))
    return f"{competition} {date} {home} - {away}"


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dicts()


def _lists(frame: pl.DataFrame) -> list[Row]:
    return [list(row) for row in frame.rows()]
