"""A tape as a file: whole or refused."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.errors import TapeError
from engine.tape import Tape, load, save
from engine.tape.build import build_tape
from research.strategies import make
from tests.property.markets import world


@pytest.fixture(scope="module")
def tape() -> Tape:
    from engine.asof.view import build_view

    events, quotes = world(1, 12)
    return build_tape(make("value", {"price": "best"}).opportunities(build_view(events, quotes)), events)


def same(a: Tape, b: Tape) -> None:
    for field in fields(Tape):
        one, two = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, pl.DataFrame):
            assert one.equals(two) and one.schema == two.schema, field.name
        elif isinstance(one, np.ndarray):
            assert one.dtype == two.dtype and one.tobytes() == two.tobytes(), field.name
            assert two.flags.c_contiguous or two.strides == (0,)
        else:
            assert one == two, field.name


def test_what_is_kept_comes_back(tape: Tape, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.tape"
    save(tape, path)
    same(tape, load(path))
    save(tape, path)
    assert [p.name for p in path.parent.iterdir()] == ["a.tape"]


def test_an_empty_tape_too(tape: Tape, tmp_path: Path) -> None:
    events, _ = world(1, 2)
    empty = build_tape(pl.DataFrame(schema=_schema()), events)
    save(empty, tmp_path / "e")
    same(empty, load(tmp_path / "e"))


def _schema() -> dict[str, pl.DataType | type[pl.DataType]]:
    from engine.schema import OPPORTUNITIES

    return OPPORTUNITIES


def test_damage_is_refused(tape: Tape, tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    save(tape, path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        with pytest.raises(TapeError):
            load(path)
    for length in (0, 5, 39, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(TapeError):
            load(path)


def test_no_file_and_no_folder(tape: Tape, tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="cannot read"):
        load(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(TapeError, match="cannot write"):
        save(tape, tmp_path / "file" / "a.tape")
