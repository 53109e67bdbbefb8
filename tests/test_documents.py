"""Names and paths that documents and docstrings mention exist, and the licence page lists what is installed."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from textwrap import dedent

import polars as pl
import pytest

from scripts import audit, floors, licences, live_picture, states

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"(?<![\w./])(?:engine|research)(?:\.[A-Za-z_]\w*)+")
PATH = re.compile(r"(?<![\w./-])(?:engine|research|tests|docs|conf|scripts|examples|notebooks)/[\w./-]*\w")
#: a file named by the end of its path only, as `kernel/walk.py`
SHORT = re.compile(r"`([\w/]+\.py)`")
#: a test named with its file
TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")
#: files that guides ask the reader to make; `NAME` in a name or path is a placeholder
INVENTED = {"conf/experiment/mine.yaml", "features/form.py", "my_rule.py", "strategies/underdog_draw.py"}


def documents() -> list[Path]:
    """Documents, packages, configuration and notebooks; the changelog names the past and is left out."""
    patterns = (
        "*.md",
        "docs/**/*.md",
        ".github/**/*.md",
        "conf/**/*.yaml",
        "notebooks/*.ipynb",
        "examples/**/*.py",
        "examples/*.md",
    )
    files = {path for pattern in patterns for path in ROOT.glob(pattern)} - {ROOT / "CHANGELOG.md"}
    return sorted(files | {path for package in ("engine", "research") for path in (ROOT / package).rglob("*.py")})


def resolves(name: str) -> bool:
    """Whether a dotted name is a module, or an attribute or annotated field that can be reached from one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if part in getattr(value, "__annotations__", {}):
                return True
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True
    return False


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_names_and_paths_exist(path: Path) -> None:
    text = path.read_text()
    names = {match[0] for match in NAME.finditer(text) if "NAME" not in match[0]}
    files = {match[0] for match in PATH.finditer(text) if "NAME" not in match[0]} - INVENTED
    assert not [name for name in names if Path(name).suffix != ".py" and not resolves(name)]
    assert not [name for name in files if not (ROOT / name).exists() and not (ROOT / f"{name}.py").exists()]


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/**/*.md")), ids=lambda path: path.stem)
def test_files_named_by_the_end_of_their_path_exist(path: Path) -> None:
    folders = ("engine", "research", "tests", "examples")
    known = [f"/{p.relative_to(ROOT)}" for folder in folders for p in (ROOT / folder).rglob("*.py")]
    short = {match[1] for match in SHORT.finditer(path.read_text()) if "NAME" not in match[1]} - INVENTED
    assert not [name for name in short if not any(file.endswith(f"/{name}") for file in known)]


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/**/*.md")), ids=lambda path: path.name)
def test_tests_that_a_document_names_exist(path: Path) -> None:
    assert not [f"{file}::{name}" for file, name in TEST.findall(path.read_text()) if name not in names_of_tests(file)]


def test_a_test_that_does_not_exist_is_found() -> None:
    here = "tests/test_documents.py"
    assert TEST.findall(f"| a | `{here}::test_nothing` |") == [(here, "test_nothing")]
    assert "test_a_test_that_does_not_exist_is_found" in names_of_tests(here)
    assert "test_nothing" not in names_of_tests(here) and not names_of_tests("tests/nothing.py")


@cache
def names_of_tests(file: str) -> frozenset[str]:
    """Names of the tests in a file; none where there is no file."""
    path = ROOT / file
    return frozenset(re.findall(r"^ *def (test_\w+)\(", path.read_text(), re.M)) if path.is_file() else frozenset()


def test_the_picture_of_the_floors_is_current() -> None:
    assert floors.PICTURE.read_text() == floors.svg()


def test_the_picture_of_the_live_half_is_current_and_its_rooms_exist() -> None:
    assert live_picture.PICTURE.read_text() == live_picture.svg()
    rooms = [box.room for box in live_picture.BOXES.values() if box.room]
    assert len(rooms) > 5 and all((ROOT / room / "__init__.py").is_file() for room in rooms)


def test_the_states_of_a_bet_are_current() -> None:
    assert states.PICTURE.read_text() == states.svg()
    assert states.PAGE.read_text() == states.page()


def test_the_licence_page_lists_every_package() -> None:
    assert licences.mistakes(licences.PAGE.read_text()) == []


def test_a_licence_that_binds_the_project_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(licences.STATED, "numpy", "GPL-3.0-only")
    assert "numpy: GPL-3.0-only is refused" in licences.mistakes(licences.PAGE.read_text())


@pytest.mark.parametrize(
    ("package", "status", "words"),
    [
        ({"vulns": []}, 0, "1 packages audited, 0 with"),
        ({"vulns": [{"id": "X-1", "fix_versions": ["2"]}]}, 1, "a 1: X-1, fixed in 2"),
        ({"skip_reason": "not found"}, audit.UNREACHED, "could not be reached"),
    ],
)
def test_an_audit_reports_what_was_checked(package: dict[str, object], status: int, words: str) -> None:
    code, text = audit.verdict({"dependencies": [{"name": "a", "version": "1"} | package]})
    assert code == status and words in text


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_each_guide_links_to_the_glossary(path: Path) -> None:
    assert path.name == "glossary.md" or "(glossary.md)" in path.read_text()


def test_the_chart_of_the_guide_for_contributors_draws(tmp_path: Path) -> None:
    (block,) = re.findall(r"   ```python\n(.*?)   ```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)
    path = tmp_path / "stakes.py"
    path.write_text(dedent(block))
    spec = spec_from_file_location("stakes", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    figure = module.stakes(pl.DataFrame({"stake_minor": [100, 250, 400]}))
    assert "median stake of 3 bets is 2.50" in figure.answer
    assert figure.draw is not None and figure.draw(700.0, "wide").startswith("<svg")
    assert module.stakes(pl.DataFrame({"stake_minor": []})).draw is None


def test_the_architecture_has_a_row_for_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {
        f"{path.parent.relative_to(ROOT)}/" for p in ("engine", "research") for path in ROOT.glob(f"{p}/*/__init__.py")
    }
    assert rooms and not [room for room in rooms if f"| `{room}` |" not in text]
