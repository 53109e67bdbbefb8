"""A simulated league as tables: events, quotes and, separately, the truth."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.clock import HOUR_NS
from engine.identity import event_ids
from engine.odds import edge_states
from engine.schema import EVENTS, INSTANT_DTYPE, OPEN, QUOTES, SELECTIONS
from engine.simulator.prices import Planted, Prices, fair_shares, first_states
from engine.simulator.season import League
from engine.simulator.settings import SimulatorSettings

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

SPORT: Final = "football"
SOURCE: Final = "simulator"
#: time from the start of a match to its settlement
_MATCH_NS: Final = 2 * HOUR_NS

_TOWNS: Final = (
    *(
        "Aldmoor",
        "Brackley",
        "Castleford",
        "Dunmere",
        "Eastwick",
        "Farrow",
        "Glenholt",
        "Harrowby",
        "Ingleby",
    ),
    *("Jarrock", "Kelwood", "Langport", "Marwick", "Northam", "Oakhurst", "Penrose", "Quarley", "Redmarsh"),
    *("Stanwell", "Thornby", "Ulverton", "Varley", "Westmere", "Yarrowdale", "Zennor", "Ashcombe"),
)

TRUTH: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "prob": pl.Float64,
    "prob_half_win": pl.Float64,
    "prob_void": pl.Float64,
    "prob_half_lose": pl.Float64,
}

PLANTED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "bookmaker": pl.String,
    "instant": pl.String,
    "odds": pl.Float64,
    "edge_frac": pl.Float64,
}


def team_names(competition: str, teams: int) -> pl.Series:
    """Team names of a league. No two leagues share a name."""
    return pl.Series([f"{town} {competition}" for town in _TOWNS[:teams]], dtype=pl.String)


def events_of(settings: SimulatorSettings, league: League, competition: str) -> pl.DataFrame:
    """All matches of a league as `schema.EVENTS`, in the order of `League`.

    `raw_line` counts from 1 in each season; `raw_file` is empty.
    """
    names = team_names(competition, settings.teams)
    home_goals, away_goals = league.goals
    sign = np.sign(home_goals - away_goals)
    season = pl.Series([f"{y}-{y + 1}" for y in range(settings.first_season, settings.first_season + settings.seasons)])
    first = np.searchsorted(league.season, league.season)
    starts = pl.Series(league.starts_at).cast(INSTANT_DTYPE)
    frame = pl.DataFrame(
        {
            "sport": SPORT,
            "competition": competition,
            "season": season.gather(league.season),
            "date": starts.dt.date(),
            "home": names.gather(league.home),
            "away": names.gather(league.away),
            "neutral": False,
            "starts_at": starts,
            "starts_at_basis": "recorded",
            "settled_at": pl.Series(league.starts_at + _MATCH_NS).cast(INSTANT_DTYPE),
            "settled_at_basis": "recorded",
            "status": "played",
            "home_score": home_goals,
            "away_score": away_goals,
            "winner": pl.Series(["away", "draw", "home"]).gather(sign + 1),
            "source": SOURCE,
            "raw_file": "",
            "raw_line": np.arange(len(first)) - first + 1,
        }
    )
    return frame.with_columns(pl.Series("event_id", event_ids(frame))).select(
        pl.col(name).cast(dtype) for name, dtype in EVENTS.items()
    )


def quotes_of(prices: list[Prices], event_id: Longs, matches: slice) -> pl.DataFrame:
    """Quotes of some matches of a league as `schema.QUOTES`. `event_id` has the ids of all its matches."""
    ids = event_id[matches]
    counts = [len(p.odds) for p in prices]
    selection = pl.Series([s for p in prices for s in SELECTIONS[p.market]], dtype=pl.String)
    price_row = np.repeat(np.arange(len(prices)), np.array(counts) * len(ids))
    known = [np.tile(p.time.known_at[matches], k) for p, k in zip(prices, counts, strict=True)]
    lines = [np.tile(_line(p.line, len(event_id))[matches], k) for p, k in zip(prices, counts, strict=True)]
    frame = pl.DataFrame(
        {
            "event_id": np.tile(ids, sum(counts)),
            "market": _texts([p.market for p in prices]).gather(price_row),
            "line": pl.Series(np.concatenate(lines)).fill_nan(None),
            "selection": selection.gather(np.repeat(np.arange(sum(counts)), len(ids))),
            "bookmaker": _texts([p.bookmaker for p in prices]).gather(price_row),
            "side": "back",
            "instant": _texts([p.time.kind for p in prices]).gather(price_row),
            "known_at": pl.Series(np.concatenate(known)).cast(INSTANT_DTYPE),
            "known_at_basis": "recorded",
            "odds": np.concatenate([p.odds[:, matches].ravel() for p in prices]),
            "suspect": False,
        }
    )
    return frame.with_columns(size_minor=pl.lit(None, pl.Float64)).select(
        pl.col(name).cast(dtype) for name, dtype in QUOTES.items()
    )


def truth_of(settings: SimulatorSettings, league: League, event_id: Longs, prices: list[Prices]) -> pl.DataFrame:
    """True probabilities of each selection quoted in a league, at each line, as `TRUTH`."""
    parts, seen = [], set()
    for p in prices:
        key = (p.market, p.time.step if p.market == "asian_handicap" else 0)
        if key not in seen:
            seen.add(key)
            for row, selection in enumerate(SELECTIONS[p.market]):
                states = _true_states(settings, league, p, row)
                columns = {name: states[i] for i, name in enumerate(list(TRUTH)[4:])}
                line = pl.Series(_line(p.line, len(event_id))).fill_nan(None)
                frame = pl.DataFrame({"event_id": event_id, "line": line, **columns})
                parts.append(frame.with_columns(market=pl.lit(p.market), selection=pl.lit(selection)))
    return pl.concat(parts).select(list(TRUTH)).unique(list(TRUTH)[:4], keep="first", maintain_order=True)


def _true_states(settings: SimulatorSettings, league: League, prices: Prices, row: int) -> Floats:
    """True probabilities of win, half win, void and half lose of one selection, (4, n)."""
    if prices.market in ("totals", "asian_handicap"):
        states = first_states(settings, league.rates, prices.market, prices.line)
        return states[:4] if row == 0 else states[:0:-1]
    win = fair_shares(settings, league.rates, prices.market, prices.line)[row]
    return np.stack([win, *np.zeros((3, len(win)))])


def planted_of(planted: list[Planted], event_id: Longs, truth: pl.DataFrame) -> pl.DataFrame:
    """The planted prices of a league as `PLANTED`; `edge_frac` is the true expected profit per unit staked."""
    parts = [pl.DataFrame(schema=PLANTED)]
    for p in planted:
        rows = pl.DataFrame(
            {
                "event_id": event_id[p.matches],
                "market": p.edge.market,
                "line": pl.Series(_line(p.line, len(p.matches))).fill_nan(None),
                "selection": p.edge.selection,
                "bookmaker": p.edge.bookmaker,
                "instant": OPEN,
                "odds": p.odds,
            }
        )
        priced = rows.join(truth, on=list(TRUTH)[:4], how="left", nulls_equal=True, maintain_order="left")
        edge = edge_states(priced.select(list(TRUTH)[4:]).to_numpy(), p.odds)
        columns = [pl.col(name).cast(dtype) for name, dtype in PLANTED.items()]
        parts.append(rows.with_columns(edge_frac=edge).select(columns))
    return pl.concat(parts)


def _line(line: Floats | None, n: int) -> Floats:
    return np.full(n, np.nan) if line is None else line


def _texts(values: list[str]) -> pl.Series:
    return pl.Series(values, dtype=pl.String)
