"""Compilation of the kernel, cached on disk under a hash of the kernel's own sources.

Numba's cache does not notice an edit of a callee in another file and would run a stale judgement; therefore the folder
of the cache is named by the hash of every file of this package. It must be set before the first function is compiled,
so this module is imported by all others of the package.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

_PACKAGE = Path(__file__).resolve().parent
_Function = TypeVar("_Function", bound=Callable[..., Any])


def source_hash() -> str:
    """Hash of the sources that the compiled judgement depends on, 16 hex digits."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(numba.__version__.encode())
    return digest.hexdigest()


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def cache_folder() -> Path | None:
    """The folder of compiled code: ``BEA_NUMBA_CACHE``, else the user's cache folder; None if neither is writable."""
    named = os.environ.get("BEA_NUMBA_CACHE")
    root = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "bea" / "numba"
    folder = root / source_hash()
    return folder if _writable(folder) else None


CACHE_FOLDER = cache_folder()
if CACHE_FOLDER is not None:
    numba.config.CACHE_DIR = str(CACHE_FOLDER)


def is_cold(module: str) -> bool:
    """Whether the next call of a compiled module has to compile it first (some ten seconds).

    Parameters
    ----------
    module : str
        Dotted name, such as ``engine.kernel.walk``. Numba names the folder of its cache after the module's package.
    """
    package, _, name = module.rpartition(".")
    folder = package.rpartition(".")[2]
    return CACHE_FOLDER is None or not any(CACHE_FOLDER.glob(f"{folder}_*/{name}.*.nbi"))


#: No interpreter's lock; IEEE division; no reference counts: nothing here allocates, and counting the references of two
#: dozen arrays at every inlined call made the walk 18 times slower.
_OPTIONS = {"nogil": True, "error_model": "numpy", "cache": CACHE_FOLDER is not None, "_nrt": False}


def compiled(function: _Function) -> _Function:
    """Compile, without fast-math; cached on disk where possible."""
    result: _Function = numba.njit(**_OPTIONS)(function)
    return result


def leaf(function: _Function) -> _Function:
    """As `compiled`, and always inlined: a rule that costs nothing to call."""
    result: _Function = numba.njit(forceinline=True, **{**_OPTIONS, "cache": False})(function)
    return result
