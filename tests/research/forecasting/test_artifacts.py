"""Artifacts of models: kept by content, and refused when they are not what they were."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import DataError
from research.forecasting.artifacts import Artifact, load, path_of, paths, save

ONE = Artifact(
    model="elo", parameters={"rows_min": 200}, market="1x2", outcomes=("home", "draw", "away"), features=("elo",),
    reads_market=False, first_ns=10, until_ns=20, n_rows=300, rows_hash="aa",
    rows={"data.decide_at": "before_start:1h"}, code="bb", versions={"numpy": "2"},
    metrics={"log_loss": 0.1 + 0.2, "rps": None},
    fitted={"model": "elo", "cuts": np.array([0.1, 1 / 3]), "text": "a\nb"},
)  # fmt: skip


def test_what_is_read_is_what_was_written_to_the_last_bit(home: Path) -> None:
    path = save(ONE)
    found = load(path)
    assert path == home / "data" / "models" / f"{found.hash}.json"
    assert found.fitted == {"model": "elo", "cuts": [0.1, 1 / 3], "text": "a\nb"} and found.metrics == ONE.metrics
    assert replace(found, fitted={}) == replace(ONE, fitted={})
    assert save(found) == path == save(ONE) and paths() == [path]
    assert save(replace(ONE, n_rows=301)) != path and len(paths()) == 2


def test_it_is_found_by_the_first_digits_of_its_hash_or_by_its_file(home: Path) -> None:
    path = save(ONE)
    assert path_of(path.stem[:6].upper()) == path_of(path.stem) == path_of(str(path)) == path
    for wrong in (path.stem[:5], "f" * 8, "", str(path.with_name("other.json"))):
        with pytest.raises(DataError, match="no such artifact") as caught:
            path_of(wrong)
        assert "\n" not in str(caught.value) and "bea models" in str(caught.value)
    with pytest.raises(DataError, match=r"6 or more first digits of a hash, found 5 digits; "):
        path_of(path.stem[:5])
    path.with_name(f"{path.stem[:8]}{'0' * 24}.json").write_bytes(b"")
    with pytest.raises(DataError, match="more than one"):
        path_of(path.stem[:6])


@pytest.mark.parametrize(
    ("old", "new"), [("a\\nb", "a\\nc"), ('"n_rows": 300', '"n_rows": 299'), ('"until_ns": 20', '"until_ns": 2')]
)
def test_an_edited_file_is_refused_in_one_line(home: Path, old: str, new: str) -> None:
    path = save(ONE)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(DataError, match="edited or damaged") as caught:
        load(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"hash": "aa"}', '{"hash": "aa", "model": NaN}', "\x80", "[" * 10**5]
)
def test_what_is_no_artifact_is_refused_in_one_line(home: Path, content: str) -> None:
    path = home / "x.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(DataError, match="no artifact of a model") as caught:
        load(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="cannot be read"):
        load(home / "nowhere.json")


def test_a_file_under_the_name_of_another_is_refused_in_one_line(home: Path) -> None:
    one, other = save(ONE), save(replace(ONE, n_rows=301))
    other.write_bytes(one.read_bytes())
    with pytest.raises(DataError, match="another one than its name says") as caught:
        load(other)
    assert "\n" not in str(caught.value) and load(one) == load(Path(shutil.copy(one, home / "copy.json")))


def test_what_json_does_not_have_is_never_written(home: Path) -> None:
    for value in (float("nan"), float("inf"), object(), {1, 2}):
        with pytest.raises(DataError, match="JSON cannot hold"):
            save(replace(ONE, fitted={"value": value}))
    assert paths() == [] and "pickle" not in json.dumps(ONE.plain())
