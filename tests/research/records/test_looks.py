"""Looks: what repeats one is the same look, whatever version of the code made it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from research.config.compose import Composer
from research.records.event_sets import EventSet, Prints
from research.records.looks import look_bytes
from research.records.trials import Count, Entry, Ledger, Look, Part
from research.sweeps.expansion import expand
from tests.research.records.test_trials import events, ledger, maxima, names, record_old

__all__ = ["ledger"]

WORDS = ("data=sample", "strategy.edge_min=0,0.01")


def with_prints(own: EventSet, salt: int) -> EventSet:
    """The same ids with the prints of one version of the code."""
    return replace(own, prints=Prints.of(own.sample ^ salt, np.zeros(own.events, np.int64)))


def look(*words: str, trials: Sequence[bytes] = (), own: EventSet | None = None) -> bytes:
    plan = expand(Composer("sweep", None), [*WORDS, *words])
    return look_bytes(plan, [(own or events(0, 100), trials or names(1, 2))])


def enter(ledger: Ledger, run: str, trials: Sequence[bytes], own: EventSet, *words: str) -> None:
    entry = Entry(
        run, f"2026-{len(ledger.evaluations()):04}", "bea sweep", "sweep", look(*words, trials=trials, own=own)
    )
    ledger.record(entry, [Part(trials, own, maxima(trials))])


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (("force=true", "report=false", "sweep.top=3"), True),
        (("validation.embargo=24h",), True),
        (("validation.embargo=3d",), False),
        (("validation.folds=4",), False),
        (("clv.method=shin",), False),
        (("clv.method=shin,power",), False),
        (("seed=9",), False),
    ],
)
def test_rules_of_reading_make_a_look(words: tuple[str, ...], same: bool) -> None:
    assert (look(*words) == look()) is same


def test_trials_and_events_make_a_look() -> None:
    assert look(trials=names(2, 1, 1)) == look() != look(trials=names(1, 3))
    assert look(own=events(0, 101)) != look() == look(own=with_prints(events(0, 100), 1))


def test_another_text_of_a_users_strategy_is_another_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code of bea is none of it, code of the user is: a changed idea is another chance."""
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    file = tmp_path / "strategies" / "mine.py"
    file.parent.mkdir()
    source = (Path(__file__).parents[3] / "research" / "strategies" / "flat_all.py").read_text()
    file.write_text(source.replace('"flat_all"', '"mine"'))
    first = look("strategy=mine")
    assert first != look() and first == look("strategy=mine")
    file.write_text(file.read_text() + "\n# another idea\n")
    assert look("strategy=mine") != first


def test_a_repeat_by_newer_code_adds_no_trial_and_no_look(ledger: Ledger) -> None:
    """Versions make other prints of the same events, and a repeat by a newer one is another run."""
    own, trials = events(0, 100), names(*range(20))
    newer = with_prints(own, 1), with_prints(own, 2)
    assert len({own.hash, *(one.hash for one in newer)}) == 3
    record_old(ledger, trials, own, 5.0)
    for run, made in zip(("a", "b"), newer, strict=True):
        enter(ledger, run, trials, made)
        assert ledger.evaluations()[0].fresh == 0 and ledger.look([made.hash.hex()], run) == Look(1)
        assert ledger.count([made.hash.hex()]).raw == 20
    enter(ledger, "c", trials, newer[1], "seed=9")
    assert ledger.look([newer[1].hash.hex()], "c").number == 2
    enter(ledger, "d", names(*range(19, 30)), newer[1])
    assert ledger.look([newer[1].hash.hex()], "d").number == 3 and ledger.evaluations()[0].fresh == 10
    assert ledger.look([own.hash.hex()], trials[0].hex()) == Look(1), "the run of the earlier version"
    assert ledger.check({}).faults == ()


def test_an_earlier_look_whose_trials_are_not_known_stays_one(ledger: Ledger) -> None:
    """An entry of an earlier version holds only the trials that were new in it."""
    own = events(0, 100)
    record_old(ledger, names(1, 2), own, 2.0)
    record_old(ledger, names(2, 3), own, 2.0)
    enter(ledger, "a", names(2, 3), own)
    assert ledger.look([own.hash.hex()], "a").number == 3
    enter(ledger, "b", names(1, 2), own)
    assert ledger.look([own.hash.hex()], "b").number == 1


def test_what_one_version_finds_all_have_found(ledger: Ledger) -> None:
    """A set of an earlier version has no prints; those of the same ids stand for it."""
    own = events(0, 100)
    copy = replace(events(500, 600), prints=with_prints(own, 1).prints)
    record_old(ledger, names(*range(8)), own, 4.0)
    enter(ledger, "copy", names(0), copy)
    assert ledger.count([copy.hash.hex()]).raw == 1
    enter(ledger, "again", names(0), with_prints(own, 1))
    found = ledger.count([copy.hash.hex()])
    assert found == Count(8, pytest.approx(1 + 7 * 0.5)) and ledger.look([copy.hash.hex()], "later").number == 4


def test_a_repeat_is_read_from_columns_of_the_file(ledger: Ledger) -> None:
    enter(ledger, "a", names(1, 2), events(0, 100))
    with sqlite3.connect(ledger.path) as connection:
        assert connection.execute("SELECT look FROM evaluations").fetchone() == (look(),)
