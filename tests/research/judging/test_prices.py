"""The prices that judged models read: those of `ModelValue` at the same decisions, and none that was known later."""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest

from engine.asof.view import build_view
from engine.store.store import Store
from research.forecasting.contract import Inputs
from research.judging.judgement import judge
from research.judging.sample import Sample, sample_of
from research.judging.walk import decided_rows
from research.models import made
from research.strategies.model_value import ModelValue
from tests.research.judging.test_judgement import chosen
from tests.stores import stored

FEATURES = ("market", "market.draw", "market.overround", "market.disagreement", "market.open_home", "market.move_home")
MODEL = {"features": FEATURES}
#: the prices before the match are Pinnacle's an hour before the start
SNAPSHOT = "judge.markets.market_open=pinnacle:snapshot"


def moved(quotes: pl.DataFrame, events: pl.DataFrame, ahead: str, factor: float) -> pl.DataFrame:
    """Snapshots of the opening prices, some time before the start, with other odds."""
    opened = quotes.filter(pl.col("instant") == "open").join(events["event_id", "starts_at"], on="event_id")
    at = pl.col("starts_at").dt.offset_by(f"-{ahead}")
    odds = 1.0 + (pl.col("odds") - 1.0) * pl.when(pl.col("selection") == "home").then(factor).otherwise(1.0)
    return opened.with_columns(instant=pl.lit("snapshot"), known_at=at, odds=odds)[quotes.columns]


@pytest.fixture(scope="module")
def history(leagues: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sixty events, with openings, snapshots three hours and one hour before the start, and closing prices."""
    source = Store.open(leagues)
    events = source.events().filter(pl.col("season") == "2020-2021").sort("starts_at", "event_id").head(60)
    quotes = source.quotes().join(events.select("event_id"), on="event_id", how="semi")
    snaps = [moved(quotes, events, ahead, factor) for ahead, factor in (("3h", 1.2), ("1h", 0.9))]
    return events, pl.concat([quotes, *snaps])


def read(folder: Path) -> tuple[Sample, pl.DataFrame]:
    """The sample, and the rows of the model over it."""
    model = made("logit", MODEL)
    sample = sample_of(chosen(folder, SNAPSHOT), [model.inputs()])
    return sample, decided_rows(sample, [model])


def test_the_market_of_a_row_is_that_of_model_value(history: tuple[pl.DataFrame, pl.DataFrame], tmp_path: Path) -> None:
    events, quotes = history
    stored(tmp_path / "store", events, quotes)
    sample, rows = read(tmp_path / "store")
    seen = quotes.filter(pl.col("instant").is_in(["open", "snapshot"]))
    own = ModelValue(model="logit", model_parameters=MODEL).rows(build_view(events, seen, "before_start:0s", path=True))
    assert rows.height == 60 and rows.select(own.columns).equals(own)
    fair = sample.judged.select("event_id").join(rows, on="event_id", how="left", maintain_order="left")
    assert fair.select("market.home", "market.draw", "market.away").to_numpy().tolist() == (
        sample.fair["market_open"].tolist()
    )
    assert (rows["market.move_home"] > 0.0).all() and (rows["market.disagreement"] > 0.0).all()


def test_a_price_that_became_known_later_than_the_one_bet_on_is_not_read(
    history: tuple[pl.DataFrame, pl.DataFrame], tmp_path: Path
) -> None:
    events, quotes = history
    others = quotes.filter(pl.col("bookmaker") != "pinnacle")
    stored(tmp_path / "all", events, pl.concat([quotes, moved(others, events, "30m", 1.5)]))
    stored(
        tmp_path / "known", events, quotes.filter((pl.col("instant") != "close") | (pl.col("bookmaker") == "pinnacle"))
    )
    late, early = (read(tmp_path / name)[1] for name in ("all", "known"))
    assert late.equals(early)


def test_no_price_is_read_for_models_that_read_none(leagues: Path) -> None:
    assert sample_of(chosen(leagues), [Inputs(("form",))]).prices is None
    plain = sample_of(chosen(leagues), [Inputs(market=True)]).prices
    assert plain is not None and not any(name.startswith(("open_", "move_")) for name in plain.columns)


def test_a_model_of_the_market_is_judged(leagues: Path) -> None:
    asked = "{model:logit,rows_min:200,features:[market,market.overround,market.disagreement,market.move_home]}"
    judgement = judge(chosen(leagues, f"judge.models=[market_open,{asked}]"))
    label = judgement.rows[-1].model
    assert label.startswith("logit") and "market.disagreement" in label
    assert judgement.rows[1].log_loss < judgement.rows[-1].log_loss < math.log(3.0)
