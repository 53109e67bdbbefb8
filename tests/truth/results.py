"""Finished pieces of work on disk, one JSON line each. The key is what was requested and the hash of the sources.

A killed command leaves at most one incomplete line; that piece is computed again.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]


class Results:
    """Finished pieces of work in one file.

    Parameters
    ----------
    path : Path
        The file. Its folder is created.
    sources : str
        Hash of the sources (`source_hash`). Pieces from other sources stay in the file but are ignored.
    also : sequence of str
        Hashes of earlier sources whose pieces count too, the most trusted last; those of `sources` come before them.
    """

    def __init__(self, path: Path, sources: str, also: Sequence[str] = ()) -> None:
        self.path, self.sources = path, sources
        path.parent.mkdir(parents=True, exist_ok=True)
        self._pieces: dict[str, Any] = {}
        rank = {name: place for place, name in enumerate((*also, sources))}
        held: dict[str, int] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            try:
                piece = json.loads(line)
                found = rank.get(piece["sources"], -1)
                if found >= held.get(piece["asked"], 0):
                    self._pieces[piece["asked"]], held[piece["asked"]] = piece["gave"], found
            except (ValueError, KeyError, TypeError):
                continue
        #: hashes of the sources of the pieces that are there
        self.used = tuple(dict.fromkeys(name for name, place in rank.items() if place in held.values()))

    def get(self, request: dict[str, Any]) -> Any | None:
        """Result of a finished piece, or None if it is not finished."""
        return self._pieces.get(_key(request))

    def add(self, request: dict[str, Any], result: Any) -> None:
        """Append a finished piece to the file."""
        self._pieces[_key(request)] = result
        line = json.dumps({"sources": self.sources, "asked": _key(request), "gave": result})
        torn = self.path.is_file() and self.path.stat().st_size > 0 and not self.path.read_bytes().endswith(b"\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("\n" if torn else "") + line + "\n")


@cache
def source_hash(patterns: Iterable[str]) -> str:
    """Hash of the code of some sources, 16 hex digits. Docstrings, comments and layout do not count.

    Raises
    ------
    FileNotFoundError
        A pattern matches no file.
    """
    files: set[Path] = set()
    for pattern in patterns:
        matches = set(_ROOT.glob(pattern))
        if not matches:
            raise FileNotFoundError(f"no source matches {pattern}")
        files |= matches
    total = hashlib.blake2b(digest_size=8)
    for path in sorted(files):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                first = body[0]
                if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                    first.value.value = ""
        total.update(f"{path.relative_to(_ROOT).as_posix()} {ast.dump(tree)}".encode())
    return total.hexdigest()


def _key(request: dict[str, Any]) -> str:
    return json.dumps(request, sort_keys=True)
