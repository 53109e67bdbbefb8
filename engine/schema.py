"""Columns of every table, and the closed lists of names: the single definition that all packages import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import polars as pl

SCHEMA_VERSION: Final = 1
INSTANT_DTYPE: Final = pl.Datetime("ns", "UTC")

#: Aggregates that a source publishes under the name of a bookmaker (maximum and mean); not real bookmakers.
AGGREGATES: Final = ("max", "avg")

#: Quote kinds, the values of the column `instant`: at which stage of the market a price was quoted.
OPEN, CLOSE, SNAPSHOT, IN_PLAY = "open", "close", "snapshot", "in_play"
INSTANTS: Final = (OPEN, CLOSE, SNAPSHOT, IN_PLAY)
#: Order of quote kinds known at the same instant. The quote with the highest number is in force.
SEQUENCE: Final = {OPEN: 0, SNAPSHOT: 1, CLOSE: 2, IN_PLAY: 3}

#: Statuses of an event on which bets are void unless the rules of the bookmaker say otherwise.
VOID_STATUSES: Final = ("retired", "walkover", "disqualified", "abandoned", "awarded", "postponed")

#: Selections of each market with a closed list of them, in the order in which they form a book.
SELECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "1x2": ("home", "draw", "away"),
    "moneyline": ("home", "away"),
    "totals": ("over", "under"),
    "asian_handicap": ("home", "away"),
    "btts": ("yes", "no"),
    "double_chance": ("1x", "12", "x2"),
    "draw_no_bet": ("home", "away"),
    "first_half_1x2": ("home", "draw", "away"),
    "first_half_totals": ("over", "under"),
    "first_half_asian_handicap": ("home", "away"),
    "corners_totals": ("over", "under"),
    "cards_totals": ("over", "under"),
}

#: Markets with an open list of selections: nobody can say which of them complete a book.
OPEN_MARKETS: Final = ("correct_score", "winner", "place")
#: Markets of a field of runners, a race for example: a selection is the number of a runner. They are settled by what
#: the source says of each runner (`FINISHES`), not by a score.
FIELD_MARKETS: Final = ("winner", "place")
#: All markets that a source can deliver and that a result settles.
MARKETS: Final = (*SELECTIONS, *OPEN_MARKETS)
#: A selection of `correct_score`: the home side's score, a hyphen, the away side's, without leading zeros.
CORRECT_SCORE: Final = r"^(0|[1-9][0-9]{0,3})-(0|[1-9][0-9]{0,3})$"
#: A selection of a market of `FIELD_MARKETS`: the number that the source gives the runner.
RUNNER: Final = r"^[1-9][0-9]{0,17}$"
#: Markets whose prices have a line.
LINE_MARKETS: Final = (
    "totals",
    "asian_handicap",
    "first_half_totals",
    "first_half_asian_handicap",
    "corners_totals",
    "cards_totals",
)
#: Number of selections of a market that win together, if it is not one. The probabilities of its book sum to it.
WINNERS: Final = {"double_chance": 2}


def is_selection(market: str, selection: str) -> bool:
    """Whether a market has this selection. False for a market that is not in `MARKETS`."""
    if market in FIELD_MARKETS:
        return re.fullmatch(RUNNER, selection, re.ASCII) is not None
    if market in OPEN_MARKETS:
        return re.fullmatch(CORRECT_SCORE, selection, re.ASCII) is not None
    return selection in SELECTIONS.get(market, ())


#: One row per event. Where `neutral` (no home side, as in tennis) `home` and `away` are in alphabetical order.
EVENTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.Int64,  # identity.event_ids(sport, competition, date, home, away)
    "sport": pl.String,
    "competition": pl.String,
    "season": pl.String,  # "2021-2022", "2021"
    "date": pl.Date,  # as written by the source
    "home": pl.String,
    "away": pl.String,
    "neutral": pl.Boolean,
    "starts_at": INSTANT_DTYPE,
    "starts_at_basis": pl.String,  # "recorded" | "assumed:noon"
    "settled_at": INSTANT_DTYPE,  # null: unknown, no result yet
    "settled_at_basis": pl.String,  # "recorded" | "assumed:end_of_day"
    "status": pl.String,  # scheduled | played | one of VOID_STATUSES
    "home_score": pl.Int32,
    "away_score": pl.Int32,
    "winner": pl.String,  # home | draw | away as stated by the source; null: no result
    "source": pl.String,
    "raw_file": pl.String,  # SHA-256 of the raw file, hex
    "raw_line": pl.Int64,  # 1-based line in that file
}

#: Scopes of a score: what it counts, and until when. A market is settled by the score of its scope.
REGULATION, WITH_OVERTIME, FIRST_HALF, SETS = "regulation", "with_overtime", "first_half", "sets"
GAMES, CORNERS, CARDS = "games", "corners", "cards"
#: Scopes that `home_score` and `away_score` can have.
SCORE_SCOPES: Final = (REGULATION, WITH_OVERTIME, SETS)
#: Scopes of further scores. Each has the two columns of `score_columns`.
FURTHER_SCOPES: Final = (REGULATION, WITH_OVERTIME, FIRST_HALF, GAMES, CORNERS, CARDS)


def score_columns(scope: str) -> tuple[str, str]:
    """Names of the columns of events with a further score: ``home_corners`` and ``away_corners``."""
    return f"home_{scope}", f"away_{scope}"


#: Column of events that settles each market of `FIELD_MARKETS`: how its runners ended, words with spaces between them.
#: "7:won 8:lost 9:void", "5:tied" (nobody can say whether it shares a place), "share:0.5" of a dead heat for the win,
#: "removed:NS:FRACTION" of a removal (UTC nanoseconds, reduction factor).
FINISHES: Final = {"winner": "winner_finish", "place": "place_finish"}

#: Columns that settle bets and that a frame of events may lack; their values are then null. `Store.events` has all.
EVENTS_OPTIONAL: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "game": pl.Int8,  # 2 or more: number of a further game of the same pair on the same date; null otherwise
    "score_scope": pl.String,  # of home_score and away_score, one of SCORE_SCOPES; null: the usual one of the sport
    **{name: pl.Int32 for scope in FURTHER_SCOPES for name in score_columns(scope)},
    **dict.fromkeys(FINISHES.values(), pl.String),
}
FURTHER_SCORES: Final = tuple(name for scope in FURTHER_SCOPES for name in score_columns(scope))

#: Statistics of a match, known when it is settled. No market is settled by them; each has a home and an away column.
STATISTIC_TYPES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "shots": pl.Int32,
    "shots_on_target": pl.Int32,
    "fouls": pl.Int32,
    "offsides": pl.Int32,
    "woodwork": pl.Int32,  # shots that hit post or bar
    "yellow_cards": pl.Int32,  # as the source counts them: a second yellow card is one card in some, two in others
    "red_cards": pl.Int32,
    "xg": pl.Float64,  # expected goals
    "own": pl.Float64,  # a number of the user's own
}
#: Facts about both sides, known before the event; each has a home and an away column.
STANDING_TYPES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "rank": pl.Int32,  # 1: the best
    "rank_points": pl.Float64,
    "rating": pl.Float64,  # of the source, or the user's own
}


def _pairs(types: dict[str, pl.DataType | type[pl.DataType]]) -> dict[str, pl.DataType | type[pl.DataType]]:
    return {name: dtype for kind, dtype in types.items() for name in score_columns(kind)}


#: Columns of events that are null until the event is over; optional, as all of these.
STATISTICS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    **_pairs(STATISTIC_TYPES),
    "set_games": pl.String,  # games of each set, those of `home` first: "6-4 3-6 7-6"
}
#: Columns of events with facts that are known before the event starts.
CIRCUMSTANCES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "surface": pl.String,  # lower case: clay, grass, hard, carpet
    "court": pl.String,  # lower case: indoor, outdoor
    "round": pl.String,  # as written by the source
    "level": pl.String,  # of the tournament, as written by the source
    "referee": pl.String,  # as written by the source
    "best_of": pl.Int8,  # largest number of sets
    "game_id": pl.String,  # of the source, where the id of a game lasts over its files
    **_pairs(STANDING_TYPES),
}
#: All columns that an event gets from its result, beside its score, winner and status.
KNOWN_AFTER: Final = (*FURTHER_SCORES, *FINISHES.values(), *STATISTICS)
#: All columns that a frame of events may lack: those that settle bets, and those that only describe.
OPTIONAL_EVENTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    **EVENTS_OPTIONAL,
    **STATISTICS,
    **CIRCUMSTANCES,
}
#: All columns of events, in order.
ALL_EVENTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {**EVENTS, **OPTIONAL_EVENTS}


def with_optional(
    events: pl.DataFrame, columns: Mapping[str, pl.DataType | type[pl.DataType]] = OPTIONAL_EVENTS
) -> pl.DataFrame:
    """Events with all optional columns, null where the frame lacks them, after the columns it has."""
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in columns.items() if name not in events.columns]
    return events.with_columns(absent) if absent else events


def without_empty(events: pl.DataFrame) -> pl.DataFrame:
    """Events without those columns of `OPTIONAL_EVENTS` that have no value."""
    empty = [n for n in OPTIONAL_EVENTS if n in events.columns and events[n].null_count() == events.height]
    return events.drop(empty) if empty else events


#: One row per price. Key: event_id, market, line, selection, bookmaker, side, instant, and known_at for snapshots and
#: prices in play.
QUOTES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,  # null: the market has none; asian_handicap: the line of the HOME side for both selections
    "selection": pl.String,
    "bookmaker": pl.String,
    "side": pl.String,  # back | lay
    "instant": pl.String,  # open | close | snapshot | in_play
    "known_at": INSTANT_DTYPE,
    "known_at_basis": pl.String,  # recorded | assumed:match_day | assumed:kick_off
    "odds": pl.Float64,  # decimal, > 1, with all digits of the source
    "size_minor": pl.Float64,  # largest stake that the price takes, minor units; null: unknown
    "suspect": pl.Boolean,  # implausible but stored: a maximum above three times the average
}

#: Rejected rows and cells of raw files, and flags on accepted ones. Nothing is dropped silently.
QUARANTINE: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "source": pl.String,
    "file": pl.String,  # path as given by the user
    "raw_file": pl.String,
    "line": pl.Int64,
    "kind": pl.String,  # row | cell | blank (a row without text) | flag (accepted, but worth a look)
    "column": pl.String,  # null: the whole row
    "value": pl.String,
    "reason": pl.String,
}

#: What a strategy returns, one row per possible bet.
OPPORTUNITIES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "bookmaker": pl.String,
    "side": pl.String,
    "decided_at": INSTANT_DTYPE,
    "odds": pl.Float64,  # decimal, as quoted; for a lay, the lay odds
    "prob": pl.Float64,  # that the selection wins in full
}

#: Optional columns of an opportunity with their type and the value that they have if absent.
OPTIONAL: Final[dict[str, tuple[pl.DataType | type[pl.DataType], float | None]]] = {
    "prob_half_win": (pl.Float64, 0.0),
    "prob_void": (pl.Float64, 0.0),
    "prob_half_lose": (pl.Float64, 0.0),
    "prob_sd": (pl.Float64, None),
    "kelly_frac": (pl.Float64, None),
    "stake_weight": (pl.Float64, 1.0),  # factor on the stake of the rule; legs of an arbitrage: their shares
    "size_minor": (pl.Float64, None),
    "priority": (pl.Float64, None),  # null: edge_frac
    "group": (pl.Int64, None),  # legs that are all placed or all left; unique within (event_id, decided_at)
    "regime": (pl.Int64, None),
}
