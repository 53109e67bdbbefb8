"""Columns of every table, and the closed lists of names: the single definition that all packages import."""

from __future__ import annotations

from typing import Final

import polars as pl

SCHEMA_VERSION: Final = 1
INSTANT_DTYPE: Final = pl.Datetime("ns", "UTC")

#: Aggregates that a source publishes under the name of a bookmaker (maximum and mean); not real bookmakers.
AGGREGATES: Final = ("max", "avg")

#: Quote kinds, the values of the column `instant`: at which stage of the market a price was quoted.
OPEN, CLOSE, SNAPSHOT, IN_PLAY = "open", "close", "snapshot", "in_play"
INSTANTS: Final = (OPEN, CLOSE, SNAPSHOT, IN_PLAY)

#: Statuses of an event on which bets are void unless the rules of the bookmaker say otherwise.
VOID_STATUSES: Final = ("retired", "walkover", "disqualified", "abandoned", "awarded", "postponed")

#: Selections of each market, in the order in which they form a book.
SELECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "1x2": ("home", "draw", "away"),
    "moneyline": ("home", "away"),
    "totals": ("over", "under"),
    "asian_handicap": ("home", "away"),
    "btts": ("yes", "no"),
}

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
