"""The market of a decision against hand arithmetic, and against the building blocks of strategies."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import polars as pl
import pytest

from engine.asof.view import build_view
from engine.errors import ConfigurationError
from engine.odds import METHODS
from engine.schema import SELECTIONS
from research.forecasting.market import CONSENSUS, market_of, move_of, opening, with_opening
from research.strategies.books import back_prices, consensus, fair
from tests.property.markets import world

KEY = ["decided_at", "event_id"]


def quotes(seed: int = 2) -> pl.DataFrame:
    """All decisions of random markets at the instants of their prices."""
    return build_view(*world(seed, 12)).quotes


def priced(*books: tuple[str, tuple[float, ...]]) -> pl.DataFrame:
    """One decision with the 1X2 prices of some bookmakers."""
    one = quotes().head(1).with_columns(market=pl.lit("1x2"), side=pl.lit("back"), line=pl.lit(None, pl.Float64))
    rows = [
        one.with_columns(bookmaker=pl.lit(name), selection=pl.lit(selection), odds=pl.lit(price))
        for name, prices in books
        for selection, price in zip(SELECTIONS["1x2"], prices, strict=False)
    ]
    return pl.concat(rows)


def test_one_bookmaker_by_hand() -> None:
    seen = priced(("a", (2.0, 4.0, 4.0)), ("b", (1.6, 4.0, 8.0)), ("c", (2.0, 3.0)), ("max", (9.0, 9.0, 9.0)))
    row = market_of(seen, "1x2", "b").row(0, named=True)
    assert [row[name] for name in SELECTIONS["1x2"]] == pytest.approx([0.625, 0.25, 0.125])
    assert row["overround"] == pytest.approx(1.0) and row["n_books"] == 2
    # the mean is (.5625, .25, .1875): both are .0625 away from it in two of three selections
    assert row["disagreement"] == pytest.approx(0.0625 * sqrt(2 / 3))
    mean = market_of(seen, "1x2", CONSENSUS).row(0, named=True)
    assert [mean[name] for name in SELECTIONS["1x2"]] == pytest.approx([0.5625, 0.25, 0.1875])
    aggregate = market_of(seen, "1x2", "max").row(0, named=True)
    assert aggregate["overround"] == pytest.approx(1 / 3) and aggregate["n_books"] == 2
    assert market_of(seen, "1x2", "c").is_empty() and market_of(seen, "1x2", "c").width == 8


def test_alone_nobody_disagrees() -> None:
    row = market_of(priced(("a", (2.0, 4.0, 4.0))), "1x2", "a").row(0, named=True)
    assert row["disagreement"] is None and row["n_books"] == 1
    row = market_of(priced(("max", (2.0, 4.0, 4.0))), "1x2", "max").row(0, named=True)
    assert row["disagreement"] is None and row["n_books"] == 0


@pytest.mark.parametrize("method", METHODS)
def test_a_bookmaker_has_the_fair_probabilities_that_strategies_use(method: str) -> None:
    seen = quotes()
    found = market_of(seen, "1x2", "pinnacle", method)
    known = fair(back_prices(seen, ("1x2",), None).filter(pl.col("bookmaker") == "pinnacle"), method)
    wide = known.pivot("selection", index=KEY, values="prob").sort(KEY)
    assert found.select(*KEY, *SELECTIONS["1x2"]).equals(wide.select(*KEY, *SELECTIONS["1x2"]))
    assert found.height > 40


@pytest.mark.parametrize(("market", "line"), [("1x2", None), ("totals", 2.75), ("asian_handicap", -0.25)])
def test_the_consensus_is_that_of_strategies(market: str, line: float | None) -> None:
    seen = quotes()
    found = market_of(seen, market, CONSENSUS, "power", line)
    lines = None if line is None else [line]
    known = consensus(back_prices(seen, (market,), lines), "power", None, 1)
    wide = known.pivot("selection", index=KEY, values="prob").sort(KEY)
    names = SELECTIONS[market]
    np.testing.assert_allclose(found.select(names).to_numpy(), wide.select(names).to_numpy(), rtol=1e-14)
    assert found.select(KEY).equals(wide.select(KEY))
    # the standard error of strategies divides the sum of squares by n - 1 and by n: ours is the mean square
    error = known.pivot("selection", index=KEY, values="prob_sd").sort(KEY).select(names).to_numpy()
    n = found["n_books"].to_numpy().astype(float)
    spread = np.sqrt((error**2 * (n - 1)[:, None]).mean(axis=1))
    np.testing.assert_allclose(np.nan_to_num(spread), found["disagreement"].fill_null(0.0).to_numpy(), atol=1e-12)


def test_no_order_of_rows_and_no_other_decision_matters() -> None:
    seen = quotes(5)
    found = market_of(seen, "1x2", CONSENSUS)
    assert found.equals(market_of(seen.sample(fraction=1, shuffle=True, seed=1), "1x2", CONSENSUS))
    event = seen["event_id"][0]
    alone = market_of(seen.filter(pl.col("event_id") == event), "1x2", CONSENSUS)
    assert alone.equals(found.filter(pl.col("event_id") == event)) and 0 < alone.height < found.height


def test_a_move_is_the_logarithm_of_the_ratio_of_probabilities() -> None:
    before = market_of(priced(("a", (2.0, 4.0, 4.0))), "1x2", "a")
    now = market_of(priced(("a", (1.6, 4.0, 8.0))), "1x2", "a")
    row = move_of(before, now, "1x2").row(0, named=True)
    assert [row[name] for name in SELECTIONS["1x2"]] == pytest.approx([log(1.25), 0.0, -log(2)])
    assert move_of(before.clear(), now, "1x2").is_empty()


def test_the_opening_stands_beside_the_market_and_is_null_without_a_complete_book() -> None:
    before = market_of(priced(("a", (2.0, 4.0, 4.0))), "1x2", "a")
    now = market_of(priced(("a", (1.6, 4.0, 8.0))), "1x2", "a")
    row = with_opening(now, before, "1x2").row(0, named=True)
    assert [row[f"open_{name}"] for name in SELECTIONS["1x2"]] == pytest.approx([0.5, 0.25, 0.25])
    assert [row[f"move_{name}"] for name in SELECTIONS["1x2"]] == pytest.approx([log(1.25), 0.0, -log(2)])
    alone = with_opening(now, before.clear(), "1x2")
    assert (
        alone.select(now.columns).equals(now)
        and alone.select(pl.selectors.starts_with("open_", "move_")).row(0) == (None,) * 6
    )


def test_a_market_opens_at_the_first_price_of_each_series() -> None:
    view = build_view(*world(2, 12), path=True)
    path, found = view.known(), opening(view.known())
    series = [name for name in found.columns if name in (*KEY, "market", "line", "selection", "bookmaker", "side")]
    first: dict[tuple[object, ...], tuple[object, float]] = {}
    for row in path.iter_rows(named=True):
        key = tuple(row[name] for name in series)
        if key not in first or row["known_at"] <= first[key][0]:
            first[key] = row["known_at"], row["odds"]
    assert {row[:-1]: row[-1] for row in found.select(*series, "odds").iter_rows()} == {
        k: v[1] for k, v in first.items()
    }
    assert found.select(series).is_duplicated().sum() == 0 and 0 < found.height == view.quotes.height < path.height
    moved = move_of(market_of(found, "1x2", "aaa"), market_of(view.quotes, "1x2", "aaa"), "1x2")
    last = moved.filter(pl.col("decided_at") == pl.col("decided_at").max().over("event_id"))
    assert moved.height > 40 and (last["home"].abs() > 0.001).any()


def test_names_that_are_not_known() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 1x2"):
        market_of(quotes(), "1x", "pinnacle")
    with pytest.raises(ConfigurationError, match="did you mean shin"):
        market_of(quotes(), "1x2", "pinnacle", "shinn")
    with pytest.raises(ConfigurationError, match="needs a bookmaker"):
        market_of(quotes(), "1x2", "")
