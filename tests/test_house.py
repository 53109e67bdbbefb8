"""House rules that no linter checks: names, sizes, docstrings, pinned requirements, the commands of CI."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("engine", "research")

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")


#: most modules directly in a package, beside its `__init__.py`
TOP_LEVEL = {"engine": 10, "research": 3}


def tracked() -> list[Path]:
    """Files that git knows and that exist."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def modules() -> list[Path]:
    """Python files of both packages."""
    return [p for p in tracked() if p.suffix == ".py" and p.relative_to(ROOT).parts[0] in PACKAGES]


def test_constraints_pin_every_requirement_and_name_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.match(r"^[A-Za-z0-9._-]+==[^ ]+( ; .+)?$", line) for line in lines)
    assert not any(sign in line for line in lines for sign in ("://", " @ ", "--"))
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(text for extra in project["optional-dependencies"].values() for text in extra),
    ]
    names = {canonicalize_name(Requirement(text).name) for text in wanted} - {project["name"]}
    assert names <= pinned, names - pinned


def test_no_file_names_a_package_index_or_a_lock_with_addresses() -> None:
    hosts = re.compile(rb"(pypi|pythonhosted|npmjs|anaconda|conda-forge)\.(org|com)|index[-_]url\s*=")
    for path in tracked():
        assert path.name not in {"uv.lock", "pylock.toml", "poetry.lock"}, path
        if path.suffix not in {".parquet", ".png"} and path != Path(__file__):
            assert not hosts.search(path.read_bytes()), path


def test_ci_ends_with_the_test_command_of_the_readme_and_runs_its_checks_before() -> None:
    readme = (ROOT / "README.md").read_text()
    lines = (ROOT / ".ci" / "run").read_text().strip().splitlines()
    assert lines[-1] in readme
    checks = [line for line in lines if line.startswith(".venv/bin/nox -s lint types")]
    assert len(checks) == 1 and checks[0] in readme


def test_packages_have_few_modules_at_the_top() -> None:
    for package, most in TOP_LEVEL.items():
        top = {path.stem for path in modules() if path.parent == ROOT / package} - {"__init__"}
        assert len(top) <= most, f"{package}: {sorted(top)}"


def test_every_module_has_a_floor() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert tool["exclude_type_checking_imports"] is False
    floors = {c["containers"][0]: c for c in tool["contracts"] if c["type"] == "layers"}
    for package in PACKAGES:
        assert floors[package]["exhaustive"] and "ignore_imports" not in floors[package]
        named = {name for layer in floors[package]["layers"] for name in layer.split(" | ")}
        members = {
            path.relative_to(ROOT / package).parts[0].removesuffix(".py")
            for path in modules()
            if path.is_relative_to(ROOT / package)
        }
        assert members - {"__init__"} == named


def test_files_and_functions_stay_small() -> None:
    for path in modules():
        text = path.read_text()
        assert text.count("\n") <= 400, f"{path}: {text.count(chr(10))} lines"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= 60, f"{path}:{node.lineno} {node.name}: {length} lines"
                count = len(node.args.args) + len(node.args.kwonlyargs)
                assert count <= 8, f"{path}:{node.lineno} {node.name}: {count} parameters"


def test_names_say_something_and_nothing_is_left_behind() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    for path in modules():
        assert path.stem not in empty, path
        assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text()), path


def test_public_things_have_docstrings() -> None:
    bare = []
    for path in modules():
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree) and path.read_text().strip():
            bare.append(str(path.relative_to(ROOT)))
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                bare.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not bare, bare


def test_every_third_party_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["live"]]
    everywhere = {canonicalize_name(Requirement(text).name) for text in wanted}
    places = {"monitor": "research/monitor", "cluster": "research/cluster", "objects": "engine/store/bucket.py"}
    of_rooms = {room: {canonicalize_name(Requirement(text).name) for text in extras[room]} for room in places}
    distributions = packages_distributions()
    undeclared = set()
    for path in modules():
        rooms = [room for room in of_rooms if path.is_relative_to(ROOT / places[room])]
        declared = everywhere.union(*(of_rooms[room] for room in rooms))
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for top in {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - set(PACKAGES):
                if not declared & {canonicalize_name(d) for d in distributions.get(top, [top])}:
                    undeclared.add(f"{path.relative_to(ROOT)}: {top}")
    assert not undeclared
