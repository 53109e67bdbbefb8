"""Names of participants and competitions: one spelling for each, and a list of the names that are known.

Two tables count for a sport: the one that comes with the project, ``conf/source/aliases/<sport>.yaml``, and the
user's, ``aliases/<sport>.yaml`` in ``BEA_HOME``. The user's comes first. Competitions are in ``competitions.yaml`` of
the same folders; the table that comes along applies only where the user's file says so, because a competition is part
of an event's id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from engine.betting.sport import sport_of
from engine.errors import ConfigurationError, nearest_name
from engine.names import fold
from engine.names.texts import clean, clean_name
from engine.paths import conf_dir, home

_COMPETITIONS: Final = "competitions.yaml"
_KEYS: Final = ("names", "aliases", "aliases_in")
_FORM: Final = "names: {group: [...]}, aliases: {variant: name}, aliases_in: {competition: {variant: name}}"


@dataclass(frozen=True)
class Aliases:
    """Names of one sport.

    Attributes
    ----------
    spelling : dict of str to str
        Standard name of each variant.
    known : frozenset of str
        All standard names.
    within : dict of str to dict
        By competition: variants that mean something only there.
    competitions : dict of str to str
        Standard name of each variant of a competition.
    listed : bool
        Whether the tables list names, so that a name can be new.
    folded : dict of str to str
        Standard name of each folded name (`engine.names.fold`).
    variants : dict of str to frozenset of str
        Variants of each standard name.
    """

    spelling: dict[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    within: dict[str, dict[str, str]] = field(default_factory=dict)
    competitions: dict[str, str] = field(default_factory=dict)
    listed: bool = False
    folded: dict[str, str] = field(default_factory=dict)
    variants: dict[str, frozenset[str]] = field(default_factory=dict)

    def resolve(self, name: str, competition: str = "") -> str:
        """Standard spelling of a trimmed name in a competition; a name that is no variant is returned unchanged.

        A name that differs from a known one only in accents, case, apostrophes, dots or hyphens is that name.
        """
        local = self.within.get(competition, {}).get(name)
        if local is not None:
            return local
        if name in self.spelling:
            return self.spelling[name]
        return name if name in self.known else self.folded.get(fold(name), name)

    def competition(self, name: str) -> str:
        """Standard name of a trimmed name of a competition; unchanged if the tables in force do not have it."""
        return self.competitions.get(name, name)

    def spellings(self, name: str) -> frozenset[str]:
        """All spellings of a standard name, itself included."""
        return self.variants.get(name, frozenset()) | {name}

    def new(self, names: set[str]) -> set[str]:
        """Names that are not in the tables. Empty for tables without names, which cannot tell new from known."""
        return names - self.known if self.listed else set()


@dataclass(frozen=True)
class _Table:
    """One file: names by group, variants, and variants by competition."""

    names: frozenset[str] = frozenset()
    spelling: dict[str, str] = field(default_factory=dict)
    within: dict[str, dict[str, str]] = field(default_factory=dict)


def load_aliases(sport: str) -> Aliases:
    """Load the tables of a sport. They are empty if there are no such files.

    A sport without a table of its own has that of the same sport under another name: ``soccer`` has ``football.yaml``.

    Raises
    ------
    ConfigurationError
        A file does not have the form ``names``, ``aliases``, ``aliases_in``; a variant has two names, or its name is
        itself a variant.
    """
    return _load(sport, conf_dir() / "source" / "aliases", _user_folder(), _state())


def check_user_tables() -> None:
    """Read all tables of the user, so that an error is found before any file is read.

    Raises
    ------
    ConfigurationError
        As `load_aliases`; also a table with a name that is no sport's.
    """
    for path in _user_files():
        if path.name != _COMPETITIONS:
            if path.suffix != ".yaml" or not (path.stem.isidentifier() or _key(path.stem)):
                raise ConfigurationError(
                    "a table of aliases for no sport",
                    where=str(path),
                    expected="SPORT.yaml, such as football.yaml or ice_hockey.yaml",
                )
            _table(path)
    _user_competitions(_user_folder())


def user_tables_hash() -> str:
    """Hash of the user's tables, a part of the identity of a file that is read; empty if there are none."""
    digest = hashlib.sha256()
    files = _user_files()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest() if files else ""


def shipped_competitions(sport: str) -> dict[str, str]:
    """Other names of competitions that come with the project, with their standard names. They need not be in force."""
    path = conf_dir() / "source" / "aliases" / _COMPETITIONS
    content = _content(path)
    return _variants(content.get(_named(sport, content)), path)


def _user_folder() -> Path:
    return home() / "aliases"


def _user_files() -> list[Path]:
    folder = _user_folder()
    return sorted(path for path in folder.glob("*.y*ml") if path.is_file()) if folder.is_dir() else []


def _key(sport: str) -> str:
    """First name of a known sport, whatever it is called here; empty for another one."""
    return (sport_of(sport).names or ("",))[0]


def _named(sport: str, names: Iterable[str]) -> str:
    """The one of some names that means a sport: the same, else one of the same sport, else none (empty)."""
    known = sorted(names)
    if sport in known:
        return sport
    key = _key(sport)
    return next((name for name in known if key and _key(name) == key), "")


def _table_of(sport: str, folder: Path) -> _Table:
    name = _named(sport, (path.stem for path in folder.glob("*.yaml") if path.name != _COMPETITIONS))
    return _table(folder / f"{name}.yaml") if name else _Table()


def _state() -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of all tables; a change of one loads them again."""
    files = [*sorted((conf_dir() / "source" / "aliases").glob("*.yaml")), *_user_files()]
    return tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)


@lru_cache(maxsize=64)
def _load(sport: str, shipped: Path, user: Path, _state: tuple[tuple[str, int, int], ...]) -> Aliases:
    base, own = _table_of(sport, shipped), _table_of(sport, user)
    spelling = _merged(base.spelling, own.spelling)
    renamed = {old for old, new in own.spelling.items() if old != new}
    known = (base.names | own.names | set(spelling.values())) - renamed
    within = {
        name: _merged(base.within.get(name, {}), own.within.get(name, {})) for name in {*base.within, *own.within}
    }
    within = {c: {v: spelling.get(name, name) for v, name in table.items()} for c, table in within.items()}
    known |= {name for table in within.values() for name in table.values()}
    kept = {variant for variant, name in own.spelling.items() if variant == name}
    return Aliases(
        {variant: name for variant, name in spelling.items() if variant != name},
        known | kept,
        within,
        _competitions(sport, user),
        bool(base.names or own.names),
        _folded(known | kept, spelling),
        _variants_by_name(spelling),
    )


def _variants_by_name(spelling: dict[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for variant, name in spelling.items():
        found.setdefault(name, set()).add(variant)
    return {name: frozenset(variants) for name, variants in found.items()}


def _merged(base: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    """The user's variants over those that come along. The result has no chain: a name is never itself a variant."""
    merged = dict(base)
    for variant, name in own.items():
        standard = merged.get(name, name)
        target = name if variant in (standard, name) else standard
        merged = {v: target if s == variant else s for v, s in merged.items()}
        merged[variant] = target
    return merged


def _folded(known: frozenset[str] | set[str], spelling: dict[str, str]) -> dict[str, str]:
    """Standard name of each folded name; none where two standard names fold to one text."""
    standards: dict[str, set[str]] = {}
    for variant, name in [*((name, name) for name in known), *spelling.items()]:
        standards.setdefault(fold(variant), set()).add(name)
    return {text: next(iter(names)) for text, names in standards.items() if len(names) == 1 and text}


def _table(path: Path) -> _Table:
    content = _content(path)
    unknown = [str(key) for key in content if key not in _KEYS]
    if unknown:
        near = nearest_name(unknown[0], _KEYS)
        todo = f"did you mean {near!r}?" if near else ""
        raise ConfigurationError("not a table of names", where=str(path), expected=_FORM, found=unknown[0], todo=todo)
    groups = _mapping(content.get("names"), path)
    if not all(isinstance(group, list) for group in groups.values()):
        raise ConfigurationError("not a table of names", where=str(path), expected=_FORM, found="names without lists")
    names = frozenset(_text(name, path) for group in groups.values() for name in group)
    spelling = _variants(content.get("aliases"), path)
    local = {
        _text(name, path): _variants(part, path) for name, part in _mapping(content.get("aliases_in"), path).items()
    }
    return _Table(names, spelling, local)


def _variants(part: Any, path: Path) -> dict[str, str]:
    """Variants and their names; a name that is a variant of yet another name is refused."""
    pairs = {_text(variant, path): _text(name, path) for variant, name in _mapping(part, path).items()}
    for variant, name in pairs.items():
        if pairs.get(name, name) != name:
            raise ConfigurationError(
                f"{name!r} is both a name and a variant",
                where=str(path),
                found=f"{variant}: {name} and {name}: {pairs[name]}",
                todo=f"write {variant}: {pairs[name]}",
            )
    return pairs


def _mapping(part: Any, path: Path) -> dict[Any, Any]:
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise ConfigurationError("not a table of names", where=str(path), expected=_FORM, found=str(part)[:40])
    return part


def _text(value: Any, path: Path) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise ConfigurationError(
            "not a name", where=str(path), found=str(value)[:40], expected="a text", todo="put it in quotation marks"
        )
    return clean_name(str(value))


def _competitions(sport: str, user: Path) -> dict[str, str]:
    """Competitions in force: those of the user's file, over those that come along where ``use`` names the sport."""
    use, own = _user_competitions(user)
    base = shipped_competitions(sport) if _named(sport, use) else {}
    return {
        variant: name for variant, name in _merged(base, own.get(_named(sport, own), {})).items() if variant != name
    }


def _user_competitions(user: Path) -> tuple[list[str], dict[str, dict[str, str]]]:
    path = user / _COMPETITIONS
    content = dict(_content(path))
    use = content.pop("use", None) or []
    if not isinstance(use, list) or not all(isinstance(sport, str) for sport in use):
        raise ConfigurationError("not a list of sports", where=f"{path}: use", expected="use: [football]")
    lacking = [sport for sport in use if not shipped_competitions(sport)]
    if lacking:
        raise ConfigurationError(
            f"no table of competitions for {lacking[0]!r}",
            where=f"{path}: use",
            expected=", ".join(_content(conf_dir() / "source" / "aliases" / _COMPETITIONS)),
        )
    return use, {str(sport): _variants(part, path) for sport, part in content.items()}


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """Reads YAML as `yaml.CSafeLoader`, but refuses a key that stands twice."""


def _unique(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    table: dict[Any, Any] = {}
    for name, value in node.value:
        key = loader.construct_object(name, deep=True)
        if key in table:
            line = name.start_mark.line + 1
            raise ConfigurationError(f"{str(key)!r} stands twice", where=f"line {line}", todo="keep one of the lines")
        table[key] = loader.construct_object(value, deep=True)
    return table


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique)


def _content(path: Path) -> dict[Any, Any]:
    """Content of a file of YAML; empty if there is none."""
    if not path.is_file():
        return {}
    try:
        content = yaml.load(clean(path.read_text(encoding="utf-8")), Loader=_Loader) or {}  # noqa: S506 (a SafeLoader)
    except ConfigurationError as error:
        raise ConfigurationError(error.what, where=f"{path}, {error.where}", todo=error.todo) from None
    except (yaml.YAMLError, TypeError, OSError, UnicodeDecodeError) as error:
        words = " ".join(str(error).split())[:120]
        raise ConfigurationError("not a table of names", where=str(path), expected=_FORM, found=words) from error
    if not isinstance(content, dict):
        raise ConfigurationError("not a table of names", where=str(path), expected=_FORM, found=str(content)[:40])
    return content
