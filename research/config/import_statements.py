"""The import statements of a Python file, kept by the hash of its content: a file is parsed once on a machine.

Parsing the three hundred files behind a run takes half a second of each command; reading this cache takes a hundredth.
A damaged cache is made again: what is read back is believed only with its own hash.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.files import write_bytes
from engine.paths import home

#: syntax trees differ from one Python to the next
_NAME: Final = f"imports-{sys.version_info[0]}.{sys.version_info[1]}.json"

#: of this process: imports by hash of content, the caches that were read, and what no cache holds yet
_known: dict[str, Statements] = {}
_read_from: set[Path] = set()
_new: set[str] = set()


@dataclass(frozen=True)
class Statement:
    """One import statement.

    Attributes
    ----------
    module : str or None
        What it imports from; None for ``import a.b`` and ``from . import a``.
    level : int
        Dots of a relative import.
    names : tuple of str
    """

    module: str | None
    level: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Statements:
    """The imports of a file.

    Attributes
    ----------
    running : tuple of Statement
        Those that run: all but the ones under ``if TYPE_CHECKING``.
    lazy : dict of str to str
        Names imported under ``if TYPE_CHECKING`` at the top of the file, to their modules.
    """

    running: tuple[Statement, ...]
    lazy: dict[str, str]


def statements(content: bytes) -> Statements:
    """Imports of a file with this content.

    Raises
    ------
    SyntaxError
        It is no Python.
    """
    path = _path()
    if path not in _read_from:
        _read_from.add(path)
        _known.update(_read(path))
    key = hashlib.blake2b(content, digest_size=16).hexdigest()
    if key not in _known:
        _known[key] = parsed(content)
        _new.add(key)
    return _known[key]


def keep() -> None:
    """Write what was parsed to the cache of the home; one that cannot be written costs time only."""
    if not _new:
        return
    path = _path()
    found = {
        key: [[[one.module, one.level, one.names] for one in of.running], of.lazy]
        for key, of in (_read(path) | _known).items()
    }
    text = json.dumps(found, separators=(",", ":"))
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, f"{_hash(text)}\n{text}".encode())
    _new.clear()


def _path() -> Path:
    return home() / "data" / "cache" / _NAME


def parsed(content: bytes) -> Statements:
    """Imports of a file with this content, without the cache."""
    tree = ast.parse(content)
    blocks = [node for node in tree.body if isinstance(node, ast.If) and _is_type_checking(node)]
    late = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    lazy = {alias.asname or alias.name: node.module for node in late if node.module for alias in node.names}
    return Statements(tuple(_running(tree)), lazy)


def _running(tree: ast.AST) -> Iterator[Statement]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield Statement(None, 0, tuple(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            yield Statement(node.module, node.level, tuple(alias.name for alias in node.names))
        elif isinstance(node, ast.If) and _is_type_checking(node):
            for other in node.orelse:
                yield from _running(ast.Module([other], []))
        elif not isinstance(node, ast.expr):  # an expression holds no statement
            yield from _running(node)


def _is_type_checking(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _read(path: Path) -> dict[str, Statements]:
    try:
        digest, _, text = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError):
        return {}
    if digest != _hash(text):
        return {}
    found: dict[str, Any] = json.loads(text)
    return {
        key: Statements(tuple(Statement(module, level, tuple(names)) for module, level, names in running), lazy)
        for key, (running, lazy) in found.items()
    }


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
