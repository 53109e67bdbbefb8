"""A stored model where something is not as it was trained: refused in one line that says what to do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.errors import ConfigurationError
from research.config.tape_spec import TapeSpec
from research.forecasting.artifacts import Artifact, save
from research.strategies.model_value import ModelValue
from research.tapes import stored
from research.tapes.inputs import strategy_of
from tests.tapes import spec_of

DATA = ["data=sample", "data.decide_at=before_start:1h", "strategy=model"]


@cache
def base() -> TapeSpec:
    return spec_of(*DATA)


def spec(*words: str) -> TapeSpec:
    """The specification of `bea backtest` with further words, put in by hand: composing each takes long."""
    found = base()
    for word in words:
        key, value = word.split("=", 1)
        group, _, name = key.rpartition(".")
        told = yaml.safe_load(value)
        told = tuple(told) if isinstance(told, list) else str(told) if name == "first_date" else told
        if name in dict(found.universe):
            found = replace(found, universe=tuple((dict(found.universe) | {name: told}).items()))
        elif group == "data":
            found = replace(found, **{name: told})
        else:
            more = {"model": told, "model_parameters": ()} if key == "model" else {name: told}
            found = replace(found, parameters=tuple((dict(found.parameters) | more).items()))
    return found


def kept(model: str, *words: str, **changes: Any) -> str:
    """The hash of an artifact as a training with these words would write it."""
    of = strategy_of(spec(f"model={model}", *words))
    assert isinstance(of, ModelValue)
    inputs, trained = of.made.inputs(), spec(f"model={model}", *words)
    artifact = Artifact(
        model=model, parameters=dict(of.model_parameters), market="1x2", outcomes=("home", "draw", "away"),
        features=inputs.features, reads_market=inputs.market, first_ns=1, until_ns=2, n_rows=3, rows_hash="aa",
        rows=stored.rows_from(trained, of), code=stored.answering_code(of), versions=stored.versions_of(of),
        metrics={}, fitted={"model": model},
    )  # fmt: skip
    return save(replace(artifact, **changes)).stem


def refused(artifact: str, text: str, *words: str) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        strategy_of(spec(f"strategy.artifact={artifact}", *words))
    assert "\n" not in str(caught.value) and artifact[:12] in str(caught.value)


def test_the_settings_of_the_rows_must_be_those_of_the_training(home: Path) -> None:
    elo = kept("elo", "data.first_date=2020-01-01")
    for words in (["data.first_date=2020-01-01"], ["data.first_date=2019-08-01"], []):
        strategy_of(spec(f"strategy.artifact={elo}", *words))
    strategy_of(spec(f"strategy.artifact={elo}", "data.decide_at=before_start:60m"))
    refused(elo, "data.first_date differs in .* set data.first_date=2020-01-01", "data.first_date=2020-01-02")
    refused(elo, "expected before_start:1h, found close; set data.decide_at=before_start:1h", "data.decide_at=close")
    refused(elo, "data.instants differs", "data.instants=[open]")
    refused(elo, "data.seasons differs .* expected null", "data.seasons=[2021-2022]")
    whole = kept("elo")
    refused(whole, r"expected null, found 2020-01-01; set data\.first_date=null", "data.first_date=2020-01-01")
    some = kept("elo", "data.seasons=[2019-2020,2020-2021]")
    strategy_of(spec(f"strategy.artifact={some}", "data.seasons=[2019-2020,2020-2021,2021-2022]"))
    refused(some, r"set data\.seasons=\[2019-2020,2020-2021\]", "data.seasons=[2020-2021,2021-2022]")


def test_the_prices_that_a_model_reads_must_be_those_of_the_training(home: Path) -> None:
    market = kept("market", "strategy.market_bookmaker=consensus", "strategy.method=shin")
    same = ["strategy.market_bookmaker=consensus", "strategy.method=shin"]
    strategy_of(spec(f"strategy.artifact={market}", *same, "data.first_date=2021-01-01"))  # it has no feature
    refused(market, "set strategy.market_bookmaker=consensus")
    refused(market, "set strategy.method=shin", *same[:1])
    refused(market, "strategy.skip_suspect differs .* expected false, found true", *same, "strategy.skip_suspect=true")
    elo = kept("elo")  # it reads no price
    strategy_of(spec(f"strategy.artifact={elo}", *same))


def test_a_stored_model_that_is_gated_is_held_to_its_rows_too(home: Path) -> None:
    def gate(artifact: str, *words: str, **given: Any) -> TapeSpec:
        found = spec(*words)
        more = tuple(f"{name}:{value}" for name, value in given.items())
        parameters = (("base", "model_value"), ("base_parameters", (f"artifact:'{artifact}'", *more)))
        return replace(found, strategy="regime_gated", parameters=parameters)

    elo, market = kept("elo"), kept("market", "strategy.method=shin")
    assert strategy_of(gate(elo)).name == "regime_gated"
    with pytest.raises(ConfigurationError, match=r"data.first_date differs .* set data.first_date=null"):
        strategy_of(gate(elo, "data.first_date=2020-01-01"))
    assert strategy_of(gate(market, method="shin")).name == "regime_gated"
    with pytest.raises(ConfigurationError, match=r"strategy.method differs .* add method:shin to strategy.base_param"):
        strategy_of(gate(market))
    with pytest.raises(ConfigurationError, match=r"has changed since .* train the model again"):
        strategy_of(gate(kept("elo", code="00")))


def test_other_code_and_other_libraries_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(kept("elo", code="00"), "has changed since .* train the model again")
    refused(kept("elo", versions={"numpy": "1.0"}), "another version of numba")
    elo, trees = kept("elo"), kept("lightgbm")
    installed = stored.version_of
    monkeypatch.setattr(stored, "version_of", lambda name: "0.1" if name == "lightgbm" else installed(name))
    strategy_of(spec(f"strategy.artifact={elo}"))
    refused(trees, "another version of lightgbm .* found 0.1; train the model again")
    monkeypatch.setattr(stored, "code_hash", lambda modules, files=(): "11")
    refused(elo, "the code of the model or of its features has changed")
