"""Compilation of the kernel, cached on disk under a hash of its sources.

Numba's own cache does not notice an edit of a callee in another file and would run outdated code. The folder of the
cache is therefore named by the hash of all files of this package. It must be set before the first function is compiled,
so every module with compiled functions imports this one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from engine.kernel.width import prefer_wide_vectors

prefer_wide_vectors()  # before the import of numba, which reads the setting

import numba  # noqa: E402

_PACKAGE = Path(__file__).resolve().parent
_Function = TypeVar("_Function", bound=Callable[..., Any])


def source_hash() -> str:
    """Hash of the sources of this package and of the version of Numba, 16 hex digits."""
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
    """The folder of compiled code, below ``BEA_NUMBA_CACHE`` or the user's cache folder; None if it is not writable."""
    chosen = os.environ.get("BEA_NUMBA_CACHE")
    root = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "bea" / "numba"
    folder = root / source_hash()
    return folder if _writable(folder) else None


CACHE_FOLDER = cache_folder()
if CACHE_FOLDER is not None:
    numba.config.CACHE_DIR = str(CACHE_FOLDER)


def is_cold(module: str) -> bool:
    """Whether the next call into a module has to compile it first, which takes about ten seconds.

    Parameters
    ----------
    module : str
        Dotted name, such as ``engine.kernel.walk``. Numba names folders of its cache after the package.
    """
    package, _, name = module.rpartition(".")
    folder = package.rpartition(".")[2]
    return CACHE_FOLDER is None or not any(CACHE_FOLDER.glob(f"{folder}_*/{name}.*.nbi"))


#: Without the interpreter's lock, with IEEE division, without reference counts: nothing here allocates memory, and
#: counting references to two dozen arrays at every inlined call made the walk 18 times slower.
_OPTIONS = {"nogil": True, "error_model": "numpy", "cache": CACHE_FOLDER is not None, "_nrt": False}


def compiled(function: _Function) -> _Function:
    """Compile a function without fast-math; cached on disk if possible."""
    result: _Function = numba.njit(**_OPTIONS)(function)
    return result


def leaf(function: _Function) -> _Function:
    """Compile a function that is always inlined, so that a call costs nothing."""
    result: _Function = numba.njit(forceinline=True, **{**_OPTIONS, "cache": False})(function)
    return result
