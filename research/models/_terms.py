"""Inputs of regressions and trees, made of the features of a row and of its prices: differences of the sides, mostly.

A model names features, each for all of its terms, or single columns as ``FEATURE.COLUMN``, which are taken as they are.
``market.COLUMN`` is one of the prices (`research.forecasting.rows.rows_of`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import ConfigurationError, DataError, unknown_name
from research.features import built_in
from research.features import names as built_in_features
from research.forecasting.checks import check_columns
from research.forecasting.contract import MARKETS, Inputs
from research.forecasting.market import MEASURES, MOVED, OPENED

Array = NDArray[np.float64]
#: the prices of a row
PRICES: Final = "market"


@dataclass(frozen=True)
class Term:
    """One input of a model.

    Attributes
    ----------
    of : tuple of str
        Columns of the rows that it reads.
    value : polars.Expr
        Its value; null: not known.
    favours : int
        1: a higher value can only favour the home side; 0: no such promise.
    otherwise : float or None
        What counts in a regression where it is not known; None: the row has no answer.
    """

    of: tuple[str, ...]
    value: pl.Expr
    favours: int = 0
    otherwise: float | None = None


def _difference(home: str, away: str, favours: int = 1) -> Term:
    return Term((home, away), pl.col(home) - pl.col(away), favours)


def _rates(feature: str) -> dict[str, Term]:
    """The log ratio and the sum of the rates of both sides."""
    home, away = f"{feature}.home_rate", f"{feature}.away_rate"
    ratio = Term((home, away), pl.col(home).log() - pl.col(away).log(), 1)
    return {f"{feature}_ratio": ratio, f"{feature}_sum": Term((home, away), pl.col(home) + pl.col(away))}


def _had(feature: str, kind: str) -> dict[str, Term]:
    """The log ratio of what both sides have and concede, at least one in ten matches."""
    ends = [f"{feature}.{side}_{kind}" for side in ("home", "away")]
    own, other = (pl.col(name).clip(lower_bound=0.1).log() for name in ends)
    conceded, allowed = (pl.col(f"{name}_conceded").clip(lower_bound=0.1).log() for name in reversed(ends))
    columns = (ends[0], f"{ends[1]}_conceded", ends[1], f"{ends[0]}_conceded")
    return {f"{kind}_ratio": Term(columns, (own + conceded) - (other + allowed), 1)}


def _tour(feature: str) -> dict[str, Term]:
    """The difference of the ratings, and the log ratio of the ranking points in matches over three and five sets.

    Where nobody has points the ratings count alone, as if both had the same.
    """
    names = {f"{feature}_ranking": "ranking_diff", f"{feature}_ranking_long": "ranking_diff_long"}
    columns = {name: f"{feature}.{column}" for name, column in names.items()}
    ranking = {name: Term((column,), pl.col(column), otherwise=0.0) for name, column in columns.items()}
    return {feature: Term((f"{feature}.diff",), pl.col(f"{feature}.diff"), 1)} | ranking


#: feature -> its terms by name; a built-in feature that is not among them has each of its columns as a term
TERMS: Final[Mapping[str, Mapping[str, Term]]] = {
    "elo": {"elo": Term(("elo.diff",), pl.col("elo.diff"), 1)},
    "pi_ratings": {"pi": Term(("pi_ratings.diff",), pl.col("pi_ratings.diff"), 1)},
    "pi_chances": {"pi_chances": Term(("pi_chances.diff",), pl.col("pi_chances.diff"), 1)},
    "form": {
        "points": _difference("form.home_points", "form.away_points"),
        "scored": _difference("form.home_scored", "form.away_scored"),
        "conceded": _difference("form.away_conceded", "form.home_conceded"),
    },
    "rest": {
        "rest_days": _difference("rest.home_days", "rest.away_days", 0),
        "rest_matches": _difference("rest.home_matches", "rest.away_matches", 0),
    },
    "shots": _had("shots", "shots") | _had("shots", "shots_on_target"),
    "corners": _had("corners", "corners"),
    "xg": _had("xg", "xg"),
    "poisson": _rates("poisson"),
    "dixon_coles": _rates("dixon_coles"),
    "bivariate_poisson": _rates("bivariate_poisson"),
    "score_driven": _rates("score_driven"),
    "score_driven_shots": _rates("score_driven_shots"),
    "elo_surface": _tour("elo_surface"),
    "welo": _tour("welo"),
    PRICES: {
        "market_ratio": Term(("market.home", "market.away"), (pl.col("market.home") / pl.col("market.away")).log(), 1)
    },
}
#: terms by name
BY_NAME: Final[Mapping[str, Term]] = {name: term for terms in TERMS.values() for name, term in terms.items()}
#: features that only one market has: ratings of a tour, and goals of two sides at home and away
_ONLY: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(("elo_surface", "welo"), ("moneyline",)) | dict.fromkeys(
    (
        "pi_ratings", "pi_chances", "shots", "corners", "xg", "poisson", "dixon_coles", "bivariate_poisson",
        "score_driven", "score_driven_shots",
    ),
    ("1x2",),
)  # fmt: skip


def term_of(name: str) -> Term:
    """The term of a name; one that is not in `BY_NAME` is a column of the rows."""
    return BY_NAME[name] if name in BY_NAME else Term((name,), pl.col(name))


def terms_of(features: Sequence[str]) -> tuple[str, ...]:
    """Names of the terms of some features and columns, in their order.

    Raises
    ------
    ConfigurationError
        A name twice, a built-in feature that does not exist, or lacks the column.
    """
    terms = [term for name in features for term in _terms(name)]
    for term in terms:
        if terms.count(term) > 1:
            raise ConfigurationError("named twice", where="model.features", expected="each input once", found=term)
    return tuple(terms)


def _terms(name: str) -> tuple[str, ...]:
    if name in TERMS:
        return tuple(TERMS[name])
    feature, dot, column = name.partition(".")
    known = built_in_features()
    if not dot and feature in known:
        return tuple(f"{feature}.{column}" for column in built_in(feature).columns)
    if not dot or not feature.isidentifier() or not column.isidentifier():
        where = "model.features (a column, of a feature of your own too, is FEATURE.COLUMN)"
        raise unknown_name("feature", name, (*TERMS, *known), where=where)
    columns = _columns_of(feature) if feature == PRICES or feature in known else (column,)
    if column not in columns:
        raise unknown_name("column", column, columns, where=f"model.features, {feature}")
    return (name,)


def _columns_of(feature: str) -> tuple[str, ...]:
    if feature != PRICES:
        return tuple(built_in(feature).columns)
    outcomes = ("home", "draw", "away")
    return (*outcomes, *MEASURES, *(f"{head}{name}" for head in (OPENED, MOVED) for name in outcomes))


def inputs_needed(features: Sequence[str]) -> Inputs:
    """What the rows must have for the terms of some features, and the markets that have them all."""
    columns = [column for name in terms_of(features) for column in term_of(name).of]
    read = dict.fromkeys(column.partition(".")[0] for column in columns)
    allowed = [_ONLY.get(name, MARKETS) for name in read]
    opening = any(column.startswith((f"{PRICES}.{OPENED}", f"{PRICES}.{MOVED}")) for column in columns)
    return Inputs(
        tuple(name for name in read if name != PRICES), PRICES in read, opening,
        tuple(market for market in MARKETS if all(market in some for some in allowed)),
    )  # fmt: skip


def inputs_of(rows: pl.DataFrame, terms: Sequence[str], model: str) -> Array:
    """The terms of the rows as float64, (n, d), in Fortran order; NaN: not known.

    Raises
    ------
    DataError
        The rows lack a column, or it holds no numbers.
    """
    columns = [column for name in terms for column in term_of(name).of]
    check_columns(rows, columns, model)
    for column in columns:
        kind = rows.schema[column]
        if not (kind.is_numeric() or kind in (pl.Boolean, pl.Null)):
            where = f"the rows of model {model}, {column}"
            raise DataError("no number", where=where, expected="a column of numbers", found=str(kind))
    found = rows.select(term_of(name).value.cast(pl.Float64).fill_null(np.nan).alias(name) for name in terms)
    inputs = np.empty((rows.height, len(terms)), dtype=np.float64, order="F")
    for place, name in enumerate(terms):
        inputs[:, place] = found[name].to_numpy()
    return inputs


def stated(inputs: Array, terms: Sequence[str]) -> Array:
    """The terms with the stated value of each, `Term.otherwise`, where it is not known; (n, d)."""
    found = inputs.copy(order="F")
    for place, name in enumerate(terms):
        otherwise = term_of(name).otherwise
        if otherwise is not None:
            found[np.isnan(found[:, place]), place] = otherwise
    return found
