"""A user's staking rule: one pure function of scalars in one file, compiled into a separate kernel.

Numba would compile a function that is passed to the kernel again in every process. Instead, the modules of the kernel
that depend on the rule are copied into a generated package, with the user's text in place of `engine.kernel.custom`.
The package is named by the hash of the kernel and the text. Its compiled code is cached on disk as that of any module,
and another text is another package.
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
from typing import Any, Final, get_type_hints

from engine.errors import ConfigurationError
from engine.files import write_bytes

_SIGNATURE: Final = "stake_minor(row, account, params)"
_LIBRARIES: Final = ("math", "numpy")
#: modules of the kernel that depend on the rule; their copies import each other, and the rest of the kernel as it is
_COPIED: Final = ("custom", "stake", "decide", "walk", "live", "lanes.rules", "lanes.walk")
_HEAD: Final = "from engine.kernel.cache import leaf\n\n"
_TAIL: Final = "\n\nHAS_CUSTOM_RULE = True\ncustom_stake_minor = leaf(stake_minor)\n"


@dataclass(frozen=True)
class Rule:
    """A file with a function ``stake_minor(row, account, params)`` that returns a stake in minor units.

    Attributes
    ----------
    path : str
        Absolute path of the file.
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
        """The function, interpreted."""
        namespace: dict[str, Any] = {"__name__": "stake_rule"}
        exec(compile(self.text, self.path, "exec"), namespace)
        function: Callable[[Any, Any, Any], float] = namespace["stake_minor"]
        return function


@dataclass(frozen=True)
class Kernel:
    """The two walks of a kernel: of one configuration, and of many in lanes."""

    walk: Any
    walk_lanes: Any


def load(path: str | Path) -> Rule:
    """Read a rule. An error of the compiler is raised at its first use (`compile_errors`).

    Raises
    ------
    ConfigurationError
        The file cannot be read, is not Python, lacks the function, or imports more than numpy and math.
    """
    file = Path(path).expanduser().absolute()
    try:
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except OSError as error:
        raise _wrong(file, "a file", error.strerror or str(error)) from None
    except (SyntaxError, ValueError) as error:
        raise _wrong(file, "a file in Python", str(error)) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "."]
            for name in names:
                if name.split(".")[0] not in (*_LIBRARIES, "__future__"):
                    raise _wrong(file, f"imports of {' and '.join(_LIBRARIES)} only", f"import of {name}")
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "stake_minor"]
    if not functions or len(functions[-1].args.args) != 3:
        raise _wrong(file, f"a function {_SIGNATURE}", "none")
    return Rule(str(file), text)


@contextmanager
def compile_errors(rule: Rule | None) -> Iterator[None]:
    """Turn an error of Numba about a rule into a ConfigurationError of one line."""
    from numba.core.errors import NumbaError

    try:
        yield
    except NumbaError as error:
        if rule is None:
            raise
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # Numba colours its messages where colorama is installed
        lines = [line.strip() for line in plain.splitlines()]
        noise = ("Failed in", "During:", "File ", "- ", "Traceback")
        messages = [line for line in lines if line and not line.startswith(noise)]
        raise ConfigurationError(
            "the staking rule does not compile", where=rule.path, found=(messages or [type(error).__name__])[0][:200]
        ) from None


def _wrong(path: Path, expected: str, found: str) -> ConfigurationError:
    return ConfigurationError("not a staking rule", where=str(path), expected=expected, found=found)


@lru_cache(maxsize=8)
def kernel_of(rule: Rule | None) -> Kernel:
    """The built-in kernel, or the one with a user's rule, which is generated if needed.

    Raises
    ------
    ConfigurationError
        The rule does not compile: it is tried alone, in a second, before the kernel around it.
    """
    if rule is None:
        from engine.kernel.lanes.walk import walk_lanes
        from engine.kernel.walk import walk

        return Kernel(walk, walk_lanes)
    _generate(rule)
    alone, lanes = (importlib.import_module(name) for name in walk_modules(rule))
    _try(rule)
    return Kernel(alone.walk, lanes.walk_lanes)


def _try(rule: Rule) -> None:
    """Compile a rule without the kernel around it, unless the kernel is compiled already."""
    from engine.kernel.cache import is_cold, try_to_compile
    from engine.kernel.params import Params
    from engine.kernel.record import AccountState, Row

    if not any(map(is_cold, walk_modules(rule))):
        return
    row, account = (record(*(kind() for kind in get_type_hints(record).values())) for record in (Row, AccountState))
    params = Params(*[0.0] * len(Params._fields))
    function = importlib.import_module(f"{_package(rule)}.custom").custom_stake_minor
    with compile_errors(rule):
        try_to_compile(function, (row, account, params))


def judgement_of(rule: Rule | None) -> Any:
    """The module `engine.kernel.live` of the built-in kernel, or of the one with a user's rule."""
    if rule is None:
        return importlib.import_module("engine.kernel.live")
    _generate(rule)
    return importlib.import_module(f"{_package(rule)}.live")


def walk_modules(rule: Rule | None) -> tuple[str, str]:
    """Names of the modules of the two walks of a kernel. Those of a rule may not exist yet."""
    if rule is None:
        return "engine.kernel.walk", "engine.kernel.lanes.walk"
    package = _package(rule)
    return f"{package}.walk", f"{package}.lanes_walk"


def _package(rule: Rule) -> str:
    from engine.kernel.folder import source_hash

    return "rule_" + hashlib.blake2b((source_hash() + rule.text).encode(), digest_size=8).hexdigest()


def _generate(rule: Rule) -> None:
    """Write the package of a rule and make it importable. It is flat: ``lanes.walk`` becomes ``lanes_walk``."""
    from engine.kernel.cache import CACHE_FOLDER

    name = _package(rule)
    root = Path(tempfile.mkdtemp(prefix="bea-")) if CACHE_FOLDER is None else CACHE_FOLDER / "rules"
    folder = root / name
    sources = Path(__file__).resolve().parent / "kernel"
    for module in _COPIED:
        source = sources / (module.replace(".", "/") + ".py")
        text = (
            _HEAD + rule.text + _TAIL if module == "custom" else _redirected(source.read_text(encoding="utf-8"), name)
        )
        _write(folder / f"{module.replace('.', '_')}.py", text)
    _write(folder / "__init__.py", f'"""The kernel with the staking rule of {rule.hash}."""\n')
    if str(root) not in sys.path:
        sys.path.append(str(root))
    importlib.invalidate_caches()


def _redirected(text: str, package: str) -> str:
    """The text of a module, with its imports of copied modules redirected to the package."""
    copied = "|".join(re.escape(name) for name in _COPIED)
    return re.sub(
        rf"from engine\.kernel\.({copied}) import",
        lambda match: f"from {package}.{match[1].replace('.', '_')} import",
        text,
    )


def _write(path: Path, text: str) -> None:
    """Write a source unless it is there already: Numba's cache depends on its time of change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    write_bytes(path, text.encode())
