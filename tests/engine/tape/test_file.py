"""Tape files: what is saved is loaded unchanged, and damaged files are refused."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.errors import TapeError
from engine.tape import Tape, load, save
from engine.tape.build import build_tape
from engine.tape.part import decided_between
from research.strategies import make
from tests.property.markets import world


@pytest.fixture(scope="module")
def tape() -> Tape:
    from engine.asof.view import build_view

    events, quotes = world(1, 12)
    return build_tape(make("value", {"price": "best"}).opportunities(build_view(events, quotes)), events)


def assert_same(a: Tape, b: Tape) -> None:
    for field in fields(Tape):
        first, second = getattr(a, field.name), getattr(b, field.name)
        if isinstance(first, pl.DataFrame):
            assert first.equals(second) and first.schema == second.schema, field.name
        elif isinstance(first, np.ndarray):
            assert first.dtype == second.dtype and first.tobytes() == second.tobytes(), field.name
            assert second.flags.c_contiguous or second.strides == (0,)
        else:
            assert first == second, field.name


def test_a_saved_tape_is_loaded_unchanged(tape: Tape, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.tape"
    save(tape, path)
    assert_same(tape, load(path))
    save(tape, path)
    assert [p.name for p in path.parent.iterdir()] == ["a.tape"]


def test_an_empty_tape_is_saved_and_loaded(tmp_path: Path) -> None:
    events, _ = world(1, 2)
    empty = build_tape(pl.DataFrame(schema=_schema()), events)
    save(empty, tmp_path / "e")
    assert_same(empty, load(tmp_path / "e"))


def _schema() -> dict[str, pl.DataType | type[pl.DataType]]:
    from engine.schema import OPPORTUNITIES

    return OPPORTUNITIES


def test_damage_is_refused(tape: Tape, tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    save(tape, path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content), 60):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :])
        with pytest.raises(TapeError):
            load(path)
    for length in (0, 5, 39, 40, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(TapeError):
            load(path)


def test_a_missing_file_and_an_impossible_folder_are_refused(tape: Tape, tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="cannot read"):
        load(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(TapeError, match="cannot write"):
        save(tape, tmp_path / "file" / "a.tape")


def test_the_columns_of_races_may_be_left_out_of_a_tape(tape: Tape, tmp_path: Path) -> None:
    columns = {name: column for name, column in vars(tape).items() if name not in ("place_share", "reduction_rule")}
    plain = Tape(**columns)
    assert_same(plain, tape)
    assert (plain.place_share == 1.0).all() and not plain.reduction_rule.any() and len(plain.place_share) == len(tape)
    save(plain, tmp_path / "plain")
    assert_same(load(tmp_path / "plain"), tape)
    for end_ns, rows in ((int(tape.decided_at[0]), 0), (2**62, len(tape))):
        assert len(decided_between(plain, 0, end_ns).reduction_rule) == rows


def test_prices_that_did_not_move_are_one_column_and_repeated_values_stay(tape: Tape, tmp_path: Path) -> None:
    many = 100_000
    rows = pl.DataFrame({"event_id": np.arange(many), "line": pl.repeat(None, many, dtype=pl.Float64, eager=True)})
    save(replace(tape, filled=tape.quoted, rows=rows), tmp_path / "a.tape")
    loaded = load(tmp_path / "a.tape")
    assert loaded.filled is loaded.quoted and loaded.rows.equals(rows)
    moved = np.where(np.arange(len(tape)) == 1, tape.quoted + 0.01, tape.quoted)
    save(replace(tape, filled=moved), tmp_path / "b.tape")
    assert (load(tmp_path / "b.tape").filled == moved).all()
