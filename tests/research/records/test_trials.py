"""The trial ledger: every configuration once for its events, whatever the command."""

from __future__ import annotations

import hashlib
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
from engine.errors import DataError
from research.execution import manifest
from research.inference.multipliers import DRAWS
from research.records.event_sets import EventSet, overlap
from research.records.ledger_file import MIGRATIONS
from research.records.trials import Count, Entry, Ledger, Look, Part

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


def maxima(configurations: Sequence[bytes], worth: float | None = None) -> np.ndarray:
    """Null maxima of configurations: independent by their names; the same one for each of as many as they are worth."""
    groups = range(len(configurations)) if worth is None else np.arange(len(configurations)) % max(1, round(worth))
    seeds = {int.from_bytes(configurations[group], "big") for group in groups}
    return np.max([np.random.default_rng(seed).normal(size=2 * DRAWS) for seed in seeds], axis=0).astype(np.float32)


def record(
    ledger: Ledger, configurations: Sequence[bytes], own: EventSet, worth: float | None = None, kind: str = "sweep"
) -> str:
    """Write them down as those of a command of their own; the same ones on the same events are the same run."""
    run = hashlib.blake2b(b"".join(configurations) + own.hash).hexdigest()[:32]
    entry = Entry(run, "2026-01-01T00:00:00+00:00", f"bea {kind}", kind, bytes.fromhex(run))
    return ledger.record(entry, [Part(configurations, own, maxima(configurations, worth))])


def record_old(ledger: Ledger, configurations: Sequence[bytes], own: EventSet, effective: float) -> None:
    """What the version before vectors wrote."""
    ledger.path.parent.mkdir(exist_ok=True)
    with sqlite3.connect(ledger.path) as connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        connection.execute(
            "INSERT OR IGNORE INTO event_sets(hash, events, sample, first_date, last_date, sources) "
            "VALUES (?,?,?,?,?,?)",
            (own.hash, own.events, own.sample.tobytes(), own.first_date, own.last_date, "football_data"),
        )
        (number,) = connection.execute("SELECT id FROM event_sets WHERE hash = ?", (own.hash,)).fetchone()
        made = connection.execute(
            "INSERT INTO evaluations(run, finished_at, command, event_set, configurations, fresh, effective) "
            "VALUES (?,?,?,?,?,?,?)",
            (configurations[0].hex(), "2025", "bea sweep", number, len(configurations), 0, effective),
        ).lastrowid
        added = [
            connection.execute("INSERT OR IGNORE INTO trials VALUES (?,?,?)", (one, number, made)).rowcount
            for one in configurations
        ]
        connection.execute("UPDATE evaluations SET fresh = ? WHERE id = ?", (sum(added), made))


def count(ledger: Ledger, *sets: EventSet) -> Count:
    return ledger.count([one.hash.hex() for one in sets])


def test_an_empty_ledger_makes_no_file(ledger: Ledger) -> None:
    assert count(ledger, events(0, 10)) == Count(0, 0.0)
    assert ledger.evaluations() == [] and not ledger.path.exists()


def test_a_command_repeated_within_a_second_is_a_line_of_its_own(ledger: Ledger) -> None:
    """One command on two sets of events, entered twice with one instant: two lines, each with the sums of its sets."""
    parts = [Part(names(1, 2), one, maxima(names(1, 2))) for one in (events(0, 50), events(100, 150))]
    for _ in range(2):
        ledger.record(Entry("a" * 32, "2026-01-01T00:00:00+00:00", "bea sweep"), parts)
    assert [(one.configurations, one.fresh) for one in ledger.evaluations()] == [(4, 0), (4, 4)]


def test_a_configuration_counts_once_for_its_events(ledger: Ledger) -> None:
    own = events(0, 100)
    record(ledger, names(1, 2, 3), own)
    assert count(ledger, own) == Count(3, pytest.approx(3.0, abs=0.5))
    before = count(ledger, own).effective
    record(ledger, names(2, 3, 4), own)
    assert count(ledger, own).raw == 4 and before < count(ledger, own).effective <= 4.0
    after = count(ledger, own)
    record(ledger, names(1, 2, 3, 4), own)
    assert count(ledger, own) == after, "nothing new is worth nothing, and the entry is kept"
    told = ledger.evaluations([own.hash.hex()])
    assert [(one.configurations, one.fresh, one.overlap) for one in told] == [(4, 0, 1.0), (3, 1, 1.0), (3, 3, 1.0)]
    assert (told[0].events, told[0].first_date, told[0].last_date, told[0].sources) == (100, *DATES, "football_data")
    assert told[2].effective == before


def test_the_effective_number_is_at_most_the_raw_one(ledger: Ledger) -> None:
    lucky = np.full(2 * DRAWS, 5.0, np.float32)
    ledger.record(Entry("a", "2026", "bea sweep"), [Part(names(1, 2), events(0, 10), lucky)])
    assert count(ledger, events(0, 10)) == Count(2, 2.0)


def test_what_does_not_bet_counts_as_tried_and_is_worth_one(ledger: Ledger) -> None:
    nothing = np.full(2 * DRAWS, -np.inf, np.float32)
    ledger.record(Entry("a", "2026", "bea sweep"), [Part(names(1, 2), events(0, 10), nothing)])
    assert count(ledger, events(0, 10)) == Count(2, 1.0)


def test_a_pilot_takes_nothing_away(ledger: Ledger) -> None:
    """The same 48 on a few events, worth little, before four sweeps of 48 on all of them."""
    sweeps = [names(*range(48 * n, 48 * n + 48)) for n in range(4)]
    for own in sweeps:
        record(ledger, own, events(0, 400), 15.0)
    without = count(ledger, events(0, 400))
    assert without.raw == 192 and 40 < without.effective < 80
    other = Ledger(ledger.path.parent / "other.sqlite")
    record(other, names(*range(192)), events(0, 45), 1.0)
    for own in sweeps:
        record(other, own, events(0, 400), 15.0)
    assert count(other, events(0, 400)).effective >= without.effective


def test_eight_backtests_are_one_sweep_of_the_same_eight(ledger: Ledger) -> None:
    own, other = events(0, 100), Ledger(ledger.path.parent / "other.sqlite")
    for name in names(*range(8)):
        record(ledger, [name], own, kind="backtest")
    record(other, names(*range(8)), own)
    assert count(ledger, own) == count(other, own) and count(ledger, own).effective > 6.0


@pytest.mark.parametrize(("low", "high", "near"), [(50, 150, True), (51, 151, False), (0, 40, True), (-900, 100, True)])
def test_an_overlap_of_half_or_more_of_the_smaller_counts(ledger: Ledger, low: int, high: int, near: bool) -> None:
    own, other = events(0, 100), events(low + 1000, high + 1000)
    own = events(1000, 1100)
    record(ledger, names(1, 2), other)
    record(ledger, names(2, 3), own)
    found = count(ledger, own)
    assert found.raw == (3 if near else 2) and (2.4 if near else 1.6) < found.effective <= found.raw
    shared = len(set(ids(low + 1000, high + 1000)) & set(ids(1000, 1100))) / min(100, high - low)
    assert overlap(own, other) == overlap(other, own) == shared


def test_several_sets_are_counted_together_and_unknown_ones_not(ledger: Ledger) -> None:
    first, second, third = events(0, 50), events(100, 150), events(200, 250)
    for number, own in enumerate((first, second, third)):
        record(ledger, names(number, number + 1), own)
    assert count(ledger, first, third).raw == count(ledger, first, second, third).raw == 4
    assert 3.2 < count(ledger, first, third).effective == count(ledger, first, second, third).effective <= 4.0
    assert count(ledger, events(500, 600)) == Count(0, 0.0)
    assert [one.overlap for one in ledger.evaluations([first.hash.hex()])] == [0.0, 0.0, 1.0]
    assert [one.overlap for one in ledger.evaluations()] == [1.0] * 3


@pytest.mark.parametrize(
    "content", [b"not a database, but a text of some length" * 50, b"SQLite format 3\0" + b"\xff" * 9_000]
)
def test_a_damaged_file_is_told_in_one_line(ledger: Ledger, content: bytes) -> None:
    ledger.path.parent.mkdir()
    ledger.path.write_bytes(content)
    for act in (
        lambda: record(ledger, names(1), events(0, 5)),
        lambda: count(ledger, events(0, 5)),
        lambda: ledger.look([events(0, 5).hash.hex()], "a"),
        lambda: ledger.check({}),
        ledger.evaluations,
    ):
        with pytest.raises(DataError, match="the trial ledger cannot be used") as told:
            act()
        assert "\n" not in str(told.value) and str(ledger.path) in str(told.value)
    assert ledger.path.read_bytes() == content


def test_what_fails_half_way_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(DataError):
        trials = [b"a" * 16, ("no", "blob"), b"b" * 16]
        own = Part(trials, events(0, 5), maxima(names(1)))  # type: ignore[arg-type]
        ledger.record(Entry("a", "2026", "bea sweep"), [Part(names(1), events(0, 5), maxima(names(1))), own])
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
    assert count(ledger, events(0, 50)).raw == 16 + 3 * 84
    assert len(found) == 36 and sum(one.fresh for one in found) == 16 + 3 * 84
    assert ledger.check({}).entries == 36 and ledger.check({}).faults == (), "one chain, whoever wrote"


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
    assert counted.raw == 4 and 1.0 <= counted.effective <= 4.0 and run.look() == Look(1)
    assert Ledger().check({run.id: run.manifest["ledger_head"]}).faults == ()
    told = Ledger().evaluations()
    assert research.sweep([*WORDS]).id == run.id and Ledger().evaluations() == told, "a stored run is not made again"
    for again in ([*WORDS, "force=true"], [*WORDS, "sweep.threads=1", "output=json", "force=true"]):
        assert research.sweep(again).id == run.id and run.look() == Look(1), "the same look"
        assert Ledger().count(run.manifest["event_sets"]) == counted and Ledger().evaluations()[0].fresh == 0
    one = research.backtest(
        ["data=sample", "data.competitions=[SIM1]", "report=false", "strategy.edge_min=0.03", "strategy.method=shin"]
    )
    assert one.id != run.id and Ledger().count(run.manifest["event_sets"]) == Count(4, pytest.approx(counted.effective))
    other = research.backtest(
        ["data=sample", "data.competitions=[SIM1]", "report=false", "strategy.edge_min=0.05", "strategy.method=shin"]
    )
    assert other.trials().raw == 5 and counted.effective <= other.trials().effective <= counted.effective + 1.0
    for gone in (simulated, run, one):
        shutil.rmtree(gone.folder, ignore_errors=True)
    assert Ledger().count(other.manifest["event_sets"]).raw == 5
    assert research.sweep(WORDS).trials().raw == 8 and Ledger().count(other.manifest["event_sets"]).raw == 5


def test_windows_that_overlap_in_a_chain_lose_no_trial(ledger: Ledger) -> None:
    """The same search on three windows: the last overlaps the middle one alone, and is worth as much as that."""
    many = names(*range(100))
    first, middle, last = events(0, 100), events(0, 200), events(100, 200)
    for own in (first, middle, last):
        record(ledger, many, own, 40.0)
    for own in (first, middle, last):
        assert count(ledger, own) == Count(100, pytest.approx(40, rel=0.3))
    before = count(ledger, first)
    record(ledger, names(*range(990, 1010)), last, 8.0)
    assert count(ledger, last).raw == 120 and count(ledger, last).effective > before.effective + 4
    assert count(ledger, first) == before


def test_entries_of_earlier_versions_add_their_largest_shares(ledger: Ledger) -> None:
    record_old(ledger, names(*range(48)), events(0, 45), 3.0)
    assert count(ledger, events(0, 100)) == Count(0, 0.0), "a set that the ledger does not know"
    ledger.path.unlink()
    record_old(ledger, names(*range(48)), events(0, 45), 3.0)
    record_old(ledger, names(*range(50)), events(0, 100), 25.0)
    assert count(ledger, events(0, 45)) == Count(50, pytest.approx(25.0)), "the larger share, not the first"
    record(ledger, names(*range(48, 60)), events(10, 90))
    found = count(ledger, events(0, 100))
    assert found.raw == 60 and found.effective == pytest.approx(24.0 + 12.0, abs=3.0), "48 old shares and twelve new"
    record(ledger, names(*range(60)), events(10, 90))
    assert count(ledger, events(0, 100)).effective == pytest.approx(60, rel=0.3), "measured now"


def test_an_old_entry_is_worth_one_at_least(ledger: Ledger) -> None:
    """The version before counted 500 configurations on 100 events as none."""
    record_old(ledger, names(*range(500)), events(0, 100), 0.0)
    assert count(ledger, events(0, 100)) == Count(500, pytest.approx(1.0))


def test_an_older_ledger_is_migrated_and_loses_no_trial(ledger: Ledger) -> None:
    """A file without a version is what the first release wrote: its trials still count, and it is chained."""
    record_old(ledger, names(1, 2, 3), events(0, 50), 2.0)
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("PRAGMA user_version = 0")
    assert count(ledger, events(0, 50)) == Count(3, pytest.approx(2.0))
    with sqlite3.connect(ledger.path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    record(ledger, names(3, 4), events(0, 50))
    assert count(ledger, events(0, 50)).raw == 4
    assert ledger.check({}).faults == () and ledger.check({}).entries == 2
    assert [one.kind for one in ledger.evaluations()] == ["sweep", "sweep"]


def test_a_sweep_keeps_its_place_in_its_family(ledger: Ledger) -> None:
    own = events(0, 100)
    sweeps = [names(*range(10 * n, 10 * n + 10)) for n in range(4)]

    def look(trials: Sequence[bytes], of: EventSet) -> Look:
        run = hashlib.blake2b(b"".join(trials) + of.hash).hexdigest()[:32]
        return ledger.look([of.hash.hex()], run, "2026-01-01T00:00:00+00:00")

    assert look(sweeps[0], own) == Look(1)
    record(ledger, sweeps[0], own)
    record(ledger, names(77), own, kind="backtest")  # nothing is judged out of sample
    record(ledger, sweeps[1], events(40, 140))
    record(ledger, sweeps[2], events(500, 600))  # other events
    record(ledger, sweeps[0], own)  # the same look again
    record(ledger, sweeps[3], own)
    assert look(sweeps[0], own).number == 1 and look(sweeps[2], events(500, 600)).number == 1
    second, third = look(sweeps[1], events(40, 140)), look(sweeps[3], own)
    assert (second.number, third.number) == (2, 3)
    assert third.earlier == (*second.earlier, ledger.evaluations()[3].run)
    after = Look(4, (*third.earlier, ledger.evaluations()[0].run))
    assert ledger.look([own.hash.hex()], "not entered") == after
    assert ledger.look([own.hash.hex()], "not entered", "2025") == Look(1), "it was finished before all"
    record(ledger, names(*range(900, 910)), own)
    assert look(sweeps[3], own) == third, "later sweeps do not move it"


def test_a_look_of_an_earlier_version_counts_by_its_run(ledger: Ledger) -> None:
    record_old(ledger, names(1, 2), events(0, 100), 2.0)
    record(ledger, names(3, 4), events(0, 100))
    assert ledger.look([events(0, 100).hash.hex()], ledger.evaluations()[0].run).number == 2


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
    monkeypatch.setattr("research.records.ledger_file.MIGRATIONS", broken)
    with pytest.raises(DataError, match="cannot be used"):
        count(ledger, events(0, 50))
    monkeypatch.undo()
    assert count(ledger, events(0, 50)).raw == 2
    with sqlite3.connect(ledger.path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'halfway'").fetchall()
    assert tables == []
