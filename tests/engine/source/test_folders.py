"""A folder without anything to read is refused and says what it has; files of other kinds are counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from zipfile import ZipFile

import pytest

from engine.errors import SourceError
from engine.source.folders import kinds_text, other_files, readable_files, suffixes_of, unread_files
from engine.source.read import read_files

CSV = (".csv",)


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    for name in ("a.csv", "deep/b.CSV", "c.json", "deep/d.json", "e.md", "deep/noext", ".hidden.csv", "f.zip"):
        (tmp_path / name).write_text("x")
    return tmp_path


def test_tables_and_archives_are_found_and_others_counted(folder: Path) -> None:
    names = [str(path.relative_to(folder)) for path in readable_files(folder, CSV)]
    assert names == ["a.csv", "deep/b.CSV", "f.zip"]
    assert other_files([folder], CSV) == {".json": 2, ".md": 1, "no suffix": 1}
    assert unread_files("football_data", [folder]) == "4 files: 2 .json, 1 .md, 1 no suffix"
    assert unread_files("the_odds_api", [folder]) == "4 files: 2 .csv, 1 .md, 1 no suffix"
    assert ".csv" in suffixes_of("", "")
    assert readable_files(folder / "c.json", CSV) == [folder / "c.json"]
    assert other_files([folder / "c.json"], CSV) == Counter()


def test_a_folder_of_other_kinds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="found no files"):
        readable_files(tmp_path, CSV)
    with pytest.raises(SourceError, match="expected any file, or an archive, found no files"):
        readable_files(tmp_path, ())
    (tmp_path / "a.json").write_text("x")
    with pytest.raises(SourceError, match=r"expected .csv, or an archive, found 1 file: 1 .json"):
        readable_files(tmp_path, CSV)


def test_a_folder_and_an_archive_without_tables_are_reported_once_each(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.mkdir("folder") if hasattr(archive, "mkdir") else archive.writestr("folder/", "")
    batches = list(read_files("football_data", [tmp_path / "none", tmp_path / "empty.zip"]))
    texts = [str(batch.refused) for batch in batches]
    assert len(texts) == 2 and "a folder without a file" in texts[0] and "an archive without files" in texts[1]


def test_kinds_are_few_in_a_message() -> None:
    kinds = Counter({f".{letter}": 1 for letter in "abcdefg"})
    assert kinds_text(kinds).startswith("7 files: 1 .a") and kinds_text(kinds).endswith("1 .e, and others")
    assert kinds_text(Counter()) == ""
