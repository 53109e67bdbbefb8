"""Templates escape every value, refuse missing ones, and trust markup in one place only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import research.report
from research.report.document import document, render
from research.report.figure import Figure, Numbers

FOLDER = Path(research.report.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").iterdir())
RUN = {
    "verdict": ["<b>"], "first": "Profit:", "sentence": "a & b", "heads": ["'"], "rows": [['"', "\u202eevil\x00"]],
    "notes": ["<i>"], "run": "0123",
}  # fmt: skip


def test_every_value_is_escaped_and_loses_its_invisible_characters() -> None:
    text = render("notebook_run.html.j2", **RUN)
    assert "<p>&lt;b&gt;</p>" in text and "a &amp; b" in text
    assert "<td>&#34;</td><td> evil </td>" in text and "<th>&#39;</th>" in text
    assert "<p>&lt;i&gt;</p>" in text


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'sentence' is undefined"):
        render("notebook_run.html.j2", **{key: value for key, value in RUN.items() if key != "sentence"})
    with pytest.raises(TypeError, match="None"):
        render("notebook_run.html.j2", **{**RUN, "sentence": None})


def test_a_hostile_figure_stays_text() -> None:
    evil = "</figure><script>alert(1)</script>"
    text = Figure("evil", evil, evil, numbers=Numbers((evil, evil), ((evil, evil),)), note=evil).html()
    assert "<script" not in text and text.count("&lt;script&gt;") == 7


def test_only_drawings_assets_and_packed_data_are_trusted() -> None:
    trusted = {(path.name, name) for path in TEMPLATES for name in re.findall(r"(\w+) \| trusted", path.read_text())}
    assert trusted == {
        ("document.html.j2", "style"),
        ("document.html.j2", "script"),
        ("figure.html.j2", "drawing"),
        ("notebook_figure.html.j2", "style"),
        ("report.html.j2", "packed"),
    }
    for path in TEMPLATES:
        assert not re.search(r"\|\s*safe|autoescape", path.read_text()), path.name
    marked = [path.name for path in FOLDER.rglob("*.py") if "Markup(" in path.read_text()]
    assert marked == ["document.py"]


def test_a_document_needs_every_value_of_its_template() -> None:
    with pytest.raises(UndefinedError):
        document("report.html.j2", styles=(), scripts=(), title="a page without its data")
