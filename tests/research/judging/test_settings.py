"""Settings of a judgement: what a user may write, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest

from engine.errors import ConfigurationError
from research.config.compose import Composer, resolved
from research.judging.entries import Asked
from research.judging.settings import Price, Settings, settings_of


def settings(*words: str) -> Settings:
    """The settings of some overrides."""
    return settings_of(resolved(Composer("judge").compose(list(words))))


def test_the_experiment_of_five_leagues_names_what_is_judged() -> None:
    found = settings("experiment=judge/five_leagues")
    assert found.competitions == ("E0", "SP1", "D1", "I1", "F1")
    assert (found.first_date, found.last_date) == (dt.date(2013, 7, 1), dt.date(2022, 7, 31))
    assert found.markets["market_close"] == Price("pinnacle", "close")
    assert found.learned.competitions is None and found.models is None


def test_an_experiment_can_be_narrowed_and_a_market_left_out() -> None:
    found = settings(
        "experiment=judge/five_leagues", "judge.competitions=E0", "judge.first_date=2020-01-01",
        "judge.models=[market_open]", "judge.markets.market_b365=null", "data.seasons=[2020-2021]",
    )  # fmt: skip
    assert found.competitions == ("E0",) and found.first_date == dt.date(2020, 1, 1)
    assert found.models == (Asked("market_open"),) and set(found.markets) == {"market_close", "market_open"}
    assert found.learned.seasons == ("2020-2021",)


def test_tennis_is_judged_by_the_one_price_of_its_source() -> None:
    found = settings("experiment=judge/atp")
    assert found.market == "moneyline" and found.markets == {"market_close": Price("pinnacle", "open")}


def test_a_market_of_another_bookmaker_is_one_more_key() -> None:
    found = settings("judge.markets.market_avg=avg:close").markets
    assert list(found)[-1] == "market_avg" and found["market_avg"] == Price("avg", "close") and len(found) == 4


def test_models_have_names_parameters_and_artifacts() -> None:
    found = settings("judge.models=[elo,{model:lightgbm,leaves:8,features:[elo,form]},artifact:12e456,elo]").models
    assert found == (
        Asked("elo"), Asked("lightgbm", (("leaves", 8), ("features", ("elo", "form")))), Asked("artifact:12e456"),
    )  # fmt: skip
    assert [one.label for one in found] == ["elo", "lightgbm{leaves: 8, features: [elo, form]}", "artifact:12e456"]
    assert settings("judge.models=all").models is None and settings("judge.models=elo").models == (Asked("elo"),)
    assert settings("judge.models={model:elo,rows_min:300}").models == (Asked("elo", (("rows_min", 300),)),)


def test_the_sample_is_a_store_that_can_be_judged() -> None:
    assert settings("data=sample").store == settings("experiment=judge/sample").store == "embedded:sample"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["judge.market=totals"], "unknown value 'totals' in judge.market"),
        (["judge.markets.market_close=pinnacle"], "BOOKMAKER:KIND"),
        (["judge.markets.market_close=pinnacle:in_play"], "BOOKMAKER:KIND"),
        (["judge.markets.market_close=null"], "no closing price to judge by"),
        (["+judge.markets.bookie=pinnacle:open"], "expected market_..., found bookie"),
        (["judge.markets.bookie=pinnacle:open"], "expected market_..., found bookie"),
        (["judge.first_date=soon"], "wrong value in judge.first_date: expected a date such as 2015-08-01, found soon"),
        (["judge.last_date=soon"], "wrong value in judge.last_date"),
        (["judge.competitions=[]"], "wrong value in judge.competitions"),
        (["judge.models=[]"], "no model to judge in judge.models: expected all, or a list of names"),
        (["judge.models=true"], "wrong value in judge.models"),
        (["judge.models=[{leaves:8}]"], "wrong value in judge.models"),
        (["judge.models=[[elo]]"], "wrong value in judge.models"),
        (["judge.models=[{model:'artifact:123456',leaves:8}]"], "a stored model has its own parameters"),
        (["judge.resamples=10"], "a whole number of at least 100 and at most 20,000, found 10"),
        (["judge.resamples=100000000"], "in judge.resamples"),
        (["judge.resamples=.inf"], "in judge.resamples"),
        (["judge.edge_min=.nan"], "in judge.edge_min"),
        (["data.decide_at=quote"], "a judgement has no key data.decide_at"),
        (["judge.resamples=true"], "a whole number of at least 100"),
        (["judge.refit=daily"], "unknown value 'daily' in judge.refit"),
        (["judge.method=powr"], "did you mean power?"),
        (["judge.modles=all"], "judge.models"),
        (["experiment=sample"], "a judgement has no key sweep"),
        (
            ["experiment=judge/five"],
            "group experiment/judge: expected atp, five_leagues, sample",
        ),
        (["judge.edge_min=lots"], "a number of at least -1"),
    ],
)
def test_a_wrong_setting_is_one_line(words: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        settings(*words)
    assert message in error.value.line() and "\n" not in error.value.line()
