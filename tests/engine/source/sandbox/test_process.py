"""The child process: a crash, a hang, excess memory or nonsense refuses one file, and the next file is read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from engine.errors import SourceError
from engine.source.sandbox.process import Child, Limits

GOOD = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H\nE0,13/08/2021,A,B,1,0,H,2\n"
BEHAVIOURS = {
    "crash": ("os.abort()", "crashed"),
    "exit": ("sys.exit(3)", "the reader crashed (status 3"),
    "hang": ("time.sleep(60)", "longer than"),
    "memory": ("x = bytearray(400_000_000); time.sleep(60)", "of memory"),
    "nonsense": ("print('[1]', flush=True)", "crashed"),
    "endless": ("\n    while True: sys.stdout.write('x' * 100_000)", "longer than"),
}


def request(path: Path) -> dict[str, str]:
    return {
        "path": str(path),
        "name": path.name,
        "source": "football_data",
        "reader": "football_data",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "today": "2026-01-01",
        "mapping": "",
        "mapping_name": "",
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", BEHAVIOURS)
def test_a_misbehaving_child_is_stopped_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    action, message = BEHAVIOURS[kind]
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "wicked_reader.py").write_text(
        "import os, sys, time\nfrom engine.source.sandbox import worker\n"
        "def parse(request):\n"
        f"    if 'bad' in request['name']: {action}\n"
        "    return good(request)\n"
        "good, worker.parse = worker.parse, parse\nworker.main()\n"
        if kind not in ("nonsense", "endless", "exit")
        else "import os, sys, time, json\nfrom engine.source.sandbox import worker\n"
        "line = sys.stdin.readline()\n"
        f"if 'bad' in json.loads(line)['name']: {action}\n"
        "answers = os.fdopen(os.dup(1), 'w')\n"
        "worker.answer(json.loads(line), answers)\n"
    )
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(GOOD)
    bad.write_text(GOOD)
    with Child(Limits(memory_bytes=350_000_000, wall_seconds=3.0), module="wicked_reader") as child:
        with pytest.raises(SourceError) as error:
            child.read(request(bad))
        assert message in str(error.value) and "bad.csv" in str(error.value) and "\n" not in str(error.value)
        assert child.read(request(good)).events.height == 1


def test_a_refusal_reaches_the_caller_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n")
    with Child() as child:
        with pytest.raises(SourceError, match=r"not a header of football-data.co.uk in x.csv: expected Div"):
            child.read(request(path))
        path.write_text(GOOD)
        assert child.read(request(path)).counts.prices_kept == 1


def test_the_encoding_of_the_user_does_not_reach_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "utf-16")
    (tmp_path / "good.csv").write_text(GOOD)
    with Child(Limits()) as child:
        assert child.read(request(tmp_path / "good.csv")).events.height == 1
