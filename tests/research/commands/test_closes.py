"""The table of closing lines that `bea data check` prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.paths import sample_store
from engine.store import Store
from research.commands.closes import NAMES, calibrations, default_method, documents, doubts, table
from research.commands.main import main
from research.inference.closing_calibration import CalibratedCell, ClosingCalibration


def close(bookmaker: str, mean: float, matches: int = 60_000) -> ClosingCalibration:
    """One band of usual odds, with the return of a close that is off by `mean`."""
    error = 1.0 / matches**0.5
    cells = [
        CalibratedCell("football", "1x2", name, band, matches, matches, mean, error)
        for name, band in ((None, -1), (None, 1), (None, 5), ("home", 1))
    ]
    cells[2] = CalibratedCell("football", "1x2", None, 5, 99, 99, -1.0, 0.0)
    return ClosingCalibration(bookmaker, "power", matches, "2012-07-01", "2022-06-30", tuple(cells))


def test_a_row_shows_returns_by_band_and_what_calibration_leaves() -> None:
    rows = documents([close("good", -0.005), close("bad", -0.033), close("new", 0.0, 400)])
    assert len(NAMES) == len(table(rows)[0])
    assert table(rows)[0] == ["good 1x2", 60_000, "", "\u22120.5 ±0.7", "", "", "", "", "to 0.6%"]
    assert [row[-1] for row in table(rows)] == ["to 0.6%", "no", "no"]


def test_a_close_that_is_not_calibrated_is_named_with_the_reason() -> None:
    rows = documents([close("good", -0.005), close("bad", -0.033), close("new", 0.0, 400), close("old", 0.0, 300)])
    assert rows[2]["reason"] == (
        "400 matches are too few to know whether the close of New is fair at odds of 1.5 to 6; it takes about 14,000"
    )
    lines = doubts(rows)
    assert lines == [
        "1x2: the close of Bad is not calibrated at odds of 1.5 to 6: it overrates such bets by 3.3% (up to 4.0%)",
        "1x2: too few matches at odds of 1.5 to 6: new 400 of about 14,000, old 300 of about 14,000",
    ]


def test_the_closes_of_a_store_are_measured_by_the_default_method(home: Path) -> None:
    found = calibrations(Store.open(sample_store()), default_method())
    assert default_method() == "power"
    assert {one.bookmaker for one in found} >= {"pinnacle", "b365"}
    assert all(one.method == "power" and one.matches > 0 for one in found)
    assert [one.matches for one in found] == sorted((one.matches for one in found), reverse=True)


def test_the_check_prints_them(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", "--store", str(sample_store())]) == 0
    assert "returns at fair closing odds, %: pinnacle 1x2\t" in capsys.readouterr().out
    assert main(["data", "check", "--store", str(sample_store()), "--json"]) == 0
    closing = json.loads(capsys.readouterr().out)["closing"]
    row = next(row for row in closing if (row["bookmaker"], row["market"]) == ("pinnacle", "1x2"))
    assert row["bands"][0]["odds"] == "below 1.5"
    assert sum(band["selections"] for band in row["bands"]) == 3 * row["matches"]
