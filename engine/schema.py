"""The columns of every table and the closed lists of names: one place, imported by all floors."""

from __future__ import annotations

from typing import Final

import polars as pl

SCHEMA_VERSION: Final = 1
INSTANT_DTYPE: Final = pl.Datetime("ns", "UTC")

#: Names of the aggregates that a source itself publishes; never real bookmakers.
AGGREGATES: Final = ("max", "avg")

#: `instant` of a quote: what kind of moment its price belongs to.
OPEN, CLOSE, SNAPSHOT, IN_PLAY = "open", "close", "snapshot", "in_play"
INSTANTS: Final = (OPEN, CLOSE, SNAPSHOT, IN_PLAY)

#: statuses of an event whose bets are given back, where the rules of the bookmaker do not say otherwise
VOID_STATUSES: Final = ("retired", "walkover", "disqualified", "abandoned", "awarded", "postponed")

#: selections of each market, in the order in which they form a book
SELECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "1x2": ("home", "draw", "away"),
    "moneyline": ("home", "away"),
    "totals": ("over", "under"),
    "asian_handicap": ("home", "away"),
    "btts": ("yes", "no"),
}

#: One row an event. `home`/`away` stand in alphabetical order where `neutral` (no home side: tennis).
EVENTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.Int64,  # identity.event_ids(sport, competition, date, home, away)
    "sport": pl.String,
    "competition": pl.String,
    "season": pl.String,  # "2021-2022", "2021"
    "date": pl.Date,  # the date the source writes
    "home": pl.String,
    "away": pl.String,
    "neutral": pl.Boolean,
    "starts_at": INSTANT_DTYPE,
    "starts_at_basis": pl.String,  # "recorded" | "assumed:noon"
    "settled_at": INSTANT_DTYPE,  # null: not known (no result yet)
    "settled_at_basis": pl.String,  # "recorded" | "assumed:end_of_day"
    "status": pl.String,  # scheduled | played | one of VOID_STATUSES
    "home_score": pl.Int32,
    "away_score": pl.Int32,
    "winner": pl.String,  # home | draw | away, as the source says it; null without a result
    "source": pl.String,
    "raw_file": pl.String,  # SHA-256 of the raw file, hex
    "raw_line": pl.Int64,  # 1-based line in that file
}

#: One row a price. Key: event_id, market, line, selection, bookmaker, side, instant (+ known_at of a snapshot).
QUOTES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,  # null where the market has none; asian_handicap: the HOME side's line on both selections
    "selection": pl.String,
    "bookmaker": pl.String,
    "side": pl.String,  # back | lay
    "instant": pl.String,  # open | close | snapshot | in_play
    "known_at": INSTANT_DTYPE,
    "known_at_basis": pl.String,  # recorded | assumed:match_day | assumed:kick_off
    "odds": pl.Float64,  # decimal, > 1, all decimals of the source
    "size_minor": pl.Float64,  # what can be staked at this price; null: unknown
    "suspect": pl.Boolean,  # kept, but flagged: a maximum above three times the average
}

#: Rejected rows and cells: never dropped in silence.
QUARANTINE: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "source": pl.String,
    "file": pl.String,  # name as given by the user
    "raw_file": pl.String,
    "line": pl.Int64,
    "kind": pl.String,  # row | cell | blank (a row without any text) | flag (kept, but named)
    "column": pl.String,  # null for a whole row
    "value": pl.String,
    "reason": pl.String,
}

#: What a strategy returns, one row a possible bet.
OPPORTUNITIES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "bookmaker": pl.String,
    "side": pl.String,
    "decided_at": INSTANT_DTYPE,
    "odds": pl.Float64,  # as quoted (of a lay: the lay odds)
    "prob": pl.Float64,  # of the selection's full win
}

#: Optional columns of an opportunity and what stands where they are absent.
OPTIONAL: Final[dict[str, tuple[pl.DataType | type[pl.DataType], float | None]]] = {
    "prob_half_win": (pl.Float64, 0.0),
    "prob_void": (pl.Float64, 0.0),
    "prob_half_lose": (pl.Float64, 0.0),
    "prob_sd": (pl.Float64, None),
    "kelly_frac": (pl.Float64, None),
    "stake_weight": (pl.Float64, 1.0),  # factor on the staking rule's stake; legs of an arbitrage: their shares
    "size_minor": (pl.Float64, None),
    "priority": (pl.Float64, None),  # null: edge_frac
    "group": (pl.Int64, None),  # legs that stand or fall together; unique within (event_id, decided_at)
    "regime": (pl.Int64, None),
}
