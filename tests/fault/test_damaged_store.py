"""Damaged content files and manifests are refused, each with a message of one line."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from engine.errors import StoreError
from engine.store import Store
from tests.engine.store.batches import league

N_DAMAGED = 600


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound") / "s"
    Store.create_or_open(root).apply([league(name, 2021, 30) for name in ("E0", "E1", "E2")])
    Store.open(root).verify()
    return root


def flip(raw: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ (1 << rng.randrange(8))]) + raw[at + 1 :]


def truncate(raw: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    return raw[: rng.randrange(len(raw))]


def zero(raw: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    at = rng.randrange(len(raw) - 64)
    return raw[:at] + bytes(64) + raw[at + 64 :]


def grow(raw: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    return raw + rng.randbytes(rng.randrange(1, 99))


def swap(raw: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    return rng.choice([o for o in others if o != raw])


def repeat(raw: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    at = rng.randrange(len(raw) // 2)
    return raw[:at] + raw[at + 16 : at + 32] + raw[at + 16 :]


DAMAGE: tuple[Callable[[bytes, random.Random, list[bytes]], bytes], ...] = (
    flip,
    flip,
    truncate,
    zero,
    grow,
    swap,
    repeat,
)


@pytest.mark.slow
def test_six_hundred_damaged_files_are_refused(sound: Path) -> None:
    paths = sorted(p for p in sound.rglob("*.parquet"))
    originals = [p.read_bytes() for p in paths]
    rng = random.Random(20211)
    done = 0
    while done < N_DAMAGED:
        path = rng.choice(paths)
        raw = path.read_bytes()
        bad = rng.choice(DAMAGE)(raw, rng, originals)
        if bad == raw:
            continue
        path.write_bytes(bad)
        store = Store.open(sound)
        with pytest.raises(StoreError, match="a file of the store is damaged") as caught:
            store.events() if path.relative_to(sound).parts[0] == "events" else store.quotes()
        assert "\n" not in str(caught.value)
        path.write_bytes(raw)
        done += 1
    Store.open(sound).verify()


def test_a_valid_file_in_the_place_of_another_is_refused(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "s"
    shutil.copytree(sound, root)
    path = next(p for p in root.rglob("*.parquet") if "quotes" in str(p))
    frame = pl.read_parquet(path, hive_partitioning=False)
    frame.with_columns(pl.col("odds") * 2).write_parquet(path)
    with pytest.raises(StoreError, match="damaged"):
        Store.open(root).quotes()
    path.unlink()
    with pytest.raises(StoreError, match="no such file"):
        Store.open(root).quotes()
    path.symlink_to(next(p for p in sound.rglob(path.name)))
    with pytest.raises(StoreError, match="damaged"):
        Store.open(root).quotes()


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_manifest_is_refused(sound: Path, tmp_path: Path, seed: int) -> None:
    root = tmp_path / "s"
    root.mkdir()
    raw = (sound / "manifest.json").read_bytes()
    rng = random.Random(seed)
    bad = rng.choice((flip, truncate, zero, repeat))(raw, rng, [])
    (root / "manifest.json").write_bytes(bad)
    try:
        store = Store.open(root)
    except StoreError as error:
        assert "\n" not in str(error)
    else:  # only white space changed
        assert json.loads(bad) == json.loads(raw), store


def test_other_json_and_other_schema_versions_are_refused(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    for text in ("", "{}", "[]", "null", "7", '{"schema_version": 1}', "[" * 100_000, "\xff"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(StoreError, match="manifest is damaged"):
            Store.open(tmp_path)
    body = json.loads((sound / "manifest.json").read_text())
    path.write_text(json.dumps({**body, "schema_version": 99}))
    with pytest.raises(StoreError, match=r"another schema version.*expected 1, found 99"):
        Store.open(tmp_path)


def test_a_manifest_cannot_point_out_of_the_store(sound: Path, tmp_path: Path) -> None:
    from engine.store import manifest

    body = json.loads((sound / "manifest.json").read_text())
    body.pop("checksum")
    first = next(iter(body["files"]))
    body["files"]["../../../secret.parquet"] = body["files"].pop(first)
    body = {"checksum": manifest._checksum(body), **body}
    (tmp_path / "manifest.json").write_text(json.dumps(body))
    with pytest.raises(StoreError, match="manifest is damaged"):
        Store.open(tmp_path)


def test_a_damaged_record_of_verified_files_is_ignored(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "s"
    shutil.copytree(sound, root)
    for text in ("", "[]", "{", '{"a": 1}'):
        (root / ".verified.json").write_text(text)
        assert Store.open(root).events().height == 90
