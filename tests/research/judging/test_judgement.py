"""A judgement from store to table: what is judged, what is known when, what is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from engine.errors import ConfigurationError, DataError, EmptyUniverseError
from engine.identity import event_ids
from engine.store.store import Store
from engine.store.universe import Universe
from research import models
from research.forecasting.contract import Inputs, Probabilities
from research.forecasting.rows import OUTCOME
from research.judging.entries import Entry
from research.judging.judgement import _chosen, forecasts_frame, judge
from research.judging.kept import keep
from research.judging.page import page
from research.judging.sample import sample_of
from research.judging.selftest import failed
from research.judging.sentences import cells, headline, self_test_lines
from research.judging.settings import Price, Settings
from research.judging.walk import Walk, decided_rows, refit_instants
from tests.research.judging.test_settings import settings
from tests.stores import stored


@dataclass(frozen=True)
class Shares:
    """The shares of the outcomes of the past, moved a little by a feature."""

    shares: tuple[float, ...]

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        """The shares; NaN where the feature is not known."""
        assert OUTCOME not in rows.columns and "home_score" not in rows.columns
        draws = rows["running_draws.draw_share"].fill_null(float("nan")).to_numpy()
        prob = np.tile(self.shares, (rows.height, 1)) * np.stack([2.0 - draws, 1.0 + draws, 1.0 + 0.0 * draws], axis=1)
        return prob / prob.sum(axis=1, keepdims=True)

    def artifact(self) -> Mapping[str, Any]:
        """The shares."""
        return {"shares": list(self.shares)}


@dataclass(frozen=True)
class ShareModel:
    """A model that learns shares."""

    name: ClassVar[str] = "shares"
    fewest: int = 1

    def inputs(self) -> Inputs:
        """One feature and the market."""
        return Inputs(("running_draws",), market=True)

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Shares:
        """Count."""
        if past.height < self.fewest:
            raise DataError("the past is too short", expected=f"{self.fewest} rows", found=str(past.height))
        counts = np.bincount(past[OUTCOME].to_numpy(), minlength=len(outcomes)) + 1.0
        return Shares(tuple((counts / counts.sum()).tolist()))

    def restored(self, artifact: Mapping[str, Any]) -> Shares:
        """As fitted."""
        return Shares(tuple(artifact["shares"]))


@pytest.fixture()
def shares(monkeypatch: pytest.MonkeyPatch) -> ShareModel:
    """The model above as the only built-in one."""
    model = ShareModel()
    monkeypatch.setattr(models, "names", lambda: ("market", "shares"))
    monkeypatch.setattr(models, "made", lambda name, parameters=None: model)
    return model


def silence(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    """The first `n` rows of each question to the model above have no answer."""
    whole = Shares.probabilities

    def silent(self: Shares, rows: pl.DataFrame) -> Probabilities:
        prob = whole(self, rows)
        prob[:n] = np.nan
        return prob

    monkeypatch.setattr(Shares, "probabilities", silent)


def chosen(store: Path, *words: str) -> Settings:
    """Settings over the small store, the last two seasons judged."""
    return settings(f"data.store={store}", "judge.first_date=2019-07-01", "judge.resamples=200", *words)


def test_the_judged_events_have_every_price_and_the_probabilities_are_those_of_the_prices(leagues: Path) -> None:
    sample = sample_of(chosen(leagues))
    quotes = Store.open(leagues).quotes(Universe(bookmakers=("pinnacle",), instants=("close",)))
    for place in (0, 100, sample.judged.height - 1):
        own = quotes.filter(pl.col("event_id") == sample.judged["event_id"][place])
        odds = [own.filter(pl.col("selection") == s)["odds"].item() for s in ("home", "draw", "away")]
        inverse = [1.0 / price for price in odds]
        assert sample.odds["market_close"][place].tolist() == odds
        assert sample.fair["market_close"][place] == pytest.approx([q / sum(inverse) for q in inverse], abs=1e-15)
    scores = sample.judged.select("home_score", "away_score", OUTCOME).rows()
    assert all(outcome == (0 if home > away else 1 if home == away else 2) for home, away, outcome in scores)
    assert sample.judged.height == 2 * 2 * 12 * 11


def test_an_event_without_a_price_is_counted_and_left_out(leagues: Path, tmp_path: Path) -> None:
    source = Store.open(leagues)
    events = source.events().filter(pl.col("season") == "2020-2021").head(40)
    lacking = events["event_id"][:3].to_list()
    quotes = source.quotes().join(events.select("event_id"), on="event_id", how="semi")
    priced = ~(pl.col("event_id").is_in(lacking) & (pl.col("instant") == "close") & (pl.col("selection") == "draw"))
    stored(tmp_path / "store", events, quotes.filter(priced))
    sample = sample_of(chosen(tmp_path / "store"))
    assert sample.judged.height == 37 and not set(sample.judged["event_id"]) & set(lacking)
    assert sample.left_out == {"no complete price pinnacle:close": 3}


def test_the_first_and_the_last_date_are_judged(leagues: Path) -> None:
    dates = sample_of(chosen(leagues)).judged["date"].unique().sort()
    first, last = dates[20], dates[60]
    span = sample_of(chosen(leagues, f"judge.first_date={first}", f"judge.last_date={last}")).judged["date"]
    assert (span.min(), span.max()) == (first, last)


def test_of_several_prices_the_last_one_known_by_the_start_counts(leagues: Path, tmp_path: Path) -> None:
    source = Store.open(leagues)
    events = source.events().filter(pl.col("season") == "2020-2021").head(3)
    opened = source.quotes(Universe(bookmakers=("pinnacle",), instants=("open",))).join(
        events.select("event_id", "starts_at"), on="event_id", how="inner"
    )
    moments = {"-3h": 2.0, "-1h": 3.0, "1s": 4.0}
    snaps = [
        opened.with_columns(
            instant=pl.lit("snapshot"),
            known_at=pl.col("starts_at").dt.offset_by(moment),
            odds=pl.lit(odds),
        ).drop("starts_at")
        for moment, odds in moments.items()
    ]
    prices = pl.concat([source.quotes().join(events.select("event_id"), on="event_id", how="semi"), *snaps])
    stored(tmp_path / "store", events, prices)
    sample = sample_of(chosen(tmp_path / "store", "judge.markets.market_open=pinnacle:snapshot"))
    assert sample.odds["market_open"].tolist() == [[3.0] * 3] * 3


def test_the_table_has_a_row_for_each_model_in_the_form_of_the_document(leagues: Path, shares: ShareModel) -> None:
    judgement = judge(chosen(leagues))
    document = judgement.document()
    assert [row["model"] for row in document["models"]] == ["market_close", "market_open", "market_b365", "shares"]
    close, opened, _, own = document["models"]
    assert close["vs_close"] == {"diff": 0.0, "low": 0.0, "high": 0.0} and close["blend_weight"]["value"] is None
    assert own["vs_close"]["low"] < own["vs_close"]["diff"] == pytest.approx(own["log_loss"] - close["log_loss"])
    assert opened["vs_open"] == close["vs_close"] and cells(judgement.rows[1])[-2] == "–"
    assert own["vs_open"]["diff"] == pytest.approx(own["log_loss"] - opened["log_loss"])
    assert own["vs_close"]["low"] > 0.0 and own["verdict"] == "adds nothing to the market"
    assert not failed(judgement.checks)
    assert {row["n"] for row in document["models"]} == {document["n"]} == {528}
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert "none of 3 forecasts adds" in headline(judgement)
    assert len({len(cells(row)) for row in judgement.rows}) == 1 and len(self_test_lines(judgement)) == 7


def test_a_judgement_is_the_same_whenever_it_is_made(leagues: Path, shares: ShareModel) -> None:
    first, second = (judge(chosen(leagues, "seed=3")).document() for _ in range(2))
    assert first == second
    assert judge(chosen(leagues, "seed=4")).document() != first


def test_a_forecast_that_knows_more_than_the_close_adds_to_it(leagues: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Seer(ShareModel):
        """Half of the truth."""

        def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Any:
            """Reads results that it may not know."""
            events = Store.open(leagues).events()

            class Answer:
                def probabilities(self, rows: pl.DataFrame) -> Probabilities:
                    known = rows.select("event_id").join(events, on="event_id", how="left", maintain_order="left")
                    home = (known["home_score"] > known["away_score"]).to_numpy()
                    return np.where(home[:, None], [0.5, 0.25, 0.25], [0.4, 0.3, 0.3])

            return Answer()

    monkeypatch.setattr(models, "names", lambda: ("market", "shares"))
    monkeypatch.setattr(models, "made", lambda name, parameters=None: Seer())
    row = judge(chosen(leagues)).rows[-1]
    assert row.adds and row.verdict.startswith("adds 0.") and row.pool.weight.low > 0.0


def test_no_forecast_changes_with_a_result_of_its_own_day_or_later(
    leagues: Path, shares: ShareModel, tmp_path: Path
) -> None:
    source = Store.open(leagues)
    events, quotes = source.events(), source.quotes()
    day = events.filter(pl.col("season") == "2020-2021")["date"][60]
    later = pl.col("date") >= day
    flipped = events.with_columns(
        home_score=pl.when(later).then(7).otherwise("home_score").cast(pl.Int32),
        away_score=pl.when(later).then(7).otherwise("away_score").cast(pl.Int32),
        winner=pl.when(later).then(pl.lit("draw")).otherwise("winner"),
    )
    stored(tmp_path / "store", flipped, quotes)
    key = ["event_id", "model", "prob_home", "prob_draw", "prob_away"]
    true, other = (
        forecasts_frame(judge(chosen(folder))).filter(pl.col("date") <= day).select(key).sort(key[:2])
        for folder in (leagues, tmp_path / "store")
    )
    assert true.height > 300 and true.equals(other)
    after = [
        forecasts_frame(judge(chosen(folder))).filter((pl.col("date") > day) & (pl.col("model") == "shares"))
        for folder in (leagues, tmp_path / "store")
    ]
    assert not after[0].select("prob_draw").equals(after[1].select("prob_draw"))


def test_models_are_fitted_at_the_first_judged_event_of_each_season_on_what_was_settled(
    leagues: Path, shares: ShareModel
) -> None:
    judgement = judge(chosen(leagues))
    events = judgement.sample.events
    firsts = judgement.sample.judged.group_by("season").agg(pl.col("starts_at").min()).sort("season")["starts_at"]
    assert [fit.until_ns for fit in judgement.fits] == firsts.cast(pl.Int64).to_list()
    assert [fit.rows for fit in judgement.fits] == [events.filter(pl.col("settled_at") < at).height for at in firsts]
    once = judge(chosen(leagues, "judge.refit=once"))
    assert len(once.fits) == 1 and once.fits[0] == judgement.fits[0]


def _with_tennis(leagues: Path, folder: Path, *, priced: bool) -> Path:
    """The small store with as many matches of tennis, each won in two sets by the side that comes first."""
    source = Store.open(leagues)
    events, quotes = source.events(), source.quotes()
    sets = {"home_score": pl.lit(2, pl.Int32), "away_score": pl.lit(0, pl.Int32), "winner": pl.lit("home")}
    tennis = events.with_columns(sport=pl.lit("tennis"), competition="ATP " + pl.col("competition"), **sets)
    tennis = tennis.with_columns(pl.Series("event_id", event_ids(tennis), dtype=pl.Int64))
    ids = dict(zip(events["event_id"], tennis["event_id"], strict=True))
    more = quotes.with_columns(pl.col("event_id").replace(ids)) if priced else quotes.clear()
    stored(folder, pl.concat([events, tennis]), pl.concat([quotes, more]))
    return folder


def test_a_store_of_two_sports_learns_from_the_judged_one(leagues: Path, tmp_path: Path) -> None:
    mixed = _with_tennis(leagues, tmp_path / "store", priced=False)
    alone, both = (
        judge(chosen(store, "judge.models=[{model:elo,rows_min:50}]")).document() for store in (leagues, mixed)
    )
    assert both == alone and alone["models"][-1]["log_loss"] < 1.1


def test_one_judgement_is_of_one_sport(leagues: Path, tmp_path: Path) -> None:
    mixed = _with_tennis(leagues, tmp_path / "store", priced=True)
    with pytest.raises(ConfigurationError, match=r"more than one sport.*found football, tennis; .*data.sports=\["):
        sample_of(chosen(mixed))
    assert set(sample_of(chosen(mixed, "data.sports=[football]")).events["sport"]) == {"football"}


def test_nothing_is_asked_about_events_after_the_last_judged_one(leagues: Path) -> None:
    whole, narrow = sample_of(chosen(leagues)), sample_of(chosen(leagues, "judge.last_date=2020-01-31"))
    every, some = (decided_rows(sample, [models.made("elo")]) for sample in (whole, narrow))
    assert some["decided_at"].max() == narrow.judged["starts_at"].max() < whole.judged["starts_at"].max()
    assert every.filter(pl.col("decided_at") <= some["decided_at"].max()).equals(some)


def test_a_tie_is_no_result_of_a_market_without_a_draw(leagues: Path, tmp_path: Path) -> None:
    source = Store.open(leagues)
    prices = source.quotes().filter(pl.col("selection") != "draw").with_columns(market=pl.lit("moneyline"))
    stored(tmp_path / "store", source.events(), prices)
    sample = sample_of(chosen(tmp_path / "store", "judge.market=moneyline"))
    assert sample.left_out["no result, a tie, or not played to its end"] > 50


def test_all_takes_the_models_that_are_for_the_market(tmp_path: Path) -> None:
    football, tennis = (
        {one if isinstance(one, str) else one.label for one in _chosen(chosen(tmp_path, f"judge.market={market}"))}
        for market in ("1x2", "moneyline")
    )
    markets = {"market_close", "market_open", "market_b365"}
    assert tennis == markets | {"elo", "elo_surface", "welo"}
    assert football == markets | set(models.names()) - {"market", "elo_surface", "welo"}


def test_a_model_that_cannot_be_fitted_is_named_or_refused(leagues: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "names", lambda: ("market", "shares"))
    monkeypatch.setattr(models, "made", lambda name, parameters=None: ShareModel(fewest=10_000))
    judgement = judge(chosen(leagues))
    assert [row.model for row in judgement.rows] == ["market_close", "market_open", "market_b365"]
    assert judgement.notes[0].startswith("shares is left out: model shares cannot be fitted on 2019-")
    with pytest.raises(DataError, match=r"cannot be fitted on 2019-.*10000 rows.*the past is too short"):
        judge(chosen(leagues, "judge.models=[shares]"))


def test_events_without_an_answer_leave_the_common_set_and_are_counted(
    leagues: Path, shares: ShareModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence(monkeypatch, 2)
    judgement = judge(chosen(leagues))
    assert judgement.sample.judged.height == 524 and judgement.sample.left_out["no answer of shares"] == 4
    assert {len(prob) for prob in judgement.prob.values()} == {524}


def test_a_model_that_is_named_and_silent_is_refused_and_left_out_of_all(
    leagues: Path, shares: ShareModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence(monkeypatch, 20)
    with pytest.raises(DataError, match=r"no answer for many events in shares: .* found none for 40 of 528"):
        judge(chosen(leagues, "judge.models=[shares]"))
    judgement = judge(chosen(leagues))
    assert judgement.sample.judged.height == 528 and "found none for 40 of 528" in judgement.notes[0]
    assert "judge.first_date" in judgement.notes[-1]


def test_a_few_weeks_have_no_verdict(leagues: Path, shares: ShareModel) -> None:
    judgement = judge(chosen(leagues, "judge.first_date=2021-01-05", "judge.last_date=2021-03-05"))
    assert [row.verdict for row in judgement.rows[1:]] == ["too few weeks to tell"] * 3
    assert "too few to tell" in headline(judgement)
    assert judgement.document()["models"][1]["vs_close"]["low"] is None
    assert "too few for intervals" in page(judgement, ["judge"], "0")
    alone = judge(chosen(leagues, "judge.models=[market_close]"))
    assert "nothing but the closing price was judged" in headline(alone)


def test_what_are_no_probabilities_are_refused(leagues: Path) -> None:
    sample = sample_of(chosen(leagues))
    model = ShareModel()
    walk = Walk(sample, decided_rows(sample, [model]), "1x2", refit_instants(sample.judged, "once"))

    class Wrong(ShareModel):
        def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Shares:
            return replace(super().fit(past, outcomes), shares=(0.5, 0.4, -0.2))

    with pytest.raises(DataError, match="wrong probabilities in the answers of model shares, row 0: exp"):
        walk.of(Entry("shares", Wrong()))


def test_the_kept_forecasts_give_the_table_again(leagues: Path, shares: ShareModel, home: Path) -> None:
    judgement = judge(chosen(leagues))
    place = keep(judgement, ["judge", "judge.models=all"], page=True)
    kept, file = pl.read_parquet(place["forecasts"]), Path(place["forecasts"]).stat().st_ino
    keep(judgement, ["judge"], page=False)
    assert Path(place["forecasts"]).stat().st_ino != file  # replaced as a whole, never half written
    keep(judgement, ["judge", "judge.models=all"], page=True)
    assert kept.columns[:10] == [
        "competition", "date", "home", "away", "model", "prob_home", "prob_draw", "prob_away", "home_score",
        "away_score",
    ]  # fmt: skip
    happened = (
        pl.when(pl.col("home_score") > pl.col("away_score")).then("prob_home")
        .when(pl.col("home_score") < pl.col("away_score")).then("prob_away").otherwise("prob_draw")
    )  # fmt: skip
    losses = kept.group_by("model", maintain_order=True).agg(-happened.log().mean()).rows()
    assert dict(losses) == pytest.approx({row.model: row.log_loss for row in judgement.rows}, abs=1e-12)
    document = json.loads((Path(place["forecasts"]).parent / "judgement.json").read_text())
    assert document["models"] == judgement.document()["models"]
    assert document["settings"]["markets"]["market_open"] == "pinnacle:open" and document["settings"]["seed"] == 0
    assert document["settings"]["learned"] == {} and document["settings"]["first_date"] == "2019-07-01"
    assert [fit["day"][:4] for fit in document["fits"]] == ["2019", "2020"]
    text = Path(place["page"]).read_text()
    assert document["data_hash"] in text and document["fits"][0]["day"] in text
    events = Store.open(leagues).events()
    moved = events.with_columns(away_score=pl.when(pl.int_range(pl.len()) == 0).then(9).otherwise("away_score"))
    stored(home / "other", moved, Store.open(leagues).quotes())
    reads = [shares.inputs()]
    assert sample_of(chosen(home / "other"), reads).data_hash != document["data_hash"]
    assert document["data_hash"] == sample_of(chosen(leagues), reads).data_hash
    assert all(f">{row.model}</th>" in text and f"{row.log_loss:.4f}" in text for row in judgement.rows)
    assert "bea judge judge.models=all" in text and text.count("<svg") == 4
    assert all(f"By {by}" in text for by in ("competition", "season", "odds of the favourite"))


def test_no_one_bets_on_the_close_at_prices_of_before(leagues: Path, shares: ShareModel) -> None:
    judgement = judge(chosen(leagues))
    earned = judgement.earnings
    assert [one.model for one in earned] == ["market_open", "market_b365", "shares"] and not judgement.notes
    assert earned[0].bets == 0 < earned[-1].bets and np.isfinite(earned[-1].clv.value)
    closing = judge(chosen(leagues, "judge.markets.market_open=null", "judge.markets.market_b365=null"))
    assert [one.model for one in closing.earnings] == ["market_close", "shares"] and closing.earnings[0].bets == 0
    assert np.isnan(closing.earnings[-1].clv.value)  # no price is later than the one bet on


def test_without_pinnacle_before_the_match_the_other_price_is_bet_on_and_read(leagues: Path) -> None:
    sample = sample_of(chosen(leagues, "judge.markets.market_open=null"), [Inputs(market=True)])
    assert sample.decided == "market_b365" and sample.is_later("market_close")
    read = sample.judged.select("event_id").join(sample.prices, on="event_id", how="left", maintain_order="left")
    assert (read.select("home", "draw", "away").to_numpy() == sample.fair["market_b365"]).all()


def test_no_one_bets_on_a_snapshot_at_the_opening_prices(leagues: Path, shares: ShareModel, tmp_path: Path) -> None:
    source = Store.open(leagues)
    closing = source.quotes(Universe(bookmakers=("pinnacle",), instants=("close",)))
    snaps = closing.with_columns(instant=pl.lit("snapshot"))
    stored(tmp_path / "store", source.events(), pl.concat([source.quotes(), snaps]))
    judgement = judge(chosen(tmp_path / "store", "judge.markets.market_b365=pinnacle:snapshot"))
    assert [one.model for one in judgement.earnings] == ["market_open", "shares"]
    assert judgement.notes == ("market_b365 bets on nothing: it knows prices later than those of market_open",)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["judge.models=[marke_open]"], ConfigurationError, "did you mean market_open?"),
        (["judge.competitions=[ONE,SIX]"], ConfigurationError, "unknown competition 'SIX' in judge.competitions"),
        (["judge.first_date=2031-01-01"], EmptyUniverseError, "no event to judge"),
        (["judge.markets.market_close=pinnacle:snapshot"], EmptyUniverseError, "with no complete price pinnacle:snap"),
        (["judge.markets.market_close=pinacle:close"], ConfigurationError, "did you mean pinnacle?"),
    ],
)
def test_what_cannot_be_judged_is_one_line(
    leagues: Path, shares: ShareModel, words: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        judge(chosen(leagues, *words))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_the_price_of_a_market_is_parsed() -> None:
    assert Price.parsed("b365:open", "key") == Price("b365", "open")
