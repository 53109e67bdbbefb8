"""The scope of a market: which score settles it.

A score counts up to a moment (the end of regulation, the end of overtime, the half) or counts something else (sets,
corners, cards). A market is settled by the score of its own scope, never by another one:

- `first_half_*`, `corners_totals` and `cards_totals` by the score that their name says;
- `1x2`, `double_chance`, `draw_no_bet`, `correct_score` and `btts` by the score after regulation, in sports that are
  played in sets by the sets;
- `moneyline`, `totals` and `asian_handicap` with overtime in sports that are played on after a draw (baseball,
  basketball, ice hockey, American football), by the sets in sports of sets, after regulation in all others. A total
  above `MOST_SETS` or a handicap of `MOST_AHEAD` or more in a sport of sets counts games.

The winner named by the source is the winner of the whole event. It settles markets of the final score only.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from engine.betting.sport import of_sports
from engine.schema import (
    CARDS,
    CORNERS,
    EVENTS_OPTIONAL,
    FIELD_MARKETS,
    FINISHES,
    FIRST_HALF,
    FURTHER_SCOPES,
    GAMES,
    MARKETS,
    REGULATION,
    SETS,
    WITH_OVERTIME,
    score_columns,
    with_optional,
)

#: Most sets of a match: a higher total of a sport of sets counts games.
MOST_SETS: Final = 5.0
#: A handicap of this size or more in a sport of sets counts games: nobody wins by more than three sets.
MOST_AHEAD: Final = 3.5
#: Markets of the result after regulation, in all sports but those of sets.
_OF_REGULATION: Final = ("1x2", "double_chance", "draw_no_bet", "correct_score", "btts")
_BY_NAME: Final = {"first_half_": FIRST_HALF, "corners_": CORNERS, "cards_": CARDS}
#: Scopes as words in a message.
_WORDS: Final = {
    REGULATION: "after regulation",
    WITH_OVERTIME: "with overtime",
    FIRST_HALF: "of the first half",
    SETS: "in sets",
    GAMES: "in games",
    CORNERS: "of corners",
    CARDS: "of cards",
}
_CONTRADICTION: Final = "a drawn score and a named winner: nobody can say which score it is"


def market_scope(sport: str, market: str, line: float | None = None) -> str:
    """The scope of the score that settles a market.

    Parameters
    ----------
    sport : str
        Any spelling that `engine.betting.sport.sport_of` knows.
    market : str
        As in `schema.MARKETS`; an unknown market has the scope of the sport's usual score.
    line : float, optional
        Of a total or handicap.
    """
    return _scope(of_sports([sport])[sport].score_scope, market, line)


def _scope(final: str, market: str, line: float | None) -> str:
    for prefix, scope in _BY_NAME.items():
        if market.startswith(prefix):
            return scope
    if final == SETS:
        high = market == "totals" and line is not None and line > MOST_SETS
        far = market == "asian_handicap" and line is not None and abs(line) >= MOST_AHEAD
        return GAMES if high or far else SETS
    return REGULATION if market in _OF_REGULATION else final


def scoped(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the score that settles their market in place of the score of their event.

    Parameters
    ----------
    rows : polars.DataFrame
        One bet per row: sport, market, line, home_score, away_score, winner, status, rule (`settlement.RULES`), and
        any of `score_scope` and the further scores of `schema.EVENTS_OPTIONAL`.

    Returns
    -------
    polars.DataFrame
        The rows without the columns of `schema.EVENTS_OPTIONAL` (those of `schema.FINISHES` stay), and with

        - home_score, away_score: of the market's scope; null if the event has no such score;
        - winner: null where the named winner does not settle the market;
        - rule: ``first_set`` becomes ``stands`` or ``void``;
        - refusal: why a row of an event that was played cannot be settled; null if it can.
    """
    rows = _with_scopes(with_optional(rows, EVENTS_OPTIONAL))
    needed, home, away = pl.col("_needed"), pl.col("home_score"), pl.col("away_score")
    scores = []
    for side, own in enumerate((home, away)):
        score: Any = pl
        for scope in FURTHER_SCOPES:  # a score that names its scope comes before one whose scope is the usual one
            column = pl.col(score_columns(scope)[side])
            score = score.when((needed == scope) & column.is_not_null()).then(column)
        scores.append(score.when(needed == pl.col("_stated")).then(own).alias(own.meta.output_name()))
    one_set = (home + away >= 1).fill_null(False)
    rule = pl.when(pl.col("rule") == "first_set").then(
        pl.when(one_set).then(pl.lit("stands")).otherwise(pl.lit("void"))
    )
    rows = rows.with_columns(*scores, rule=rule.otherwise("rule"))
    used = [name for name in EVENTS_OPTIONAL if name not in FINISHES.values()]
    return _with_refusals(_with_winners(rows)).drop("_needed", "_stated", "_final", "_unsure", *used)


def _with_scopes(rows: pl.DataFrame) -> pl.DataFrame:
    """Scopes of each row: that its market needs, that of its score, and that of the named winner.

    `_unsure` is true where nobody stated the scope of the score, and no score after regulation or with overtime stands
    beside it.
    """
    usual = {name: sport.score_scope for name, sport in of_sports(rows["sport"].unique().to_list()).items()}
    final = pl.col("sport").replace_strict(usual, default=REGULATION, return_dtype=pl.String)
    unstated = pl.all_horizontal(
        pl.col(name).is_null() for scope in (REGULATION, WITH_OVERTIME) for name in score_columns(scope)
    )
    rows = rows.with_columns(_usual=final).with_columns(
        _stated=pl.coalesce("score_scope", "_usual"),
        # in sports without overtime a winner beside a stated scope may be that of extra time or of penalties
        _final=pl.when((pl.col("score_scope").is_null() & unstated) | (pl.col("_usual") != REGULATION))
        .then("_usual")
        .when(pl.col("score_scope") != REGULATION)
        .then("score_scope"),
        _unsure=pl.col("score_scope").is_null() & unstated,
    )
    questions = rows.select("_usual", "market", "line").unique()
    scopes = [_scope(*question) for question in questions.iter_rows()]
    questions = questions.with_columns(_needed=pl.Series(scopes, dtype=pl.String))
    keys = ["_usual", "market", "line"]
    return rows.join(questions, on=keys, how="left", nulls_equal=True, maintain_order="left").drop("_usual")


def _with_winners(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without the named winner where it is not that of the market's scope."""
    winner, drawn = pl.col("winner"), pl.col("home_score") == pl.col("away_score")
    of_scope = (pl.col("_needed") == pl.col("_final")).fill_null(False)
    # a draw beside a decided final score, or beside a score after regulation, is the result after regulation
    early = (pl.col("_stated") == REGULATION) & drawn.is_null()
    of_regulation = ((pl.col("_needed") == WITH_OVERTIME) & (winner == "draw") & (early | ~drawn)).fill_null(False)
    return rows.with_columns(winner=pl.when(of_scope & ~of_regulation).then(winner))


def _with_refusals(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the reason why they cannot be settled, where their event was played and their market has rules."""
    missing = pl.col("home_score").is_null() | pl.col("away_score").is_null()
    by_winner = pl.col("market").is_in(("1x2", "moneyline", "double_chance", "draw_no_bet"))
    decided = by_winner & pl.col("winner").is_not_null()
    drawn = (pl.col("home_score") == pl.col("away_score")).fill_null(False)
    torn = by_winner & pl.col("_unsure") & (pl.col("_needed") == REGULATION) & drawn & (pl.col("winner") != "draw")
    words = pl.col("_needed").replace_strict(_WORDS, default=None, return_dtype=pl.String)
    scored = [market for market in MARKETS if market not in FIELD_MARKETS]
    settles = (pl.col("status") == "played") & pl.col("market").is_in(scored)
    return rows.with_columns(
        refusal=pl.when(settles & missing & ~decided)
        .then(pl.format("no score {}, which settles {}", words, "market"))
        .when(settles & torn.fill_null(False))
        .then(pl.lit(_CONTRADICTION))
    )
