"""Staking rules of the user's own: one pure function of scalars in one file, compiled into a kernel of its own.

A dispatcher handed to the kernel would be compiled anew in every process. So the modules of the kernel that a rule
reaches are written again, with the user's text in the place of `engine.kernel.own`, into a package that is named by the
hash of all of it: its compiled code is kept on disk like any other, and another text is another package.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from engine.errors import ConfigurationError

_SIGNATURE: Final = "stake_minor(row, room, params)"
_LIBRARIES: Final = ("math", "numpy")
#: modules of the kernel that a rule reaches; they import each other, and the rest of the kernel as it is
_REACHED: Final = ("own", "stake", "decide", "walk", "lanes", "lane_close", "lane_walk")
_HEAD: Final = "from engine.kernel.cache import leaf\n\n"
_TAIL: Final = "\n\nHAS_OWN = True\nown_minor = leaf(stake_minor)\n"


@dataclass(frozen=True)
class Rule:
    """A file with a function ``stake_minor(row, room, params)`` that gives a stake in minor units.

    Attributes
    ----------
    path : str
        As the user gave it, absolute.
    text : str
        Its content.
    """

    path: str
    text: str

    @property
    def hash(self) -> str:
        """Hash of its content, 16 hex digits."""
        return hashlib.blake2b(self.text.encode(), digest_size=8).hexdigest()

    @cached_property
    def function(self) -> Callable[[Any, Any, Any], float]:
        """The function itself, interpreted."""
        space: dict[str, Any] = {"__name__": "stake_rule"}
        exec(compile(self.text, self.path, "exec"), space)
        found: Callable[[Any, Any, Any], float] = space["stake_minor"]
        return found


@dataclass(frozen=True)
class Kernel:
    """The two walks of a kernel, and the folder of its sources."""

    walk: Any
    walk_lanes: Any
    package: str


def load(path: str | Path) -> Rule:
    """Read a rule. What Numba cannot compile is told when it is first used (`telling`).

    Raises
    ------
    ConfigurationError
        The file is not there, is no Python, has no such function, or imports more than numpy and math.
    """
    place = Path(path).expanduser().absolute()
    try:
        text = place.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except OSError as error:
        raise _wrong(place, "a file", error.strerror or str(error)) from None
    except (SyntaxError, ValueError) as error:
        raise _wrong(place, "a file in Python", str(error)) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or "."]
            for name in names:
                if name.split(".")[0] not in (*_LIBRARIES, "__future__"):
                    raise _wrong(place, f"imports of {' and '.join(_LIBRARIES)} alone", f"import of {name}")
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "stake_minor"]
    if not functions or len(functions[-1].args.args) != 3:
        raise _wrong(place, f"a function {_SIGNATURE}", "none")
    return Rule(str(place), text)


@contextmanager
def telling(rule: Rule | None) -> Iterator[None]:
    """Turn what Numba says of a rule into one line: a ConfigurationError."""
    from numba.core.errors import NumbaError

    try:
        yield
    except NumbaError as error:
        if rule is None:
            raise
        lines = [line.strip() for line in str(error).splitlines()]
        where = ("Failed in", "During:", "File ", "- ", "Traceback")
        said = [line for line in lines if line and not line.startswith(where)]
        raise ConfigurationError(
            "the staking rule does not compile", where=rule.path, found=(said or [type(error).__name__])[0][:200]
        ) from None


def _wrong(path: Path, expected: str, found: str) -> ConfigurationError:
    return ConfigurationError("no staking rule", where=str(path), expected=expected, found=found)


@lru_cache(maxsize=8)
def kernel_of(rule: Rule | None) -> Kernel:
    """The walks, with the user's rule where there is one."""
    if rule is None:
        from engine.kernel.lane_walk import walk_lanes
        from engine.kernel.walk import walk

        return Kernel(walk, walk_lanes, "kernel")
    package = _generated(rule)
    lanes, alone = (importlib.import_module(f"{package}.{name}") for name in ("lane_walk", "walk"))
    return Kernel(alone.walk, lanes.walk_lanes, package)


def package_of(rule: Rule | None) -> str:
    """Name of the package of a kernel, as Numba's cache names its folder."""
    from engine.kernel.cache import source_hash

    if rule is None:
        return "kernel"
    return "kernel_" + hashlib.blake2b((source_hash() + rule.text).encode(), digest_size=8).hexdigest()


def _generated(rule: Rule) -> str:
    """Write the package and make it importable; returns its name."""
    from engine.kernel.cache import CACHE_FOLDER

    name = package_of(rule)
    root = Path(tempfile.mkdtemp(prefix="bea-")) if CACHE_FOLDER is None else CACHE_FOLDER / "rules"
    folder = root / name
    sources = Path(__file__).resolve().parent / "kernel"
    for module in _REACHED:
        text = _HEAD + rule.text + _TAIL if module == "own" else _moved((sources / f"{module}.py").read_text(), name)
        _write(folder / f"{module}.py", text)
    _write(folder / "__init__.py", f'"""The kernel with the staking rule of {rule.hash}."""\n')
    if str(root) not in sys.path:
        sys.path.append(str(root))
    importlib.invalidate_caches()
    return name


def _moved(text: str, package: str) -> str:
    """The text of a module, with the modules that are generated imported from the package."""
    reached = "|".join(_REACHED)
    text = re.sub(rf"from engine\.kernel\.({reached}) import", rf"from {package}.\1 import", text)
    return re.sub(
        rf"from engine\.kernel import ((?:(?:{reached})(?:, )?)+)$", rf"from {package} import \1", text, flags=re.M
    )


def _write(path: Path, text: str) -> None:
    """Write a source once: Numba's cache goes by its time of change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_text() == text:
        return
    kept = path.with_name(f".{path.name}.{os.getpid()}")
    kept.write_text(text)
    kept.replace(path)
