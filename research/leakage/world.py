"""A world: a home of its own in a temporary folder, in which every store a strategy can reach is a changed copy.

While a world is entered, `BEA_HOME` names it, so that a strategy
that opens the store by itself, by the home or by a parameter that holds its path, sees the copy. Everything else of
the real home is linked; the caches, runs and findings are not there, so that nothing of a world is kept or trusted.
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
from research.config.tape_spec import TapeSpec, store_path
from research.leakage.copier import Changed

#: parts of a home that no world has
_LEFT_OUT: Final = tuple(Path("data") / name for name in ("cache", "runs", "leaks"))


Write = Callable[[int, Path], Changed]


@dataclass(frozen=True)
class Originals:
    """The real home and the stores that a strategy can reach; the first is that of the configuration."""

    home: Path
    stores: tuple[Path, ...]

    @classmethod
    def of(cls, spec: TapeSpec) -> Originals:
        """The store of a spec part, and the home's own where that is another one."""
        stores = [Path(spec.store)]
        own = home() / "data" / "store"
        if (own / NAME).is_file() and own.resolve() != stores[0].resolve():
            stores.append(own)
        return cls(home(), tuple(stores))

    def place(self, number: int) -> Path:
        """Where in a world the copy of a store stands: as in the home, or apart from it."""
        store = self.stores[number]
        for inside, whole in ((store, self.home), (store.resolve(), self.home.resolve())):
            if inside.is_relative_to(whole) and inside != whole:
                return inside.relative_to(whole)
        return Path("outside") / str(number) / store.name


@contextmanager
def entered(folder: Path, originals: Originals, spec: TapeSpec, write: Write) -> Iterator[tuple[TapeSpec, Changed]]:
    """Make a world in an empty folder and stand in it; gives the spec part as it reads there, and what was changed.

    Parameters
    ----------
    write : callable
        Writes the copy of the original of that number into a folder.
    """
    places = [originals.place(number) for number in range(len(originals.stores))]
    _link(originals.home, folder, Path(), (*places, *_LEFT_OUT))
    changed = Changed()
    for number, place in enumerate(places):
        one = write(number, folder / place)
        changed = Changed(changed.prices + one.prices, changed.results + one.results)
    moved = [(original, folder / place) for original, place in zip(originals.stores, places, strict=True)]
    there = replace(
        spec,
        store=str(moved[0][1]),
        parameters=tuple((name, _redirected(value, moved)) for name, value in spec.parameters),
    )
    before = os.environ.get("BEA_HOME")
    os.environ["BEA_HOME"] = str(folder)
    try:
        yield there, changed
    finally:
        if before is None:
            del os.environ["BEA_HOME"]
        else:
            os.environ["BEA_HOME"] = before


def _link(real: Path, folder: Path, inside: Path, without: tuple[Path, ...]) -> None:
    """Make a folder that shows what the real one holds, except for some paths, as links."""
    (folder / inside).mkdir(parents=True, exist_ok=True)
    here = real / inside
    for entry in sorted(here.iterdir()) if here.is_dir() else ():
        path = inside / entry.name
        if path in without:
            continue
        if any(one.is_relative_to(path) for one in without):
            _link(real, folder, path, without)
        else:
            (folder / path).symlink_to(entry)


def _redirected(value: Any, moved: list[tuple[Path, Path]]) -> Any:
    """A parameter in which the path of an original is that of its copy."""
    if isinstance(value, tuple):
        return tuple(_redirected(one, moved) for one in value)
    if not isinstance(value, str) or not value:
        return value
    try:
        path = store_path(value).resolve()
    except (BeaError, OSError, ValueError, RuntimeError):
        return value
    for original, copy in moved:
        if path.is_relative_to(original.resolve()):
            return str(copy / path.relative_to(original.resolve()))
    return value
