"""From words to the plan: branches, axes, duplicates, conditions, tapes."""

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
    made = plan(
        composer,
        "strategy.edge_min=range(0,0.1,0.005)",
        "staking=flat,kelly",
        "staking.fraction=choice(0.1,0.25,0.5)",
    )
    assert len(made) == 20 + 20 * 3  # flat has no fraction: its branch drops the key
    assert len(made.tapes()) == 1
    assert "staking.fraction" not in made.flat(1)
    assert made.flat(80)["staking.fraction"] == 0.5
    assert made.table["config"].to_list() == list(range(1, 81))


def test_where_drops_combinations(composer: Composer) -> None:
    words = ["strategy.edge_min=range(0,0.1,0.005)", "staking=flat,kelly", "staking.fraction=choice(0.1,0.25,0.5)"]
    made = plan(composer, *words, "sweep.where=strategy.edge_min<0.05 and staking.fraction<0.5")
    assert len(made) == 10 + 10 * 2
    assert made.dropped == 50
    assert "50 dropped" in describe(made)
    assert len(plan(composer, "risk=off,default", "sweep.where=risk=='off'")) == 1


def test_equal_configurations_stand_once(composer: Composer) -> None:
    assert len(plan(composer, "strategy.edge_min=0.1,0.10,1e-1")) == 1
    assert len(plan(composer, "data=default,sample", "data.store=/tmp/x")) == 1


def test_tapes_are_slow_parts_and_neighbours(composer: Composer) -> None:
    made = plan(
        composer, "strategy.edge_min=0,0.1", "strategy.method=power,shin", "seed=1,2", "clv.method=shin,power",
        "staking=flat,kelly,kelly_market", "execution.commission_rates={},{b365: 0.02}",
    )  # fmt: skip
    assert len(made) == 2 * 2 * 2 * 2 * 3 * 2
    assert len(made.tapes()) == 2 * 2 * 2 * 2  # method, closing method, rates, column of Kelly or none
    assert made.table["tape"].is_sorted()
    for tape, low, high in made.tapes():
        parts = {tape_spec_of(made.flat(row + 1)) for row in range(low, high)}
        assert len(parts) == 1
        assert (made.table["tape"][low:high] == tape).all()
    assert made.flat(len(made))["execution.commission_rates"] == {"b365": 0.02}


def test_a_file_may_describe_the_sweep(composer: Composer, tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\nsweep:\n  params:\n    strategy.edge_min: range(0,0.1,0.01)\n"
        "    staking: flat,percent\n    staking.fraction: [0.1, 0.2]\n    risk.one_per_market: true\n"
    )
    own = Composer("sweep", tmp_path)
    assert len(plan(own, "experiment=mine")) == 10 + 10 * 2
    assert len(plan(own, "experiment=mine", "strategy.edge_min=0.5")) == 1 + 2
    assert len(plan(own, "experiment=mine", "staking=percent")) == 10 * 2
    assert plan(own, "experiment=mine").flat(1)["risk.one_per_market"] is True


def test_plain_references_resolve_and_swept_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "refers.yaml").write_text(
        "# @package _global_\nrisk:\n  event_cap_frac: ${risk.bet_cap_frac}\n"
    )
    own = Composer("sweep", tmp_path)
    assert plan(own, "experiment=refers", "risk.bet_cap_frac=0.07").flat(1)["risk.event_cap_frac"] == 0.07
    with pytest.raises(ConfigurationError, match=r"refers to the swept key risk.bet_cap_frac"):
        plan(own, "experiment=refers", "risk.bet_cap_frac=0.01,0.02")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["strategy.edgemin=1,2"], r"did you mean strategy.edge_min\?"),
        (["staking.fraction=1,2", "staking=flat,target"], "choose staking=kelly"),
        (["output=json,table"], "one value a sweep"),
        (["data.store='a','b'"], "one value a sweep"),
        (["strategy.edge_min=a,b"], "a number"),
        (["bankroll_minor=1.5,2"], "a whole number"),
        (["staking.base=cash,credit", "staking=kelly"], "equity, cash"),
        (["hydra/launcher=joblib"], "never honoured"),
        (["sweep.max=3", "strategy.edge_min=1,2,3,4"], "sweep.max=4"),
        (["strategy.markets=shin", "sweep.where=strategy.edge_min < 'a'"], "unlike things"),
        (["sweep.params=3"], "belongs in a file"),
    ],
)
def test_mistakes(composer: Composer, words: list[str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        plan(composer, *words)


def test_numbers_of_the_kernel(composer: Composer) -> None:
    made = plan(
        composer, "staking=flat,target,kelly", "risk=off,default", "strategy.edge_max=null,0.3",
        "risk.streak_cool_off=12h,2d", "staking.base=cash",
    )  # fmt: skip
    rows = numbers(made, 0, len(made))
    check(rows)
    for place in range(len(made)):
        flat = made.flat(place + 1)
        single = matrix(pl.DataFrame({"branch": [0]}), {0: flat}, {0: frozenset()})[0]
        assert single.tolist() == rows[place].tolist()
    last = configuration(rows[-1])
    assert last.base_is_cash
    assert last.streak_cool_off_ns == 2 * 86_400e9
    assert last.edge_max == 0.3
    assert configuration(rows[0]).drawdown_stop_frac == float("inf")


def test_contradictions_name_the_keys(composer: Composer) -> None:
    made = plan(composer, "risk.drawdown_warn_frac=0.1,0.5")
    with pytest.raises(ConfigurationError, match=r"risk.drawdown_warn_frac, risk.drawdown_stop_frac"):
        check(numbers(made, 0, len(made)))


def test_a_million_in_seconds(composer: Composer) -> None:
    made = plan(composer, "bankroll_minor=range(1000,2000)", "strategy.edge_min=range(0,1,0.001)")
    assert len(made) == 1_000_000
    assert made.table.estimated_size() < 60_000_000


def test_one_value_in_two_spellings_is_that_value(composer: Composer) -> None:
    made = plan(composer, "strategy.edge_min=0.07,7e-2", "staking=flat,kelly")
    assert len(made) == 2 and made.keys.count("strategy.edge_min") == 0
    assert [made.flat(config)["strategy.edge_min"] for config in (1, 2)] == [0.07, 0.07]
    assert (numbers(made, 0, 2)[:, Params._fields.index("edge_min")] == 0.07).all()
