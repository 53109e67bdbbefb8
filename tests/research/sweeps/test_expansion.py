"""From overrides to the plan: branches, axes, duplicates, conditions, tapes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from engine.errors import ConfigurationError
from engine.kernel.params import Params
from research.config.compose import Composer
from research.config.kernel_params import check, configuration, matrix
from research.config.tape_spec import tape_spec_of
from research.execution.job import numbers
from research.sweeps.expansion import expand
from research.sweeps.plan import Plan, describe


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer("sweep")


def plan(composer: Composer, *words: str) -> Plan:
    return expand(composer, list(words))


def test_the_sweep_of_the_documentation(composer: Composer) -> None:
    swept = plan(
        composer,
        "strategy.edge_min=range(0,0.1,0.005)",
        "staking=flat,kelly",
        "staking.fraction=choice(0.1,0.25,0.5)",
    )
    assert len(swept) == 20 + 20 * 3  # flat has no fraction: its branch drops the key
    assert len(swept.tapes()) == 1
    assert "staking.fraction" not in swept.flat(1)
    assert swept.flat(80)["staking.fraction"] == 0.5
    assert swept.table["config"].to_list() == list(range(1, 81))


def test_where_drops_combinations(composer: Composer) -> None:
    words = ["strategy.edge_min=range(0,0.1,0.005)", "staking=flat,kelly", "staking.fraction=choice(0.1,0.25,0.5)"]
    swept = plan(composer, *words, "sweep.where=strategy.edge_min<0.05 and staking.fraction<0.5")
    assert len(swept) == 10 + 10 * 2
    assert swept.dropped == 50
    assert "50 dropped" in describe(swept)
    assert len(plan(composer, "risk=off,default", "sweep.where=risk=='off'")) == 1


def test_equal_configurations_are_listed_once(composer: Composer) -> None:
    assert len(plan(composer, "strategy.edge_min=0.1,0.10,1e-1")) == 1
    assert len(plan(composer, "data=default,sample", "data.store=/tmp/x")) == 1


def test_configurations_are_grouped_by_tape(composer: Composer) -> None:
    swept = plan(
        composer, "strategy.edge_min=0,0.1", "strategy.method=power,shin", "seed=1,2", "clv.method=shin,power",
        "staking=flat,kelly,kelly_market", "execution.commission_rates={},{b365: 0.02}",
    )  # fmt: skip
    assert len(swept) == 2 * 2 * 2 * 2 * 3 * 2
    assert len(swept.tapes()) == 2 * 2 * 2 * 2  # method, closing method, rates, with or without a Kelly column
    assert swept.table["tape"].is_sorted()
    for tape, low, high in swept.tapes():
        specs = {tape_spec_of(swept.flat(row + 1)) for row in range(low, high)}
        assert len(specs) == 1
        assert (swept.table["tape"][low:high] == tape).all()
    assert swept.flat(len(swept))["execution.commission_rates"] == {"b365": 0.02}


@pytest.mark.slow
def test_a_file_can_describe_the_sweep(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\nsweep:\n  params:\n    strategy.edge_min: range(0,0.1,0.01)\n"
        "    staking: flat,percent\n    staking.fraction: [0.1, 0.2]\n    risk.one_per_market: true\n"
    )
    with_folder = Composer("sweep", tmp_path)
    assert len(plan(with_folder, "experiment=mine")) == 10 + 10 * 2
    assert len(plan(with_folder, "experiment=mine", "strategy.edge_min=0.5")) == 1 + 2
    assert len(plan(with_folder, "experiment=mine", "staking=percent")) == 10 * 2
    assert plan(with_folder, "experiment=mine").flat(1)["risk.one_per_market"] is True


def test_plain_references_resolve_and_swept_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "refers.yaml").write_text(
        "# @package _global_\nrisk:\n  event_cap_frac: ${risk.bet_cap_frac}\n"
    )
    with_folder = Composer("sweep", tmp_path)
    assert plan(with_folder, "experiment=refers", "risk.bet_cap_frac=0.07").flat(1)["risk.event_cap_frac"] == 0.07
    with pytest.raises(ConfigurationError, match=r"refers to the swept key risk.bet_cap_frac"):
        plan(with_folder, "experiment=refers", "risk.bet_cap_frac=0.01,0.02")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["strategy.edgemin=1,2"], r"did you mean strategy.edge_min\?"),
        (["staking.fraction=1,2", "staking=flat,target"], "kelly or kelly_column"),
        (["output=json,table"], "one value for the whole sweep"),
        (["data.store='a','b'"], "one value for the whole sweep"),
        (["strategy.edge_min=a,b"], "a number"),
        (["bankroll_minor=1.5,2"], "a whole number"),
        (["staking.base=cash,credit", "staking=kelly"], "equity, cash"),
        (["hydra/launcher=joblib"], "never honoured"),
        (["sweep.max=3", "strategy.edge_min=0.1,0.2,0.3,0.4"], "sweep.max=4"),
        (["strategy.markets=shin", "sweep.where=strategy.edge_min < 'a'"], "values of different types"),
        (["sweep.params=3"], "belongs in a file"),
    ],
)
def test_mistakes(composer: Composer, words: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        plan(composer, *words)


@pytest.mark.slow
def test_kernel_parameters_of_each_configuration(composer: Composer) -> None:
    swept = plan(
        composer, "staking=flat,target,kelly", "risk=off,default", "strategy.edge_max=null,0.3",
        "risk.streak_cool_off=12h,2d", "staking.base=cash",
    )  # fmt: skip
    rows = numbers(swept, 0, len(swept))
    check(rows)
    for place in range(len(swept)):
        flat = swept.flat(place + 1)
        single = matrix(pl.DataFrame({"branch": [0]}), {0: flat}, {0: frozenset()})[0]
        assert single.tolist() == rows[place].tolist()
    last = configuration(rows[-1])
    assert last.base_is_cash
    assert last.streak_cool_off_ns == 2 * 86_400e9
    assert last.edge_max == 0.3
    assert configuration(rows[0]).drawdown_stop_frac == float("inf")


def test_contradictory_values_are_an_error_that_names_the_keys(composer: Composer) -> None:
    swept = plan(composer, "risk.drawdown_warn_frac=0.1,0.5")
    with pytest.raises(ConfigurationError, match=r"risk.drawdown_warn_frac, risk.drawdown_stop_frac"):
        check(numbers(swept, 0, len(swept)))


@pytest.mark.slow
def test_a_plan_of_a_million_configurations_is_small(composer: Composer) -> None:
    swept = plan(composer, "bankroll_minor=range(1000,2000)", "strategy.edge_min=range(0,1,0.001)")
    assert len(swept) == 1_000_000
    assert swept.table.estimated_size() < 60_000_000


def test_two_spellings_of_one_value_are_no_sweep(composer: Composer) -> None:
    swept = plan(composer, "strategy.edge_min=0.07,7e-2", "staking=flat,kelly")
    assert len(swept) == 2 and swept.keys.count("strategy.edge_min") == 0
    assert [swept.flat(config)["strategy.edge_min"] for config in (1, 2)] == [0.07, 0.07]
    assert (numbers(swept, 0, 2)[:, Params._fields.index("edge_min")] == 0.07).all()
