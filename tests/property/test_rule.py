"""A user's staking rule gives the same bits in lanes, in the walk of one configuration and interpreted."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import Configuration, backtest
from engine.backtesting.block import Daily
from engine.backtesting.measures import COLUMNS
from engine.backtesting.run import columns_of, run_params, walk_one, work_for
from engine.configuration import params_matrix
from engine.custom_rule import kernel_of, load, walk_modules
from engine.errors import ConfigurationError
from engine.kernel.codes import Staking
from engine.kernel.params import Params
from engine.twin import Twin
from tests.property.rules import ROOT, RULES
from tests.property.tapes import random_tape
from tests.property.test_lanes import assert_equal, of_one_class, plain_tape

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


def written(folder: Path, text: str, name: str = "rule.py") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_lanes_walk_and_twin_agree(folder: Path) -> None:
    rule, n_bets = load(written(folder, RULES)), 0.0
    for case in range(25):
        rng = np.random.default_rng((20_261_124, case))
        tape = plain_tape(rng, int(rng.integers(1, 120)))
        many = [dataclasses.replace(config, staking=Staking.OWN, amount_minor=ROOT) for config in of_one_class(rng, 40)]
        matrix = params_matrix(many)
        daily = Daily.empty(len(matrix), len(tape.midnights), np.empty(0, np.int64))
        result = run_params(tape, matrix, case, rule=rule, daily=daily)
        columns, work = columns_of(tape), work_for(tape)
        assert_equal(result, np.array([walk_one(columns, work, Params(*row.tolist()), case, rule) for row in matrix]))
        for number in range(4):
            twin = Twin(tape, many[number], case, rule).walk()
            measures = twin.measures()
            assert (daily.level[number] == np.float32(twin.day_level)).all()
            assert (daily.clv[number] == np.float32(twin.day_clv)).all()
            assert daily.level_turnover[number].tolist() == [twin.level_turnover, twin.closed_turnover]
            assert_equal(result[number : number + 1], np.array([[measures[name] for name in COLUMNS]]))
        n_bets += result[:, COLUMNS.index("n_bets")].sum()
    assert n_bets > 1_000


def test_kelly_as_a_users_rule_gives_the_bits_of_the_built_in_rule(folder: Path) -> None:
    rule = load(written(folder, RULES, "kelly.py"))
    for case in range(5):
        rng = np.random.default_rng((3, case))
        tape = random_tape(rng, 80)  # with groups and lay bets
        many = [dataclasses.replace(config, staking=Staking.KELLY) for config in of_one_class(rng, 40)]
        built_in = backtest(tape, many, case)
        custom = backtest(tape, [dataclasses.replace(config, staking=Staking.OWN) for config in many], case, rule=rule)
        assert built_in.metrics.equals(custom.metrics, null_equal=True)
        assert built_in.replay(7).bets.equals(custom.replay(7).bets)


def test_built_in_and_users_rules_run_together(folder: Path) -> None:
    rng, rule = np.random.default_rng(4), load(written(folder, RULES, "kelly.py"))
    tape = plain_tape(rng, 100)
    many = [dataclasses.replace(config, staking=Staking.KELLY) for config in of_one_class(rng, 60)]
    mixed = [dataclasses.replace(config, staking=Staking.OWN) if n % 2 else config for n, config in enumerate(many)]
    assert backtest(tape, many).metrics.equals(backtest(tape, mixed, rule=rule).metrics, null_equal=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "def stake_minor(row, account):\n    return 1.0\n",
            r"expected a function stake_minor\(row, account, params\)",
        ),
        ("stake = 5\n", "expected a function"),
        ("def stake_minor(row, account, params) return 1\n", "expected a file in Python"),
        ("import os\n\n\ndef stake_minor(row, account, params):\n    return 1.0\n", "found import of os"),
        ("from . import x\n\n\ndef stake_minor(row, account, params):\n    return 1.0\n", "found import of"),
    ],
)
def test_a_file_that_is_no_rule_is_refused(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(written(folder, text, "wrong.py"))
    with pytest.raises(ConfigurationError, match="expected a file, found No such file"):
        load(folder / "nothing.py")


def test_an_error_of_the_compiler_is_reported_in_one_line(folder: Path) -> None:
    rule = load(written(folder, "def stake_minor(row, account, params):\n    return row.nothing\n", "wrong.py"))
    with pytest.raises(ConfigurationError, match="does not compile"):
        kernel_of(rule)  # the rule alone: nobody waits for the kernel to be compiled around it
    tape = plain_tape(np.random.default_rng(1), 20)
    with pytest.raises(ConfigurationError, match=r"does not compile in .*wrong.py: found Unknown attribute 'nothing'"):
        backtest(tape, Configuration(staking=Staking.OWN), rule=rule)
    many = [Configuration(staking=Staking.OWN, fraction=n / 100) for n in range(40)]
    with pytest.raises(ConfigurationError, match="does not compile"):
        backtest(tape, many, rule=rule)
    with pytest.raises(ConfigurationError, match=r"no staking rule of your own in staking.file"):
        backtest(tape, many)


def test_each_text_has_a_kernel_of_its_own_that_is_cached(folder: Path) -> None:
    first, second = load(written(folder, RULES)), load(written(folder, RULES + "\n", "other.py"))
    assert walk_modules(first) != walk_modules(second) != walk_modules(None)
    assert kernel_of(first).walk is kernel_of(first).walk is not kernel_of(second).walk
    backtest(plain_tape(np.random.default_rng(1), 20), Configuration(staking=Staking.OWN), rule=first)
    code = (
        "import sys; from engine.kernel.cache import is_cold; from engine.custom_rule import load, walk_modules\n"
        "print(is_cold(walk_modules(load(sys.argv[1]))[0]))"
    )
    words = [sys.executable, "-c", code, str(folder / "rule.py")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.split() == ["False"]
