"""Models that were fitted, as files: JSON by the hash of its content, checked when it is read, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from engine.errors import DataError
from engine.files import write_bytes
from engine.identity import digest
from engine.paths import home
from research.forecasting.checks import plain

_HASH_BYTES: Final = 16
_SHORTEST: Final = 6


@dataclass(frozen=True)
class Artifact:
    """A fitted model and what it was fitted on.

    Attributes
    ----------
    model : str
    parameters : mapping of str to object
        All parameters of the model.
    market : str
        ``1x2`` or ``moneyline``.
    outcomes : tuple of str
    features : tuple of str
        Features that it reads.
    reads_market : bool
    first_ns, until_ns : int
        The window of its training, UTC nanoseconds: the first decision, and the instant of the fit. It learned from
        events settled before that instant.
    n_rows : int
        Events that it learned from.
    rows_hash : str
        Of the content of the store that the rows are made of.
    rows : mapping of str to object
        Settings that the rows depend on, by key (`research.tapes.stored.rows_from`).
    code : str
        Hash of the code of the model, of its features and of the rows.
    versions : mapping of str to str
        Of the libraries that the answers rest on.
    metrics : mapping of str to float
        Scores of its walk forward inside the window; null: none.
    fitted : mapping
        `research.forecasting.contract.Forecaster.artifact`.
    """

    model: str
    parameters: Mapping[str, Any]
    market: str
    outcomes: tuple[str, ...]
    features: tuple[str, ...]
    reads_market: bool
    first_ns: int
    until_ns: int
    n_rows: int
    rows_hash: str
    rows: Mapping[str, Any]
    code: str
    versions: Mapping[str, str]
    metrics: Mapping[str, float | None]
    fitted: Mapping[str, Any]
    hash: str = field(default="", compare=False)

    def plain(self) -> dict[str, Any]:
        """Everything but the hash, as plain JSON; raises `DataError` for a value that JSON does not have."""
        values = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "hash"}
        content: dict[str, Any] = plain({"format": 2, **values}, self.model)
        return content

    def facts(self) -> dict[str, Any]:
        """What is told of it, as plain JSON: everything but the fit itself."""
        return {name: value for name, value in self.plain().items() if name not in ("format", "fitted")}

    @classmethod
    def of(cls, content: Mapping[str, Any], content_hash: str) -> Self:
        """The artifact that `plain` described."""
        values = {part.name: content[part.name] for part in fields(cls) if part.name != "hash"}
        lists = ("outcomes", "features")
        return cls(**values | {name: tuple(values[name]) for name in lists}, hash=content_hash)


def folder() -> Path:
    """Where artifacts are kept: ``data/models`` of the home."""
    return home() / "data" / "models"


def save(artifact: Artifact) -> Path:
    """Write an artifact under the hash of its content; the same content gives the same file.

    Raises
    ------
    DataError
        A value that JSON does not have.
    """
    content = artifact.plain()
    found = digest(content, _HASH_BYTES)
    path = folder() / f"{found}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"hash": found, **content}, indent=1, sort_keys=True)
    write_bytes(path, text.encode() + b"\n", durable=True)
    return path


def path_of(reference: str) -> Path:
    """The file of an artifact: a path, or the first digits of its hash.

    Raises
    ------
    DataError
        There is no such artifact, or more than one.
    """
    path = Path(reference).expanduser()
    if path.suffix == ".json" and path.is_file():
        return path.absolute()
    wanted = reference.lower()
    found = [path for path in paths() if path.stem.startswith(wanted)] if len(wanted) >= _SHORTEST else []
    if len(found) != 1:
        raise DataError(
            "no such artifact" if not found else "more than one artifact", where=reference,
            expected=f"a file, or {_SHORTEST} or more first digits of a hash",
            found=f"{len(found)} in {folder()}" if len(wanted) >= _SHORTEST else f"{len(wanted)} digits",
            todo="`bea models` lists them",
        )  # fmt: skip
    return found[0]


def paths() -> list[Path]:
    """Files of all artifacts of the home, sorted by hash."""
    return sorted(folder().glob("*.json"))


def load(path: Path) -> Artifact:
    """Read an artifact and check the hash of its content.

    Raises
    ------
    DataError
        The file is missing or no artifact, its content has another hash, as it was edited or damaged, or in the home it
        is under the name of another.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refused)
        stated = str(content.pop("hash"))
        found, artifact = digest(content, _HASH_BYTES), Artifact.of(content, stated)
    except OSError as error:
        raise DataError("the artifact cannot be read", where=str(path), found=error.strerror or str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            "the file is no artifact of a model, or one of an earlier version", where=str(path), found=str(error)[:80],
            todo="train the model again",
        ) from None  # fmt: skip
    if found != stated:
        raise DataError(
            "the content of the artifact has another hash: it was edited or damaged", where=str(path), expected=stated,
            found=found, todo="train the model again",
        )  # fmt: skip
    if path.parent == folder() and path.stem != stated:
        raise DataError(
            "the artifact is another one than its name says", where=str(path), expected=path.stem, found=stated
        )
    return artifact


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
