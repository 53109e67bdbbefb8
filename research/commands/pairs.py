"""What `bea data` says about matches, names and competitions that may stand twice in a store."""

from __future__ import annotations

from typing import Any

import polars as pl

from engine.source.aliases import load_aliases, shipped_competitions
from engine.store.pairs import Pairs

Row = list[object]


def document(pairs: Pairs) -> dict[str, Any]:
    """The pairs as one JSON document."""
    return {
        "pairs": pairs.matches.height,
        "competitions": pairs.competitions.to_dicts(),
        "names": pairs.names.to_dicts(),
        "matches": [{**row, "date": str(row["date"]), "date_other": str(row["date_other"])} for row in _rows(pairs.matches)],
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
        f"competitions {row['competition']} and {row['competition_other']} ({row['pairs']} matches)"
        for row in _rows(pairs.competitions)
    ]
    said += [
        f"{row['name']} and {row['name_other']} ({_places(row)}, {row['pairs']} match{'es' if row['pairs'] > 1 else ''})"
        for row in _rows(pairs.names)
    ]
    said += [
        f"{_words(row, '')} and {_words(row, '_other')}"
        for row in _rows(pairs.matches)
        if row["differs"] != "names" and frozenset((row["competition"], row["competition_other"])) not in shared
    ]
    return said


def suggestions(pairs: Pairs) -> dict[str, dict[str, str]]:
    """By file of ``BEA_HOME/aliases``: the lines that make one of two names, if they are one.

    The standard name is the one that the tables know, else the first by alphabet.
    """
    files: dict[str, dict[str, str]] = {}
    for row in _rows(pairs.names):
        known = load_aliases(row["sport"]).known
        name, variant = sorted((row["name"], row["name_other"]), key=lambda text: (text not in known, text))
        files.setdefault(f"{row['sport']}.yaml", {}).setdefault(variant, name)
    for row in _rows(pairs.competitions):
        shipped = set(shipped_competitions(row["sport"]).values())
        name, variant = sorted(
            (row["competition"], row["competition_other"]), key=lambda text: (text not in shipped, text)
        )
        files.setdefault("competitions.yaml", {}).setdefault(variant, name)
    return files


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
