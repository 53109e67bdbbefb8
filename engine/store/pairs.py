"""Pairs of stored matches that may be one match: under another name, competition or date, or with the sides exchanged.

Nothing is merged here. A pair is a question to the user: an alias (`engine.source.aliases`) answers it.

Two matches are a pair if they are of one sport, at most a day apart, and

- both names are equal or near (`engine.names`), or belong to teams with one schedule of dates and results, in the same
  order or exchanged; or
- one side is the same on the same date, in one competition or in two that hold the same matches. A team plays once a
  day; in tennis and other sports of single players this is not used.

Two names that ever meet are different participants. Of several possible partners in one competition, the best counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from engine.betting.sport import sport_of
from engine.names import near_pairs
from engine.schema import EVENTS, with_optional
from engine.store.store import Store
from engine.store.universe import Universe

#: Sports in which a team rests a day between two matches (names of `engine.betting.sport`).
_REST: Final = ("football", "americanfootball", "rugby", "australianrules")
#: Sports in which a team plays at most once a day, but often the same opponent on the next.
_SERIES: Final = ("baseball", "basketball", "icehockey", "handball", "volleyball", "cricket")
#: Recorded starts of one match differ by less than this, even with a wrong time zone.
_ONE_START: Final = timedelta(hours=13)
#: Competitions hold the same matches if they share this part of the smaller one in their common dates; and so many, if
#: one equal side on a date is to be enough.
_SHARE: Final = 0.2
_SHARED: Final = 3
#: Two teams have one schedule if so many home games in a year, and this part of them, agree in date and result, with so
#: many different results among them; and at most so many games of one date have one result.
_GAMES: Final = 6
_PART: Final = 0.8
_RESULTS: Final = 3
_LIKE: Final = 100
_SIDE: Final = ("event_id", "competition", "date", "home", "away")
_FACTS: Final = ("starts_at", "starts_at_basis", "home_score", "away_score", "winner", "neutral", "game")
_ROUNDS: Final = 3
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Pairs:
    """Result of `find_pairs`.

    Attributes
    ----------
    matches : polars.DataFrame
        One row per pair: sport; event_id, competition, date, home, away of the one match and, with the suffix
        ``_other``, of the other; `exchanged`: home and away; `differs` (names, competition, date, sides, sport),
        `results` (equal, differ, unknown).
    competitions : polars.DataFrame
        sport, competition, competition_other, pairs: competitions that hold the same matches.
    names : polars.DataFrame
        sport, competition, competition_other, name, name_other, pairs: names that may be one.
    """

    matches: pl.DataFrame
    competitions: pl.DataFrame
    names: pl.DataFrame


def find_pairs(events: pl.DataFrame) -> Pairs:
    """Search events in the columns of `schema.EVENTS` for pairs that may be one match."""
    rows = _one_sport(with_optional(events).select("sport", *_SIDE, *_FACTS))
    rows = rows.sort("sport", "date", "competition", "home", "away", "event_id").with_row_index("i")
    near = pl.concat([_near(rows), _of_one_schedule(rows)]).unique()
    meet = _meetings(rows)
    groups = rows.select("sport", "competition", pl.col("competition").alias("group")).unique()
    found = _search(rows, near, groups, meet)
    for _ in range(_ROUNDS):
        before = found.height
        groups = _groups(groups, _shared(rows, found).filter(pl.col("pairs") >= _SHARED))
        learned = _names(found).select("sport", pl.col("name"), pl.col("name_other").alias("like"))
        near = pl.concat([near, learned, learned.select("sport", name="like", like="name")]).unique()
        found = _search(rows, near, groups, meet)
        if found.height == before:
            break
    matches = found.sort("date", "sport", "competition", "home", "away", "event_id", "event_id_other").select(
        "sport", *_SIDE, *(f"{name}_other" for name in _SIDE), "exchanged", "differs", "results"
    )
    return Pairs(matches, _shared(rows, matches), _names(matches))


def pairs_of_import(store: Store, partitions: Iterable[tuple[str, str, str]]) -> Pairs:
    """Pairs with a match in one of the partitions (sport, competition, season) that an import has changed.

    Only the matches of the same sports and dates are searched.
    """
    changed = set(partitions)
    entries = [entry for entry in store.manifest.entries("events") if entry.partition in changed]
    if not entries:
        return _none()
    keys = {_key(entry.sport) for entry in entries}
    first, last = min(e.first_date for e in entries), max(e.last_date for e in entries)
    universe = Universe(
        sports=tuple(sorted({e.sport for e in store.manifest.entries("events") if _key(e.sport) in keys})),
        first_date=date.fromisoformat(first) - _DAY,
        last_date=date.fromisoformat(last) + _DAY,
    )
    events = store.events(universe)
    pairs = find_pairs(events)
    names = pl.DataFrame(sorted(changed), schema=["sport", "competition", "season"], orient="row")
    ids = events.join(names, on=["sport", "competition", "season"], how="semi")["event_id"].implode()
    matches = pairs.matches.filter(pl.col("event_id").is_in(ids) | pl.col("event_id_other").is_in(ids))
    shared = {frozenset(row) for row in matches.select("competition", "competition_other").unique().rows()}
    linked = [frozenset(row) in shared for row in pairs.competitions.select("competition", "competition_other").rows()]
    return Pairs(matches, pairs.competitions.filter(pl.Series(linked, dtype=pl.Boolean)), _names(matches))


def _none() -> Pairs:
    return find_pairs(pl.DataFrame(schema=EVENTS))


def _one_sport(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with one name for each sport, the most frequent one (soccer is football); `written`, and the `key` of it."""
    counts = rows.group_by("sport").agg(pl.len().alias("n")).sort("n", "sport", descending=[True, False])
    keys = {name: _key(name) for name in counts["sport"].to_list()}
    first = {key: name for name, key in reversed(keys.items())}
    names = {name: first[key] for name, key in keys.items()}
    return rows.with_columns(
        pl.col("sport").replace(names),
        pl.col("sport").alias("written"),
        pl.col("sport").replace(keys).alias("key"),
    )


def _key(sport: str) -> str:
    return (sport_of(sport).names or (sport,))[0]


def _near(rows: pl.DataFrame) -> pl.DataFrame:
    """sport, name, like: each name with itself and the names near to it."""
    names = pl.concat([rows.select("sport", pl.col(side).alias("name")) for side in ("home", "away")]).unique()
    parts = [names.with_columns(pl.col("name").alias("like"))]
    for (sport,), group in names.group_by("sport"):
        pairs = near_pairs(group["name"].to_list())
        both = [*pairs, *((b, a) for a, b in pairs)]
        schema = {"name": pl.String, "like": pl.String}
        parts.append(
            pl.DataFrame(both, schema=schema, orient="row").select(pl.lit(sport).alias("sport"), "name", "like")
        )
    return pl.concat(parts)


def _of_one_schedule(rows: pl.DataFrame) -> pl.DataFrame:
    """sport, name, like: teams that play at home on the same dates with the same results, whatever their names are."""
    columns = ["sport", "competition", "date", "home", "home_score", "away_score"]
    played = pl.col("home_score").is_not_null() & pl.col("away_score").is_not_null()
    games = rows.filter(~pl.col("neutral") & played).select("i", *columns)
    one = ["sport", "date", "home_score", "away_score"]
    games = games.filter(pl.len().over(one) <= _LIKE)  # where more agree, a result says nothing
    both = games.join(games, on=one, suffix="_other").filter(
        (pl.col("i") != pl.col("i_other")) & (pl.col("home") != pl.col("home_other"))
    )
    year = pl.col("date").dt.year().alias("year")
    keys = ["sport", "competition", "home", "year"]
    sizes = games.group_by(*keys[:3], year).agg(pl.len().alias("games"))
    counts = both.group_by(*keys[:3], "competition_other", "home_other", year).agg(
        pl.len().alias("n"), pl.struct("home_score", "away_score").n_unique().alias("results")
    )
    counts = counts.join(sizes, on=keys).join(
        sizes, left_on=["sport", "competition_other", "home_other", "year"], right_on=keys, suffix="_other"
    )
    varied = (pl.col("n") >= _GAMES) & (pl.col("results") >= _RESULTS)
    enough = varied & (pl.col("n") >= _PART * pl.min_horizontal("games", "games_other"))
    return counts.filter(enough).select("sport", name="home", like="home_other").unique()


def _meetings(rows: pl.DataFrame) -> pl.DataFrame:
    """sport, name, like: names that play against each other."""
    one = rows.select("sport", name="home", like="away")
    return pl.concat([one, one.select("sport", name="like", like="name")]).unique()


def _search(rows: pl.DataFrame, near: pl.DataFrame, groups: pl.DataFrame, meet: pl.DataFrame) -> pl.DataFrame:
    """Pairs for a table of near names and groups of competitions."""
    grouped = rows.join(groups, on=["sport", "competition"], how="left")
    other = grouped.select(pl.all().name.suffix("_other"))
    parts = [_candidates(grouped, other, near, days, exchanged) for days in (0, 1) for exchanged in (False, True)]
    parts += [_anchored(grouped, other, side, theirs) for side in ("home", "away") for theirs in ("home", "away")]
    pairs = pl.concat(parts).unique(["i", "i_other", "exchanged"], maintain_order=True)
    h, a = pl.col("home_other"), pl.col("away_other")
    pairs = pairs.with_columns(
        pl.when("exchanged").then(a).otherwise(h).alias("_home"),
        pl.when("exchanged").then(h).otherwise(a).alias("_away"),
    )
    for mine, theirs in (("home", "_home"), ("away", "_away")):
        pairs = pairs.join(meet, left_on=["sport", mine, theirs], right_on=["sport", "name", "like"], how="anti")
    return _best(_plausible(_described(pairs)))


def _candidates(
    rows: pl.DataFrame, other: pl.DataFrame, near: pl.DataFrame, days: int, exchanged: bool
) -> pl.DataFrame:
    """Pairs with two near names, `days` apart, in the same order or exchanged."""
    home, away = ("away_other", "home_other") if exchanged else ("home_other", "away_other")
    left = rows.join(near, left_on=["sport", "home"], right_on=["sport", "name"], how="inner").with_columns(
        (pl.col("date") + pl.duration(days=days)).alias("_date")
    )
    pairs = left.join(
        other, left_on=["sport", "_date", "like"], right_on=["sport_other", "date_other", home], how="inner"
    ).with_columns(pl.col("_date").alias("date_other"), pl.col("like").alias(home))
    order = pl.col("i") < pl.col("i_other") if days == 0 else pl.lit(True)
    same = (pl.col("home") == pl.col("home_other")) & (pl.col("away") == pl.col("away_other")) & pl.lit(days == 0)
    for name in ("competition", "written"):
        same &= pl.col(name) == pl.col(f"{name}_other")
    pairs = pairs.filter(order & ~same)  # same: two games of one day
    pairs = pairs.join(near, left_on=["sport", "away", away], right_on=["sport", "name", "like"], how="semi")
    return _columns(pairs, rows, other, exchanged)


def _anchored(rows: pl.DataFrame, other: pl.DataFrame, side: str, theirs: str) -> pl.DataFrame:
    """Pairs of one group of competitions and one date with one equal team, in sports of teams.

    The team is `side` of the one match and `theirs` of the other.
    """
    teams = rows.filter(pl.col("key").is_in([*_REST, *_SERIES]) & ~pl.col("neutral"))
    mine, yours = ["sport", "group", "date", side], ["sport_other", "group_other", "date_other", f"{theirs}_other"]
    pairs = teams.join(other, left_on=mine, right_on=yours, how="inner")
    pairs = pairs.with_columns(pl.col(m).alias(y) for m, y in zip(mine, yours, strict=True))
    opponents = pl.col("away" if side == "home" else "home"), pl.col(f"{'away' if theirs == 'home' else 'home'}_other")
    differ = (pl.col("i") < pl.col("i_other")) & (opponents[0] != opponents[1])
    return _columns(pairs.filter(differ), rows, other, side != theirs)


def _columns(pairs: pl.DataFrame, rows: pl.DataFrame, other: pl.DataFrame, exchanged: bool) -> pl.DataFrame:
    names = [n for n in other.columns if n != "sport_other"]
    return pairs.select(*rows.columns, *names, pl.lit(exchanged).alias("exchanged"))


def _described(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs with `differs`, `results` and the parts of which the two consist."""
    swap = pl.col("exchanged")
    mine, yours = ("home_score", "away_score"), ("home_score_other", "away_score_other")
    theirs = [pl.when(swap).then(pl.col(yours[1 - k])).otherwise(pl.col(yours[k])) for k in (0, 1)]
    opposite = pl.col("winner_other").replace({"home": "away", "away": "home"})
    winner = pl.when(swap).then(opposite).otherwise(pl.col("winner_other"))
    scored = ~pl.any_horizontal(pl.col(name).is_null() for name in (*mine, *yours))
    scores = (pl.col(mine[0]) == theirs[0]) & (pl.col(mine[1]) == theirs[1])
    equal = pl.when(scored).then(scores).otherwise(pl.col("winner") == winner)
    n_names = (pl.col("home") != pl.col("_home")).cast(pl.Int8) + (pl.col("away") != pl.col("_away")).cast(pl.Int8)
    apart = pl.col("date") != pl.col("date_other")
    elsewhere = pl.col("competition") != pl.col("competition_other")
    facts = {
        "names": n_names > 0,
        "competition": elsewhere,
        "date": apart,
        "sides": swap & ~pl.col("neutral"),
        "sport": pl.col("written") != pl.col("written_other"),
    }
    words = [pl.when(condition).then(pl.lit(word)) for word, condition in facts.items()]
    return pairs.with_columns(
        pl.when(equal.is_null())
        .then(pl.lit("unknown"))
        .when(equal)
        .then(pl.lit("equal"))
        .otherwise(pl.lit("differ"))
        .alias("results"),
        pl.concat_str(words, separator=", ", ignore_nulls=True).alias("differs"),
        n_names.alias("_names"),
        apart.alias("_apart"),
        elsewhere.alias("_elsewhere"),
    )


def _plausible(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs without those that are two matches by their dates or results."""
    rest, one_group = pl.col("key").is_in(_REST), pl.col("group") == pl.col("group_other")
    recorded = (pl.col("starts_at_basis") == "recorded") & (pl.col("starts_at_basis_other") == "recorded")
    close = recorded & ((pl.col("starts_at") - pl.col("starts_at_other")).abs() < _ONE_START)
    same_names = pl.col("_names") == 0
    on_the_date = (
        (pl.col("results") != "differ") | same_names | (one_group & (pl.col("_names") == 1) & ~pl.col("exchanged"))
    )
    next_day = (
        pl.when(rest)
        .then(
            (pl.col("results") == "equal")
            | (same_names & ~pl.col("_elsewhere"))
            | (same_names & (pl.col("results") == "unknown"))
        )
        .when(pl.col("_elsewhere"))
        .then((pl.col("results") == "equal") | (close & (pl.col("results") == "unknown")))
        .otherwise(close & (pl.col("results") != "differ"))
    )
    return pairs.filter(pl.when("_apart").then(next_day).otherwise(on_the_date))


def _best(pairs: pl.DataFrame) -> pl.DataFrame:
    """Of the partners of a match in one competition, those that differ least.

    Between two competitions, each must be the best for the other; within one, every match that stands twice is named.
    """
    rank = (
        pl.col("_apart").cast(pl.Int32) * 16
        + pl.col("exchanged").cast(pl.Int32) * 8
        + (pl.col("results") != "equal").cast(pl.Int32) * 4
        + pl.col("game").ne_missing(pl.col("game_other")).cast(pl.Int32) * 3
        + pl.col("_names").cast(pl.Int32)
    )
    pairs = pairs.with_columns(rank.alias("_rank"))
    ends = pl.concat(
        [
            pairs.select("i", pl.col("competition_other").alias("_in"), "_rank"),
            pairs.select(pl.col("i_other").alias("i"), pl.col("competition").alias("_in"), "_rank"),
        ]
    )
    best = ends.group_by("i", "_in").agg(pl.col("_rank").min().alias("_best"))
    for mine, theirs, name in (("i", "competition_other", "_one"), ("i_other", "competition", "_two")):
        pairs = pairs.join(best, left_on=[mine, theirs], right_on=["i", "_in"], how="left")
        pairs = pairs.with_columns((pl.col("_rank") == pl.col("_best")).alias(name)).drop("_best")
    both, either = pl.col("_one") & pl.col("_two"), pl.col("_one") | pl.col("_two")
    pairs = pairs.filter(pl.when(pl.col("competition") == pl.col("competition_other")).then(either).otherwise(both))
    return pairs.unique(["i", "i_other"], keep="first", maintain_order=True)


def _shared(rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Competitions that hold the same matches: sport, competition, competition_other, pairs; largest first."""
    one, other = pl.col("competition"), pl.col("competition_other")
    counts = (
        pairs.filter(one != other)
        .select(
            "sport",
            pl.min_horizontal(one, other).alias("competition"),
            pl.max_horizontal(one, other).alias("competition_other"),
        )
        .group_by("sport", "competition", "competition_other")
        .agg(pl.len().alias("pairs"))
    )
    spans = rows.group_by("sport", "competition").agg(
        pl.col("date").min().alias("first"), pl.col("date").max().alias("last"), pl.col("date").sort().alias("dates")
    )
    both = counts.join(spans, on=["sport", "competition"]).join(
        spans, left_on=["sport", "competition_other"], right_on=["sport", "competition"], suffix="_other"
    )
    first, last = pl.max_horizontal("first", "first_other"), pl.min_horizontal("last", "last_other")
    both = both.with_columns(first.alias("_from"), last.alias("_to"))
    for name in ("dates", "dates_other"):
        within = both.select("sport", "competition", "competition_other", "_from", "_to", name).explode(name)
        within = within.filter(pl.col(name).is_between(pl.col("_from"), pl.col("_to")))
        sizes = within.group_by("sport", "competition", "competition_other").agg(pl.len().alias(f"n_{name}"))
        both = both.join(sizes, on=["sport", "competition", "competition_other"], how="left")
    smaller = pl.min_horizontal("n_dates", "n_dates_other")
    kept = both.filter(pl.col("pairs") >= _SHARE * smaller)
    return kept.select("sport", "competition", "competition_other", "pairs").sort(
        ["pairs", "sport", "competition", "competition_other"], descending=[True, False, False, False]
    )


def _groups(groups: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    """Groups of competitions, joined where two hold the same matches."""
    names = {(sport, name): group for sport, name, group in groups.select("sport", "competition", "group").rows()}
    for sport, one, other, _ in shared.rows():
        old, new = names[sport, other], names[sport, one]
        names = {key: new if key[0] == sport and group == old else group for key, group in names.items()}
    rows = [(sport, name, group) for (sport, name), group in names.items()]
    return pl.DataFrame(rows, schema=groups.schema, orient="row")


def _names(pairs: pl.DataFrame) -> pl.DataFrame:
    """Names that may be one: sport, competition, competition_other, name, name_other, pairs; most pairs first."""
    swap = pl.col("exchanged")
    sides = [
        (pl.col("home"), pl.when(swap).then(pl.col("away_other")).otherwise(pl.col("home_other"))),
        (pl.col("away"), pl.when(swap).then(pl.col("home_other")).otherwise(pl.col("away_other"))),
    ]
    keys = ["sport", "competition", "competition_other", "name", "name_other"]
    both = pl.concat([pairs.select(*keys[:3], a.alias("name"), b.alias("name_other")) for a, b in sides])
    both = both.filter(pl.col("name") != pl.col("name_other"))
    return both.group_by(keys).agg(pl.len().alias("pairs")).sort(["pairs", *keys], descending=[True, *[False] * 5])
