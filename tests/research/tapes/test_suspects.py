"""Suspect prices in the notes of a run: how many were left out, and what edge went with them."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest

import research
from engine.asof.view import VIEW
from engine.schema import OPPORTUNITIES
from engine.source.read import read_files
from engine.store import Store
from engine.store.inspect import check
from engine.strategy import Requirement, View
from research.records.summary import summary
from research.report.terminal import verdict_lines
from research.strategies import make
from research.tapes.suspects import Suspects, notes_of

NOON = datetime(2024, 3, 2, 12, tzinfo=UTC)


def view(prices: dict[str, tuple[float, float, float]], decisions: int = 1, flagged: tuple[str, ...] = ()) -> View:
    """Books by bookmaker, in force at several decisions of one event; all prices of a `flagged` one are flagged."""
    rows = [
        {
            "decided_at": NOON + timedelta(hours=k), "event_id": 1, "sport": "football", "competition": "L1",
            "season": "2023-2024", "starts_at": NOON + timedelta(hours=9), "market": "1x2", "line": None,
            "selection": selection, "bookmaker": name, "side": "back", "odds": odds, "size_minor": None,
            "suspect": name in flagged, "instant": "snapshot", "known_at": NOON,
        }
        for k in range(decisions)
        for name, book in prices.items()
        for selection, odds in zip(("home", "draw", "away"), book, strict=True)
    ]  # fmt: skip
    return View(pl.DataFrame(rows, schema=VIEW))


HONEST = dict.fromkeys(("a", "b", "c"), (1.7, 3.6, 5.2))


def counted(seen: View, **parameters: object) -> Suspects:
    strategy = make("value", {"fair": "consensus", **parameters})
    suspects = Suspects()
    suspects.add(strategy, seen, strategy.opportunities(seen))
    return suspects


def test_all_that_a_strategy_marks_is_counted_whichever_lines_it_bets_on() -> None:
    """Lines of goals imply their rates from other markets; a move starts at a price that is in force no more."""
    seen = view({**HONEST, "d": (5.2, 3.6, 1.7)}, decisions=2)
    for lines in (None, [2.5], [3.5]):
        strategy, suspects = make("totals_value", {"lines": lines, "skip_suspect": True}), Suspects()
        suspects.add(strategy, seen, strategy.opportunities(seen))
        assert suspects.left_out == 2
    earlier = view({"d": (9.0, 9.0, 9.0)}, decisions=2, flagged=("d",)).quotes
    path = pl.concat([seen.quotes, earlier.with_columns(known_at=pl.col("known_at").dt.offset_by("-1h"))])
    suspects = Suspects()
    suspects.add(make("line_move", {"skip_suspect": True}), replace(seen, path=path), pl.DataFrame())
    assert (suspects.left_out, suspects.higher) == (5, 1), "two far from the others, three flagged earlier"


def test_prices_left_out_are_counted_once_with_the_edge_that_went() -> None:
    suspects = counted(view({**HONEST, "d": (5.2, 3.6, 1.7)}, decisions=3), skip_suspect=True)
    assert (suspects.left_out, suspects.higher) == (2, 1)
    assert suspects.removed_edge == pytest.approx(5.2 / 1.7 - 1.0)
    assert notes_of([suspects]) == [
        "2 suspect prices left out; 1 was above the others, with a mean edge of 206% at the others' middle price",
        "suspect: flagged at import, or far from the other bookmakers at the decision: 1/odds by more than 0.08 and "
        "odds - 1 by a factor above 1.65, or odds by a factor above 5",
    ]
    assert all(len(note) < 200 for note in notes_of([suspects])), "a terminal shows 200 characters"


def test_opportunities_at_flagged_prices_are_counted() -> None:
    seen = view({**HONEST, "d": (5.2, 3.6, 1.7)}, decisions=2, flagged=("d",))
    suspects = counted(seen)
    assert (suspects.left_out, suspects.taken, suspects.offers) == (0, 2, 6)
    (note,) = notes_of([suspects])
    assert note.startswith("2 of 6 opportunities are at suspect prices, with a mean edge of ")
    assert note.endswith("strategy.skip_suspect=true")


def test_nothing_suspect_gives_no_note() -> None:
    assert notes_of([counted(view(HONEST)), counted(view(HONEST), skip_suspect=True)]) == [] == notes_of([])


def test_several_tapes_give_one_sentence() -> None:
    tapes = [Suspects(left_out=40, higher=20, removed_edge=10.0), Suspects(left_out=200, higher=100, removed_edge=61.0)]
    first, _ = notes_of(tapes)
    assert first == (
        "up to 200 suspect prices left out; 100 were above the others, with a mean edge of 61% "
        "at the others' middle price"
    )
    assert notes_of([Suspects(offers=9, taken=3)] * 2)[0].startswith("3 of 9 opportunities are at suspect prices: ")
    assert notes_of([Suspects(offers=9, taken=1)])[0].startswith("1 of 9 opportunities is at suspect prices: ")


def test_counts_survive_the_way_through_json() -> None:
    suspects = Suspects(2, 1, 2.5, 6, 3, 0.25)
    assert Suspects.from_plain(suspects.plain()) == suspects
    with pytest.raises(TypeError):
        Suspects.from_plain({"other": 1})


@dataclass(frozen=True)
class Own:
    """A strategy of a user: no markets or lines among its parameters."""

    name: ClassVar[str] = "own"
    skip_suspect: bool = True

    def requires(self) -> Requirement:
        return Requirement(("1x2",))

    def opportunities(self, view: View) -> pl.DataFrame:
        return view.quotes.select(*OPPORTUNITIES.keys() - {"prob"}, prob=pl.lit(0.5))


def test_strategies_of_a_user() -> None:
    seen = view({**HONEST, "d": (5.2, 3.6, 1.7)}, flagged=("d",))
    suspects = Suspects()
    suspects.add(Own(), seen, Own().opportunities(seen))
    assert suspects.left_out == 3, "all prices of a flagged book"
    for broken in (seen.quotes, Own().opportunities(seen).drop("side"), pl.DataFrame()):
        suspects = Suspects()
        suspects.add(Own(skip_suspect=False), seen, broken)
        assert suspects.taken == 0, "what a tape refuses is not counted"
    coarse = (
        Own()
        .opportunities(seen)
        .with_columns(pl.col("decided_at").dt.cast_time_unit("us"), pl.col("odds").cast(pl.Float32))
    )
    suspects.add(Own(skip_suspect=False), seen, coarse)
    assert suspects.taken == 3


MAPPING = """
sport: {value: football}
competition: {value: L1}
home: home
away: away
start: {column: start, zone: UTC}
home_score: hs
away_score: as
bookmaker: {column: book}
known: {columns: [seen]}
long: {market: {value: 1x2}, selection: sel, odds_column: price, instant: {value: snapshot}}
"""


def exchanged_store(folder: Path) -> Path:
    """600 matches at four bookmakers, one of which has home and away exchanged in 1 of 10."""
    rng, rows = random.Random(12), ["start,home,away,hs,as,book,sel,price,seen"]
    for number in range(600):
        start = NOON + timedelta(hours=30 * number)
        score = rng.choices(((2, 0), (1, 1), (0, 1)), (0.60, 0.24, 0.16))[0]
        for name in ("a", "b", "c", "d"):
            prices = [round(odds * rng.uniform(0.98, 1.0), 2) for odds in (1.62, 3.9, 5.9)]
            if name == "d" and number % 10 == 0:
                prices.reverse()
            for selection, price in zip(("home", "draw", "away"), prices, strict=True):
                seen = (start - timedelta(hours=3)).isoformat()
                teams = f"H{number % 40},A{number % 39}"
                rows.append(f"{start.isoformat()},{teams},{score[0]},{score[1]},{name},{selection},{price},{seen}")
    (folder / "prices.csv").write_text("\n".join(rows) + "\n")
    (folder / "mapping.yaml").write_text(MAPPING)
    batches = read_files(
        "generic_csv", [folder / "prices.csv"], mapping=folder / "mapping.yaml", today=date(2026, 11, 1)
    )
    Store.create_or_open(folder / "store").apply(batches)
    return folder / "store"


@pytest.mark.slow
def test_a_book_with_exchanged_sides_from_the_file_to_the_run(home: Path, tmp_path: Path) -> None:
    store = exchanged_store(tmp_path)
    assert {f.check: (f.level, f.count) for f in check(Store.open(store))}["suspect prices"] == ("shout", 120)
    words = [f"data.store={store}", "strategy=value", "strategy.fair=consensus", "risk=off", "report=false"]
    plain = research.backtest(words)
    careful = research.backtest([*words, "strategy.skip_suspect=true"])
    assert plain.metrics(1)["n_bets"] == 120, (
        "the wrong book moves the consensus, so the right ones look like value too"
    )
    assert plain.metrics(1)["yield"] > 0.5
    assert set(plain.flags()) == {"yield"} and plain.unranked() == [1]
    assert any("Flagged: yield" in line for line in verdict_lines(plain))
    assert summary(plain)["flags"] == ["yield"] and summary(plain)["notes"] == plain.manifest["notes"]
    (note,) = [note for note in plain.manifest["notes"] if "suspect" in note]
    assert note.startswith("60 of 1,800 opportunities are at suspect prices, with a mean edge of ")
    assert careful.metrics(1)["n_bets"] == 0 and careful.flags() == {}
    first, second = [note for note in careful.manifest["notes"] if "suspect" in note]
    assert first.startswith("120 suspect prices left out; 60 were above the others, with a mean edge of 2")
    assert "0.08" in second
    again = research.backtest([*words, "strategy.skip_suspect=true", "force=true"])
    assert again.manifest["notes"] == careful.manifest["notes"], "also where the tape comes from the cache"


@pytest.mark.slow
def test_a_sweep_flags_what_bets_at_suspect_prices(home: Path, tmp_path: Path) -> None:
    store = exchanged_store(tmp_path)
    words = [f"data.store={store}", "strategy=value", "strategy.fair=consensus", "risk=off", "report=false"]
    swept = research.sweep([*words, "strategy.skip_suspect=false,true", "strategy.edge_min=-0.2,0.02"])
    flagged = swept.flagged().filter(pl.col("flag") == "yield")["config"].to_list()
    assert flagged and all(swept.parameters(config)["strategy.skip_suspect"] is False for config in flagged)
    assert sum("suspect" in note for note in swept.manifest["notes"]) == 3, "one sentence each, for all tapes"
