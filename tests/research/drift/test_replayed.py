"""What a strategy offers again, for a fit that needs more than quotes and results."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from engine.asof.closing import fair_closing
from engine.clock import DAY_NS
from engine.strategy import History, View
from research.drift.replayed import offered
from research.strategies import make
from research.tapes.features import Featured
from tests.research.strategies import test_regime_gated
from tests.research.tapes.test_regimes import EVENTS, QUOTES, longer


def test_a_gate_on_closing_line_values_is_fitted_again_with_closing_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    events = EVENTS.with_columns(pl.col("settled_at").dt.cast_time_unit("ns"))
    prices = longer(test_regime_gated.QUOTES)
    gate: Any = make("regime_gated", {**test_regime_gated.SMALL, "inputs": ["clv"], "half_life": 2})
    day = QUOTES["decided_at"].dt.date().unique().sort()[-5]
    spec = SimpleNamespace(
        fit_at=(day.isoformat(),), zone="UTC", strategy="regime_gated", strategy_file=None, store="",
        clv_bookmaker="pinnacle", clv_method="multiplicative",
    )  # fmt: skip
    inputs = SimpleNamespace(strategy=gate, required=gate.requires(), closing=None)
    tapes: Any = SimpleNamespace(
        whole=lambda _: (events, [View(QUOTES)]), inputs=lambda _: inputs, featured=lambda _: Featured()
    )
    monkeypatch.setattr("research.tapes.past.open_store", lambda _: SimpleNamespace(quotes=lambda _: prices))
    deployed: Any = SimpleNamespace(spec=spec)
    bets, quotes, _ = offered(deployed, tapes)
    until = int(pl.Series([day]).cast(pl.Int64)[0]) * DAY_NS
    known = events.filter(pl.col("settled_at").cast(pl.Int64) < until)
    closing = fair_closing(known, prices.join(known, on="event_id", how="semi"), "pinnacle")
    decided = QUOTES.filter(pl.col("decided_at").cast(pl.Int64) < until)
    regime = gate.fit(History(known, decided, closing=closing), until).regime
    assert regime is not None and set(bets["regime"]) == {regime} and quotes.height == QUOTES.height
