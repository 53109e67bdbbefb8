from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine import Configuration
from engine.clock import SECOND_NS
from engine.errors import DataError
from engine.exchange.files import Lines
from engine.exchange.recorded import CLOSED, UNKNOWN, RecordedMarket, Recordings, arrivals
from engine.live.venue import Order, Outcome, Receipt
from engine.live.venues import exchange
from engine.live.venues.account import Bet
from engine.live.venues.exchange import NOT_OFFERED, UNMATCHED, ExchangeFills
from engine.live.venues.fills import FillModel, Fills, rejected
from engine.live.venues.prices import ReplayPrices
from engine.source.betfair.history import EXCHANGE, read_file
from engine.source.betfair.recordings import recordings_of
from engine.source.quarantine import Origin
from tests.live.venues.books import MARKET, line, recorded, recording
from tests.live.venues.orders import BANKROLL, T0_NS, order, prices, quote

MODEL = FillModel(Configuration(price_tolerance_frac=0.1).params())


def made(path: Path, ladders: dict[str, Any], *lines: str, bets: tuple[Bet, ...] = (), **values: Any) -> ExchangeFills:
    fills = Fills(MODEL, prices(quote(0, 2.0, **values)))
    return recorded(fills, path / "recording", ladders, *lines, bets=bets)


def answer(fills: Fills, number: int = 1, **values: Any) -> tuple[str, float, int]:
    draft = fills.draft(order(number, **values), BANKROLL, [])
    fills.keep([draft])
    receipt = draft.receipt
    return receipt.reason or str(receipt.outcome), receipt.odds, receipt.matched_minor


def later(seconds: float, number: int = 2, **values: Any) -> dict[str, Any]:
    return {"number": number, "decided_at_ns": T0_NS + round(seconds * SECOND_NS), **values}


def test_an_order_takes_the_best_price_on_arrival_up_to_its_size(tmp_path: Path) -> None:
    ladders = {"atb": [[2.1, 6.0], [1.9, 40.0]]}
    assert answer(made(tmp_path, ladders)) == ("placed", 2.1, 600)
    fallen = line(9, {"atb": [[2.1, 0]]})
    assert answer(made(tmp_path, ladders, fallen)) == ("placed", 1.9, 1_000)
    assert answer(made(tmp_path, ladders, fallen), odds_worst=1.95)[0] == "price_moved"
    assert answer(made(tmp_path, {"atb": [[1.7, 40.0]]}))[0] == "price_moved"
    assert answer(made(tmp_path, ladders, size_minor=400.0))[2] == 400  # never more than the decision saw


def test_what_an_earlier_order_took_is_not_there_again_and_the_same_order_takes_it_once(tmp_path: Path) -> None:
    fills = made(tmp_path, {"atb": [[2.0, 15.0]]}, line(30, {"atb": [[2.0, 0]]}), line(31, {"atb": [[2.0, 15.0]]}))
    assert [answer(fills) for _ in range(2)] == [("placed", 2.0, 1_000)] * 2
    assert answer(fills, 2) == ("placed", 2.0, 500)
    assert answer(fills, 3)[0] == "size"
    assert answer(fills, **later(40, 4))[0] == "placed"


def test_what_was_taken_is_gone_until_the_price_has_left_the_book_and_deeper_prices_are_left_alone(
    tmp_path: Path,
) -> None:
    moves = [
        line(20, {"atb": [[2.0, 3.0]]}), line(40, {"atb": [[2.0, 25.0]]}), line(60, {"atb": [[2.1, 1.0]]}),
        line(80, {"atb": [[2.1, 0]]}), line(100, {"atb": [[2.0, 0.009]]}), line(101, {"atb": [[2.0, 15.0]]}),
    ]  # fmt: skip
    fills = made(tmp_path, {"atb": [[2.0, 12.0], [1.9, 40.0]]}, *moves)
    got = [answer(fills, **later(seconds, number)) for number, seconds in enumerate((0, 10, 30, 50, 70, 90, 110), 1)]
    size, placed = "size", "placed"
    assert [one[0] for one in got] == [placed, placed, size, placed, placed, placed, placed]
    assert [(odds, minor) for word, odds, minor in got if word == placed] == [
        (2.0, 1_000), (2.0, 200), (2.0, 1_000), (2.1, 100), (2.0, 300), (2.0, 1_000),
    ]  # fmt: skip


def test_a_draft_that_does_not_become_an_answer_takes_nothing(tmp_path: Path) -> None:
    fills = made(tmp_path, {"atb": [[2.0, 15.0]]})
    for number in (1, 2):
        assert fills.draft(order(number), BANKROLL, []).receipt.matched_minor == 1_000
    fills.keep([rejected(order(2), "group", T0_NS)])
    assert answer(fills, 3) == ("placed", 2.0, 1_000)


@pytest.mark.parametrize(("back_s", "left"), [(None, 500), (20, 1_000)])
def test_what_was_taken_before_a_restart_is_not_there_again(tmp_path: Path, back_s: int | None, left: int) -> None:
    """Unless the money was gone in between, and came back."""
    moves = [] if back_s is None else [line(back_s, {"atb": [[2.0, 0]]}), line(back_s + 1, {"atb": [[2.0, 15.0]]})]
    first = order(1)
    held = Bet(1, first, Receipt(first.key, "1", Outcome.SETTLED, 2.0, 1_000), first.decided_at_ns, {})
    refused = replace(held, number=2, receipt=Receipt(first.key, "2", Outcome.REJECTED, reason="size"))
    fills = made(tmp_path, {"atb": [[2.0, 15.0]]}, *moves, bets=(held, refused))
    assert answer(fills, **later(30))[2] == left


def test_a_suspended_or_unknown_market_refuses(tmp_path: Path) -> None:
    ladders = {"atb": [[2.0, 15.0]]}
    assert answer(made(tmp_path, ladders, line(5, status="SUSPENDED")))[0] == CLOSED
    fills = made(tmp_path, ladders)
    assert answer(ExchangeFills(MODEL, fills.prices, Recordings("aaa", {})))[0] == UNKNOWN
    assert answer(made(tmp_path, {}))[0] == UNKNOWN
    assert answer(made(tmp_path, {"atl": [[2.0, 15.0]]}))[0] == UNMATCHED


def test_the_delay_of_the_market_comes_on_top(tmp_path: Path) -> None:
    goal = line(13, {"atb": [[2.0, 0]]})
    assert answer(made(tmp_path, {"atb": [[2.0, 15.0]]}, goal))[0] == "placed"
    delayed = line(5, status="OPEN", betDelay=5, inPlay=True)
    fills = made(tmp_path, {"atb": [[2.0, 15.0]]}, delayed, goal)
    assert answer(fills)[0] == UNMATCHED
    assert fills.draft(order(3), BANKROLL, []).arrives_ns == T0_NS + 15 * SECOND_NS


def test_a_suspension_that_begins_and_ends_within_the_delay_refuses(tmp_path: Path) -> None:
    lines = [
        line(5, status="OPEN", betDelay=5, inPlay=True),
        line(12, status="SUSPENDED", betDelay=5, inPlay=True),
        line(13, status="OPEN", betDelay=5, inPlay=True),
    ]
    fills = made(tmp_path, {"atb": [[2.0, 15.0]]}, *lines)
    assert answer(fills)[0] == CLOSED
    assert answer(fills, **later(12.5))[0] == CLOSED
    assert answer(fills, **later(13, 3))[0] == "placed"


def test_orders_that_nobody_takes_are_refused_by_name_and_other_bookmakers_keep_their_prices(tmp_path: Path) -> None:
    fills = made(tmp_path, {"atb": [[2.0, 15.0]]})
    assert answer(fills, bookmaker="aaa_sp")[0] == NOT_OFFERED
    other = recorded(Fills(MODEL, prices(quote(0, 2.0, bookmaker="b"))), tmp_path / "other", {})
    assert answer(other, bookmaker="b") == ("placed", 2.0, 1_000)


def test_a_lay_takes_the_size_of_the_price_on_arrival(tmp_path: Path) -> None:
    fills = made(tmp_path, {"atl": [[1.9, 6.0], [2.0, 4.0]]}, side="lay")
    assert answer(fills, side="lay", odds_worst=3.0, stake_minor=360) == ("placed", 1.9, 360)
    assert answer(fills, 2, side="lay", odds_worst=3.0, backer_minor=1_000) == ("placed", 1.9, 240)


def test_lines_that_cannot_be_read_are_counted_by_file_and_a_lost_market_refuses(tmp_path: Path) -> None:
    half = line(3, {"atb": [[2.0, 1.0]]})[:-9]
    wrong = line(7, {"atb": "all"})
    fills = made(tmp_path, {"atb": [[2.0, 15.0]]}, half, '{"op": "mcm", "pt": "now", "mc": [{"id": "1.1"}]}', "", wrong)
    assert answer(fills)[0] == UNKNOWN
    assert fills.unreadable == {str(tmp_path / "recording"): 3}
    image = line(20, {"atb": [[2.0, 15.0]]}, image=True)
    again = made(tmp_path, {"atb": [[2.0, 15.0]]}, wrong, image)
    assert answer(again, **later(30)) == ("placed", 2.0, 1_000)  # with the definition that was known before


def test_a_market_goes_on_in_the_next_file_and_an_image_of_the_stream_without_it_ends_it(tmp_path: Path) -> None:
    first = recording(tmp_path / "1", {"atb": [[2.0, 15.0]]}).runners[(1, "1x2", None, "home")]
    again = json.dumps({"op": "mcm", "ct": "SUB_IMAGE", "pt": T0_NS // 10**6 + 8_000, "mc": [{"id": "1.2"}]})
    old = line(-5, {"atb": [[2.0, 99.0]]})
    (tmp_path / "2").write_text("\n".join([old, again, line(20, {"atb": [[2.2, 3.0]]}, status="OPEN")]))
    recordings = Recordings("aaa", {(1, "1x2", None, "home"): first._replace(paths=(tmp_path / "1", tmp_path / "2"))})
    bet = (1, "1x2", None, "home")
    asked = [(bet, "back", T0_NS + seconds * SECOND_NS) for seconds in (25, 7, 10)]
    found = arrivals(recordings, asked)
    assert [one[2:] for one in found[:2]] == [(2.2, 300.0, 1), (2.0, 1_500.0, 0)] and found[2].offer == -1


def test_few_files_are_open_at_once_and_a_market_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_OPEN_MOST", 2)
    runners = {}
    for number in range(1, 6):
        moved = [line(20 + step, {"atb": [[2.0, 15.0 + step]]}) for step in range(5)]
        one = recording(tmp_path / f"{number}", {"atb": [[2.0, 15.0]]}, "half a line", *moved)
        runners[(number, "1x2", None, "home")] = one.runners[(1, "1x2", None, "home")]
    source = prices(*(quote(0, 2.0, event_id=number) for number in range(1, 6)), n_events=5)
    fills, before = ExchangeFills(MODEL, source, Recordings("aaa", runners)), n_open()
    for round_ in range(2):
        for number in range(1, 6):
            wanted = later(10 + 13 * round_, 10 * round_ + number, event_id=number, stake_minor=9_999)
            assert answer(fills, **wanted) == ("placed", 2.0, 1_500 + 300 * round_ - 1_500 * round_)
        assert n_open() <= before + 2
    assert set(fills.unreadable.values()) == {1}  # no line is read twice


def n_open() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def real(path: Path) -> tuple[ExchangeFills, list[tuple[dict[str, Any], str, int]]]:
    """A recording as the store has it, with one order for the whole best size of every runner and side."""
    parsed = read_file(path, Origin("betfair_history", path.name, "0"))
    source = ReplayPrices.from_quotes(parsed.quotes, parsed.events)
    quotes = parsed.quotes.filter(pl.col("bookmaker") == EXCHANGE, pl.col("instant") == "snapshot")
    start = parsed.events["starts_at"].max()
    quotes = quotes.with_columns(ns=pl.col("known_at").cast(pl.Int64))
    quotes = quotes.filter(pl.col("size_minor") >= 100, pl.col("known_at") <= start)
    middles = [part.row(part.height // 2, named=True) for part in quotes.partition_by("selection", "side")]
    exact = []
    for row in sorted(middles, key=lambda row: row["ns"]):
        size = row["size_minor"]
        exact.append((row, row["side"], int(size * (row["odds"] - 1.0) if row["side"] == "lay" else size)))
    return ExchangeFills(MODEL, source, recordings_of([path])), exact


@pytest.mark.parametrize("name", ["1.197931750", "1.205822330.bz2"])
def test_at_the_recorded_best_price_the_book_gives_what_the_backtest_gives(name: str, reference_dir: Path) -> None:
    path = reference_dir / "data" / "betfair" / "stream" / name
    fills, exact = real(path)
    placed = 0
    for number, (row, side, stake) in enumerate(exact, 1):
        wanted = wanted_at(number, row, side, stake)
        rules = Fills(MODEL, fills.prices).draft(wanted, 10**12, [])
        draft = fills.draft(wanted, 10**12, [])
        fills.keep([draft])
        assert draft.receipt == rules.receipt
        placed += rules.receipt.outcome is Outcome.PLACED
        again = fills.draft(replace(wanted, key=f"{number:032x}"), 10**12, []).receipt
        assert again.reason == "size" or again.backer_minor in (1, 2)
    assert placed == len(exact) >= 4


def test_the_starting_price_is_the_one_that_the_import_finds(reference_dir: Path) -> None:
    path = reference_dir / "data" / "betfair" / "stream" / "1.197931750"
    quotes = read_file(path, Origin("betfair_history", path.name, "0")).quotes
    made = quotes.filter(pl.col("bookmaker") == "betfair_sp", pl.col("side") == "back")
    known = {row["selection"]: (row["odds"], row["known_at"]) for row in made.iter_rows(named=True)}
    recordings = replace(recordings_of([path]), at_start=True)
    before_ns = int(quotes.filter(pl.col("bookmaker") == EXCHANGE)["known_at"].cast(pl.Int64).median() or 0)
    found = arrivals(recordings, ((bet, "back", before_ns) for bet in recordings.runners))
    assert len(known) == len(found) > 4
    for bet, one in zip(recordings.runners, found, strict=True):
        odds, at = known[bet[3]]
        assert (one.reason, one.odds, one.at_ns, one.offer) == ("", odds, round(at.timestamp() * 1000) * 10**6, -1)


def wanted_at(number: int, row: dict[str, Any], side: str, stake: int) -> Order:
    return order(
        number, event_id=row["event_id"], market=row["market"], line=row["line"], selection=row["selection"],
        bookmaker=row["bookmaker"], side=side, odds=row["odds"], odds_worst=row["odds"], stake_minor=stake,
        decided_at_ns=row["ns"],
    )  # fmt: skip


def test_every_line_of_the_recordings_is_read(reference_dir: Path) -> None:
    folder = reference_dir / "data" / "betfair" / "stream"
    recordings = recordings_of([folder])
    assert recordings.notes == () and len({runner.market_id for runner in recordings.runners.values()}) == 6
    for runner in {runner.paths[0]: runner for runner in recordings.runners.values()}.values():
        lines, market = Lines(runner.paths[0]), RecordedMarket(runner.paths, runner.market_id)
        market.arrive(runner.key, "back", 2**62)
        assert not market.unreadable and sum(1 for _ in lines) > 0


def test_recordings_that_cannot_be_used_are_refused_or_named(tmp_path: Path, reference_dir: Path) -> None:
    with pytest.raises(DataError, match="no such recording"):
        recordings_of([tmp_path / "none"])
    (tmp_path / "text").write_text('{"op": "mcm", "pt": 1, "mc": [{"id": "1.1", "marketDefinition": 3}]}\n')
    with pytest.raises(DataError, match=r"no market in the recordings.*a definition that cannot be read"):
        recordings_of([tmp_path / "text"])
    path = reference_dir / "data" / "betfair" / "stream" / "1.197931750"
    found = recordings_of([path, tmp_path])
    assert found.notes == ("recordings: a definition that cannot be read (1)",)
    (tmp_path / "text").write_bytes(path.read_bytes().replace(b"1.197931750", b"1.1"))
    with pytest.raises(DataError, match=r"two recorded markets are one market of the store.*1.1"):
        recordings_of([path, tmp_path])
    assert MARKET == "1.1"
