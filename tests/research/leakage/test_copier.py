"""A copy is the store that an import would write, and the changed home is all that a strategy sees."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from engine.simulator.simulate import simulate
from engine.store import manifest
from engine.store.store import Store
from engine.store.universe import Universe
from research.leakage.changed_home import Originals, changed_home
from research.leakage.copier import Changed, Copier
from research.leakage.decisions import Decider
from research.leakage.mutation import UNCHANGED, truncated
from tests.research.conftest import SETTINGS
from tests.research.leakage.subjects import subject


def test_a_copy_is_what_an_import_of_its_rows_writes(small_home: Path, tmp_path: Path) -> None:
    copier = Copier(Store.open(small_home / "data" / "store"), tmp_path / "unchanged")
    copier.write(tmp_path / "copy", UNCHANGED)
    copy = Store.open(tmp_path / "copy")
    copy.verify()
    placeholders = copy.quotes(Universe(instants=("in_play",)))
    assert set(placeholders["bookmaker"]) == {"pinnacle", "b365", "bwin", "avg", "max"}
    batches = [
        replace(batch, quotes=pl.concat([batch.quotes, placeholders.join(batch.events, on="event_id", how="semi")]))
        for batch in simulate(SETTINGS)
    ]
    imported = Store.create_or_open(tmp_path / "imported")
    imported.apply(batches)
    files = [set(manifest.read(store.root).files) for store in (copy, imported)]
    assert files[0] == files[1]  # names are hashes of the bytes


def test_unchanged_tables_are_written_once(small_home: Path, tmp_path: Path) -> None:
    original = Store.open(small_home / "data" / "store")
    copier = Copier(original, tmp_path / "unchanged")
    copier.write(tmp_path / "one", UNCHANGED)
    starts = original.events(Universe(seasons=("2019-2020",)))["starts_at"].cast(int).min()
    changed = copier.write(tmp_path / "two", truncated(int(str(starts)) - 10 * 86_400 * 10**9))
    assert changed.prices and changed.results
    shared = [p for p in (tmp_path / "two").rglob("*.parquet") if p.stat().st_nlink > 1]
    assert len(shared) == 4  # events and quotes of the first season of both leagues
    assert Store.open(tmp_path / "two").events().height == original.events().height


def test_bea_home_is_the_changed_home_and_is_restored(small_home: Path, tmp_path: Path) -> None:
    (small_home / "side.txt").write_text("beside")
    spec = subject([f"data.store={small_home / 'data' / 'store'}"]).spec
    originals = Originals.of(spec)
    decider = Decider(subject(), tmp_path / "copies")

    def write(number: int, place: Path) -> Changed:
        return decider._copiers[number].write(place, UNCHANGED)

    with changed_home(tmp_path / "changed", originals, spec, write) as (redirected, _):
        assert os.environ["BEA_HOME"] == str(tmp_path / "changed")
        assert redirected.store == str(tmp_path / "changed" / "data" / "store")
        assert (tmp_path / "changed" / "side.txt").read_text() == "beside"
        assert not (tmp_path / "changed" / "data" / "cache").exists()
    assert os.environ["BEA_HOME"] == str(small_home)
    (small_home / "side.txt").unlink()


def test_a_parameter_with_the_path_of_the_store_is_redirected_to_the_copy(small_home: Path, tmp_path: Path) -> None:
    store = small_home / "data" / "store"
    spec = replace(subject().spec, parameters=(("a", str(store)), ("b", ("x", str(store / "manifest.json"))), ("c", 1)))
    places: list[Path] = []

    def write(number: int, place: Path) -> Changed:
        places.append(place)
        return Copier(Store.open(store), tmp_path / "unchanged").write(place, UNCHANGED)

    with changed_home(tmp_path / "changed", Originals.of(spec), spec, write) as (redirected, _):
        copy = tmp_path / "changed" / "data" / "store"
        assert dict(redirected.parameters) == {"a": str(copy), "b": ("x", str(copy / "manifest.json")), "c": 1}
    assert places == [copy]


@pytest.mark.parametrize("inside", [True, False])
def test_the_configured_store_and_the_store_of_the_home_are_both_replaced(
    inside: bool, small_home: Path, tmp_path: Path
) -> None:
    place = (small_home / "elsewhere") if inside else (tmp_path / "elsewhere")
    Copier(Store.open(small_home / "data" / "store"), tmp_path / "unchanged").write(place, UNCHANGED)
    originals = Originals.of(subject([f"data.store={place}"]).spec)
    assert originals.stores == (place, small_home / "data" / "store")
    assert originals.place(0) == (Path("elsewhere") if inside else Path("outside/0/elsewhere"))
    assert originals.place(1) == Path("data/store")
    if inside:
        shutil.rmtree(place)
