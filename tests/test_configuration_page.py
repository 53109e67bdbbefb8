"""The configuration reference holds every key of every file and class, and is current."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from engine.paths import conf_dir
from research.config.keys import KEYS
from research.config.parameter_help import value_text
from scripts import configuration

TEXT = configuration.PAGE.read_text(encoding="utf-8")
LINES = re.findall(r"^\| `([\w.]+)` \| (.*?) \| (.*?) \| (.*?) \|(?: (\w*) \|)?$", TEXT, re.M)


def test_the_page_is_current() -> None:
    assert configuration.page() == TEXT


def test_every_key_of_a_run_is_there_with_a_meaning() -> None:
    documented = {line[0] for line in LINES}
    chosen = {key for key in KEYS if key.endswith(".name")} | {"strategy.file"}
    assert set(KEYS) - documented == chosen
    assert [line[0] for line in LINES if not all(line[1:4])] == []


def test_every_key_of_every_file_is_there() -> None:
    left_out = ("source", "experiment")
    files = [path for path in conf_dir().rglob("*.yaml") if path.relative_to(conf_dir()).parts[0] not in left_out]
    assert len(files) > 50
    keys = {row.key for path in files for row in configuration.rows(path)} - {"name"}
    ends = {line[0] for line in LINES} | {line[0].partition(".")[2] for line in LINES}
    assert keys - ends == set()


@pytest.mark.parametrize("section", configuration.LIVE)
def test_a_section_of_a_runner_has_all_fields_of_its_class_with_their_defaults(section: str) -> None:
    cls: Any = configuration.LIVE[section]
    shown = {line[0].partition(".")[2]: line[2] for line in LINES if line[0].startswith(f"{section}.")}
    fields = {field.name for field in dataclasses.fields(cls) if field.init}
    assert fields == set(shown)
    made = cls()
    for name, text in shown.items():
        value = getattr(made, name)
        plain = list(value) if isinstance(value, tuple) else value
        same = float(text.strip("`")) == plain if type(plain) is float else text == configuration.shown(plain)
        assert same, name


def test_options_that_differ_are_told_apart() -> None:
    defaults = {line[0]: line[2] for line in LINES}
    assert defaults["risk.drawdown_warn_frac"] == "`0.15` (default), `null` (off)"
    assert defaults["validation.folds"] == f"`{value_text(6)}`"


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (float | None, "number, or null"),
        (tuple[str, ...], "list of texts"),
        (str | tuple[str, ...] | None, "text or list of texts, or null"),
        (dict[str, float], "number by name"),
        (list, "list"),
    ],
)
def test_types_in_words(hint: Any, words: str) -> None:
    assert configuration.kind("no.key", hint, None) == words
