"""Strategies, features, models, feeds, venues and breakers in files of the user: found by name, loaded after a change.

The folders are ``BEA_HOME/strategies`` and so on and, for strategies with ``--config-dir DIR``, ``DIR/strategies``. A
file can import its neighbours relatively, as in ``from ..features.form import rating``.
"""

from __future__ import annotations

import hashlib
import importlib
import linecache
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn

from engine.errors import BeaError, ConfigurationError

#: folders of files of the user, and what a file in them is
STRATEGIES: Final = "strategies"
FEATURES: Final = "features"
MODELS: Final = "models"
FEEDS: Final = "feeds"
VENUES: Final = "venues"
BREAKERS: Final = "breakers"
_NOUNS: Final = {FEATURES: "feature", MODELS: "model", FEEDS: "feed", VENUES: "venue", BREAKERS: "breaker"}


def user_files(kind: str, folders: Sequence[Path]) -> dict[str, Path]:
    """Files of one kind by name. If several folders have a name, the first folder wins.

    Parameters
    ----------
    kind : str
        Name of the subfolder: `STRATEGIES`, `FEATURES`, `MODELS`, `FEEDS`, `VENUES` or `BREAKERS`.
    folders : sequence of Path
        Folders with or without such a subfolder.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted((folder / kind).glob("*.py")):
            if path.stem.isidentifier() and not path.stem.startswith("_"):
                files.setdefault(path.stem, path.resolve())
    return files


def load_module(path: str | Path) -> ModuleType:
    """Import a file of the user, again if a file in the folders beside it has changed.

    Raises
    ------
    ConfigurationError
        The file does not exist or its import fails; the message has file, line and cause.
    """
    file = Path(path)
    folder = file.resolve().parent.parent
    package = _package_of(folder)
    _make_package(package, folder)
    name = f"{package}.{file.parent.name}.{file.stem}"
    with failures_named(file):
        if not file.is_file():
            raise ConfigurationError(f"no such {_noun(file)} file", where=str(file), todo=f"check {_noun(file)}.file")
        return importlib.import_module(name)


def _package_of(folder: Path) -> str:
    return f"bea_user_{hashlib.blake2b(str(folder).encode(), digest_size=8).hexdigest()}"


def _make_package(name: str, folder: Path) -> None:
    """Make a package over a folder. After a change of a file there, all its modules are imported again."""
    stamp = _stamp(folder)
    package = sys.modules.get(name)
    if package is not None and getattr(package, "stamp", None) == stamp:
        return
    for module in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
        del sys.modules[module]
    fresh = ModuleType(name, "Modules of the user.")
    fresh.__path__ = [str(folder)]
    fresh.stamp = stamp  # type: ignore[attr-defined]
    sys.modules[name] = fresh
    importlib.invalidate_caches()
    linecache.checkcache()


def _stamp(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.glob("*/*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def call_function(path: Path, function: str, todo: str, *given: Any) -> Any:
    """What a function of a file of the user gives.

    Parameters
    ----------
    path : Path
    function : str
    todo : str
        Where to read what the function has to be.
    given
        Its arguments.

    Raises
    ------
    ConfigurationError
        The file cannot be loaded, has no such function, or the function fails.
    """
    found: Callable[..., Any] | None = getattr(load_module(path), function, None)
    if found is None:
        raise ConfigurationError(f"no function {function}", where=str(path), todo=todo)
    with failures_named(path):
        return found(*given)


def refuse_shipped_name(path: Path) -> NoReturn:
    """Raise ConfigurationError for a file of the user that has the name of a piece of the project."""
    raise ConfigurationError("a file has the name of a shipped one", where=str(path), todo="give it another name")


@contextmanager
def failures_named(path: Path) -> Iterator[None]:
    """Convert an error in a file of the user to a ConfigurationError with file and line.

    Parameters
    ----------
    path : Path
        File of the user. An error that no file of its home has a part in is raised unchanged,
        also where the home is the checkout of the project.
    """
    try:
        yield
    except BeaError:
        raise
    except SyntaxError as error:
        raise ConfigurationError(
            f"the {_noun(path)} is not valid Python",
            where=f"{error.filename or path}:{error.lineno or 1}",
            found=error.msg,
        ) from error
    except Exception as error:
        package = f"{_package_of(path.resolve().parent.parent)}."
        frames = traceback.walk_tb(error.__traceback__)
        own = [(frame, line) for frame, line in frames if str(frame.f_globals.get("__name__")).startswith(package)]
        if not own:
            raise
        frame, line = own[-1]
        text = " ".join(str(error).split())[:160]
        raise ConfigurationError(
            f"the {_noun(path)} failed",
            where=f"{frame.f_code.co_filename}:{line}",
            found=f"{type(error).__name__}: {text}" if text else type(error).__name__,
            todo="correct the file; BEA_DEBUG=1 shows the traceback",
        ) from error


@contextmanager
def all_failures_named(paths: Iterable[Path]) -> Iterator[None]:
    """As `failures_named`, for several files."""
    with ExitStack() as stack:
        for path in paths:
            stack.enter_context(failures_named(path))
        yield


def _noun(path: Path) -> str:
    return _NOUNS.get(path.parent.name, "strategy")
