"""From a file to the bets: each market by the score of its scope, and no result before the game can be over."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import research
from research.commands.main import main

HOCKEY = """
sport: {value: ice_hockey}
competition: {value: KHL}
home: home
away: away
start: {column: date, has_time: false, zone: Europe/Helsinki}
home_score: hs
away_score: as
bookmaker: {value: pinnacle}
prices:
  - {column: h3, market: 1x2, selection: home}
  - {column: d3, market: 1x2, selection: draw}
  - {column: a3, market: 1x2, selection: away}
  - {column: mlh, market: moneyline, selection: home}
  - {column: mla, market: moneyline, selection: away}
"""
GAME = "date,home,away,hs,as,rh,ra,h3,d3,a3,mlh,mla\n2024-02-03,Jokerit,Severstal,2,3,2,2,2.1,4.2,2.9,1.6,2.3\n"
BASEBALL = """
sport: {value: baseball}
competition: {value: MLB}
home: home
away: away
season_rule: calendar
start: {column: start, zone: UTC, date_zone: America/Los_Angeles}
home_score: hs
away_score: as
bookmaker: {value: dk}
prices:
  - {column: h, market: moneyline, selection: home, instant: close}
  - {column: a, market: moneyline, selection: away, instant: close}
"""
EVENING = (
    "start,home,away,hs,as,h,a\n"
    "2023-07-02T05:40:00Z,Giants,Padres,6,5,2.0,1.9\n"
    "2023-07-02T07:30:00Z,Angels,Mets,6,5,2.0,1.9\n"
)
LATE = (
    "Country,League,Season,Date,Time,Home,Away,HG,AG,Res,PSCH,PSCD,PSCA\n"
    "Chile,Primera,2023,11/03/2023,23:40,Colo,Huachi,2,0,H,2.0,3.5,4.0\n"
    "Chile,Primera,2023,12/03/2023,00:20,Cobre,Union,1,0,H,2.0,3.5,4.0\n"
)
HALF = ("staking=percent", "staking.fraction=0.5", "risk=off", "report=false", "strategy=flat_all")


@pytest.fixture()
def fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Imports a text into the store of a new home, with the text of a mapping if it has one."""
    monkeypatch.setenv("BEA_HOME", str(tmp_path))

    def apply(text: str, mapping: str = "", source: str = "generic_csv") -> None:
        table, described = tmp_path / "table.csv", tmp_path / "mapping.yaml"
        table.write_text(text)
        described.write_text(mapping)
        words = ["--mapping", str(described)] if mapping else []
        assert main(["data", "import", source, str(table), *words]) == 0

    return apply


def bets(*words: str) -> tuple[dict[tuple[str, str], str], list[str]]:
    """State of each bet by market and selection, and the notes of the run."""
    markets = ("strategy.markets=[1x2,moneyline]", "strategy.bookmaker=pinnacle")
    run = research.backtest(["strategy=flat_all", *markets, "risk=off", "report=false", *words])
    states = run.bets().with_columns(pl.col("market", "selection", "state").cast(pl.String))
    found = {(market, name): state for market, name, state in states.select("market", "selection", "state").rows()}
    return found, [note for note in run.manifest["notes"] if "left out" in note]


def test_one_result_settles_one_of_two_markets_and_the_other_is_named(fill) -> None:
    fill(GAME, HOCKEY)
    found, notes = bets()
    assert found == {("moneyline", "home"): "lose", ("moneyline", "away"): "win"}
    (note,) = notes
    assert note.startswith(
        "3 opportunities are left out: no score after regulation, which settles 1x2; "
        "such as Jokerit - Severstal, 2024-02-03, 1x2 "
    )


def test_a_mapping_with_both_results_settles_both(fill) -> None:
    fill(GAME, HOCKEY + "scores: {regulation: {home: rh, away: ra}}\n")
    found, notes = bets()
    assert not notes and found["moneyline", "away"] == "win" and found["1x2", "draw"] == "win"
    assert found["1x2", "away"] == "lose"


def test_a_score_after_regulation_leaves_out_the_moneyline(fill) -> None:
    fill(GAME, HOCKEY.replace("hs", "rh").replace("as\n", "ra\n") + "score_scope: {value: regulation}\n")
    found, notes = bets()
    assert found["1x2", "draw"] == "win" and len(found) == 3
    assert "2 opportunities are left out: no score with overtime, which settles moneyline" in notes[0]


def test_a_match_that_began_before_midnight_is_open_after_it(fill) -> None:
    fill(LATE, source="football_data")
    words = ("strategy.selections=[home]", "strategy.bookmaker=pinnacle", "data.instants=[close]")
    stakes = research.backtest([*HALF, *words]).bets()["stake_minor"].to_list()
    assert stakes == [500_000, 500_000], "half of the equity at cost, since no result is known yet"


def test_an_evening_game_in_the_west_is_open_while_it_is_played(fill) -> None:
    fill(EVENING, BASEBALL)
    words = (
        "strategy.markets=[moneyline]",
        "strategy.selections=[home]",
        "strategy.bookmaker=dk",
        "data.instants=[close]",
    )
    run = research.backtest([*HALF, *words])
    assert run.bets()["stake_minor"].to_list() == [500_000, 500_000]
    assert "assumed:start_and_span" in run.manifest["data"]["settled_at_basis"]
