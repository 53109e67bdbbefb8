"""Terms: what each reads, that nothing is guessed, and which side a higher value favours."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from research.features import built_in
from research.models._terms import BY_NAME, TERMS, inputs_of


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
        known = {f"{feature}.{column}" for column in built_in(feature).columns}
        assert all(set(term.of) <= known for term in terms.values()), feature


def test_shots_are_a_log_ratio_of_what_both_have_and_concede() -> None:
    values = {"home_shots": 12.0, "away_shots_conceded": 14.0, "away_shots": 8.0, "home_shots_conceded": 0.0}
    rows = pl.DataFrame({f"shots.{name}": [value] for name, value in values.items()})
    assert inputs_of(rows, ("shots_ratio",), "a test")[0, 0] == pytest.approx(np.log(12 * 14 / (8 * 0.1)))
