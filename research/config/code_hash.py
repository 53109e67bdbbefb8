"""The hash of the code that computes something: its modules and everything they import, the user's files included.

It is the code's part of the key of a cached tape and of a run's id. A module outside the closure, such as a chart or
another strategy, changes no key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from research.config.import_statements import Statement, keep, parsed, statements

_PACKAGES: Final = Path(__file__).resolve().parents[2]
_ROOTS: Final = ("engine", "research")
_RESOURCES: Final = (".sql", ".j2", ".css", ".js")


def code_hash(modules: Sequence[str | Path], files: Iterable[Path] = ()) -> str:
    """Hash of the sources of modules, of the user's files, and of all that these import, 32 hex digits.

    Imports inside functions count; those under ``if TYPE_CHECKING`` do not, for they never run. SQL, templates, styles
    and scripts in folders beside an imported module count. Libraries do not: a run's manifest lists their versions.

    Parameters
    ----------
    modules : sequence of str or Path
        Dotted names, such as ``research.tapes.builder``; a name that is no module is passed over.
        And files of the user.
    files : iterable of Path
        Files of the user; what they import relatively is theirs, too.
    """
    own, imported = _user_closure([*files, *(part for part in modules if isinstance(part, Path))])
    digest = hashlib.blake2b(digest_size=16)
    for name, content in own:
        digest.update(name.encode() + b"\0" + content + b"\0")
    digest.update(_built_in_hash(frozenset({*imported, *(part for part in modules if isinstance(part, str))})).encode())
    return digest.hexdigest()


def user_code_hash(files: Iterable[Path | str]) -> str:
    """Hash of the user's files and of those that they import relatively, without the code of bea, 32 hex digits."""
    digest = hashlib.blake2b(digest_size=16)
    for name, content in _user_closure(map(Path, files))[0]:
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


@cache
def _built_in_hash(modules: frozenset[str]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in import_closure(modules):
        name = path.relative_to(_PACKAGES).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def import_closure(modules: Iterable[str]) -> list[Path]:
    """Files of modules and of everything they import of the two packages, and the resources beside them, sorted."""
    waiting = [name for name in modules if _file_of(name) is not None]
    names: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in names:
            continue
        names.add(name)
        waiting += _imports_of(name) - names
    keep()
    paths = {path for name in names if (path := _file_of(name)) is not None}
    folders = {path.parent for path in paths}
    resources = {path for folder in folders for path in folder.glob("*/*") if path.suffix in _RESOURCES}
    return sorted(paths | resources)


@cache
def _file_of(name: str) -> Path | None:
    """The file of a module of the two packages; None where there is none."""
    if name.split(".")[0] not in _ROOTS:
        return None
    base = _PACKAGES.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _imports_of(name: str) -> frozenset[str]:
    """Modules of the two packages that a module imports, and the packages it lies in."""
    path = _file_of(name)
    if path is None:
        return frozenset()
    parts = name.split(".")
    packages = {".".join(parts[:count]) for count in range(1, len(parts))}
    running = statements(path.read_bytes()).running
    return frozenset(packages | {module for statement in running for module in _modules_of(statement)})


def _modules_of(statement: Statement) -> set[str]:
    """Modules of the two packages that an absolute import loads."""
    if statement.level:
        return set()
    if statement.module is None:
        return {name for name in statement.names if _file_of(name) is not None}
    if _file_of(statement.module) is None:
        return set()
    modules = {statement.module}
    for name in statement.names:
        full = f"{statement.module}.{name}"
        modules.add(full if _file_of(full) is not None else _lazy_home(statement.module, name))
    return modules


def _lazy_home(package: str, name: str) -> str:
    """The module that a package loads when `name` is first asked for; the package itself where it is not lazy.

    A package that loads its public names lazily imports them under ``if TYPE_CHECKING``, where they are found.
    """
    return _lazy_names(package).get(name, package)


@cache
def _lazy_names(package: str) -> dict[str, str]:
    path = _file_of(package)
    if path is None or path.name != "__init__.py":
        return {}
    return statements(path.read_bytes()).lazy


def _user_closure(files: Iterable[Path]) -> tuple[list[tuple[str, bytes]], set[str]]:
    """Names and contents of the user's files and those they import relatively; built-in modules that these import."""
    waiting = [path.resolve() for path in files]
    contents: dict[Path, bytes] = {}
    imported: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in contents or not path.is_file():
            continue
        contents[path] = path.read_bytes()
        try:
            running = parsed(contents[path]).running
        except SyntaxError:
            continue  # reported where the file is loaded
        for statement in running:
            imported |= _modules_of(statement)
            if statement.level:
                waiting += _neighbours(path, statement)
    named = sorted((f"{path.parent.name}/{path.name}", content) for path, content in contents.items())
    return named, imported


def _neighbours(path: Path, statement: Statement) -> list[Path]:
    """Files that a relative import of a user's file may load."""
    folder = path.parents[statement.level - 1]
    base = folder.joinpath(*statement.module.split(".")) if statement.module else folder
    names = [base.with_suffix(".py"), base / "__init__.py"]
    for name in statement.names:
        names += [base / f"{name}.py", base / name / "__init__.py"]
    return [name for name in names if name.is_file()]
