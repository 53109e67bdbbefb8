"""Settings of a runner: files, the user's files, words; every mistake is one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from engine.logs.setup import LogSettings
from research.config.live import built, read


class Word(StrEnum):
    ONE = "one"
    TWO = "two"


@dataclass(frozen=True)
class Inner:
    depth_m: float = 1.0


@dataclass(frozen=True)
class Outer:
    name: str = "a"
    n: int = 1
    on: bool = False
    limit: float | None = None
    words: tuple[str, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    inner: Inner = Inner()
    word: Word = Word.ONE
    place: Path | None = None

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError("n is negative")


def test_files_of_the_project_are_the_defaults_of_the_classes(home: Path) -> None:
    assert read({"logs": LogSettings}) == {"logs": LogSettings()}


def test_the_users_file_wins_and_the_command_line_over_it(home: Path) -> None:
    (home / "live").mkdir()
    (home / "live" / "logs.yaml").write_text("files: 7\nlevels: {engine.a: debug}\n")
    found = read({"logs": LogSettings}, ["logs.level=error", "logs.levels.engine.b=error"])["logs"]
    assert (found.files, found.level) == (7, "error")
    assert found.levels == {"engine.a": "debug", "engine.b": "error"}


def test_every_kind_of_value() -> None:
    values = {
        "name": "b", "n": 2, "on": True, "limit": 3, "words": ["x"], "levels": {"k": "v"}, "inner": {"depth_m": 2},
        "word": "two", "place": "/x",
    }  # fmt: skip
    expected = Outer("b", 2, True, 3.0, ("x",), {"k": "v"}, Inner(2.0), Word.TWO, Path("/x"))
    assert built(Outer, values, "outer") == expected
    assert built(Outer, {"limit": None, "levels": None}, "outer") == Outer()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"nme": "b"}, "did you mean name"),
        ({"n": "2"}, "outer.n: expected a whole number"),
        ({"n": True}, "outer.n: expected a whole number"),
        ({"on": 1}, "expected true or false"),
        ({"limit": "x"}, "outer.limit: expected a number"),
        ({"words": "x"}, "expected a list"),
        ({"inner": {"depth": 1}}, "in outer.inner.*did you mean depth_m"),
        ({"inner": 3}, "expected key: value"),
        ({"word": "tow"}, "did you mean two"),
        ({"n": -1}, "n is negative"),
    ],
)
def test_values_that_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        built(Outer, values, "outer")


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("logs", "expected section.key=value"),
        ("logs=1", "expected section.key=value"),
        ("lgos.files=1", "did you mean logs"),
        ("logs.fils=7", "did you mean files"),
        ("logs.files={", "not YAML"),
    ],
)
def test_words_that_are_refused(word: str, words: str, home: Path) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read({"logs": LogSettings}, [word])


def test_a_file_that_is_no_mapping_is_refused(home: Path) -> None:
    (home / "live").mkdir()
    (home / "live" / "logs.yaml").write_text("- a\n")
    with pytest.raises(ConfigurationError, match="not settings"):
        read({"logs": LogSettings})
