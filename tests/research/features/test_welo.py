"""WElo against steps worked out by hand, and against a plain loop over a real year."""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.source import tennis_data
from engine.source.batch import Parsed
from engine.source.quarantine import Origin
from research.features.elo_surface import EloSurface
from research.features.welo import Welo, games_share
from tests.research.features.made import FIRST, at_start, events_of

PLAIN = Welo(warm_up=0, ranking_weight=0.0)


def tennis(**more: Any) -> dict[str, Any]:
    return {"sport": "tennis", "competition": "ATP X", "neutral": True, "surface": "hard", "best_of": 3, **more}


def parsed_year(reference_dir: Path, name: str) -> Parsed:
    raw = (reference_dir / "data" / "tennis_data" / f"{name}.csv").read_bytes()
    return tennis_data.read(raw, Origin("tennis_data", name, "0" * 64), FIRST.date())


@pytest.fixture(scope="module")
def atp(reference_dir: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Five years of events, and the fair probability of `home` where both prices of Pinnacle are there."""
    parsed = [parsed_year(reference_dir, str(number)) for number in range(2012, 2017)]
    quotes = pl.concat([part.quotes for part in parsed]).filter(pl.col("bookmaker") == "pinnacle")
    pairs = quotes.pivot("selection", index="event_id", values="odds").drop_nulls()
    fair = pairs.select("event_id", fair=pl.col("away") / (pl.col("home") + pl.col("away")))
    events = pl.concat([part.events for part in parsed])
    return events, fair.join(events.filter(pl.col("status") == "played").select("event_id"), on="event_id")


def test_a_match_moves_ratings_by_the_share_of_the_games() -> None:
    told = tennis(home_games=16, away_games=14)
    row = at_start(PLAIN, events_of((0, "A", "B", 2, 1, told), (1, "A", "B", None, None, tennis())))[1]
    step = 250 / 5**0.4 * 0.5 * 16 / 30
    assert (row["home"], row["away"]) == pytest.approx((1500 + step, 1500 - step))
    assert row["expected"] == pytest.approx(1 / (1 + 10 ** (-2 * step / 400))) and row["diff"] == pytest.approx(
        2 * step
    )


def test_the_weight_is_the_winners_share_of_games_or_of_sets() -> None:
    won = {"status": "played", "winner": "away", "home_score": 0, "away_score": 2}
    assert games_share({**won, "home_games": 5, "away_games": 12}) == 12 / 17
    assert games_share({**won, "home_games": None, "away_games": None, "home_score": 1}) == 2 / 3
    assert games_share({**won, "home_games": None, "away_games": None, "home_score": None}) == 1.0
    assert games_share({**won, "winner": "draw", "home_games": 3, "away_games": 3}) == 1.0


def test_a_player_without_a_match_starts_from_the_ranking() -> None:
    feature = Welo(warm_up=0, ranking_weight=100.0, fewest_points=50.0, reference_points=800.0)
    ranked = tennis(home_rank_points=1600.0, away_rank_points=None)
    events = events_of((0, "A", "B", None, None, ranked), (0, "A", "B", None, None, {**ranked, "best_of": 5}),
                       (0, "A", "B", None, None, tennis()))  # fmt: skip
    row, long, none = at_start(feature, events)
    assert row["home"] == pytest.approx(1500 + 100 * log(2)) and row["away"] == pytest.approx(1500 - 100 * log(16))
    assert row["ranking_diff"] == pytest.approx(log(32)) and row["ranking_diff_long"] == 0.0
    assert long["ranking_diff_long"] == long["ranking_diff"] == row["ranking_diff"]
    assert none["ranking_diff"] is None and none["ranking_diff_long"] is None and none["diff"] == 0.0


def test_a_match_given_up_moves_nothing() -> None:
    odd = (0, "A", "B", 1, 0, tennis(status="retired", home_games=9, away_games=2))
    assert at_start(PLAIN, events_of(odd, (1, "A", "B", None, None, tennis())))[1]["diff"] == 0.0


@pytest.mark.parametrize(
    ("feature", "expected"),
    [(Welo(ranking_weight=0.0), 0.5893), (Welo(), 0.5839), (EloSurface(), 0.5825)],
    ids=["paper", "welo", "elo_surface"],
)
def test_log_loss_on_years_that_chose_nothing(
    atp: tuple[pl.DataFrame, pl.DataFrame], feature: Any, expected: float
) -> None:
    events, prices = atp
    shares = events.select(
        "event_id", "winner", "season", p=pl.Series([row["expected"] for row in at_start(feature, events)])
    )
    judged = shares.filter(pl.col("season") > "2012").join(prices, on="event_id")
    assert judged.height == 10_019
    is_home = pl.col("winner") == "home"
    losses = judged.select(
        own=-pl.when(is_home).then("p").otherwise(1 - pl.col("p")).log(),
        market=-pl.when(is_home).then("fair").otherwise(1 - pl.col("fair")).log(),
    )
    assert losses["market"].mean() == pytest.approx(0.5519, abs=5e-5)
    assert losses["own"].mean() == pytest.approx(expected, abs=5e-5)


def test_a_plain_loop_over_a_real_year_agrees(reference_dir: Path) -> None:
    events = parsed_year(reference_dir, "2013").events
    ratings: dict[str, tuple[float, int]] = {}
    wanted: dict[int, float] = {}
    seen = 0
    for _, day in events.group_by(["settled_at"], maintain_order=False).agg(pl.all()).sort("settled_at").explode(
        pl.all().exclude("settled_at")
    ).group_by(["settled_at"], maintain_order=True):  # fmt: skip
        old, warm = dict(ratings), seen >= 100
        for m in day.iter_rows(named=True):
            start = {s: 1500 + 130 * log(max(m[f"{s}_rank_points"] or 0, 150) / 800) for s in ("home", "away")}
            h, a = (old.get(m[s], (start[s], 0)) for s in ("home", "away"))
            if warm:
                wanted[m["event_id"]] = h[0] - a[0]
            if m["status"] != "played":
                continue
            seen += 1
            games = m["home_games"], m["away_games"]
            sets = m["home_score"], m["away_score"]
            won = m["winner"] == "home"
            pair = games if None not in games else sets
            weight = (pair[0] if won else pair[1]) / sum(pair)
            move = weight * (won - 1 / (1 + 10 ** ((a[0] - h[0]) / 400)))
            for side, known, sign in (("home", h, 1), ("away", a, -1)):
                now = ratings.get(m[side], known)
                ratings[m[side]] = now[0] + sign * 250 / (known[1] + 5) ** 0.4 * move, now[1] + 1
    found = {e: r["diff"] for e, r in zip(events["event_id"], at_start(Welo(), events), strict=True)}
    assert len(wanted) > 2400 and {e for e, value in found.items() if value is not None} == set(wanted)
    assert all(found[e] == pytest.approx(value, abs=1e-8) for e, value in wanted.items())
