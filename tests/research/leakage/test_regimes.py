"""A smoothed regime: refused where it is asked for a decision, and found where a strategy bets on it all the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

import research
from engine.errors import ConfigurationError
from engine.schema import EVENTS
from engine.strategy import Requirement, View
from research.leakage.finder import Search, find_leaks
from research.regimes.gaussian import GaussianStates
from research.regimes.series import day_series
from research.strategies.value import Value
from tests.research.leakage.subjects import subject

pytestmark = pytest.mark.slow

SAMPLE = ("data=sample", "data.competitions=[SIM2]", "data.seasons=[2019-2020]")
#: two states of dispersion, with fixed numbers: nothing but the smoothing knows the future
STATES = GaussianStates(
    np.array([0.5, 0.5]), np.array([[0.8, 0.2], [0.2, 0.8]]), np.array([[-1.0], [1.0]]), np.ones((2, 1)), 0
)
LATE = '''"""A gate on a smoothed regime."""
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.strategy import Requirement
from research.regimes.gaussian import fit_hmm
from research.regimes.states import in_force


@dataclass(frozen=True)
class LateGate:
    """Bets in one regime."""

    name: ClassVar[str] = "late_gate"

    def requires(self):
        """1X2."""
        return Requirement(("1x2",))

    def opportunities(self, view):
        """As the regime says."""
        values = np.sin(np.arange(100.0))[:, None]
        return view.quotes.head(in_force(fit_hmm(values, 2).hindsight(values)))
'''


@dataclass(frozen=True)
class Regimes:
    """Value bets with the regime of the day before: smoothed, or filtered."""

    name: ClassVar[str] = "regimes"
    smoothed: bool = True

    def requires(self) -> Requirement:
        """1X2 prices."""
        return Requirement(("1x2",))

    def opportunities(self, view: View) -> pl.DataFrame:
        """Those of `Value`, with the regime of the last day before the decision."""
        series = day_series(pl.DataFrame(schema=EVENTS), view.quotes).filter(pl.col("dispersion").is_not_nan())
        values = (series["dispersion"].to_numpy()[:, None] - 0.0375) / 0.008
        path = (STATES.hindsight(values) if self.smoothed else STATES.filtered(values)).path
        known = series.select("day", regime=pl.Series(path)).sort("day")
        rows = Value().opportunities(view)
        day = (pl.col("decided_at").cast(pl.Int64) // 86_400_000_000_000).alias("day")
        rows = rows.with_columns(day).with_row_index("row").sort("day")
        joined = rows.join_asof(known, on="day", strategy="backward", allow_exact_matches=False)
        return joined.sort("row").drop("row", "day")


def test_a_smoothed_regime_is_found_and_a_filtered_one_is_not(
    season_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEA_HOME", str(season_store))
    late = find_leaks(subject(strategy=lambda _: Regimes()), Search(instants=6, seed=1))
    assert [leak.column for leak in late.leaks] == ["regime"]
    assert "smoothed with the future" in late.leaks[0].cause
    honest = find_leaks(subject(strategy=lambda _: Regimes(smoothed=False)), Search(instants=6, seed=1))
    assert honest.leaks == () and honest.coverage.decisions > 100


def test_a_smoothed_regime_is_refused_in_a_backtest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "late_gate.py").write_text(LATE)
    with pytest.raises(ConfigurationError, match="a regime that knows the future: expected filtered states"):
        research.backtest([*SAMPLE, "strategy=late_gate", "report=false"])
