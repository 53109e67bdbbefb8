"""A temporary home in which every store that a strategy can reach is a changed copy.

`BEA_HOME` points to it while a strategy decides. A strategy that opens the store by itself, through the home or through
a parameter with its path, therefore sees the copy. All other files of the real home are linked. The cache, runs and
findings are left out, so that nothing computed from a changed copy is stored or reused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.errors import BeaError
from engine.paths import home
from engine.store.manifest import NAME
from research.config.tape_spec import TapeSpec, store_place
from research.leakage.copier import Changed

#: parts of the real home that are not linked
_LEFT_OUT: Final = tuple(Path("data") / name for name in ("cache", "runs", "leaks"))

#: writes a changed copy of the store with this number into a folder
Write = Callable[[int, Path], Changed]


@dataclass(frozen=True)
class Originals:
    """The real home, and the stores that a strategy can reach.

    Attributes
    ----------
    home : Path
    stores : tuple of Path
        The store of the configuration first, then the home's own store if it is another one.
    """

    home: Path
    stores: tuple[Path, ...]

    @classmethod
    def of(cls, spec: TapeSpec) -> Originals:
        """The originals for a tape specification."""
        stores = [Path(spec.store)]
        home_store = home() / "data" / "store"
        if (home_store / NAME).is_file() and home_store.resolve() != stores[0].resolve():
            stores.append(home_store)
        return cls(home(), tuple(stores))

    def place(self, number: int) -> Path:
        """Relative path of a store's copy in the changed home: as in the real home, or ``outside/<number>/<name>``."""
        store = self.stores[number]
        for path, root in ((store, self.home), (store.resolve(), self.home.resolve())):
            if path.is_relative_to(root) and path != root:
                return path.relative_to(root)
        return Path("outside") / str(number) / store.name


@contextmanager
def changed_home(
    folder: Path, originals: Originals, spec: TapeSpec, write: Write
) -> Iterator[tuple[TapeSpec, Changed]]:
    """Build a changed home and point `BEA_HOME` to it for the length of a `with` block.

    Parameters
    ----------
    folder : Path
        The new home; it must not exist or be empty.
    originals : Originals
    spec : TapeSpec
    write : callable
        Writes the changed copy of an original: takes its number in `originals.stores` and the target folder.

    Yields
    ------
    TapeSpec
        `spec` with every path of an original replaced by that of its copy.
    Changed
        Rows changed in all copies together.
    """
    places = [originals.place(number) for number in range(len(originals.stores))]
    _link(originals.home, folder, Path(), (*places, *_LEFT_OUT))
    changed = Changed()
    for number, place in enumerate(places):
        in_store = write(number, folder / place)
        changed = Changed(changed.prices + in_store.prices, changed.results + in_store.results)
    copies = [(original, folder / place) for original, place in zip(originals.stores, places, strict=True)]
    redirected = replace(
        spec,
        store=str(copies[0][1]),
        parameters=tuple((name, _redirected(value, copies)) for name, value in spec.parameters),
    )
    before = os.environ.get("BEA_HOME")
    os.environ["BEA_HOME"] = str(folder)
    try:
        yield redirected, changed
    finally:
        if before is None:
            del os.environ["BEA_HOME"]
        else:
            os.environ["BEA_HOME"] = before


def _link(real: Path, folder: Path, inside: Path, without: tuple[Path, ...]) -> None:
    """Link the entries of ``real/inside`` into ``folder/inside``, except for the paths `without`."""
    (folder / inside).mkdir(parents=True, exist_ok=True)
    source = real / inside
    for entry in sorted(source.iterdir()) if source.is_dir() else ():
        path = inside / entry.name
        if path in without:
            continue
        if any(left_out.is_relative_to(path) for left_out in without):
            _link(real, folder, path, without)
        else:
            (folder / path).symlink_to(entry)


def _redirected(value: Any, copies: list[tuple[Path, Path]]) -> Any:
    """A strategy parameter with paths in an original replaced by paths in its copy."""
    if isinstance(value, tuple):
        return tuple(_redirected(item, copies) for item in value)
    if not isinstance(value, str) or not value:
        return value
    try:
        path = Path(store_place(value)).resolve()
    except (BeaError, OSError, ValueError, RuntimeError):
        return value
    for original, copy in copies:
        if path.is_relative_to(original.resolve()):
            return str(copy / path.relative_to(original.resolve()))
    return value
