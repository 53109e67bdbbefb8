"""Participant names: one spelling for each, and a list of the names that are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from engine.errors import ConfigurationError
from engine.paths import conf_dir
from engine.source.texts import clean


@dataclass(frozen=True)
class Aliases:
    """A table of names: `spelling` maps a variant to its standard name, `known` has all known names."""

    spelling: dict[str, str]
    known: frozenset[str]

    def resolve(self, name: str) -> str:
        """Standard spelling of a trimmed name; a name that is not a variant is returned unchanged."""
        return self.spelling.get(name, name)

    def new(self, names: set[str]) -> set[str]:
        """Names that are not in the table. Empty for a table without names, which cannot tell new from known."""
        return names - self.known if self.known else set()


def load_aliases(sport: str) -> Aliases:
    """Load the table of a sport, ``conf/source/aliases/<sport>.yaml``. It is empty if there is no such file.

    Raises
    ------
    ConfigurationError
        The file does not have the form ``names`` (lists by country) and ``aliases`` (variant: name).
    """
    path = conf_dir() / "source" / "aliases" / f"{sport}.yaml"
    return _load(path, path.stat().st_mtime_ns) if path.is_file() else Aliases({}, frozenset())


@lru_cache(maxsize=16)
def _load(path: Path, _modified: int) -> Aliases:
    try:
        content = yaml.safe_load(clean(path.read_text(encoding="utf-8"))) or {}
        groups, spelling = content.get("names") or {}, content.get("aliases") or {}
        names = {str(name) for group in groups.values() for name in group}
        variants = {str(variant): str(name) for variant, name in spelling.items()}
    except (yaml.YAMLError, AttributeError, TypeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            "not a table of names", where=str(path), expected="names: {group: [...]}, aliases: {variant: name}"
        ) from error
    return Aliases(variants, frozenset(names | set(variants.values())))
