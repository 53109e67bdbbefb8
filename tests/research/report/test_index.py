"""The index of runs: its rows are those of the list, foreign text stays text, and equal data give equal bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl

from engine.files import write_json
from research.commands.main import main
from research.records.folder import run_folder
from research.records.headlines import HEADLINE, LISTED
from research.report.index import page

NASTY = "<script>alert(1)</script> \u202eevil"


def rows(**changes: Any) -> dict[str, Any]:
    """One sweep with evidence."""
    row: dict[str, Any] = {
        "run": "0a" * 16, "kind": "sweep", "finished_at": "2026-01-02T03:04:05+00:00", "configurations": 4320,
        "first_date": "2019-08-01", "last_date": "2024-03-31", "command": "bea sweep data=sample", "name": "early",
        "tags": ["a", "b"], "note": NASTY, "verdict": "evidence", "price": "beats", "yield": 0.0342,
        "yield_low": 0.011, "yield_high": 0.0581, "bets": 1094,
    }  # fmt: skip
    return row | changes


def frame(*made: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(made), schema=LISTED | HEADLINE)


def cells(text: str) -> list[list[str]]:
    """The texts of the table, row by row."""
    body = re.search(r"<tbody>(.*?)</tbody>", text, re.S)
    assert body is not None
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", body[1], re.S)
    ]


def test_a_row_says_what_the_run_is() -> None:
    other = rows(run="0b" * 16, name="", tags=[], note="", verdict="not proved", yield_low=None, yield_high=None)
    third = rows(run="0c" * 16, kind="backtest", verdict="in sample", bets=None, **{"yield": None})
    text = page(frame(rows(), other, third), {"0a" * 16}, ["0d" * 16])
    assert "3 runs: evidence of an edge in 1 of 2 tested sweeps." in text
    assert "1 run cannot be read: 0d0d0d0d0d0d." in text
    first, second, last = cells(text)
    assert first[:6] == ["0a0a0a0a0a0a", "early", "a, b", "evidence", "3.4%", "1.1% to 5.8%"]
    assert first[6:11] == ["1,094", "4,320", "sweep", "2019-08-01 to 2024-03-31", "2026-01-02 03:04"]
    assert second[5] == "–" and last[4] == "–" and last[6] == "–"
    assert text.count("/report.html") == 1 and f'href="{"0a" * 16}/report.html"' in text
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text and "\u202e" not in text
    assert page(frame(rows(), other, third), {"0a" * 16}, ["0d" * 16]) == text


def test_without_runs_it_says_so() -> None:
    assert "There is no run yet." in page(frame(), set())
    assert "1 run, none of them tested out of sample." in page(frame(rows(verdict="in sample")), set())


def test_the_command_writes_it(home: Path, capsys: Any) -> None:
    folder = run_folder("0a" * 16)
    folder.mkdir(parents=True)
    made = {"run": "0a" * 16, "kind": "sweep", "finished_at": "2026-01-02T03:04:05+00:00", "command": ["bea", "sweep"]}
    data = {"first_date": "2019-08-01", "last_date": "2020-05-31"}
    write_json(folder / "manifest.json", made | {"counts": {"configurations": 2}, "data": data})
    assert main(["runs", "--page"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == home / "data" / "runs" / "index.html" and cells(path.read_text())[0][3] == "in sample"
    before = path.read_bytes()
    assert main(["runs", "--page", "--json"]) == 0 and path.read_bytes() == before
