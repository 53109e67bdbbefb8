"""What a strategy offers at prices that nobody can bet at."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from engine.schema import INSTANT_DTYPE, OPPORTUNITIES
from engine.strategy import View, as_offered

AT = datetime(2026, 1, 1, tzinfo=UTC)


def rows(**columns: list[object]) -> pl.DataFrame:
    """Two prices of one selection, at two bookmakers."""
    whole = {
        "event_id": 1, "market": "1x2", "line": None, "selection": "home", "bookmaker": ["a", "b"], "side": "back",
        "decided_at": AT, "odds": 2.0, "prob": 0.6,
    }  # fmt: skip
    frame = pl.DataFrame({name: value if isinstance(value, list) else [value] * 2 for name, value in whole.items()})
    return frame.cast({**OPPORTUNITIES, "decided_at": INSTANT_DTYPE}).with_columns(  # type: ignore[dict-item]
        pl.Series(name, values, dtype=pl.Float64) for name, values in columns.items()
    )


@pytest.mark.parametrize(("sizes", "given", "wanted"), [
    ([0.0, None], {}, [0.0, None]), ([0.0, 50.0], {"size_minor": [9.0, 9.0]}, [0.0, 9.0]), ([7.0, None], {}, None),
])  # fmt: skip
def test_a_price_of_size_0_leaves_no_stake(
    sizes: list[object], given: dict[str, list[object]], wanted: list[float | None] | None
) -> None:
    view = View(rows(size_minor=sizes))
    found = as_offered(rows(**given), view)
    assert ("size_minor" in found.columns) == (wanted is not None)
    assert wanted is None or found["size_minor"].to_list() == wanted
    untyped = rows(**given).with_columns(pl.lit(None).alias("line"))
    assert wanted is None or as_offered(untyped, view)["size_minor"].to_list() == wanted
