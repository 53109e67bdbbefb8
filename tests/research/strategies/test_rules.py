"""Bets of each strategy, compared with its rule computed by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.asof.view import build_view
from engine.backtesting.run import backtest, replay
from engine.configuration import Configuration
from engine.errors import ConfigurationError
from engine.kernel.codes import Staking
from engine.odds import fair_probabilities
from engine.schema import SELECTIONS
from engine.strategy import View
from engine.tape.build import build_tape
from research.strategies import make
from research.strategies.books import consensus, fair, marked_prices, mean_of, offers
from research.strategies.consensus import Consensus
from tests.property.markets import FIRST, _event, _quote, frames, world

OPEN = ("open", FIRST)
START = FIRST + timedelta(hours=12)


def book(prices: dict[str, tuple[float | None, ...]], market: str = "1x2", line: float | None = None) -> View:
    """A view of one event; prices by bookmaker in the order of the market's selections."""
    rows = [
        _quote(1, market, line, selection, name, OPEN, price)
        for name, odds in prices.items()
        for selection, price in zip(SELECTIONS[market], odds, strict=True)
        if price is not None
    ]
    return build_view(*frames([_event(1, START, "L", "played", (1, 0))], rows))


def bets(name: str, view: View, **parameters: Any) -> dict[str, tuple[str, float, float]]:
    frame = make(name, parameters).opportunities(view)
    rows = frame.select("selection", "bookmaker", "odds", "prob").iter_rows()
    return {selection: (bookmaker, odds, prob) for selection, bookmaker, odds, prob in rows}


REAL = {
    "a": (2.0, 3.5, 4.0),
    "b": (2.1, 3.4, 4.0),
    "c": (1.9, 3.6, 3.9),
    "max": (9.0, 9.0, 9.0),
    "avg": (2.0, 3.5, 4.0),
}


def test_the_best_price_excludes_aggregates_and_ties_go_to_the_first_name() -> None:
    by_selection = bets("flat_all", book(REAL))
    assert {s: v[:2] for s, v in by_selection.items()} == {"home": ("b", 2.1), "draw": ("c", 3.6), "away": ("a", 4.0)}
    few = bets("flat_all", book(REAL), bookmakers=["a", "c"])
    assert few["home"][:2] == ("a", 2.0)
    assert bets("flat_all", book(REAL), bookmaker="max", selections=["draw"])["draw"][:2] == ("max", 9.0)


def test_a_complete_market_has_a_price_for_every_selection() -> None:
    view = book({"a": (2.0, None, 4.0), "b": (2.1, 3.4, 4.0)})
    assert set(bets("flat_all", view, bookmaker="a")) == {"home", "away"}
    assert bets("flat_all", view, bookmaker="a", complete_market=True) == {}
    assert set(bets("flat_all", view, complete_market=True)) == {"home", "draw", "away"}


def test_break_even_is_the_smallest_probability_without_an_expected_loss() -> None:
    odds = np.round(np.random.default_rng(0).uniform(1.01, 50, 3000), 2)
    by_selection = bets("flat_all", book({f"b{n}": (o, None, None) for n, o in enumerate(odds[:1])}))
    assert by_selection["home"][1] * by_selection["home"][2] >= 1.0
    from research.strategies.flat_all import break_even

    prob = break_even(pl.Series(odds))
    assert ((prob * odds >= 1.0) & (prob * odds - 1.0 < 1e-15)).all()
    assert (np.nextafter(prob, 0.0) * odds <= 1.0).all()


def test_lines_and_selections_are_filtered() -> None:
    view = book({"a": (1.9, 1.9)}, "totals", 2.5)
    assert bets("flat_all", view, markets=["totals"], lines=[3.5]) == {}
    assert set(bets("flat_all", view, markets=["totals"], lines=[2.5], selections=["over"])) == {"over"}


@pytest.mark.parametrize("method", ["multiplicative", "shin", "power"])
def test_value_removes_the_margin_of_the_sharp_bookmaker(method: str) -> None:
    view = book({**REAL, "pinnacle": (2.05, 3.6, 4.1)})
    prob = fair_probabilities([2.05, 3.6, 4.1], method)
    by_selection = bets("value", view, method=method)
    assert [by_selection[s][2] for s in SELECTIONS["1x2"]] == prob.tolist()
    assert by_selection["home"][:2] == ("b", 2.1)
    assert {v[0] for v in bets("value", view, method=method, price="max").values()} == {"max"}


def test_value_needs_a_complete_sharp_book_and_optionally_complete_prices() -> None:
    assert bets("value", book({"a": (2.0, 3.0, 4.0), "pinnacle": (2.0, None, 4.0)})) == {}
    view = book({"max": (2.5, None, 4.5), "pinnacle": (2.0, 3.6, 4.1)})
    assert set(bets("value", view, price="max")) == {"home", "away"}
    assert bets("value", view, price="max", complete_price=True) == {}


def test_value_by_consensus_is_the_mean_fair_probability_without_aggregates() -> None:
    view = book(REAL)
    want = np.mean([fair_probabilities(REAL[name]) for name in ("a", "b", "c")], axis=0)
    by_selection = bets("value", view, fair="consensus")
    assert [by_selection[s][2] for s in SELECTIONS["1x2"]] == pytest.approx(want.tolist(), abs=1e-15)
    assert bets("value", view, fair="consensus", fair_min=4) == {}
    assert len(bets("value", view, fair="consensus", fair_bookmakers=["a"], fair_min=1)) == 3
    spread = make("value", {"fair": "consensus"}).opportunities(view)
    books = np.array([fair_probabilities(REAL[name])[0] for name in ("a", "b", "c")])
    home = spread.filter(pl.col("selection") == "home")["prob_sd"][0]
    assert home == pytest.approx(books.std(ddof=1) / np.sqrt(3))


def test_a_book_without_valid_probabilities_is_left_out() -> None:
    view = book({"pinnacle": (1.02, 20.0, 200.0), "a": (1.02, 31.0, 61.0)})
    assert (fair_probabilities([1.02, 20.0, 200.0], "additive") <= 0).any()
    assert bets("value", view, method="additive") == {}
    assert len(bets("value", view, method="power")) == 3


def test_suspect_prices_can_be_ignored() -> None:
    view = book({"pinnacle": (2.0, 3.6, 4.1), "a": (2.1, 3.5, 4.0), "b": (40.0, 3.0, 3.0)})
    assert bets("value", view)["home"][0] == "b"
    assert bets("value", view, skip_suspect=True)["home"][0] == "a"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("value", {"fair": "consensus", "fair_min": 2}),
        ("value", {"fair": "b", "price": "e"}),
        ("value", {"fair": "b", "price_bookmakers": ["e"]}),
        ("consensus", {"mean": "mean", "price": "best", "alpha": 0.02, "complete_market": False}),
        ("consensus", {"mean": "b", "price": "e", "alpha": 0.02, "complete_market": False}),
        ("arbitrage", {}),
        ("arbitrage", {"bookmakers": ["b", "e"]}),
    ],
)
def test_a_book_with_its_sides_exchanged_can_be_ignored(name: str, parameters: dict[str, Any]) -> None:
    honest = dict.fromkeys(("a", "b", "c"), (1.7, 3.6, 5.2))
    view = book({**honest, "e": (5.2, 3.6, 1.7)})
    plain, careful = (make(name, {**parameters, "skip_suspect": skip}) for skip in (False, True))
    assert not careful.requires().bookmakers, "what is far from the others shows beside all of them"
    taken = plain.opportunities(view).filter(pl.col("bookmaker") == "e", pl.col("selection") == "home")
    assert (
        taken.height == 1
        and careful.opportunities(view).filter(pl.col("selection") == "home", pl.col("odds") > 2).is_empty()
    )
    near = book({**honest, "e": (1.85, 3.6, 4.9)})
    assert careful.opportunities(near).equals(plain.opportunities(near)), "a better price is no error"


def test_a_price_that_the_others_have_left_is_suspect_at_the_decision() -> None:
    """Nothing was wrong when it was quoted; later the others moved and it did not."""
    later = ("open", FIRST + timedelta(hours=6))
    rows = [
        _quote(1, "1x2", None, selection, name, at, price)
        for name in ("a", "b", "c")
        for at, prices in ((OPEN, (1.7, 3.6, 5.2)), (later, (4.2, 3.6, 1.8)))
        for selection, price in zip(SELECTIONS["1x2"], prices, strict=True)
    ] + [_quote(1, "1x2", None, s, "e", OPEN, p) for s, p in zip(SELECTIONS["1x2"], (1.7, 3.6, 5.2), strict=True)]
    view = build_view(*frames([_event(1, START, "L", "played", (1, 0))], rows))
    found = marked_prices(view.quotes, ["1x2"]).filter("left_out").select("decided_at", "selection", "bookmaker")
    assert found.rows() == [(later[1], "away", "e"), (later[1], "home", "e")]


def test_consensus_follows_the_rule_of_the_paper() -> None:
    view = book({"max": (2.4, 3.6, 4.1), "avg": (2.0, 3.5, 4.0)})
    by_selection = bets("consensus", view)
    limits = {s: 1 / (1 / mean - 0.05) for s, mean in zip(SELECTIONS["1x2"], (2.0, 3.5, 4.0), strict=True)}
    assert (
        {s for s, best in zip(limits, (2.4, 3.6, 4.1), strict=True) if best > limits[s]}
        == set(by_selection)
        == {"home"}
    )
    assert by_selection["home"] == ("max", 2.4, 1 / 2.0 - 0.05)
    assert bets("consensus", view, alpha=0.09) == {}
    unlikely = book({"max": (9.0, 9.0, 9.0), "avg": (2.0, 3.5, 30.0)})  # 1 / 30 is below alpha
    assert set(bets("consensus", unlikely, alpha=0.04)) == {"home", "draw"}


def test_consensus_can_take_the_largest_margin_of_markets_with_enough_bookmakers() -> None:
    prices = {"a": (2.0, 3.4, 4.0), "b": (2.0, 3.4, 4.0), "c": (2.0, 3.4, 4.0), "d": (2.8, 5.5, 4.0)}
    view = book(prices)
    real = {"mean": "mean", "price": "best"}
    assert set(bets("consensus", view, **real)) == {"home", "draw"}
    means = {"home": 2.2, "draw": (3 * 3.4 + 5.5) / 4}
    margin = {s: best * (1 / means[s] - 0.05) - 1 for s, best in (("home", 2.8), ("draw", 5.5))}
    assert set(bets("consensus", view, **real, pick="largest")) == {max(margin, key=lambda s: margin[s])}
    assert len(bets("consensus", view, **real, books_min=4)) == 2
    assert bets("consensus", view, **real, books_min=5) == {}


def test_favourites_and_longshots() -> None:
    view = book(REAL)
    assert set(bets("favourite_longshot", view)) == {"home", "draw", "away"}
    assert set(bets("favourite_longshot", view, pick="favourite")) == {"home"}
    assert set(bets("favourite_longshot", view, pick="longshot")) == {"away"}
    fair_bets = bets("favourite_longshot", view, prob="fair", price="a", method="power")
    assert [fair_bets[s][2] for s in SELECTIONS["1x2"]] == fair_probabilities(REAL["a"], "power").tolist()


def test_an_arbitrage_pays_the_same_for_every_result() -> None:
    view = book({"a": (2.3, 3.2, 3.6), "b": (2.0, 3.9, 3.6), "c": (2.0, 3.2, 4.4)})
    legs = make("arbitrage", {}).opportunities(view).sort("selection")
    odds = legs["odds"].to_numpy()
    total = (1 / odds).sum()
    assert total < 1 and legs["group"].n_unique() == 1
    assert (legs["stake_weight"] * legs["odds"]).to_numpy() == pytest.approx(1 / total)
    assert (legs["prob"] * legs["odds"] - 1).to_numpy() == pytest.approx(1 / total - 1)
    assert bets("arbitrage", view, profit_min=0.2) == {}
    assert bets("arbitrage", view, bookmakers=["c"]) == {}
    events, _ = frames([_event(1, START, "L", "played", (1, 0))], [])
    flat = Configuration(one_per_market=False, staking=Staking.FLAT, amount_minor=100_000, bankroll_minor=1_000_000)
    tape = build_tape(legs, events)
    path = replay(tape, flat.params())
    profit = (1 / total - 1) * 100_000
    assert len(path.bets) == 3 and path.bets["pnl_minor"].sum() == pytest.approx(profit, abs=5)
    tight = backtest(tape, Configuration(one_per_market=False, amount_minor=250, bankroll_minor=1_000_000))
    assert tight.metrics["n_bets"][0] == 0  # one leg below the minimum stake refuses all legs


def test_an_arbitrage_on_double_chance_counts_two_winners() -> None:
    legs = make("arbitrage", {"markets": ["double_chance"]}).opportunities(
        book({"a": (1.6, 1.4, 1.5), "b": (1.3, 1.5, 1.5)}, "double_chance")
    )
    weight, odds = legs["stake_weight"].to_numpy(), legs["odds"].to_numpy()
    assert sorted(odds) == [1.5, 1.5, 1.6] and weight.sum() == pytest.approx(1.0)
    paid = weight * odds
    profit = 2 / (1 / odds).sum() - 1
    assert [paid.sum() - part - 1 for part in paid] == pytest.approx([profit] * 3)
    assert (legs["prob"].to_numpy() * odds - 1) == pytest.approx(profit) and profit > 0
    none = book({"a": (1.3, 1.3, 1.35)}, "double_chance")
    assert make("arbitrage", {"markets": ["double_chance"]}).opportunities(none).is_empty()


def test_value_on_double_chance_has_fair_probabilities_of_two_winners() -> None:
    view = book({"pinnacle": (1.3, 1.3, 1.6), "b": (1.5, 1.4, 1.7)}, "double_chance")
    found = bets("value", view, markets=["double_chance"], price="b", method="multiplicative")
    assert sum(prob for _, _, prob in found.values()) == pytest.approx(2.0)


def test_an_open_list_of_selections_is_no_book() -> None:
    for name in ("value", "arbitrage", "favourite_longshot"):
        with pytest.raises(ConfigurationError, match=r"strategy\.markets.*form a book"):
            make(name, {"markets": ["correct_score"]})
    with pytest.raises(ConfigurationError, match="form a book"):
        make("flat_all", {"markets": ["correct_score"], "complete_market": True})
    events, quotes = frames(
        [_event(1, START, "L", "played", (1, 0))],
        [_quote(1, "correct_score", None, score, "a", OPEN, 9.0) for score in ("1-0", "2-1", "10-0")],
    )
    assert set(bets("flat_all", build_view(events, quotes), markets=["correct_score"])) == {"1-0", "2-1", "10-0"}


def test_age_max_excludes_old_prices() -> None:
    early, late = ("snapshot", FIRST), ("snapshot", FIRST + timedelta(hours=2))
    rows = [_quote(1, "moneyline", None, "home", "a", early, 2.2), _quote(1, "moneyline", None, "away", "b", late, 2.2)]
    view = build_view(*frames([_event(1, START, "L", "played", (1, 0))], rows))
    assert len(bets("arbitrage", view, markets=["moneyline"])) == 2
    assert bets("arbitrage", view, markets=["moneyline"], age_max="90m") == {}


@pytest.mark.slow
def test_books_are_compared_within_one_decision_only() -> None:
    events, quotes = world(3, 15)
    view = build_view(events, quotes)
    back = view.quotes.filter(pl.col("side") == "back")
    single = pl.concat(
        consensus(part, "multiplicative", None, 2)
        for part in back.partition_by("decided_at", "event_id", "market", "line")
    )
    key = ["decided_at", "event_id", "market", "line", "selection"]
    assert single.sort(key).equals(consensus(back, "multiplicative", None, 2))
    sums = fair(back, "shin").group_by([*key[:-1], "bookmaker"]).agg(pl.col("prob").sum())["prob"]
    assert sums.to_numpy() == pytest.approx(1.0)
    assert mean_of(back, "odds")["books"].max() <= 7 and len(offers(back, "best")) == len(mean_of(back, "odds").filter(
        pl.col("books") > 0).join(back.filter(~pl.col("bookmaker").is_in(["max", "avg"])), on=key, how="semi",
                                  nulls_equal=True))  # fmt: skip


@pytest.mark.parametrize(("alpha", "advice"), [(5, "; did you mean 0.05?"), (0.7, ""), (70, ""), (-5, "")])
def test_a_margin_in_percent_is_refused_with_the_fraction(alpha: float, advice: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        Consensus(alpha=alpha)
    assert str(error.value) == f"wrong value in strategy.alpha: expected a number from 0 to 0.5, found {alpha}{advice}"
