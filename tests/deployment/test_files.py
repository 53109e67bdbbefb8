"""Image, compose file and units say what the page of deployment promises."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import environment as table
from tests.deployment.dockerfile import ROOT, environment, stages

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]


def locked(name: str) -> dict[str, tuple[str, str]]:
    """Version and marker by package of a file with hashes; each package has at least one."""
    found = {}
    for block in re.split(r"\n(?=\S)", (DEPLOY / name).read_text().strip()):
        first, *hashes = block.replace("\\\n", "\n").split("\n")
        assert hashes and all(re.fullmatch(r"\s+--hash=sha256:[0-9a-f]{64}\s*", line) for line in hashes), block
        requirement, _, marker = first.partition(" ; ")
        package, version = requirement.strip().split("==")
        found[canonicalize_name(package)] = (version, marker.strip())
    return found


def test_the_packages_of_the_image_are_the_pinned_ones() -> None:
    pinned: dict[str, set[str]] = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        package, version = line.split(" ; ")[0].split("==")
        pinned.setdefault(canonicalize_name(package), set()).add(version)
    image = locked("requirements.txt")
    assert {name: version for name, (version, _) in image.items() if version not in pinned.get(name, ())} == {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [
        Requirement(text)
        for text in [*project["dependencies"], *extras["live"], *extras["monitor"], *extras["postgres"]]
    ]
    linux = default_environment() | {"sys_platform": "linux", "extra": ""}
    needed = {canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate(linux)}
    assert needed <= set(image), f"run nox -s lock: {sorted(needed - set(image))}"
    assert {"hatchling", "setuptools"} <= set(locked("build.txt"))


def test_the_image_is_built_of_pinned_things_and_runs_without_root() -> None:
    build, last = stages()
    assert {build.image, last.image} == {"${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"}
    steps = build.steps + last.steps
    assert not [step for step in steps if step.word == "ADD"]
    installs = [step.text for step in steps if step.word == "RUN" and "pip install" in step.text]
    assert len(installs) == 3 and all("--require-hashes" in text or "--no-deps" in text for text in installs)
    users = [step.text for step in last.steps if step.word == "USER"]
    assert users == ["10001:10001"]
    assert environment(last)["BEA_HOME"] == f"{environment(last)['HOME']}/home"  # the key lies beside the home folder


def test_what_the_image_copies_is_in_the_checkout_and_reaches_the_build() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {source for stage in stages() for step in stage.steps if step.word == "COPY"
              for source in step.paths()[0] if "--from" not in step.text}  # fmt: skip
    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)


def compose() -> Any:
    """The compose file."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_a_container_can_write_to_its_volumes_only(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert service["healthcheck"]["test"] and service["restart"] in ("unless-stopped", "on-failure:5")
    assert service["image"] == f"betting-expert-advisor:{version()}" or ":?run deploy/prepare first" in service["image"]


def version() -> str:
    """Of the project."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def test_secrets_and_volumes_of_the_services_exist() -> None:
    file = compose()
    rows = {name for name, _, secret in table.rows() if secret}
    for service in file["services"].values():
        assert set(service.get("secrets", ())) <= set(file["secrets"])
        assert set(service.get("networks", ())) <= set(file["networks"])
        sources = {volume.split(":")[0]: volume for volume in service["volumes"]}
        files = {source for source in sources if source.startswith("./")}
        assert sources.keys() - files <= set(file["volumes"])
        assert all((DEPLOY / source).exists() and sources[source].endswith(":ro") for source in files)
    assert set(file["secrets"]) <= rows | {"POSTGRES_PASSWORD", "GRAFANA_PASSWORD"}
    assert all(where == {"file": f"secrets/{name}"} for name, where in file["secrets"].items())


def test_the_table_of_variables_is_current_and_has_every_variable() -> None:
    assert table.page() == table.PAGE.read_text()
    read = set()
    for path in [*ROOT.glob("engine/**/*.py"), *ROOT.glob("research/**/*.py")]:
        read |= set(re.findall(r'"(BEA_[A-Z_]+)"', path.read_text()))
    assert read == {name for name, _, _ in table.rows() if name.isupper()}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_is_valid_and_closed(path: Path, tmp_path: Path) -> None:
    for unit in UNITS:
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M)
        (tmp_path / unit.name).write_text(text)
    names = [unit.name for unit in UNITS if unit.stem == path.stem]
    assert path.name in names
    checked = subprocess.run(["systemd-analyze", "verify", *names], cwd=tmp_path, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
    closed = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "bea-paper@.service"]
    assert subprocess.run(closed, cwd=tmp_path, capture_output=True).returncode == 0


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_calls_what_is_there(path: Path) -> None:
    command = re.findall(r"^ExecStart=(\S+)", path.read_text(), re.M)
    assert len(command) == 1
    script = command[0].removeprefix("/opt/bea/source/")
    assert command[0] == "/opt/bea/bin/bea" or os.access(ROOT / script, os.X_OK)
