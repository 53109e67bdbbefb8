"""The folder of compiled code. It is found without loading Numba, which takes half a second."""

from __future__ import annotations

import hashlib
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def source_hash() -> str:
    """Hash of the sources of this package and of the version of Numba, 16 hex digits."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(version("numba").encode())
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


def holds(folder: Path, module: str) -> bool:
    """Whether the folder has compiled code of a module.

    Code of another checkout with the same sources does not count: Numba names folders of its cache by the path of the
    sources, and does not find it.

    Parameters
    ----------
    folder : Path
        As from `cache_folder`.
    module : str
        Dotted name: ``engine.kernel.walk``, or one of the package that is made for a rule of the user.
    """
    package, _, name = module.rpartition(".")
    if package.startswith("engine.kernel"):
        sources = Path(__file__).absolute().parent.joinpath(*package.split(".")[2:])
        place = f"{sources.name}_{hashlib.sha1(str(sources).encode(), usedforsecurity=False).hexdigest()}"
    else:
        place = f"{package}_*"
    return any(folder.glob(f"{place}/{name}.*.nbi"))
