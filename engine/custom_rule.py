"""Staking rules of the user's own: one pure function of scalars in one file, compiled into a kernel of its own.

A dispatcher handed to the kernel would be compiled anew in every process. So the modules of the kernel that a rule
reaches are written again, with the user's text in the place of `engine.kernel.own`, into a package that is named by the
hash of all of it: its compiled code is kept on disk like any other, and another text is another package.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
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
from engine.files import write_bytes

_SIGNATURE: Final = "stake_minor(row, room, params)"
_LIBRARIES: Final = ("math", "numpy")
#: modules of the kernel that a rule reaches; they import each other, and the rest of the kernel as it is
_REACHED: Final = ("own", "stake", "decide", "walk", "lanes.rules", "lanes.close", "lanes.walk")
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
    """The two walks of a kernel: of one configuration, and of many in lanes."""

    walk: Any
    walk_lanes: Any


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
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # Numba colours its messages where colorama is installed
        lines = [line.strip() for line in plain.splitlines()]
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
        from engine.kernel.lanes.walk import walk_lanes
        from engine.kernel.walk import walk

        return Kernel(walk, walk_lanes)
    _generate(rule)
    alone, lanes = (importlib.import_module(name) for name in walk_modules(rule))
    return Kernel(alone.walk, lanes.walk_lanes)


def walk_modules(rule: Rule | None) -> tuple[str, str]:
    """Names of the modules that hold the two walks of a kernel; those of a rule need not have been written yet."""
    if rule is None:
        return "engine.kernel.walk", "engine.kernel.lanes.walk"
    package = _package(rule)
    return f"{package}.walk", f"{package}.lanes_walk"


def _package(rule: Rule) -> str:
    from engine.kernel.cache import source_hash

    return "rule_" + hashlib.blake2b((source_hash() + rule.text).encode(), digest_size=8).hexdigest()


def _generate(rule: Rule) -> None:
    """Write the package of a rule and make it importable; it is flat: ``lanes.walk`` becomes ``lanes_walk``."""
    from engine.kernel.cache import CACHE_FOLDER

    name = _package(rule)
    root = Path(tempfile.mkdtemp(prefix="bea-")) if CACHE_FOLDER is None else CACHE_FOLDER / "rules"
    folder = root / name
    sources = Path(__file__).resolve().parent / "kernel"
    for module in _REACHED:
        source = sources / (module.replace(".", "/") + ".py")
        text = _HEAD + rule.text + _TAIL if module == "own" else _moved(source.read_text(), name)
        _write(folder / f"{module.replace('.', '_')}.py", text)
    _write(folder / "__init__.py", f'"""The kernel with the staking rule of {rule.hash}."""\n')
    if str(root) not in sys.path:
        sys.path.append(str(root))
    importlib.invalidate_caches()


def _moved(text: str, package: str) -> str:
    """The text of a module, with the modules that are generated imported from the package."""
    text = text.replace(
        "from engine.kernel.lanes import close, rules\n",
        f"from {package} import lanes_close as close\nfrom {package} import lanes_rules as rules\n",
    )
    reached = "|".join(re.escape(name) for name in _REACHED)
    return re.sub(
        rf"from engine\.kernel\.({reached}) import",
        lambda found: f"from {package}.{found[1].replace('.', '_')} import",
        text,
    )


def _write(path: Path, text: str) -> None:
    """Write a source once: Numba's cache goes by its time of change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_text() == text:
        return
    write_bytes(path, text.encode())
