"""Names of participants: trimmed, spelt one way, and known or new."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from engine.errors import ConfigurationError
from engine.paths import conf_dir


@dataclass(frozen=True)
class Aliases:
    """A table of names: `spelling` gives the name that a variant stands for, `known` all names that are not new."""

    spelling: dict[str, str]
    known: frozenset[str]

    def resolve(self, name: str) -> str:
        """The one spelling of a trimmed name."""
        return self.spelling.get(name, name)

    def new(self, names: set[str]) -> set[str]:
        """Those of these names that the table does not know. A table without names knows nothing and says nothing."""
        return names - self.known if self.known else set()


def load_aliases(sport: str) -> Aliases:
    """The table of a sport, ``conf/source/aliases/<sport>.yaml``; an empty one where there is none.

    Raises
    ------
    ConfigurationError
        The file is no table of ``names`` (lists by country) and ``aliases`` (variant: name).
    """
    path = conf_dir() / "source" / "aliases" / f"{sport}.yaml"
    return _load(path, path.stat().st_mtime_ns) if path.is_file() else Aliases({}, frozenset())


@lru_cache(maxsize=16)
def _load(path: Path, _modified: int) -> Aliases:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        groups, spelling = content.get("names") or {}, content.get("aliases") or {}
        names = {str(name) for group in groups.values() for name in group}
        variants = {str(variant): str(name) for variant, name in spelling.items()}
    except (yaml.YAMLError, AttributeError, TypeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            "no table of names", where=str(path), expected="names: {group: [...]}, aliases: {variant: name}"
        ) from error
    return Aliases(variants, frozenset(names | set(variants.values())))
