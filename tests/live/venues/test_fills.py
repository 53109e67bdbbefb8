"""The paper venue's fills against the walk of the backtest, and against the recorded quotes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine import Configuration
from engine.backtesting.run import replay
from engine.live.bets.intent import intent_key
from engine.live.feeds.replay import Replay
from engine.live.venue import Order, Outcome
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import ObservedPrices, ReplayPrices
from engine.tape.build import build_tape
from engine.tape.columns import Tape
from engine.tape.execution import LaterPrices
from tests.engine.tape.test_execution import bets
from tests.property.markets import world

MINUTE_NS = 60 * 10**9
SEED = 11
TERMS = {"ddd": {"ladder": True, "limit_minor": 6_000.0}, "aaa": {"limit_minor": 4_321.0, "stake_min_minor": 5_000.0}}
SERIES = ("event_id", "market", "line", "selection", "bookmaker", "side")
OPEN = {"drawdown_warn_frac": math.inf, "drawdown_stop_frac": math.inf, "streak_stop": math.inf,
        "daily_loss_frac": math.inf}  # fmt: skip


def whole_order(tape: Tape, row: int, key: str, step: float) -> Order:
    """The order of a flat stake: what limits leave of it, in whole steps, before a backer's stake is rounded."""
    label = tape.rows.with_columns(pl.col(pl.Categorical).cast(pl.String)).row(row, named=True)
    at_risk = math.floor(min(10_000.0, float(tape.size_minor[row])) / step) * step
    return Order(
        key=key, opportunity_id=int(tape.id[row]), event_id=label["event_id"], market=label["market"],
        line=label["line"], selection=label["selection"], bookmaker=label["bookmaker"], side=label["side"],
        odds=float(tape.quoted[row]), odds_worst=1e9 if tape.is_lay[row] else 1.0, stake_minor=int(at_risk),
        backer_minor=0, decided_at_ns=int(tape.decided_at[row]), expires_ns=int(tape.decided_at[row]),
    )  # fmt: skip


@pytest.mark.parametrize("delay_ns", [0, 30 * MINUTE_NS])
@pytest.mark.parametrize("step", [1.0, 50.0])
def test_every_order_is_answered_as_in_the_walk(delay_ns: int, step: float) -> None:
    events, quotes = world(5, 12)
    quotes = quotes.unique([*SERIES, "known_at"], keep="first", maintain_order=True)
    configuration = Configuration(
        bankroll_minor=1e12, slippage_frac=0.03, rejection_frac=0.1, price_tolerance_frac=0.05,
        stake_increment_minor=step, stake_min_minor=max(100.0, step), **OPEN,
    )  # fmt: skip
    tape = build_tape(bets(quotes), events, venues=TERMS, later=LaterPrices(quotes, delay_ns))
    path = replay(tape, configuration.params(), SEED)
    placed = {row["row"]: row for row in path.bets.iter_rows(named=True)}
    venue = PaperVenue(
        ":memory:", ReplayPrices.from_quotes(quotes, events),
        FillModel(configuration.params(), SEED, delay_ns, TERMS),
    )  # fmt: skip
    venue.deposit("capital:1", 10**12)
    seen = set()
    for row, reason in enumerate(path.row_reasons):
        (receipt,) = venue.place([whole_order(tape, row, intent_key("", row), step)])
        seen.add((reason, bool(tape.is_lay[row])))
        if reason == "placed":
            want = placed[row]
            found = (receipt.outcome, receipt.matched_minor, receipt.backer_minor or None, receipt.odds)
            assert found == (Outcome.PLACED, want["stake_minor"], want["backer_stake_minor"], want["odds_placed"])
        else:
            assert (receipt.outcome, receipt.odds) == (Outcome.REJECTED, 0.0)
            assert receipt.reason == reason or (reason, receipt.reason) == ("size", "stake_minimum")
    wanted = {"placed", "rejected"} | ({"price_moved"} if delay_ns else set())
    assert {(reason, lay) for reason in wanted for lay in (False, True)} <= seen
    assert any(reason == "size" for reason, _ in seen)


@pytest.mark.parametrize("seed", range(4))
def test_no_fill_that_the_recorded_quotes_could_not_give(seed: int) -> None:
    """Random orders, most of them impossible: each fill has a recorded price at its instant that is no worse."""
    rng = np.random.default_rng(seed)
    events, quotes = world(seed, 6)
    delay_ns = int(rng.choice([0, 20 * MINUTE_NS]))
    sizes = pl.Series(rng.choice([500.0, 2_000.0, math.nan], len(quotes))).fill_nan(None)
    quotes = quotes.with_columns(size_minor=sizes)
    venue = PaperVenue(
        ":memory:", ReplayPrices.from_quotes(quotes, events),
        FillModel(Configuration(price_tolerance_frac=0.02).params(), seed, delay_ns, size_on_arrival=True),
    )  # fmt: skip
    venue.deposit("capital:1", 50_000)
    starts = dict(events.select("event_id", "starts_at").iter_rows())
    filled = 0
    for number in range(300):
        quote = quotes.row(int(rng.integers(len(quotes))), named=True)
        at_ns = int(quote["known_at"].timestamp()) * 10**9 + int(rng.integers(-40, 40)) * MINUTE_NS
        odds = float(quote["odds"]) * float(rng.choice([1.0, 1.0, 0.97, 1.04]))
        back = quote["side"] == "back"
        order = Order(
            intent_key("", number), number, quote["event_id"], quote["market"], quote["line"], quote["selection"],
            quote["bookmaker"], quote["side"], odds, 1.0 if back else 1e9, int(rng.integers(1, 4_000)), 0, at_ns, at_ns,
        )  # fmt: skip
        before = venue.balance_minor()
        (receipt,) = venue.place([order])
        assert venue.balance_minor() == before - receipt.matched_minor >= 0
        if receipt.outcome is not Outcome.PLACED:
            continue
        filled += 1
        line = pl.col("line").is_null() if quote["line"] is None else pl.col("line") == quote["line"]
        series = quotes.filter(
            line, pl.col("instant") != "in_play", pl.col("known_at") <= starts[quote["event_id"]],
            *(pl.col(name) == quote[name] for name in ("event_id", "market", "selection", "bookmaker", "side")),
        ).with_columns(ns=pl.col("known_at").cast(pl.Int64)).sort("ns")  # fmt: skip
        moment = series.filter(pl.col("ns") >= at_ns + delay_ns if delay_ns else pl.col("ns") <= at_ns)
        moment = moment.filter(pl.col("ns") == (pl.col("ns").min() if delay_ns else pl.col("ns").max()))
        least, most = moment["odds"].min(), moment["odds"].max()
        assert receipt.odds <= most if back else receipt.odds >= least
        size = moment["size_minor"].max() if moment["size_minor"].null_count() == 0 else math.inf
        assert (receipt.matched_minor if back else receipt.backer_minor) <= size
    assert 5 < filled < 200


@pytest.mark.parametrize("delay_ns", [0, 30 * MINUTE_NS])
def test_what_a_live_feed_filled_its_replay_fills_alike(delay_ns: int) -> None:
    """The same orders, once while the messages come in one by one, once on the recording of them."""
    events, quotes = world(9, 8)
    quotes = quotes.unique([*SERIES, "known_at"], keep="first", maintain_order=True)
    model = FillModel(Configuration(price_tolerance_frac=0.05, rejection_frac=0.1).params(), SEED, delay_ns)
    watched = ObservedPrices()
    live = PaperVenue(":memory:", watched, model)
    recording = PaperVenue(":memory:", ReplayPrices.from_quotes(quotes, events), model)
    for venue in (live, recording):
        venue.deposit("capital:1", 10**12)
    tape = build_tape(bets(quotes), events)
    orders = [replace(whole_order(tape, row, intent_key("", row), 1.0), stake_minor=1_000) for row in range(len(tape))]
    feed, waiting, pending = Replay(events, quotes), iter(orders), 0
    following = next(waiting)
    while (messages := feed.poll(0)) is not None:
        for message in messages:
            watched.see(message)
        while following is not None and following.decided_at_ns <= messages[-1].known_at_ns:
            (receipt,) = live.place([following])
            pending += receipt.outcome is Outcome.PENDING
            following = next(waiting, None)
    assert following is None and (pending > 100) == bool(delay_ns)
    placed = {order.key: recording.place([order])[0] for order in orders}
    shown = {receipt.key: receipt for receipt in live.look_up([order.key for order in orders]).receipts}
    differing = [
        key for key, receipt in placed.items()
        if (shown[key].outcome, shown[key].odds, shown[key].reason) != (receipt.outcome, receipt.odds, receipt.reason)
    ]  # fmt: skip
    assert differing == [] and {receipt.outcome for receipt in placed.values()} == {Outcome.PLACED, Outcome.REJECTED}
