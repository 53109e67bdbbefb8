"""Files of a folder that can be read, and those of other kinds, which are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from engine.errors import SourceError
from engine.source.mapping import mapping_text, reads_json, shipped_mappings
from engine.source.sandbox.archive import is_archive

#: reader of files of a betting exchange; their names say nothing of what is in them, so all files of a folder are read
HISTORY: Final = "betfair_history"
_TABLES: Final = (".csv", ".txt", ".tsv", ".xls", ".xlsx")
_DOCUMENTS: Final = (".json", ".jsonl", ".ndjson")


def suffixes_of(mapping: str, mapping_name: str) -> tuple[str, ...]:
    """Suffixes of the files that a mapping reads; its text is empty for a source without a mapping."""
    return _DOCUMENTS if mapping and reads_json(mapping, mapping_name) else _TABLES


def unread_files(source: str, paths: Iterable[str | Path], mapping: str | Path | None = None) -> str:
    """Files below folders that an import leaves out because of their suffix, for a message; empty if none.

    Parameters
    ----------
    source, paths, mapping : as in `engine.source.read.read_files`
    """
    if source == HISTORY:
        return ""
    name = source if source in shipped_mappings() else mapping
    suffixes = suffixes_of(*mapping_text(name)) if name is not None else _TABLES
    return kinds_text(other_files([Path(path) for path in paths], suffixes))


def readable_files(root: Path, suffixes: Collection[str]) -> list[Path]:
    """The file itself, or the files with these suffixes and the archives below a folder, sorted; no hidden files.

    Without suffixes: all files.

    Raises
    ------
    SourceError
        The folder has no such file.
    """
    if not root.is_dir():
        return [root]
    files = [path for path in _files(root) if _is_readable(path, suffixes)]
    if not files:
        found = kinds_text(other_files([root], suffixes)) or "no files"
        raise SourceError(
            "a folder without a file that can be read",
            where=str(root),
            expected=f"{' '.join(suffixes) or 'any file'}, or an archive",
            found=found,
            todo="name the folder that has the tables, or give a single file by its name",
        )
    return files


def other_files(paths: Iterable[Path], suffixes: Collection[str]) -> Counter[str]:
    """Number of files below folders that are not read, by suffix. Hidden files are not counted."""
    return Counter(
        path.suffix.lower() or "no suffix"
        for root in paths
        if root.is_dir()
        for path in _files(root)
        if not _is_readable(path, suffixes)
    )


def kinds_text(kinds: Counter[str], most: int = 5) -> str:
    """Numbers of files by suffix for a message: ``3 files: 2 .json, 1 .md``; empty if there are none."""
    if not kinds:
        return ""
    ranked = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{count} {kind}" for kind, count in ranked[:most])
    n = sum(kinds.values())
    return f"{n} {'file' if n == 1 else 'files'}: {shown}" + (", and others" if len(kinds) > most else "")


def _files(root: Path) -> list[Path]:
    files = (path for path in root.rglob("*") if path.is_file())
    return sorted(p for p in files if not any(part.startswith(".") for part in p.relative_to(root).parts))


def _is_readable(path: Path, suffixes: Collection[str]) -> bool:
    return not suffixes or path.suffix.lower() in suffixes or is_archive(path)
