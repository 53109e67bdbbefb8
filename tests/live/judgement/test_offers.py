"""The few rows of an instant have the facts, the order and the identities that the whole tape gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.configuration import Configuration
from engine.errors import TapeError
from engine.identity import opportunity_ids
from engine.kernel.record import Columns
from engine.live.judgement.offers import identities, offers_of
from engine.live.judgement.positions import Positions
from engine.live.judgement.rules import Rules
from engine.schema import INSTANT_DTYPE
from engine.tape.build import build_tape, merged_terms

AT = 1_700_000_000_000_000_000
SELECTIONS = {"1x2": ("home", "draw", "away"), "totals": ("over", "under"), "double_chance": ("1x", "12", "x2")}
VENUES: dict[str, dict[str, Any]] = {
    "a": {"limit_minor": 4_000.0, "stake_min_minor": 200.0, "commission_rate": 0.02},
    "b": {"tax_stake_frac": 0.05, "markets": {"1x2": {"tax_winnings_frac": 0.1, "ladder": True}}},
    "c": {"tax_winnings_frac": 0.02, "commission_rate": 0.03},
}
#: columns that a result or a later price brings, and ids that count from the first row of a history
FROM_HISTORY = (
    "settled_at", "filled", "state", "dead_heat_share", "place_share", "reduction_frac", "reduction_rule",
    "each_way_frac", "exit_odds", "close_prob", "settle_order", "midnights", "offer", "offer_minor",
)  # fmt: skip
IDS = ("event", "competition", "question", "market", "bookmaker", "group")


def opportunities(rng: np.random.Generator, n: int) -> pl.DataFrame:
    market = rng.choice(list(SELECTIONS), n).tolist()
    odds = np.round(rng.uniform(1.02, 8.0, n), 2)
    rare = rng.random((5, n))
    prob = np.clip(rng.uniform(0.8, 1.3, n) / odds, 0.0, 0.9)
    frame = pl.DataFrame(
        {
            "event_id": rng.integers(0, 5, n),
            "market": market,
            "line": [2.25 if name == "totals" else None for name in market],
            "selection": [str(rng.choice(SELECTIONS[name])) for name in market],
            "bookmaker": rng.choice(["a", "b", "c"], n).tolist(),
            "side": rng.choice(["back", "back", "lay"], n).tolist(),
            "decided_at": pl.Series([AT] * n).cast(INSTANT_DTYPE),
            "odds": pl.Series(np.where(rare[0] < 0.05, np.nan, odds)).fill_nan(None),
            "prob": np.where(rare[1] < 0.05, np.nan, prob),
            "prob_half_win": np.where(rare[2] < 0.2, 0.03, 0.0),
            "prob_half_lose": np.where(rare[3] < 0.2, 0.02, 0.0),
            "prob_sd": np.where(rare[4] < 0.1, np.nan, 0.04),
            "kelly_frac": rng.uniform(-0.1, 0.4, n),
            "size_minor": pl.Series(
                [None if x < 0.3 else float(int(x * 9_000)) for x in rng.random(n)], dtype=pl.Float64
            ),
            "priority": pl.Series([None if x < 0.6 else round(x, 1) for x in rng.random(n)], dtype=pl.Float64),
            "group": pl.Series([int(x * 4) if x < 0.4 else None for x in rng.random(n)], dtype=pl.Int64),
            "stake_weight": rng.uniform(0.1, 2.0, n),
        }
    )
    key = ["event_id", "market", "line", "selection", "bookmaker", "side"]
    return frame.unique(key, keep="first", maintain_order=True)


def events() -> pl.DataFrame:
    n = 5
    start = pl.Series([AT + 3_600_000_000_000] * n).cast(INSTANT_DTYPE)
    return pl.DataFrame(
        {
            "event_id": list(range(n)), "sport": ["football"] * n, "competition": ["E0", "E1"] * 2 + ["E0"],
            "season": ["2023"] * n, "date": pl.Series([None] * n, dtype=pl.Date), "home": ["h"] * n, "away": ["a"] * n,
            "starts_at": start, "settled_at": pl.Series([None] * n, dtype=INSTANT_DTYPE), "status": ["scheduled"] * n,
            "home_score": pl.Series([None] * n, dtype=pl.Int32), "away_score": pl.Series([None] * n, dtype=pl.Int32),
            "winner": pl.Series([None] * n, dtype=pl.String),
        }
    )  # fmt: skip


def event_of(event_id: int) -> tuple[str, str, bool]:
    return "football", ("E0", "E1")[event_id % 2], False


@pytest.mark.parametrize("kelly", ["none", "shrunk", "states", "market"])
def test_the_facts_are_those_of_the_tape_to_the_bit(kelly: str) -> None:
    rules = Rules("00" * 16, Configuration(), merged_terms(None, VENUES), kelly)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        frame = opportunities(rng, int(rng.integers(1, 25)))
        used = {name: terms for name, terms in VENUES.items() if name in set(frame["bookmaker"])}
        tape = build_tape(frame, events(), kelly=kelly, venues=used)
        live = offers_of(frame, AT, rules, Positions(), event_of).tape
        for name in Columns._fields:
            if name in FROM_HISTORY:
                continue
            ours, theirs = getattr(live, name), np.asarray(getattr(tape, name))
            if name in IDS:  # the same partition of the rows
                assert np.array_equal(ours[:, None] == ours, theirs[:, None] == theirs), name
                assert np.array_equal(ours < 0, theirs < 0)
            else:
                assert ours.astype(theirs.dtype).tobytes() == theirs.tobytes(), (seed, name)


def test_identities_are_those_of_the_project() -> None:
    frame = opportunities(np.random.default_rng(1), 40)
    columns = {name: frame[name].to_list() for name in ("event_id", "market", "line", "selection", "bookmaker", "side")}
    assert identities(AT, columns).tolist() == opportunity_ids(frame).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"odds": 0.9}, "column odds has wrong values"),
        ({"prob": 1.5}, "column prob has wrong values"),
        ({"side": "both"}, "column side has wrong values"),
        ({"stake_weight": -1.0}, "column stake_weight has wrong values"),
        ({"size_minor": -1.0}, "column size_minor has wrong values"),
        ({"prob_sd": -1.0}, "column prob_sd has wrong values"),
        ({"decided_at": AT + 1}, "opportunities of another instant"),
    ],
)
def test_a_strategy_that_breaks_its_contract_is_refused(change: dict[str, Any], message: str) -> None:
    frame = opportunities(np.random.default_rng(2), 6)
    name, value = next(iter(change.items()))
    wrong = pl.Series(name, [value] * frame.height).cast(frame.schema[name])
    with pytest.raises(TapeError, match=message):
        offers_of(frame.with_columns(wrong), AT, Rules("00" * 16), Positions(), event_of)


def test_a_bet_offered_twice_is_refused() -> None:
    frame = opportunities(np.random.default_rng(3), 4)
    with pytest.raises(TapeError, match="duplicate opportunities"):
        offers_of(pl.concat([frame, frame.head(1)]), AT, Rules("00" * 16), Positions(), event_of)


def test_rows_of_settled_events_are_told() -> None:
    frame = opportunities(np.random.default_rng(4), 12).with_columns(group=None)
    offers = offers_of(frame, AT, Rules("00" * 16), Positions(), lambda event: ("football", "E0", event == 2))
    assert {offer.event_id for offer, reason in offers.refused if reason == "settled"} == {2}
    assert 2 not in {row.event_id for row in offers.rows}
    assert len(offers.rows) + len(offers.refused) == frame.height
