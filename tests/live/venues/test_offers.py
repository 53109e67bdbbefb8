"""Recorded books fill the orders of a backtest and of the paper venue in the same way, to the cent."""

from __future__ import annotations

import json
import math
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pytest

from engine import Configuration
from engine.backtesting.plan import fits
from engine.backtesting.run import replay
from engine.clock import SECOND_NS
from engine.exchange.recorded import Recordings, Runner
from engine.kernel.answer import worst_odds
from engine.kernel.whole import whole_steps
from engine.live.venue import Order, Receipt
from engine.live.venues.exchange import ExchangeFills
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.schema import OPPORTUNITIES, QUOTES
from engine.tape import Tape
from engine.tape.build import build_tape
from engine.tape.execution import LaterPrices
from tests.live.venues.books import MARKET
from tests.live.venues.orders import T0, T0_NS, intent_key, prices, quote
from tests.property.markets import _event, frames

OFF: Final = Configuration(
    amount_minor=1_500, bankroll_minor=10_000_000, drawdown_warn_frac=math.inf, drawdown_stop_frac=math.inf,
    streak_stop=math.inf, daily_loss_frac=math.inf, bet_cap_frac=1.0, event_cap_frac=1.0, competition_cap_frac=1.0,
    day_cap_frac=1.0, open_cap_frac=1.0, edge_min=-1.0, edge_max=math.inf,
)  # fmt: skip
DELAY_NS: Final = 5 * SECOND_NS
RUNNERS: Final = {"home": 7, "away": 8}


def books(rng: np.random.Generator, path: Path, n: int) -> Recordings:
    """A market of two runners whose best prices come, shrink, grow and go."""
    lines, first = [], T0_NS // 10**6
    for step in range(n):
        change: dict[str, Any] = {"id": MARKET}
        if step == 0:
            change["marketDefinition"] = {"status": "OPEN", "betDelay": 0, "inPlay": False}
        change["rc"] = [
            {
                "id": runner,
                "atb": [
                    [odds, round(float(rng.choice([0.0, 0.005, 4.0, 9.333, 22.0, 40.0])), 3)] for odds in (2.0, 2.02)
                ],
                "atl": [[odds, round(float(rng.choice([0.0, 4.0, 9.0, 22.0, 40.0])), 2)] for odds in (2.04, 2.06)],
            }
            for runner in RUNNERS.values()
            if step == 0 or rng.random() < 0.15
        ]
        lines.append(json.dumps({"op": "mcm", "pt": first + 1_000 * step, "mc": [change]}))
    path.write_text("\n".join(lines) + "\n")
    return books_of(path)


def started(path: Path) -> Recordings:
    """The same two runners until the start: the away side has left, and orders came before, at and after the start."""
    offered = [{"id": number, "atb": [[2.02, 9.0]], "atl": [[2.04, 9.0]]} for number in RUNNERS.values()]
    ends = [{"id": 7, "bsp": 2.0153}, {"id": 8, "bsp": "NaN"}]
    definitions: dict[int, dict[str, Any]] = {
        0: {"status": "OPEN", "inPlay": False},
        30: {"status": "SUSPENDED", "inPlay": False},
        40: {"status": "OPEN", "inPlay": False},
        60: {"status": "OPEN", "inPlay": True, "bspReconciled": True, "runners": ends},
        90: {"status": "CLOSED", "inPlay": True, "bspReconciled": True, "runners": ends},
    }
    changes = [{"id": MARKET, "marketDefinition": definitions[step]} for step in definitions]
    changes[0]["rc"] = offered
    messages = [
        {"op": "mcm", "pt": T0_NS // 10**6 + 1_000 * step, "mc": [change]}
        for step, change in zip(definitions, changes, strict=True)
    ]
    path.write_text("\n".join(map(json.dumps, messages)) + "\n")
    return replace(books_of(path), at_start=True)


def books_of(path: Path) -> Recordings:
    runners = {(1, "1x2", None, name): Runner((path,), MARKET, (number, 0.0)) for name, number in RUNNERS.items()}
    return Recordings("aaa", runners)


def decisions(rng: np.random.Generator, n: int, grouped: bool) -> pl.DataFrame:
    """A bet every two seconds, some of them of two legs, at prices and sizes that were seen."""
    rows: list[dict[str, Any]] = []
    for step in range(n):
        is_group = grouped and rng.random() < 0.4
        for name in RUNNERS if is_group else [str(rng.choice(list(RUNNERS)))]:
            side = str(rng.choice(["back", "lay"]))
            rows.append(
                {
                    "event_id": 1, "market": "1x2", "line": None, "selection": name, "bookmaker": "aaa", "side": side,
                    "decided_at": T0 + timedelta(seconds=2 * step + 1), "odds": 2.02 if side == "back" else 2.04,
                    "prob": 0.5, "size_minor": float(rng.choice([900.0, 1_400.0, 5_000.0])),
                    "group": step if is_group else None,
                }
            )  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={**OPPORTUNITIES, "group": pl.Int64}, infer_schema_length=None)


def tape_of(bets: pl.DataFrame, recordings: Recordings) -> Tape:
    events, _ = frames([_event(1, T0 + timedelta(hours=1), "L", "played", (1, 0))], [])
    return build_tape(bets, events, later=LaterPrices(pl.DataFrame(schema=QUOTES), DELAY_NS, recordings=recordings))


def paper(folder: Path, recordings: Recordings, config: Configuration, tape: Tape) -> dict[int, Receipt]:
    """The receipts by row of the tape. The venue is closed and opened halfway."""
    source = prices(
        *(
            quote(0, odds, side=side, selection=name)
            for name in RUNNERS
            for side, odds in (("back", 2.02), ("lay", 2.04))
        )
    )
    receipts, orders = dict[int, Receipt](), orders_of(tape, config)
    for half in (orders[: len(orders) // 2], orders[len(orders) // 2 :]):
        model = FillModel(config.params(), 0, DELAY_NS)
        with closing(PaperVenue(folder / "paper.db", source, model)) as venue:
            venue.deposit("capital:1", 10_000_000)
            venue.fills = ExchangeFills(model, source, recordings, list(venue.account.bets.values()))
            for legs in half:
                answers = venue.place([order for _, order in legs])
                receipts |= {row: one for (row, _), one in zip(legs, answers, strict=True) if isinstance(one, Receipt)}
    return receipts


def orders_of(tape: Tape, config: Configuration) -> list[list[tuple[int, Order]]]:
    """What a runner with level stakes sends: at most what was seen, and legs of a group that are scaled together."""
    params, found, groups = config.params(), list[list[tuple[int, Order]]](), dict[int, list[int]]()
    for row in range(len(tape)):
        groups.setdefault(int(tape.group[row]) if tape.group[row] >= 0 else -2 - row, []).append(row)
    for rows in groups.values():
        scale = min(1.0, *(float(tape.size_minor[row]) / 1_500 for row in rows))
        if len(rows) > 1 or scale >= config.fill_min_frac:
            found.append([(row, order_of(tape, row, params, 1_500 * scale, len(rows) > 1)) for row in rows])
    return found


def order_of(tape: Tape, row: int, params: Any, stake: float, grouped: bool) -> Order:
    labels, lay = tape.rows.row(row, named=True), int(tape.is_lay[row])
    odds = float(tape.quoted[row])
    return Order(
        key=intent_key("0" * 32, row), opportunity_id=int(tape.id[row]), event_id=1, market="1x2", line=None,
        selection=labels["selection"], bookmaker="aaa", side="lay" if lay else "back", odds=odds,
        odds_worst=worst_odds(odds, lay, 0, params), stake_minor=int(whole_steps(stake, 1.0)),
        backer_minor=0, decided_at_ns=int(tape.decided_at[row]), expires_ns=int(tape.decided_at[row]) + 60 * SECOND_NS,
        group=str(tape.group[row]) if grouped else "",
    )  # fmt: skip


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("fill_min_frac", [0.0, 0.7])
def test_backtest_and_paper_use_up_the_same_offers(tmp_path: Path, grouped: bool, fill_min_frac: float) -> None:
    reasons = Counter[str]()
    for seed in range(2):
        tolerance = 0.02 if seed % 2 else 0.005
        config = replace(OFF, fill_min_frac=fill_min_frac, price_tolerance_frac=tolerance)
        rng, folder = np.random.default_rng((seed, grouped)), tmp_path / str(seed)
        folder.mkdir()
        recordings = books(rng, folder / "books", 250)
        bets = decisions(rng, 110, grouped)
        tape = tape_of(bets, recordings)
        path = replay(tape, config.params())
        placed = {row["id"]: row for row in path.bets.to_dicts()}
        for row, receipt in paper(folder, recordings, config, tape).items():
            bet = placed.pop(int(tape.id[row]), None)
            mine = (bet["stake_minor"], bet["odds_placed"]) if bet else (0, 0.0)
            assert mine == (receipt.matched_minor, receipt.odds), (seed, row, receipt.reason)
            reasons[receipt.reason or "placed"] += 1
        assert not placed
    wanted = ("placed", "size", "price_moved", *(["group"] if grouped else []))
    assert all(reasons[word] for word in wanted), reasons
    assert not fits(tape)  # the walk of many at once knows no offers


@pytest.mark.parametrize("tolerance", [0.0, 0.005, 0.02])
def test_backtest_and_paper_wait_for_the_same_starting_price(tmp_path: Path, tolerance: float) -> None:
    """A back at 2.02 and a lay at 2.04 meet 2.0153: the lay always takes it, the back from a tolerance of 0.24 % on."""
    recordings, config = started(tmp_path / "books"), replace(OFF, price_tolerance_frac=tolerance)
    tape = tape_of(decisions(np.random.default_rng(5), 60, False), recordings)
    bets = {row["id"]: row for row in replay(tape, config.params()).bets.to_dicts()}
    reasons, sides = Counter[str](), Counter[int]()
    for row, receipt in paper(tmp_path, recordings, config, tape).items():
        bet = bets.pop(int(tape.id[row]), None)
        at_s = (int(tape.decided_at[row]) + DELAY_NS - T0_NS) // SECOND_NS
        is_home = tape.rows["selection"][row] == "home"
        taken = at_s < 30 or 40 <= at_s < 60
        assert (bet is not None) == (taken and is_home and (bool(tape.is_lay[row]) or tolerance > 0.0)), at_s
        assert ((bet["stake_minor"], bet["odds_placed"]) if bet else (0, 0.0)) == (receipt.matched_minor, receipt.odds)
        assert bet is None or bet["odds_placed"] == 2.0153
        reasons[receipt.reason or "placed"] += 1
        sides[int(tape.is_lay[row])] += bet is not None
    assert not bets and set(reasons) - {"price_moved"} == {"placed", "suspended", "unmatched"}
    assert sides[1] > 0 and (sides[0] > 0) == (tolerance > 0.0) == (not reasons["price_moved"])
    assert not (tape.offer >= 0).any()
