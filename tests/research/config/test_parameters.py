"""The table of fast parameters and what derives from it: keys, option files, help, documentation, checks."""

from __future__ import annotations

import dataclasses
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from engine import Configuration, Staking
from engine.errors import ConfigurationError
from engine.kernel.parameter import Parameter
from engine.kernel.params import FIELD, PARAMETERS, ROW, DecisionParams, Params
from engine.paths import conf_dir
from research.commands.main import main
from research.config.kernel_params import check, configuration, number_of
from research.config.keys import FAST, KEYS, checked
from research.strategies import names
from scripts import parameters

KEYED = [(key, parameter) for parameter in PARAMETERS for key in parameter.keys]


def options(group: str) -> dict[str, dict[str, Any]]:
    """The options of a group by name, each with its keys and values."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in (conf_dir() / group).glob("*.yaml")}


def test_every_record_has_the_order_of_the_table() -> None:
    names = tuple(parameter.name for parameter in PARAMETERS)
    assert Params._fields == tuple(FIELD) == tuple(field.name for field in dataclasses.fields(Configuration)) == names
    assert list(ROW) == list(range(len(names)))
    assert DecisionParams._fields == tuple(parameter.name for parameter in PARAMETERS if parameter.decides)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_row_is_complete_and_consistent(parameter: Parameter) -> None:
    assert parameter.help and parameter.keys
    assert parameter.allows(float(parameter.default)) and parameter.allows(parameter.missing)
    assert not parameter.allows(math.nan)
    assert parameter.kind in ("flag", "choice") or parameter.unit
    assert not parameter.at_most or parameter.at_most in FIELD
    assert all(parameter.allows(number) for number in parameter.words.values())
    if parameter.lanes_only is not None:
        assert parameter.missing == parameter.lanes_only
    assert float(getattr(Configuration(), parameter.name)) == float(parameter.default)


def test_every_key_is_checked_by_its_row() -> None:
    assert {key for key, _ in KEYED} == set(FAST) <= set(KEYS)
    assert not [key for key in FAST if KEYS[key].slow]


@pytest.mark.parametrize(("key", "parameter"), KEYED, ids=[key for key, _ in KEYED])
def test_option_files_set_every_key_to_an_allowed_value(key: str, parameter: Parameter) -> None:
    group, _, last = key.rpartition(".")
    if group:
        values = {name: option[last] for name, option in options(group).items() if last in option}
        assert group == "staking" or set(values) == set(options(group)), "an option lacks the key"
    else:
        values = {
            name: yaml.safe_load((conf_dir() / f"{name}.yaml").read_text())[key] for name in ("backtest", "sweep")
        }
    assert values
    for value in values.values():
        assert parameter.allows(number_of(parameter, checked(key, value)))


def test_the_help_lists_every_key_with_its_value() -> None:
    program = "import sys; from research.commands.main import main; sys.exit(main())"
    words = ["sweep", "staking=kelly", "risk.bet_cap_frac=0.03", "--help"]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    lines = done.stdout.partition("== Groups: group=option ==")[2].splitlines()
    assert {line.partition("=")[0] for line in lines if line and line[0] not in " ="} >= set(FAST)
    assert "risk.bet_cap_frac=0.03" in lines and "staking.fraction=0.25" in lines
    assert "risk.competition_cap_frac=null" in lines and "risk.one_per_market=false" in lines
    assert "staking.amount_minor" in lines[lines.index("== Keys of other options of their group ==") :]
    assert "    largest stake of one bet [fraction of equity; at least 0, at most 1; null: off]" in lines
    keys = [place for place, line in enumerate(lines) if re.match(r"[a-z_.]+=", line)]
    assert len(keys) > 60 and all(lines[place + 1].startswith("    ") for place in keys), "every key is explained"
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", names())
def test_the_help_of_every_strategy_explains_its_keys(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", f"strategy={name}", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    keys = [place for place, line in enumerate(lines) if line.startswith("strategy.")]
    assert len(keys) > 5 and all(lines[place + 1].startswith("    ") for place in keys)


def test_the_table_of_the_documentation_is_current() -> None:
    assert parameters.PAGE.read_text() == parameters.page(), "run python -m scripts.parameters"


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"bet_cap_frac": -0.1}, "risk.bet_cap_frac"),
        ({"base_is_cash": True, "streak_cool_off_ns": 0.0}, "risk.streak_cool_off"),
        ({"edge_min": 5.0}, "strategy.edge_min"),  # 5 % is 0.05
        ({"edge_max": 5.0}, "strategy.edge_max"),
        ({"edge_min": 0.2, "edge_max": 0.1}, "strategy.edge_min, strategy.edge_max"),
        (
            {"stake_min_minor": 20.0, "stake_increment_minor": 25.0},
            "execution.stake_increment_minor, execution.stake_min",
        ),
        ({"limiting_factor": 0.0}, "execution.limiting_factor"),
    ],
)
def test_numbers_out_of_range_are_reported_by_their_keys(values: dict[str, float], key: str) -> None:
    rows = np.array([Configuration().params()] * 3)
    for name, value in values.items():
        rows[1, FIELD[name]] = value
    with pytest.raises(ConfigurationError, match=key):
        check(rows)
    assert configuration(rows[0]) == Configuration()


def test_the_rows_of_other_files_declare_no_parameter() -> None:
    root = Path(__file__).resolve().parents[3]
    declaring = [
        path for folder in ("engine", "research") for path in (root / folder).rglob("*.py")
        if '"risk.bet_cap_frac"' in path.read_text()
    ]  # fmt: skip
    assert declaring == [root / "engine" / "kernel" / "params.py"]


PERCENTAGES = [
    ("fraction", 5.0, Staking.PERCENT), ("fraction", 2.0, Staking.PERCENT), ("fraction", 25.0, Staking.KELLY),
    ("fraction", 2.0, Staking.KELLY), ("fraction", 50.0, Staking.KELLY_COLUMN), ("fraction", 5.0, Staking.FLAT),
    *((f"{cap}_cap_frac", value, Staking.FLAT) for cap in ("bet", "event", "competition", "day", "open")
      for value in (5, 50)),
    ("stake_cap_frac", 10.0, Staking.KELLY), ("drawdown_warn_frac", 15.0, Staking.FLAT),
    ("drawdown_stop_frac", 20.0, Staking.FLAT), ("daily_loss_frac", 5.0, Staking.FLAT),
    ("slippage_frac", 2.0, Staking.FLAT), ("rejection_frac", 5.0, Staking.FLAT),
    ("price_tolerance_frac", 5.0, Staking.FLAT), ("fill_min_frac", 50.0, Staking.FLAT),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "staking"), PERCENTAGES)
def test_a_fraction_that_is_a_percentage_is_refused_with_the_fraction(
    name: str, value: float, staking: Staking
) -> None:
    text = rf"did you mean {value / 100:g}\?$"
    with pytest.raises(ConfigurationError, match=rf"{name}: expected .*, found {value:g}; {text}"):
        Configuration(staking=staking, **{name: value})  # type: ignore[arg-type]
    rows = np.array([Configuration().params()] * 40)
    rows[17, FIELD["staking"]], rows[17, FIELD[name]] = staking, value
    rows[23, FIELD["staking"]] = staking
    with pytest.raises(ConfigurationError, match=text):
        check(rows)


def test_fractions_that_mean_something_are_allowed() -> None:
    off = {parameter.name for parameter in PARAMETERS if parameter.null == math.inf}
    assert {"bet_cap_frac", "day_cap_frac", "stake_cap_frac", "drawdown_stop_frac", "daily_loss_frac"} <= off
    Configuration(**dict.fromkeys(off, math.inf))  # type: ignore[arg-type]
    for staking, fraction in ((Staking.PERCENT, 1.0), (Staking.KELLY, 1.5), (Staking.OWN, 250.0)):
        Configuration(staking=staking, fraction=fraction)
    Configuration(day_cap_frac=1.5, bet_cap_frac=1.0, daily_loss_frac=1.0, drawdown_stop_frac=1.0, edge_max=1.0)


def test_a_rule_of_ones_own_gives_the_fraction_its_meaning_in_a_sweep_too() -> None:
    rows = np.array([Configuration().params()] * 4)
    rows[0, FIELD["staking"]], rows[0, FIELD["fraction"]] = Staking.OWN, 5.0
    rows[1, FIELD["staking"]] = Staking.PERCENT
    check(rows)
    rows[3, FIELD["staking"]], rows[3, FIELD["fraction"]] = Staking.PERCENT, 5.0  # value and rule were seen before
    with pytest.raises(ConfigurationError, match=r"staking.fraction: .* did you mean 0.05\?"):
        check(rows)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("execution.commission_rates", {"x": 5}, "0.05"),
        ("execution.venues", {"x": {"commission_rate": 2}}, "0.02"),
        ("execution.venues", {"x": {"tax_stake_frac": 5}}, "0.05"),
        ("execution.venues", {"x": {"markets": {"1x2": {"tax_winnings_frac": 10.0}}}}, "0.1"),
    ],
)
def test_a_rate_in_percent_is_refused_with_the_fraction(key: str, value: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"did you mean {text}\?$"):
        checked(key, value)
