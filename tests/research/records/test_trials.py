"""The trial ledger: every configuration once for its events, whatever the command."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import research
from engine.errors import ConfigurationError, DataError
from engine.identity import digest
from engine.paths import conf_dir
from research.config.compose import Composer
from research.config.keys import ADDED, ADDED_TO_STRATEGIES, KEYS
from research.execution import manifest
from research.records.event_sets import KEPT, EventSet, overlap
from research.records.trial_hashes import hashes
from research.records.trials import MIGRATIONS, Count, Ledger
from research.sweeps.expansion import expand

DATES = ("2020-01-01", "2020-12-31")


def ids(low: int, high: int) -> np.ndarray:
    """Hashes of events `low` to `high`, as an identity gives them."""
    words = np.arange(low, high, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return (words ^ (words >> np.uint64(29))).view(np.int64)


def events(low: int, high: int, dates: tuple[str, str] = DATES) -> EventSet:
    return EventSet.of_hashes(ids(low, high), *dates, ("football_data",))


def names(*words: object) -> list[bytes]:
    return [str(word).zfill(16).encode() for word in words]


@pytest.fixture()
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "data" / "trials.sqlite")


def record(ledger: Ledger, configurations: Sequence[bytes], own: EventSet, effective: float = 1.0) -> int:
    """Write them down as those of a command of their own."""
    run = (configurations[0] + configurations[-1] + own.hash).hex()
    return ledger.record(configurations, own, run=run, finished_at="2026", command="bea sweep", effective=effective)


def count(ledger: Ledger, *sets: EventSet) -> Count:
    return ledger.count([one.hash.hex() for one in sets])


def test_an_empty_ledger_makes_no_file(ledger: Ledger) -> None:
    assert count(ledger, events(0, 10)) == Count(0, 0.0)
    assert ledger.evaluations() == [] and not ledger.path.exists()


def test_a_configuration_counts_once_for_its_events(ledger: Ledger) -> None:
    own = events(0, 100)
    assert record(ledger, names(1, 2, 3), own, 2.5) == 3
    assert ledger.fresh(names(2, 3, 4), own).tolist() == [False, False, True]
    assert record(ledger, names(2, 3, 4), own, 1.0) == 1
    assert record(ledger, names(1, 2, 3, 4), own, 9.0) == 0  # nothing new: no evaluation, nothing added to the sum
    assert count(ledger, own) == Count(4, 3.5)
    told = ledger.evaluations([own.hash.hex()])
    assert [(one.configurations, one.fresh, one.effective, one.overlap) for one in told] == [
        (3, 1, 1.0, 1.0),
        (3, 3, 2.5, 1.0),
    ]
    assert (told[0].events, told[0].first_date, told[0].last_date, told[0].sources) == (100, *DATES, "football_data")


def test_the_effective_number_is_at_most_the_raw_one(ledger: Ledger) -> None:
    record(ledger, names(1, 2), events(0, 10), 50.0)
    assert count(ledger, events(0, 10)) == Count(2, 2.0)


@pytest.mark.parametrize(("low", "high", "near"), [(50, 150, True), (51, 151, False), (0, 40, True), (-900, 100, True)])
def test_an_overlap_of_half_or_more_of_the_smaller_counts(ledger: Ledger, low: int, high: int, near: bool) -> None:
    own, other = events(0, 100), events(low + 1000, high + 1000)
    own = events(1000, 1100)
    record(ledger, names(1, 2), other, 2.0)
    record(ledger, names(2, 3), own, 1.5)
    assert count(ledger, own) == (Count(3, 3.0) if near else Count(2, 1.5))
    assert ledger.fresh(names(1, 2, 3), own).tolist() == [True, False, False], "of this very set"
    shared = len(set(ids(low + 1000, high + 1000)) & set(ids(1000, 1100))) / min(100, high - low)
    assert overlap(own, other) == overlap(other, own) == shared


def test_several_sets_are_counted_together_and_unknown_ones_not(ledger: Ledger) -> None:
    first, second, third = events(0, 50), events(100, 150), events(200, 250)
    for number, own in enumerate((first, second, third)):
        record(ledger, names(number, number + 1), own, 2.0)
    assert count(ledger, first, third) == Count(4, 4.0)
    assert count(ledger, first, second, third) == Count(4, 4.0)
    assert count(ledger, events(500, 600)) == Count(0, 0.0)
    assert [one.overlap for one in ledger.evaluations([first.hash.hex()])] == [0.0, 0.0, 1.0]
    assert [one.overlap for one in ledger.evaluations()] == [1.0] * 3


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_a_sample_of_many_events_knows_their_overlap(share: float) -> None:
    n = 60_000
    own, other = events(0, n), events(round(n * (1 - share)), round(n * (2 - share)))
    assert len(own.sample) == KEPT and (np.diff(own.sample) > 0).all()
    assert overlap(own, other) == pytest.approx(share, abs=4 * 0.5 / KEPT**0.5)
    small = events(round(n * (1 - share)), round(n * (1 - share)) + 3_000)
    wanted = len(set(ids(0, n)) & set(ids(round(n * (1 - share)), round(n * (1 - share)) + 3_000))) / 3_000
    assert overlap(own, small) == overlap(small, own) == pytest.approx(wanted, abs=0.2)


def test_a_set_that_the_sample_cannot_know_counts_where_dates_meet() -> None:
    many = events(0, 400_000)
    inside = [number for number in range(300) if ids(number, number + 1)[0] <= many.sample[-1]]
    few = EventSet.of_hashes(ids(0, 300)[[n for n in range(300) if n not in inside][:5]], *DATES, ())
    assert overlap(few, many) == overlap(many, few) == 1.0
    elsewhere = EventSet(few.events, few.sample, "2021-01-01", "2021-02-01")
    assert overlap(elsewhere, many) == overlap(many, elsewhere) == 0.0
    assert overlap(EventSet(few.events, few.sample), many) == 1.0
    assert overlap(events(0, 0), many) == 0.0


def test_order_and_copies_of_events_do_not_matter() -> None:
    mixed = np.concatenate([ids(0, 500), ids(100, 200)])
    np.random.default_rng(0).shuffle(mixed)
    assert EventSet.of_hashes(mixed, *DATES, ()).hash == events(0, 500).hash != events(0, 501).hash


@pytest.mark.parametrize(
    "content", [b"not a database, but a text of some length" * 50, b"SQLite format 3\0" + b"\xff" * 9_000]
)
def test_a_damaged_file_is_told_in_one_line(ledger: Ledger, content: bytes) -> None:
    ledger.path.parent.mkdir()
    ledger.path.write_bytes(content)
    for act in (
        lambda: record(ledger, names(1), events(0, 5)),
        lambda: count(ledger, events(0, 5)),
        lambda: ledger.fresh(names(1), events(0, 5)),
        ledger.evaluations,
    ):
        with pytest.raises(DataError, match="the trial ledger cannot be used") as told:
            act()
        assert "\n" not in str(told.value) and str(ledger.path) in str(told.value)
    assert ledger.path.read_bytes() == content


def test_what_fails_half_way_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(DataError):
        record(ledger, [b"a" * 16, {"no": "blob"}, b"b" * 16], events(0, 5))  # type: ignore[list-item]
    assert count(ledger, events(0, 5)) == Count(0, 0.0) and ledger.evaluations() == []


WRITER = """
import sys, time
from pathlib import Path
from research.records.trials import Ledger
from tests.research.records.test_trials import events, names, record
ledger, me, go = Ledger(Path(sys.argv[1])), int(sys.argv[2]), Path(sys.argv[3])
print("ready", flush=True)
while not go.exists():
    time.sleep(0.001)
for step in range(12):
    own = names(*range(step, step + 5), *(10_000 * (me + 1) + 7 * step + k for k in range(7)))
    ledger.fresh(own, events(0, 50))
    record(ledger, own, events(0, 50), 3.0)
"""


@pytest.mark.slow
def test_processes_write_at_once(ledger: Ledger, tmp_path: Path) -> None:
    """Three writers begin at one instant, where there is no file yet."""
    go, root = tmp_path / "go", Path(__file__).parents[3]
    command = [sys.executable, "-c", WRITER, str(ledger.path)]
    writers = [
        subprocess.Popen([*command, str(me), str(go)], cwd=root, stdout=subprocess.PIPE, text=True) for me in range(3)
    ]
    for one in writers:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    go.touch()
    for one in writers:
        one.communicate(timeout=120)
        assert one.returncode == 0
    found = ledger.evaluations()
    assert count(ledger, events(0, 50)) == Count(16 + 3 * 84, 36 * 3.0)
    assert len(found) == 36 and sum(one.fresh for one in found) == 16 + 3 * 84


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
    ],
)
def test_what_makes_no_other_trial(composers: dict[str, Composer], one: str, other: str) -> None:
    assert hashed(composers, one) == hashed(composers, other)
    if "data" not in one and "validation" not in one and "sweep" not in one:
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


WORDS = (
    "data=sample", "data.competitions=[SIM1]", "strategy.edge_min=0,0.03", "strategy.method=power,shin",
    "report=false", "validation=none", "data.seasons=null,[2019-2020]",
)  # fmt: skip


@pytest.mark.slow
def test_commands_of_one_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps count; cached ones, forced ones and removed ones change nothing; simulated data do not count."""
    simulated = research.sweep(WORDS)
    assert Ledger().evaluations() == [] and simulated.trials().raw == len(simulated) == 8
    facts = manifest.merged_facts

    def real(parts: list[dict[str, Any]]) -> dict[str, Any]:
        return facts(parts) | {"sources": ["football_data"]}

    monkeypatch.setattr(manifest, "merged_facts", real)
    run = research.sweep([*WORDS, "force=true"])
    assert run.trials().raw == 8  # four configurations on all seasons and on one: seen from the run, at least its own
    counted = Ledger().count(run.manifest["event_sets"])
    told = Ledger().evaluations()
    assert counted.raw == 4 and 1.0 <= counted.effective <= 4.0
    for again in ([*WORDS], [*WORDS, "force=true"], [*WORDS, "sweep.threads=1", "output=json"]):
        assert research.sweep(again).id == run.id
        assert Ledger().evaluations() == told
    one = research.backtest(
        ["data=sample", "data.competitions=[SIM1]", "report=false", "strategy.edge_min=0.03", "strategy.method=shin"]
    )
    assert one.id != run.id and Ledger().evaluations() == told
    other = research.backtest(
        ["data=sample", "data.competitions=[SIM1]", "report=false", "strategy.edge_min=0.05", "strategy.method=shin"]
    )
    assert other.trials() == Count(5, pytest.approx(counted.effective + 1.0))
    for gone in (simulated, run, one):
        shutil.rmtree(gone.folder, ignore_errors=True)
    assert Ledger().count(other.manifest["event_sets"]).raw == 5
    assert research.sweep(WORDS).trials().raw == 8 and Ledger().count(other.manifest["event_sets"]).raw == 5


def test_windows_that_overlap_in_a_chain_lose_no_trial(ledger: Ledger) -> None:
    """The same search on three windows: the last overlaps the middle one alone, and is worth as much as that."""
    many = names(*range(1000))
    first, middle, last = events(0, 100), events(0, 200), events(100, 200)
    for own in (first, middle, last):
        assert ledger.fresh(many, own).all()
        assert record(ledger, many, own, 40.0) == 1000
    for own in (first, middle, last):
        assert count(ledger, own) == Count(1000, 40.0)
    record(ledger, names(*range(990, 1010)), last, 8.0)
    assert count(ledger, last) == Count(1010, 48.0) and count(ledger, first) == Count(1000, 40.0)


def test_a_command_gives_at_most_what_is_new_in_it(ledger: Ledger) -> None:
    record(ledger, names(*range(100)), events(0, 100), 60.0)
    record(ledger, names(*range(103)), events(0, 120), 70.0)
    assert count(ledger, events(0, 120)) == Count(103, 63.0)


def test_an_older_ledger_is_migrated_and_loses_no_trial(ledger: Ledger) -> None:
    """A file without a version is what the first release wrote: its trials still count."""
    record(ledger, names(1, 2, 3), events(0, 50))
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("PRAGMA user_version = 0")
    assert count(ledger, events(0, 50)).raw == 3
    with sqlite3.connect(ledger.path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    record(ledger, names(3, 4), events(0, 50))
    assert count(ledger, events(0, 50)).raw == 4


def test_a_ledger_of_a_newer_version_is_refused(ledger: Ledger) -> None:
    record(ledger, names(1), events(0, 50))
    with sqlite3.connect(ledger.path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(DataError, match="newer version of bea"):
        count(ledger, events(0, 50))
    with pytest.raises(DataError, match="newer version of bea"):
        record(ledger, names(2), events(0, 50))


def test_a_migration_that_fails_changes_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    record(ledger, names(1, 2), events(0, 50))
    broken = (*MIGRATIONS, ("CREATE TABLE halfway (id INTEGER)", "SELECT nothing FROM nowhere"))
    monkeypatch.setattr("research.records.trials.MIGRATIONS", broken)
    with pytest.raises(DataError, match="cannot be used"):
        count(ledger, events(0, 50))
    monkeypatch.undo()
    assert count(ledger, events(0, 50)).raw == 2
    with sqlite3.connect(ledger.path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'halfway'").fetchall()
    assert tables == []


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
