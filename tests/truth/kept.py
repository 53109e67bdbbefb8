"""Finished pieces of work on disk: one JSON line each, found again by what it was asked and by its sources.

A killed command leaves at most one torn line, which is computed again.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]


class Kept:
    """Pieces of work in one file.

    Parameters
    ----------
    path : Path
        Its folder is made.
    sources : str
        Hash of the sources (`source_hash`); pieces of other sources stay in the file and are not seen.
    """

    def __init__(self, path: Path, sources: str) -> None:
        self.path, self.sources = path, sources
        path.parent.mkdir(parents=True, exist_ok=True)
        self.found: dict[str, Any] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            try:
                one = json.loads(line)
                if one["sources"] == sources:
                    self.found[one["asked"]] = one["gave"]
            except (ValueError, KeyError, TypeError):
                continue

    def get(self, asked: dict[str, Any]) -> Any | None:
        """What a finished piece gave; None where it is not there."""
        return self.found.get(_words(asked))

    def keep(self, asked: dict[str, Any], gave: Any) -> None:
        """Append a piece."""
        self.found[_words(asked)] = gave
        line = json.dumps({"sources": self.sources, "asked": _words(asked), "gave": gave})
        torn = self.path.is_file() and self.path.stat().st_size > 0 and not self.path.read_bytes().endswith(b"\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("\n" if torn else "") + line + "\n")


@cache
def source_hash(patterns: Iterable[str]) -> str:
    """Hash of sources by what they do: docstrings, comments and layout do not count; 16 hex digits."""
    total = hashlib.blake2b(digest_size=8)
    for path in sorted({path for pattern in patterns for path in _ROOT.glob(pattern)}):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                first = body[0]
                if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                    first.value.value = ""
        total.update(f"{path.relative_to(_ROOT).as_posix()} {ast.dump(tree)}".encode())
    return total.hexdigest()


def _words(asked: dict[str, Any]) -> str:
    return json.dumps(asked, sort_keys=True)
