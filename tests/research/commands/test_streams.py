"""Output that the terminal cannot show, and readers that leave early, change no exit status and lose no run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from research.commands.streams import plain_letters

BEA = Path(sys.executable).parent / "bea"
SEASON = """Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A
POL,03/09/2022,15:00,Śląsk Łąka,Žižkov Ψ 大阪,0,2,A,4.2,3.4,1.9
"""


def bea(home: Path, words: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run `bea` in a shell, with variables of the environment; bytes of both streams."""
    environment = os.environ | {"BEA_HOME": str(home)} | variables
    return subprocess.run(f"{BEA} {words}", shell=True, capture_output=True, env=environment, check=False)


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("\u22125.1% of 11,400", "ascii", "-5.1% of 11,400"),
        ("\u22125.1%", "cp1252", "-5.1%"),
        ("Łódź\u202f–\u2009東京…", "ascii", "Lodz - ??..."),
        ("Łódź", "iso8859-2", "Łódź"),
        ("é", "cp1252", "é"),
        ("\ud800", "utf-8", "?"),
    ],
)
def test_a_letter_that_an_encoding_lacks_is_replaced(text: str, encoding: str, shown: str) -> None:
    assert plain_letters(text, encoding) == shown


@pytest.mark.slow
@pytest.mark.parametrize(
    "encoding", ["ascii", *(pytest.param(name, marks=pytest.mark.proof) for name in ("cp1252", "latin-1"))]
)
def test_another_encoding_loses_no_run(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "season.csv").write_text(SEASON, encoding="utf-8")
    done = bea(tmp_path, f"data import football_data {tmp_path}/season.csv", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "laka" in done.stdout.decode(encoding).lower()
    run = "backtest strategy=flat_all strategy.bookmaker=b365 report=false"
    done = bea(tmp_path, run, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "yield -" in done.stdout.decode(encoding) and b"?" not in done.stdout
    done = bea(tmp_path, f"data import football_data {tmp_path}/season.csv --again --json", PYTHONIOENCODING=encoding)
    assert done.returncode == 0 and json.loads(done.stdout.decode(encoding))["files"]["read"] == 1


@pytest.mark.slow
def test_the_plain_locale_without_utf8_mode_loses_no_run(tmp_path: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = bea(tmp_path, "backtest data=sample strategy.edge_min=0.3 report=false", **plain)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("ascii").isascii() and b"?" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "redirection",
    [
        ">&- 2>&-",
        *(pytest.param(one, marks=pytest.mark.proof) for one in (">&-", "2>&-", "2>&1 | true; exit ${PIPESTATUS[0]}")),
    ],
)
def test_a_closed_stream_loses_no_run(tmp_path: Path, redirection: str) -> None:
    words = f"backtest data=sample strategy=flat_all report=false {redirection}"
    environment = os.environ | {"BEA_HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-c", f"{BEA} {words}"], capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "data" / "runs").glob("*/manifest.json"))) == 1
    assert b"Exception ignored" not in done.stderr


def test_help_may_be_read_in_part(tmp_path: Path) -> None:
    words = f"{BEA} backtest --help | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"BEA_HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-c", words], capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
