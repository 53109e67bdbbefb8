"""Entry point of the readers: folders, archives, names of sources, files that are already known."""

from __future__ import annotations

import gzip
import os
import zipfile
from datetime import date
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.source import read
from engine.source.batch import Counts
from engine.source.read import read_files, sources
from engine.source.sandbox.process import Child

pytestmark = pytest.mark.slow

TODAY = date(2026, 1, 1)
HEAD = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H\n"


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "files"
    (root / "deep").mkdir(parents=True)
    (root / "a.csv").write_text(HEAD + "E0,13/08/2021,A,B,1,0,H,2\n")
    (root / "deep" / "b.csv").write_text("no table")
    (root / ".hidden.csv").write_text("x")
    (root / "notes.md").write_text("x")
    with zipfile.ZipFile(root / "c.zip", "w") as archive:
        archive.writestr("one.csv", HEAD + "E0,14/08/2021,A,B,1,0,H,2\n")
        archive.writestr("two.csv", HEAD + "E0,15/09/2026,A,B,1,0,H,2\n")
    (root / "d.zip").write_bytes(b"PK nothing")
    return root


def test_folders_and_archives_give_one_batch_per_file(folder: Path) -> None:
    seen: list[str] = []
    batches = []
    for batch in read_files("football_data", [folder], today=TODAY, progress=seen.append):
        assert batch.raw_bytes_path is None or batch.raw_bytes_path.is_file()
        batches.append(batch)
    names = [b.name.removeprefix(str(folder)) for b in batches]
    assert names == ["/a.csv", "/c.zip!one.csv", "/c.zip!two.csv", "/d.zip", "/deep/b.csv"]
    assert [b.name for b in batches] == seen
    assert [b.refused is None for b in batches] == [True, True, True, False, False]
    assert batches[0].events["raw_file"].to_list() == [batches[0].raw_sha256]
    total = sum((b.counts for b in batches), Counts())
    assert total.add_up and (total.rows_read, total.rows_kept, total.rows_quarantined) == (3, 2, 1)
    assert batches[2].identity == ""  # its row is in the future: the file is read again next time


def test_known_files_are_not_read_again(folder: Path) -> None:
    first = list(read_files("football_data", [folder], today=TODAY))
    known = {b.identity for b in first if b.identity}
    again = list(read_files("football_data", [folder], today=TODAY, known=known))
    assert [b.unchanged for b in again] == [True, True, False, False, True]
    assert again[0].events.is_empty() and again[0].raw_sha256 == first[0].raw_sha256
    assert not any(b.unchanged for b in read_files("nfl", [folder / "a.csv"], today=TODAY, known=known))


def test_a_wrong_source_or_mapping_is_refused_with_a_suggestion(folder: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'football_data'"):
        read_files("footbal_data", [folder])
    with pytest.raises(UsageError, match="no such file"):
        read_files("football_data", [folder / "none.csv"])
    with pytest.raises(UsageError, match="needs a mapping"):
        read_files("generic_csv", [folder])
    for source in ("nfl", "football_data"):
        with pytest.raises(UsageError, match="mapping"):
            read_files(source, [folder], mapping="nfl")
    with pytest.raises(UsageError, match="no such mapping"):
        read_files("generic_csv", [folder], mapping="nothing")
    assert {"football_data", "tennis_data", "generic_csv", "nfl"} <= set(sources())


def test_a_user_mapping_and_a_file_without_read_permission(folder: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "my.yaml"
    mapping.write_text(
        "sport: {value: football}\ncompetition: Div\nhome: HomeTeam\naway: AwayTeam\n"
        "start: {column: Date, format: '%d/%m/%Y', has_time: false}\n"
        "prices: [{column: B365H, market: 1x2, selection: home, bookmaker: b365}]\n"
    )
    (batch,) = read_files("generic_csv", [folder / "a.csv"], mapping=mapping, today=TODAY)
    assert batch.refused is None and batch.quotes["odds"].to_list() == [2.0]
    closed = folder / "closed.csv"
    closed.write_text("x")
    closed.chmod(0)
    if not os.access(closed, os.R_OK):
        (batch,) = read_files("football_data", [closed], today=TODAY)
        assert batch.refused is not None


def test_closing_the_iteration_early_stops_its_children(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Child] = []

    class Recorded(Child):
        def close(self) -> None:
            super().close()
            closed.append(self)

    monkeypatch.setattr(read, "Child", Recorded)
    batches = read_files("football_data", [folder], today=TODAY)
    assert next(batches).refused is None
    assert not closed
    batches.close()  # type: ignore[attr-defined]
    assert closed and all(child._process is None for child in closed)


def test_a_mapping_of_documents_reads_the_documents_of_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "records: {}\nsport: {value: football}\ncompetition: {value: X}\n"
        "home: h\naway: a\nstart: {column: d}\nprices: []\n"
    )
    text = '[{"d": "2024-01-10", "h": "A", "a": "B"}]'
    (root / "a.json").write_text(text)
    (root / "b.jsonl.gz").write_bytes(gzip.compress(text[1:-1].encode() + b"\n"))
    (root / "c.csv").write_text("d,h,a\n")
    batches = list(read_files("generic_csv", [root], mapping=mapping, today=TODAY))
    assert [b.name.rsplit("/", 1)[-1] for b in batches] == ["a.json", "b.jsonl.gz!b.jsonl"]
    assert [b.counts.rows_kept for b in batches] == [1, 1]
