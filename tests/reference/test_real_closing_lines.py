"""Returns at fair closing odds of Pinnacle over 60,659 real matches, as an independent computation gave them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from engine.schema import QUARANTINE
from engine.source.batch import Batch, Counts
from engine.store import Store
from engine.store.universe import Universe
from research.inference.closing_calibration import ClosingCalibration
from research.tapes.closes import measured

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first test may run the acceptance checks

FOLDERS = ("football_data", "football_data_leagues", "football_data_rebuilt")
#: % by band: below 1.5, 4 to 6, above 10
RETURNS = {"multiplicative": (3.0, -3.6, -18.6), "power": (1.3, -1.9, -5.9)}
#: % at odds of 1.5 to 6
USUAL = {"multiplicative": -0.49, "power": -0.25}


@pytest.fixture(scope="module")
def closes(accepted: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ClosingCalibration]:
    home = tmp_path_factory.mktemp("home")
    store = Store.create_or_open(home / "store")
    universe = Universe(markets=("1x2",), bookmakers=("pinnacle",), instants=("close", "snapshot"), sides=("back",))
    for number, name in enumerate(FOLDERS):
        imported = Store.open(accepted / "work" / name / "store")
        batch = Batch(
            "football_data", name, str(number) * 64, None, imported.events(), imported.quotes(universe),
            pl.DataFrame(schema=QUARANTINE), Counts(), None,
        )  # fmt: skip
        store.apply([batch])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(home))
        return {method: measured(store, universe, method, 1024) for method in RETURNS}


@pytest.mark.parametrize("method", list(RETURNS))
def test_returns_by_band_are_the_published_ones(closes: dict[str, ClosingCalibration], method: str) -> None:
    close = closes[method]
    assert close.matches == 60_659
    mean = {cell.band: 100.0 * cell.mean for cell in close.bands}
    assert tuple(round(mean[band], 1) for band in (0, 3, 5)) == pytest.approx(RETURNS[method], abs=0.06)
    assert 100.0 * close.tau(close.usual("football", "1x2")).mean == pytest.approx(USUAL[method], abs=0.005)


def test_the_close_by_power_is_calibrated_to_about_one_percent(closes: dict[str, ClosingCalibration]) -> None:
    found = closes["power"].tau(closes["power"].usual("football", "1x2"))
    assert found.passes
    assert (found.low, found.tau, found.high) == pytest.approx((0.007, 0.0126, 0.0186), abs=5e-4)


def test_outsiders_by_the_multiplicative_method_do_not_pass(closes: dict[str, ClosingCalibration]) -> None:
    close = closes["multiplicative"]
    weights = [float(cell.band == 5 and not cell.laid) * cell.selections for cell in close.single]
    found = close.tau([*weights, 0.0])
    assert not found.passes
    assert "overrates such bets by 18.6%" in found.reason
