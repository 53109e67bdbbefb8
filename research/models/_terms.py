"""Inputs of regressions and trees, made of the features of a row: differences of the sides, mostly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import unknown_name
from research.forecasting.checks import check_columns

Array = NDArray[np.float64]


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
    """

    of: tuple[str, ...]
    value: pl.Expr
    favours: int = 0


def _difference(home: str, away: str, favours: int = 1) -> Term:
    return Term((home, away), pl.col(home) - pl.col(away), favours)


def _rates(feature: str) -> dict[str, Term]:
    """The log ratio and the sum of the rates of both sides."""
    home, away = f"{feature}.home_rate", f"{feature}.away_rate"
    ratio = Term((home, away), pl.col(home).log() - pl.col(away).log(), 1)
    return {f"{feature}_ratio": ratio, f"{feature}_sum": Term((home, away), pl.col(home) + pl.col(away))}


def _shots(kind: str) -> dict[str, Term]:
    """The log ratio of what both sides have and concede, at least one shot in ten matches."""
    ends = [f"shots.home_{kind}", f"shots.away_{kind}_conceded", f"shots.away_{kind}", f"shots.home_{kind}_conceded"]
    own, conceded, other, allowed = (pl.col(name).clip(lower_bound=0.1).log() for name in ends)
    return {f"{kind}_ratio": Term(tuple(ends), (own + conceded) - (other + allowed), 1)}


def _tour(feature: str) -> dict[str, Term]:
    """The difference of the ratings, and the log ratio of the ranking points in matches over three and five sets."""
    names = {feature: "diff", f"{feature}_ranking": "ranking_diff", f"{feature}_ranking_long": "ranking_diff_long"}
    columns = {name: f"{feature}.{column}" for name, column in names.items()}
    return {name: Term((column,), pl.col(column), name == feature) for name, column in columns.items()}


#: feature -> its terms by name
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
    "shots": _shots("shots") | _shots("shots_on_target"),
    "poisson": _rates("poisson"),
    "dixon_coles": _rates("dixon_coles"),
    "bivariate_poisson": _rates("bivariate_poisson"),
    "score_driven": _rates("score_driven"),
    "score_driven_shots": _rates("score_driven_shots"),
    "elo_surface": _tour("elo_surface"),
    "welo": _tour("welo"),
}
#: terms by name
BY_NAME: Final[Mapping[str, Term]] = {name: term for terms in TERMS.values() for name, term in terms.items()}


def terms_of(features: Sequence[str], model: str) -> tuple[str, ...]:
    """Names of the terms of some features, in their order; raises `ConfigurationError` for a feature without terms."""
    for name in features:
        if name not in TERMS:
            raise unknown_name("feature", name, TERMS, where=f"features of model {model}")
    return tuple(term for name in features for term in TERMS[name])


def inputs_of(rows: pl.DataFrame, terms: Sequence[str], model: str) -> Array:
    """The terms of the rows as float64, (n, d), in Fortran order; NaN: not known.

    Raises
    ------
    DataError
        The rows lack a column.
    """
    check_columns(rows, [column for name in terms for column in BY_NAME[name].of], model)
    found = rows.select(BY_NAME[name].value.cast(pl.Float64).fill_null(np.nan).alias(name) for name in terms)
    inputs = np.empty((rows.height, len(terms)), dtype=np.float64, order="F")
    for place, name in enumerate(terms):
        inputs[:, place] = found[name].to_numpy()
    return inputs
