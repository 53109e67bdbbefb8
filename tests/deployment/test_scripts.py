"""The scripts of deploy/, run as an operator runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from engine.live.ledger.opening import ledger_path, open_ledger
from tests.deployment.dockerfile import ROOT
from tests.live.ledger.entries import FAST, OPENED, intended, placed

DEPLOY = ROOT / "deploy"


def run(script: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of deploy/ with `bea` on its path."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"} | variables
    environment.pop("BEA_LEDGER_URL", None)
    return subprocess.run(
        [DEPLOY / script, *words], capture_output=True, text=True, env=environment, check=False, timeout=120
    )


@pytest.fixture()
def ledger(home: Path) -> Path:
    """A home folder with a ledger `spring` of three entries."""
    with closing(open_ledger("spring", opened=OPENED, settings=FAST)) as ledger:
        ledger.append([intended(1), placed(1, "pinnacle/7")])
    return home


def copies(home: Path) -> list[Path]:
    """Copies of the ledger, oldest first."""
    return sorted((home / "data" / "ledger" / "backups").glob("spring-*.backup"))


def test_a_copy_comes_back_and_nothing_in_use_is_touched(ledger: Path) -> None:
    done = run("backup", "spring")
    assert (done.returncode, done.stderr) == (0, "")
    (copy,) = copies(ledger)
    assert copy.stat().st_mode & 0o077 == 0
    before = {path: path.read_bytes() for path in ledger.rglob("*.db")}
    drill = run("restore-drill", "spring")
    assert drill.returncode == 0, drill.stderr
    assert f"{copy} came back whole" in drill.stdout
    assert {path: path.read_bytes() for path in ledger.rglob("*.db")} == before
    raw = copy.read_bytes()
    copy.write_bytes(raw[: len(raw) // 2])
    damaged = run("restore-drill", "spring")
    assert damaged.returncode == 1 and damaged.stderr.startswith("error: the backup")


def test_a_copy_of_another_ledger_fails_the_drill(ledger: Path) -> None:
    run("backup", "spring")
    (copy,) = copies(ledger)
    ledger_path("spring").rename(ledger_path("spring").with_suffix(".old"))
    with closing(open_ledger("spring", opened=OPENED, settings=FAST)) as other:
        other.append([intended(2)])
    drill = run("restore-drill", "spring", str(copy))
    assert drill.returncode == 1 and "came back whole" not in drill.stdout


def test_a_drill_without_a_copy_says_what_to_do(home: Path) -> None:
    done = run("restore-drill", "spring")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "run deploy/backup spring" in done.stderr


def test_a_damaged_ledger_is_not_copied_and_old_copies_go_but_three(ledger: Path) -> None:
    folder = ledger / "data" / "ledger" / "backups"
    folder.mkdir()
    old = [folder / f"spring-2020010{day}T043000Z.backup" for day in range(1, 6)]
    other = folder / "spring-two-20200101T043000Z.backup"
    for path in (*old, other):
        path.touch()
        os.utime(path, (0, 0))
    assert run("backup", "spring", "30").returncode == 0
    assert copies(ledger)[:2] == old[3:] and len(copies(ledger)) == 4  # three of `spring`, one of `spring-two`
    assert other.exists()
    path = ledger_path("spring")
    raw = bytearray(path.read_bytes())
    where = raw.rindex(b"pinnacle/7")
    raw[where : where + 8] = b"pinnable"
    path.write_bytes(raw)
    done = run("backup", "spring")
    assert done.returncode == 1 and len(copies(ledger)) == 4


def test_with_secrets_hands_each_file_on_as_a_variable(tmp_path: Path) -> None:
    (tmp_path / "BEA_ODDS_API_KEY").write_text("a b$c\n")
    done = run("with-secrets", "/bin/sh", "-c", 'printf %s "$BEA_ODDS_API_KEY"', SECRETS=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "a b$c")
    none = run("with-secrets", "/bin/sh", "-c", "exit 3", SECRETS=str(tmp_path / "none"))
    assert none.returncode == 3


def test_prepare_pins_images_and_keeps_secrets(tmp_path: Path) -> None:
    """With a stand-in for docker, which gives a digest for each image that was pulled."""
    folder = tmp_path / "deploy"
    folder.mkdir()
    (folder / "prepare").write_bytes((DEPLOY / "prepare").read_bytes())
    (folder / "prepare").chmod(0o755)
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$1" = pull ] || echo "${5%%:*}@sha256:0123"\n')
    docker.chmod(0o755)
    for _ in range(2):
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run([folder / "prepare"], capture_output=True, text=True, env=environment, check=True)
        assert "BEA_ODDS_API_KEY" in done.stderr
        secret = (folder / "secrets" / "POSTGRES_PASSWORD").read_text()
    images = {"PYTHON": "python", "POSTGRES": "postgres", "PROMETHEUS": "prom/prometheus",
              "ALERTMANAGER": "prom/alertmanager", "GRAFANA": "grafana/grafana"}  # fmt: skip
    assert (folder / ".env").read_text() == "".join(f"{key}_IMAGE={name}@sha256:0123\n" for key, name in images.items())
    assert len(secret.strip()) == 48 == len((folder / "secrets" / "GRAFANA_PASSWORD").read_text().strip())
    assert (folder / "secrets" / "BEA_LEDGER_URL").read_text() == f"postgresql://bea:{secret.strip()}@database/bea\n"
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
