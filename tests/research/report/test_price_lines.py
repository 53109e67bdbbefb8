"""The lines about price, and the table of the closing line's calibration."""

from __future__ import annotations

import math
from dataclasses import replace

from research.inference.closing_calibration import CalibratedCell, ClosingCalibration
from research.report.price_lines import HEADS, closing_tables, price_lines
from research.verdict.price import PriceFindings, PriceLeader, judge_price

LEADER = PriceLeader(
    config=7,
    bets=512,
    days=200,
    closed_frac=0.97,
    yield_frac=0.034,
    clv_frac=0.021,
    clv_error=0.002,
    gap_error=0.045,
    weight=0.05,
    theta=0.0217,
    luck=0.003,
    bias=0.009,
    tau=0.0103,
    tau_low=0.008,
    tau_high=0.0131,
)
FINDINGS = PriceFindings("", "pinnacle", "power", tested=48, few=2, uncalibrated=1, p_all=0.004, leader=LEADER)


def test_each_number_of_the_leader_is_on_a_line() -> None:
    verdict = judge_price(FINDINGS, 40.0, 1, 0.05)
    lines = {line.name: line for line in price_lines(verdict)}
    assert list(lines) == [
        "Closing line value", "Error of the close", "Price and profit", "Test of price", "Tested for price",
    ]  # fmt: skip
    assert lines["Closing line value"].value.startswith("#7: 2.10% (90% interval ")
    assert (
        "512 bets" in lines["Closing line value"].meaning and "97% of the bets" in lines["Closing line value"].meaning
    )
    assert lines["Error of the close"].value == "1.03% (90% interval 0.80% to 1.31%)"
    assert lines["Price and profit"].value.startswith("2.17% (90% interval ")
    assert (
        lines["Test of price"].value.startswith("p 0.004 over all; ") and "tested at 5%" in lines["Test of price"].value
    )
    assert "backtest" not in lines["Test of price"].meaning
    third = {line.name: line for line in price_lines(judge_price(FINDINGS, 40.0, 1, 0.05, 3))}
    assert "This is the third backtest on these matches" in third["Test of price"].meaning
    told = lines["Tested for price"]
    assert told.value == "48 configurations" and "2 with too few bets" in told.meaning and "1 at odds" in told.meaning
    assert "no single bookmaker" not in told.meaning


def test_a_silent_verdict_says_what_was_left_out_and_an_old_run_nothing() -> None:
    silent = PriceFindings("the price taken is nobody's offer", "pinnacle", "power", aggregate=3)
    (only,) = price_lines(judge_price(silent, 1.0, 1, 0.05))
    assert only.value == "0 configurations" and "3 at prices that no single bookmaker offered" in only.meaning
    assert price_lines(judge_price(PriceFindings("no bet was placed", "pinnacle", "power"), 1.0, 1, 0.05)) == []
    assert price_lines(None) == [] == price_lines(judge_price(None, 1.0, 1, 0.05))


def cell(band: int, mean: float, error: float, **changes: object) -> CalibratedCell:
    made = CalibratedCell("football", "1x2", None, band, 1_234, 2_000, mean, error)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_table_has_a_row_a_band_and_a_table_a_bookmaker() -> None:
    cells = (
        cell(0, 0.013, 0.004),
        cell(3, -0.019, 0.01),
        cell(5, -0.059, 0.02),
        cell(0, 0.5, 0.1, selection="home"),
        cell(1, -1.0, math.inf, matches=1),
    )
    one = ClosingCalibration("pinnacle", "power", 60_659, "2012-08-01", "2022-05-31", cells)
    (table,) = closing_tables([one, ClosingCalibration("b365", "power", 0, "", "")])
    assert table.heads == HEADS and len(table.rows) == 4, "single selections are not shown"
    assert [row[1] for row in table.rows] == ["below 1.5", "4 to 6", "10 and more", "1.5 to 2.5"]
    assert table.rows[0] == ("1x2", "below 1.5", "1,234", "1.30", "0.64 to 1.96")
    assert table.rows[3][4] == "–", "one match has no interval"
    assert "Pinnacle's closing line" in table.lead and "60,659 matches" in table.lead
    both = replace(one, cells=(cells[0], cell(0, 0.0, 0.01, sport="tennis", market="moneyline")))
    assert [row[0] for row in closing_tables([both])[0].rows] == ["football 1x2", "tennis moneyline"]
    again = replace(one, cells=(cells[0], cell(0, 0.0, 0.01, market="totals")))
    (merged,) = closing_tables([one, again])
    assert len(merged.rows) == 5 and merged.rows[4][0] == "totals", "tapes of other markets share a table"
    assert len(closing_tables([one, replace(one, bookmaker="b365")])) == 2
    assert closing_tables(None) == [] == closing_tables(())
