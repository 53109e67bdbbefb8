"""Compilation of the kernel, cached on disk under a hash of its sources.

Numba's own cache does not notice an edit of a callee in another file and would run outdated code. The folder of the
cache is therefore named by the hash of all files of this package. It must be set before the first function is compiled,
so every module with compiled functions imports this one.

Every file of the cache ends in the hash of its content. A damaged one (a full disk, a broken copy, a flipped bit) is
never loaded: the function is compiled again, with a note.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from engine.kernel.folder import cache_folder, holds
from engine.kernel.width import prefer_wide_vectors

prefer_wide_vectors()  # before the import of numba, which reads the setting

import numba  # noqa: E402
from numba.core.caching import FunctionCache, IndexDataCacheFile  # noqa: E402
from numba.extending import register_jitable  # noqa: E402

_Function = TypeVar("_Function", bound=Callable[..., Any])


CACHE_FOLDER = cache_folder()
if CACHE_FOLDER is not None:
    numba.config.CACHE_DIR = str(CACHE_FOLDER)


def is_cold(module: str) -> bool:
    """Whether the next call into a module, such as ``engine.kernel.walk``, has to compile it first: about ten seconds.

    With Numba's compiler switched off nothing is ever compiled.
    """
    return not numba.config.DISABLE_JIT and (CACHE_FOLDER is None or not holds(CACHE_FOLDER, module))


#: Without the interpreter's lock, with IEEE division, without reference counts: nothing here allocates memory, and
#: counting references to two dozen arrays at every inlined call made the walk 18 times slower.
_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}


_MARK_BYTES = 32


def _marked(content: bytes) -> bytes:
    """The content, followed by its hash."""
    return content + hashlib.blake2b(content, digest_size=_MARK_BYTES).digest()


def _unmarked(path: str) -> bytes:
    """The content of a file that `_marked` made; raises ValueError if it is another one now."""
    content = Path(path).read_bytes()
    if _marked(content[:-_MARK_BYTES]) != content:
        raise ValueError(f"{path} is damaged")
    return content[:-_MARK_BYTES]


def _note(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


@cache
def _note_damage(folder: str) -> None:
    """One note for all files of a folder."""
    _note(f"compiled code in {folder} is damaged and is compiled again, about 10 s")


class _MarkedFiles(IndexDataCacheFile):  # type: ignore[misc]
    """The index and the code of one function. A damaged index counts as empty, damaged code as missing."""

    def _load_index(self):
        try:
            version, stamp, overloads = pickle.loads(_unmarked(self._index_path))  # noqa: S301  # written by this class
        except FileNotFoundError:
            return {}
        except Exception:  # whatever unpickling raises
            _note_damage(self._cache_path)
            return {}
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads):
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name):
        return pickle.loads(_unmarked(self._data_path(name)))  # noqa: S301  # written by this class

    def _save_data(self, name, data):
        self._write(self._data_path(name), data)

    def _write(self, path, value):
        with self._open_for_write(path) as file:
            file.write(_marked(self._dump(value)))


class _RepairedCache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of a function, with code that cannot be loaded compiled again instead of an error."""

    def __init__(self, function):
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _MarkedFiles(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig, target_context):
        """The compiled code of a signature; None if there is none, or a damaged one."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever unpickling or LLVM raises
            _note_damage(self._cache_path)
            return None

    def save_overload(self, sig, data):
        """Keep the compiled code of a signature; without the room or the right to, it is compiled again next time."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _note(f"compiled code cannot be kept in {self._cache_path}: {error.strerror or error}")


def compiled(function: _Function) -> _Function:
    """Compile a function without fast-math; cached on disk if possible."""
    result = numba.njit(**_OPTIONS)(function)
    if CACHE_FOLDER is not None and hasattr(result, "enable_caching"):  # not where the compiler is switched off
        result._cache = _RepairedCache(function)
    return result  # type: ignore[no-any-return]


def leaf(function: _Function) -> _Function:
    """Compile a function into those that call it, so that a call costs nothing. Called from Python it is interpreted.

    Nothing is made for calls from Python: for a tape of sixty arrays that is more code than the function.
    """
    options = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, **_OPTIONS}
    return register_jitable(**options)(function)  # type: ignore[no-any-return]


def try_to_compile(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Compile a `leaf` alone, for arguments of the types of these; raises what the compiler raises."""
    numba.njit(**_OPTIONS)(function).compile(tuple(map(numba.typeof, arguments)))
