"""The hash of a trial: the same for one configuration, whatever command it came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from engine.identity import digest
from engine.paths import conf_dir
from research.config.compose import Composer
from research.config.keys import ADDED, ADDED_TO_STRATEGIES, KEYS
from research.records.trial_hashes import hashes
from research.sweeps.expansion import expand


@pytest.fixture(scope="module")
def composers() -> dict[str, Composer]:
    return {kind: Composer(kind) for kind in ("sweep", "backtest")}


def hashed(composers: dict[str, Composer], *words: str, kind: str = "sweep") -> list[bytes]:
    return hashes(expand(composers[kind], list(words)))


@pytest.mark.slow
def test_a_configuration_is_the_same_in_every_command(composers: dict[str, Composer]) -> None:
    swept = hashed(composers, "strategy.edge_min=0.01,0.02,0.03", "risk.bet_cap_frac=null,0.05", "staking=flat,kelly")
    assert len(set(swept)) == len(swept) == 12
    turned = hashed(composers, "staking=kelly,flat", "risk.bet_cap_frac=0.05,null", "strategy.edge_min=0.03,0.02,0.01")
    assert set(turned) == set(swept)
    words = ("strategy.edge_min=0.02", "risk.bet_cap_frac=0.05", "staking=kelly")
    (alone,) = hashed(composers, *words)
    assert alone in swept
    assert hashed(composers, *words, kind="backtest") == [alone]
    assert hashed(composers, *words, "strategy.edge_min=choice(0.02)") == [alone]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("strategy.edge_min=0", "strategy.edge_min=0.0"),
        ("strategy.edge_min=0", "strategy.edge_min=-0.0"),
        ("staking.amount_minor=1000", "staking.amount_minor=1000.0"),
        ("staking.amount_minor=1000", "staking.amount_minor=1e3"),
        ("seed=1", "seed=2"),  # nothing is drawn
        ("data.seasons=null", "data.seasons=[2019-2020]"),  # other events, the same configuration
        ("validation.folds=6", "validation.folds=8"),
        ("clv.method=power", "clv.method=shin"),
        ("sweep.order=roi", "sweep.order=yield"),
        ("strategy.markets=1x2", "strategy.markets=[1x2]"),
        ("strategy.markets=[1x2,totals]", "strategy.markets=[totals,1x2]"),
        ("strategy.lines=2.5", "strategy.lines=[2.5]"),
        ("strategy.price_bookmakers=bet365", "strategy.price_bookmakers=[bet365,bet365]"),
        ("data.instants=[open,snapshot]", "data.instants=[snapshot,open]"),
        ("data.instants=close", "data.instants=[close]"),
        ("data.decide_at=before_start:60m", "data.decide_at=before_start:1h"),
        ("risk.streak_cool_off=24h", "risk.streak_cool_off=1d"),
        ("execution.unresolved.after=7d", "execution.unresolved.after=168h"),
        ("strategy.odds_min=null", "strategy.odds_min=1"),
        ("execution.commission_rates={a: 0.02, b: 0}", "execution.commission_rates={b: 0.0, a: 0.02}"),
    ],
)
def test_what_makes_no_other_trial(composers: dict[str, Composer], one: str, other: str) -> None:
    assert hashed(composers, one) == hashed(composers, other)
    if not any(sign in one for sign in ("data", "validation", "sweep", "[", "{")):
        key, value = one.split("=")
        together = hashed(composers, f"{key}={value},{other.split('=')[1]}")
        assert set(together) == set(hashed(composers, one))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("strategy.edge_min=0.01", "strategy.edge_min=0.011"),
        ("strategy.odds_max=null", "strategy.odds_max=10"),
        ("data.decide_at=close", "data.decide_at=open"),
        ("bankroll_minor=100000", "bankroll_minor=200000"),
        ("strategy.method=power", "strategy.method=shin"),
        ("risk.one_per_market=true", "risk.one_per_market=false"),
        ("strategy.markets=1x2", "strategy.markets=totals"),
        ("risk.streak_cool_off=24h", "risk.streak_cool_off=25h"),
    ],
)
def test_what_makes_another_trial(composers: dict[str, Composer], one: str, other: str) -> None:
    first, second = hashed(composers, one), hashed(composers, other)
    assert first != second
    key = one.split("=")[0]
    assert hashed(composers, f"{key}={one.split('=')[1]},{other.split('=')[1]}") in (
        [*first, *second],
        [*second, *first],
    )


def test_the_seed_counts_where_bets_may_be_rejected(composers: dict[str, Composer]) -> None:
    assert len(set(hashed(composers, "seed=1,2", "execution.rejection_frac=0,0.1"))) == 3


@pytest.mark.slow
def test_another_text_of_a_rule_is_another_trial(composers: dict[str, Composer], tmp_path: Path) -> None:
    def written(name: str, stake: int) -> str:
        path = tmp_path / name
        path.write_text(f"def stake_minor(row, room, params):\n    return {stake}.0\n")
        return f"staking.file={path}"

    own = ("staking=own",)
    first = hashed(composers, *own, written("a.py", 100))
    assert hashed(composers, *own, written("b.py", 100)) == first
    assert hashed(composers, *own, written("a.py", 200)) != first


@pytest.mark.slow
def test_a_staking_rule_counts_by_its_text_wherever_it_lies(home: Path) -> None:
    (home / "staking_rules").mkdir()
    rule = home / "staking_rules" / "tenth.py"
    rule.write_text("def stake_minor(row, room, params):\n    return 1000.0\n")
    elsewhere = home / "elsewhere.py"
    elsewhere.write_text(rule.read_text())
    words = ["data=sample", "staking=own", "strategy.edge_min=0.01"]

    def hash_of(file: str) -> bytes:
        (only,) = hashes(expand(Composer("sweep", None), [*words, f"staking.file={file}"]))
        return only

    first = hash_of("tenth")
    assert first == hash_of(str(elsewhere)) == hash_of(str(rule))
    rule.write_text(rule.read_text() + "\n# another text\n")
    assert hash_of("tenth") != first


GOLDEN = {
    ("data=sample",): "41d0f0eb486bf0c81ad10ed3769cda8f",
    ("data=sample", "staking=kelly", "execution.venues={b1: {commission_rate: 0.02}}"): (
        "4e0469a066e4953db4fe4c688f2be40e"
    ),
    ("data=sample", "strategy=flat_all"): "985cfb1a182fdc2010c696bda28e511b",
    ("data=sample", "strategy=favourite_longshot"): "2ee3389553086f75ae204d8d122dbe6f",
}


@pytest.mark.parametrize("words", list(GOLDEN))
def test_the_hash_of_a_trial_never_moves(composers: dict[str, Composer], words: tuple[str, ...]) -> None:
    assert hashed(composers, *words, kind="backtest")[0].hex() == GOLDEN[words]
    for key, value in ADDED.items():
        if key in KEYS:
            written = f"{key}={json.dumps(value)}".replace('"', "")
            assert hashed(composers, *words, written, kind="backtest")[0].hex() == GOLDEN[words]


@pytest.mark.slow
def test_the_hashes_of_all_built_in_strategies_never_move(composers: dict[str, Composer]) -> None:
    found = [
        hashed(composers, "data=sample", f"strategy={name}", f"staking={rule}", f"risk={risk}", kind="backtest")[0]
        for name in ("arbitrage", "consensus", "favourite_longshot", "flat_all", "value")
        for rule in ("flat", "kelly", "kelly_shrunk", "percent", "target", "kelly_states")
        for risk in ("default", "off")
    ]
    assert digest([name.hex() for name in found]) == "6f8110623876e541e1f6ba3e4ace49f6"


def test_another_value_of_an_added_key_is_another_trial(composers: dict[str, Composer]) -> None:
    plain, same, other = (
        hashed(composers, "data=sample", *more, kind="backtest")[0]
        for more in ((), ("execution.unresolved=void",), ("execution.unresolved=open",))
    )
    assert plain == same != other
    swept = hashed(composers, "data=sample", "execution.unresolved=open,void,{after: 9d}")
    assert swept[:2] == [other, plain] and swept[2] not in (plain, other)
    terms = hashed(composers, "data=sample", "execution.unresolved.after=7d,9d")
    assert terms == [plain, swept[2]]
    assert hashed(composers, "data=sample", "execution.unresolved.settle=void,open") == [plain, other]
    with pytest.raises(ConfigurationError, match="swept twice"):
        hashed(composers, "execution.unresolved.settle=void,open", "execution.unresolved.after=7d,9d")


def test_a_key_added_to_single_strategies_counts_as_before_for_the_others(composers: dict[str, Composer]) -> None:
    for (name, key), value in ADDED_TO_STRATEGIES.items():
        plain, same, other = (
            hashed(composers, "data=sample", f"strategy={name}", *more, kind="backtest")[0]
            for more in ((), (f"{key}={json.dumps(value)}",), (f"{key}={json.dumps(not value)}",))
        )
        assert plain == same != other
        assert set(hashed(composers, "data=sample", f"strategy={name}", f"{key}=false,true")) == {plain, other}


def test_an_option_file_of_before_may_lack_an_added_key(tmp_path: Path) -> None:
    (tmp_path / "execution").mkdir()
    content = (conf_dir() / "execution" / "default.yaml").read_text(encoding="utf-8")
    lines = [line for line in content.splitlines() if not line.startswith("unresolved")]
    (tmp_path / "execution" / "mine.yaml").write_text("\n".join(lines), encoding="utf-8")
    plan = expand(Composer("backtest", tmp_path), ["data=sample", "execution=mine"])
    assert [name.hex() for name in hashes(plan)] == [GOLDEN["data=sample",]]
