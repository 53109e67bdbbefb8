from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine import Configuration
from engine.clock import SECOND_NS
from engine.exchange.files import Lines
from engine.live.venue import Outcome
from engine.live.venues.exchange import CLOSED, UNKNOWN, UNMATCHED, Bet, ExchangeFills, Runner
from engine.live.venues.fills import FillModel, Fills
from engine.live.venues.prices import ReplayPrices
from engine.source.betfair.definitions import describe
from engine.source.betfair.history import EXCHANGE, read_file
from engine.source.quarantine import Origin
from tests.live.venues.books import line, recorded
from tests.live.venues.orders import BANKROLL, T0_NS, order, prices, quote

MODEL = FillModel(Configuration().params())


def made(path: Path, ladders: dict[str, Any], *lines: str, **values: Any) -> ExchangeFills:
    return recorded(Fills(MODEL, prices(quote(0, 2.0, **values))), path / "recording", ladders, *lines)


def answer(fills: Fills, number: int = 1, **values: Any) -> tuple[str, float, int]:
    receipt = fills.draft(order(number, **values), BANKROLL, []).receipt
    return receipt.reason or str(receipt.outcome), receipt.odds, receipt.matched_minor


def test_the_average_of_several_levels_is_held_to_the_worst_odds(tmp_path: Path) -> None:
    ladders = {"atb": [[2.0, 6.0], [1.9, 4.0]]}
    assert answer(made(tmp_path, ladders), odds_worst=1.96) == ("placed", pytest.approx(1.96), 1_000)
    assert answer(made(tmp_path, ladders), odds_worst=1.97)[0] == UNMATCHED


def test_what_an_earlier_order_took_is_not_there_again_and_the_same_order_takes_it_once(tmp_path: Path) -> None:
    fills = made(tmp_path, {"atb": [[2.0, 15.0]]}, line(30, {"atb": [[2.0, 0]]}), line(31, {"atb": [[2.0, 15.0]]}))
    assert [answer(fills)[0] for _ in range(2)] == ["placed", "placed"]
    assert answer(fills, 2)[0] == UNMATCHED
    assert answer(fills, 3, decided_at_ns=T0_NS + 40 * SECOND_NS)[0] == "placed"


def test_a_suspended_or_unknown_market_refuses(tmp_path: Path) -> None:
    ladders = {"atb": [[2.0, 15.0]]}
    assert answer(made(tmp_path, ladders, line(5, status="SUSPENDED")))[0] == CLOSED
    fills = made(tmp_path, ladders)
    assert answer(ExchangeFills(MODEL, fills.prices, {}))[0] == UNKNOWN
    assert answer(made(tmp_path, {}))[0] == UNKNOWN


def test_the_delay_of_the_market_comes_on_top(tmp_path: Path) -> None:
    goal = line(13, {"atb": [[2.0, 0]]})
    assert answer(made(tmp_path, {"atb": [[2.0, 15.0]]}, goal))[0] == "placed"
    delayed = line(5, status="OPEN", betDelay=5, inPlay=True)
    assert answer(made(tmp_path, {"atb": [[2.0, 15.0]]}, delayed, goal))[0] == UNMATCHED


def test_a_lay_never_risks_more_than_was_asked_for(tmp_path: Path) -> None:
    fills = made(tmp_path, {"atl": [[1.9, 4.0], [2.0, 4.0], [2.1, 2.0]]}, side="lay")
    assert answer(fills, side="lay", odds_worst=3.0, backer_minor=1_000) == ("placed", pytest.approx(1.98), 980)


def real(path: Path) -> tuple[ExchangeFills, list[tuple[dict[str, Any], str, int]]]:
    """A recording as the store has it, with one order for the whole best size of every runner and side."""
    parsed = read_file(path, Origin("betfair_history", path.name, "0"))
    runners: dict[Bet, Runner] = {}
    market_id, definition = last_definition(path)
    for key, (selection, at) in (described := describe(definition)).selections.items():
        runners[(parsed.events["event_id"][0], described.market, at, selection)] = Runner(path, market_id, key)
    source = ReplayPrices.from_quotes(parsed.quotes, parsed.events)
    quotes = parsed.quotes.filter(pl.col("bookmaker") == EXCHANGE, pl.col("instant") == "snapshot")
    quotes = quotes.with_columns(ns=pl.col("known_at").cast(pl.Int64)).filter(pl.col("size_minor") >= 100)
    middles = [part.row(part.height // 2, named=True) for part in quotes.partition_by("selection", "side")]
    exact = []
    for row in sorted(middles, key=lambda row: row["ns"]):
        size = row["size_minor"]
        exact.append((row, row["side"], int(size * (row["odds"] - 1.0) if row["side"] == "lay" else size)))
    return ExchangeFills(MODEL, source, runners), exact


def last_definition(path: Path) -> tuple[str, dict[str, Any]]:
    changes = [change for _, text in Lines(path) for change in json.loads(text).get("mc", ())]
    return next((one["id"], one["marketDefinition"]) for one in reversed(changes) if "marketDefinition" in one)


@pytest.mark.parametrize("name", ["1.197931750", "1.205822330.bz2"])
def test_at_the_recorded_best_price_the_book_gives_what_the_backtest_gives(name: str, reference_dir: Path) -> None:
    path = reference_dir / "data" / "betfair" / "stream" / name
    fills, exact = real(path)
    placed = 0
    for number, (row, side, stake) in enumerate(exact, 1):
        wanted = order(
            number, event_id=row["event_id"], market=row["market"], line=row["line"], selection=row["selection"],
            bookmaker=row["bookmaker"], side=side, odds=row["odds"], odds_worst=row["odds"], stake_minor=stake,
            decided_at_ns=row["ns"],
        )  # fmt: skip
        rules = Fills(MODEL, fills.prices).draft(wanted, 10**12, [])
        assert fills.draft(wanted, 10**12, []).receipt == rules.receipt
        placed += rules.receipt.outcome is Outcome.PLACED
        assert fills.draft(replace(wanted, key=f"{number:032x}"), 10**12, []).reason in (UNMATCHED, "size")
    assert placed == len(exact) >= 4
