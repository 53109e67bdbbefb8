"""Terms: what each reads, that nothing is guessed, and which side a higher value favours."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from engine.errors import ConfigurationError, DataError
from research.features import built_in, names
from research.forecasting.contract import Inputs
from research.models._terms import BY_NAME, TERMS, inputs_needed, inputs_of, stated, term_of, terms_of


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_term_is_null_where_one_of_its_columns_is_and_reads_no_other(name: str) -> None:
    term = BY_NAME[name]
    assert set(term.value.meta.root_names()) == set(term.of)
    rows = pl.DataFrame({column: [1.5 + place] for place, column in enumerate(term.of)})
    assert np.isfinite(inputs_of(rows, (name,), "a test")).all()
    for column in term.of:
        unknown = rows.with_columns(pl.lit(None, pl.Float64).alias(column))
        assert np.isnan(inputs_of(unknown, (name,), "a test")).all(), column


def test_terms_read_columns_that_their_features_have() -> None:
    for feature, terms in TERMS.items():
        columns = ("home", "away") if feature == "market" else built_in(feature).columns
        known = {f"{feature}.{column}" for column in columns}
        assert all(set(term.of) <= known for term in terms.values()), feature


@pytest.mark.parametrize("name", [name for name in names() if name not in TERMS])
def test_a_feature_without_terms_of_its_own_has_each_column_as_it_is(name: str) -> None:
    columns = [f"{name}.{column}" for column in built_in(name).columns]
    assert terms_of((name,)) == tuple(columns) and inputs_needed((name,)).features == (name,)
    rows = pl.DataFrame({column: [None, float(place)] for place, column in enumerate(columns)})
    found = inputs_of(rows, terms_of((name,)), "a test")
    assert np.isnan(found[0]).all() and found[1].tolist() == list(range(len(columns)))
    assert all(term_of(column).favours == 0 for column in columns)


def test_what_the_rows_must_have_follows_from_what_is_named() -> None:
    assert inputs_needed(("elo", "xg.home_xg", "own.index")) == Inputs(("elo", "xg", "own"), markets=("1x2",))
    assert inputs_needed(("market", "market.overround")) == Inputs((), True)
    assert inputs_needed(("market.move_home", "elo")) == Inputs(("elo",), True, True)
    assert inputs_needed(("welo", "elo")).markets == ("moneyline",)
    assert inputs_needed(("welo", "dixon_coles")).markets == ()


def test_names_that_are_wrong_are_refused_with_the_nearest() -> None:
    for features, message in (
        (("elo", "market.homme"), r"unknown column 'homme' in model.features, market: .* did you mean home"),
        (("xg.home_gx",), r"unknown column 'home_gx' in model.features, xg: .* did you mean home_xg"),
        (("elo", "elo"), "named twice in model.features: expected each input once, found elo"),
        (("own",), r"unknown feature 'own' in model.features \(a column, of a feature of your own too, is FEATURE.COL"),
        (("a b.c",), "unknown feature 'a b.c'"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            terms_of(features)
    with pytest.raises(DataError, match=r"no number in the rows of model m, own.index: expected a column of numbers"):
        inputs_of(pl.DataFrame({"own.index": ["high"]}), ("own.index",), "m")


def test_without_ranking_points_both_sides_count_as_having_the_same_and_nothing_else_is_stated() -> None:
    terms = terms_of(("welo",))
    rows = pl.DataFrame(
        {"welo.diff": [None, 30.0], "welo.ranking_diff": [None, None], "welo.ranking_diff_long": [0.5, None]}
    )
    found = stated(inputs_of(rows, terms, "a test"), terms)
    assert np.array_equal(found, [[np.nan, 0.0, 0.5], [30.0, 0.0, 0.0]], equal_nan=True)
    assert [name for name, term in BY_NAME.items() if term.otherwise is not None] == [
        "elo_surface_ranking", "elo_surface_ranking_long", "welo_ranking", "welo_ranking_long",
    ]  # fmt: skip


def test_shots_are_a_log_ratio_of_what_both_have_and_concede() -> None:
    values = {"home_shots": 12.0, "away_shots_conceded": 14.0, "away_shots": 8.0, "home_shots_conceded": 0.0}
    rows = pl.DataFrame({f"shots.{name}": [value] for name, value in values.items()})
    assert inputs_of(rows, ("shots_ratio",), "a test")[0, 0] == pytest.approx(np.log(12 * 14 / (8 * 0.1)))
