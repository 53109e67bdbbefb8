"""Mappings by name: those that come with the project, those of the user, and files."""

from __future__ import annotations

from pathlib import Path

from engine.errors import ConfigurationError
from engine.paths import conf_dir, home
from engine.source.mapping.parse import parse_mapping


def shipped_mappings() -> dict[str, str]:
    """Name and description of each mapping that comes with the project."""
    return {path.stem: _description(path) for path in sorted((conf_dir() / "source").glob("*.yaml"))}


def _description(path: Path) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("description:"):
            return line.removeprefix("description:").strip().strip("\"'")
    return ""


def mapping_text(mapping: str | Path) -> tuple[str, str]:
    """Text and path of a mapping. The text is checked.

    Parameters
    ----------
    mapping : str or Path
        A file, or the name of a mapping that comes with the project or is in ``BEA_HOME/mappings``.

    Raises
    ------
    ConfigurationError
        There is no such mapping, there are two with that name, or it is invalid.
    """
    path = Path(mapping)
    if not path.is_file():
        path = _named_mapping(str(mapping))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("the mapping cannot be read", where=str(path), found=str(error)[:80]) from error
    parse_mapping(text, str(path))
    return text, str(path)


def _named_mapping(name: str) -> Path:
    places = [conf_dir() / "source" / f"{name}.yaml", home() / "mappings" / f"{name}.yaml"]
    paths = [place for place in places if name.isidentifier() and place.is_file()]
    if len(paths) == 2:
        raise ConfigurationError(f"two mappings are named {name}", where=str(paths[1]), todo="give yours another name")
    if not paths:
        names = ", ".join(shipped_mappings())
        raise ConfigurationError("no such mapping", where=name, expected=f"a YAML file or one of {names}")
    return paths[0]


def archive_files(text: str, name: str) -> int | None:
    """Largest number of files in an archive that the mapping allows; None if it does not say."""
    return parse_mapping(text, name).archive_files


def reads_json(text: str, name: str) -> bool:
    """Whether the mapping describes JSON documents."""
    return parse_mapping(text, name).records is not None
