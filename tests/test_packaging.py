"""Contents of the wheel: both packages, the configuration, the sample and the Hydra plug-in."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    (wheel,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_configuration_is_in_the_wheel(names: set[str]) -> None:
    options = {p.relative_to(ROOT).as_posix() for p in (ROOT / "conf").rglob("*.yaml")}
    assert options
    assert {f"research/_shipped/{name}" for name in options} <= names


def test_the_sample_and_the_plugin_are_in_the_wheel(names: set[str]) -> None:
    assert "research/_shipped/sample/manifest.json" in names
    assert "hydra_plugins/bea_vectorized.py" in names
    assert any(name.startswith("engine/asof/queries/") and name.endswith(".sql") for name in names)


def test_the_wheel_holds_only_packages_of_the_project(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"engine", "research", "hydra_plugins"}
    assert not any("/data/raw" in name or "/tests/" in name for name in names)
