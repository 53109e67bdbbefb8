"""Compose the configuration with Hydra, and refuse what a configuration must never do.

Nothing that a configuration names is ever called. Every composed tree is compared with an allow list before it is used,
and no OmegaConf resolver (environment, decoding, custom) is registered while Hydra composes.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    Override,
)
from hydra.core.utils import JobRuntime, setup_globals
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.basecontainer import BaseContainer

from engine.errors import BeaError, ConfigurationError
from engine.names.texts import clean
from engine.paths import conf_dir, user_folders
from research import models
from research.config.guard import check_composed, check_file, check_overrides, check_primary, file_of
from research.config.keys import KEYS
from research.config.mistakes import nearest, translate, unknown_option
from research.strategies import defaults
from research.user_file import STRATEGIES, user_files

#: options that are short for another one
SHORT: Final = {"strategy/model": "strategy/model_value"}
#: files that this process has parsed, by path and state: most commands of a notebook read the same ones
_PARSED: Final[dict[tuple[Any, ...], ConfigResult | None]] = {}
_MOST_PARSED: Final = 1_000


class Composer:
    """Hydra's config loader over one primary configuration.

    Parameters
    ----------
    name : str
        Primary configuration: ``backtest`` or ``sweep``.
    folder : Path or None
        A folder with groups, experiments and strategies of the user, searched after the project's.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self.name = name
        self.folders = [conf_dir()] + ([folder.resolve()] if folder else [])
        for path in self.folders:
            if not path.is_dir():
                raise ConfigurationError("no such configuration folder", where=str(path))
        setup_globals()
        JobRuntime().set("name", "bea")
        self.loader = ConfigLoaderImpl(config_search_path=self.search_path())
        self.loader.repository = _Repository(self.loader.repository, user_files(STRATEGIES, user_folders(folder)))
        check_primary(self.folders[0] / f"{name}.yaml")

    @classmethod
    def over(cls, name: str, loader: ConfigLoaderImpl) -> Composer:
        """A composer over an existing loader."""
        composer = cls.__new__(cls)
        composer.name, composer.loader = name, loader
        paths = [Path(p.path) for p in loader.config_search_path.get_path() if p.provider in ("main", "command-line")]
        composer.folders = [Path(str(path).removeprefix("file:")) for path in paths]
        return composer

    def search_path(self) -> ConfigSearchPath:
        """The project's folder, the user's, and Hydra's own."""
        path = create_config_search_path(str(self.folders[0]))
        for folder in self.folders[1:]:
            path.prepend(provider="command-line", path=f"file://{folder}", anchor=SearchPathQuery(provider="schema"))
        return path

    def parse(self, words: list[str]) -> list[Override]:
        """Overrides parsed with Hydra's grammar; an unreadable one raises ConfigurationError with its position."""
        words = [clean(word) for word in words]
        try:
            return list(OverridesParser.create(config_loader=self.loader).parse_overrides(words))
        except Exception as error:
            raise translate(error) from error

    def compose(self, words: list[str], *, sweep: bool = False) -> DictConfig:
        """The checked configuration for these overrides (with `sweep`, swept ones are left out).

        Raises
        ------
        ConfigurationError
            An unknown key or option, an unreadable word, or anything that would run code.
        """
        words = [clean(word) for word in words]
        check_overrides(self.parse(words))
        words = [f"++{word}" if _RATES.match(word) else word for word in words]
        mode = RunMode.MULTIRUN if sweep else RunMode.RUN
        with _without_resolvers():
            try:
                config = self.loader.load_configuration(self.name, words, mode, validate_sweep_overrides=not sweep)
            except BeaError:
                raise
            except Exception as error:
                raise self._explained(error, words) from error
            check_composed(config)
        return config

    def written(self, words: Sequence[str]) -> frozenset[str]:
        """Keys that the user set: in overrides, in an experiment, or in an option file of a folder of their own."""
        keys = set[str]()
        groups = self.groups()
        for override in self.parse(list(words)):
            key, value = override.key_or_group, override.value()
            if key in groups and isinstance(value, str):
                keys |= self._written_in(key, value)
            else:
                keys.add(key)
        return frozenset(keys)

    def _written_in(self, group: str, option: str) -> set[str]:
        own = any((folder / group / f"{option}.yaml").is_file() for folder in self.folders[1:])
        if not own and group != "experiment":
            return set()
        found = self.loader.repository.load_config(f"{group}/{option}")
        tree = None if found is None else OmegaConf.to_container(found.config, resolve=False)
        if found is None or not isinstance(tree, dict):
            return set()
        head = "" if found.header.get("package") == "_global_" else f"{group}."
        return set(flatten({str(key): value for key, value in tree.items() if key != "defaults"}, head))

    def options(self, group: str) -> list[str]:
        """Options of a group, sorted; empty if there is no such group."""
        return sorted(self.loader.get_group_options(group, results_filter=ObjectType.CONFIG))

    def groups(self) -> list[str]:
        """Names of the groups of a run; settings of promotions and of runners are none."""
        return sorted(name for name in self.loader.list_groups("") if name not in ("hydra", "live", "promotion"))

    def belongs_elsewhere(self, key: str) -> BeaError:
        """The error for a key that only other options of its group have."""
        group, _, last = key.partition(".")
        having = [option for option in self.options(group) if last in self._keys_of(group, option)]
        advice = f"choose {group}=" + " or ".join(having) if having else nearest(key, self.groups())
        return ConfigurationError(f"no key {key} here", where=f"the chosen option of {group}", todo=advice)

    def _keys_of(self, group: str, option: str) -> set[str]:
        found = self.loader.repository.load_config(f"{group}/{option}")
        return {str(key) for key in found.config} if found is not None else set()

    def _explained(self, error: Exception, words: Sequence[str]) -> BeaError:
        if match := re.search(r"Could not find '(experiment/[^']*)/([^'/]*)'", str(error)):
            return unknown_option(match[1], match[2], self.options(match[1]))  # Hydra lists those of experiment
        match = re.search(r"Could not override '([^']*)'", str(error))
        if match and match[1] in self.groups():
            return ConfigurationError(f"bea {self.name} has no group {match[1]}")
        if match and match[1] in KEYS:
            with _without_resolvers():
                own = resolved(self.loader.load_configuration(self.name, [], RunMode.RUN))
            if match[1].partition(".")[0] in own:
                return self.belongs_elsewhere(match[1])
            return ConfigurationError(f"bea {self.name} has no key {match[1]}")
        try:
            with _without_resolvers():
                chosen = [word for word in words if word.partition("=")[0] in self.groups()]
                plain = self.loader.load_configuration(self.name, chosen, RunMode.RUN)
            keys = leaf_keys(resolved(plain)) + self.groups()
        except Exception:
            keys = self.groups()
        return translate(error, keys)


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does: inode, time of change, size; None without the file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class _Repository(CachingConfigRepository):  # type: ignore[misc]
    """Hydra's files and the user's strategies; each file is checked before it is parsed."""

    def __init__(self, delegate: Any, strategies: Mapping[str, Path]) -> None:
        super().__init__(delegate)
        self._strategies = strategies

    def __deepcopy__(self, memo: dict[int, Any]) -> _Repository:
        return self  # Hydra copies a repository for every composition; this one is only read

    def load_config(self, config_path: str) -> Any:
        """The parsed file; a fresh copy for every composition, since Hydra edits it."""
        config_path = SHORT.get(config_path.removesuffix(".yaml"), config_path)
        if f"config_path={config_path}" not in self.cache:
            self._add_user_strategy(config_path)
            self._add_model(config_path)
        if f"config_path={config_path}" not in self.cache:
            self._read(config_path)
        found = copy.copy(super().load_config(config_path))
        if found is not None:
            found.config = copy.deepcopy(found.config)
        return found

    def _read(self, config_path: str) -> None:
        """Check and parse a file that this repository has not read; one that the process has parsed as it is now."""
        folders = [Path(source.path) for source in self.get_sources() if source.scheme() == "file"]
        state = (config_path, *((str(folder), _state(file_of(folder, config_path))) for folder in folders))
        if state not in _PARSED:
            for folder in folders:
                check_file(folder, config_path)
            if len(_PARSED) >= _MOST_PARSED:
                _PARSED.clear()
            _PARSED[state] = super().load_config(config_path)
        self.cache[f"config_path={config_path}"] = _PARSED[state]

    def config_exists(self, config_path: str) -> bool:
        """Whether there is a file, or a strategy of the user, of that name."""
        config_path = SHORT.get(config_path.removesuffix(".yaml"), config_path)
        if self._user_file(config_path) is not None or self._model(config_path):
            return True
        return bool(super().config_exists(config_path))

    def get_group_options(self, group_name: str, results_filter: Any = ObjectType.CONFIG) -> list[str]:
        """Options of a group; those of `strategy` include the user's own, those of `model` every built-in model."""
        options = super().get_group_options(group_name, results_filter)
        short = (path.partition("/")[2] for path in SHORT)
        further = {"strategy": (*self._strategies, *short), "model": models.names()}.get(group_name, ())
        return sorted({*options, *further})

    def _user_file(self, config_path: str) -> Path | None:
        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        return self._strategies.get(name) if group == "strategy" else None

    def _add_user_strategy(self, config_path: str) -> None:
        """Put the defaults of a user's strategy where Hydra looks for its file."""
        path = self._user_file(config_path)
        if path is None:
            return
        if super().config_exists(config_path):
            raise ConfigurationError(
                f"two strategies are named {path.stem}",
                where=str(path),
                todo="give the file and its class another name",
            )
        config = OmegaConf.create(defaults(path.stem, str(path)))
        header: dict[str, str | None] = {"package": "strategy"}
        self.cache[f"config_path={config_path}"] = ConfigResult("user", config_path, config, header, [])

    def _model(self, config_path: str) -> str:
        """The built-in model that a path names; empty: none."""
        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        return name if group == "model" and name in models.names() else ""

    def _add_model(self, config_path: str) -> None:
        """Put the defaults of a model that has no file of presets where Hydra looks for it."""
        name = self._model(config_path)
        if name and not super().config_exists(config_path):
            config = OmegaConf.create(models.defaults(name))
            self.cache[f"config_path={config_path}"] = ConfigResult(
                "model", config_path, config, {"package": "model"}, []
            )


@contextmanager
def _without_resolvers() -> Iterator[None]:
    """Unregister all resolvers but `hydra`, which Hydra's own templates use."""
    registered = dict(BaseContainer._resolvers)
    try:
        BaseContainer._resolvers.clear()
        BaseContainer._resolvers.update({k: v for k, v in registered.items() if k == "hydra"})
        yield
    finally:
        BaseContainer._resolvers.clear()
        BaseContainer._resolvers.update(registered)


def resolved(config: DictConfig) -> dict[str, Any]:
    """The project's part of a composed configuration as plain Python, plain references resolved."""
    with _without_resolvers():
        try:
            tree = OmegaConf.to_container(_project_part(config), resolve=True, throw_on_missing=True)
        except Exception as error:
            raise translate(error) from error
    assert isinstance(tree, dict)
    return {str(key): value for key, value in tree.items()}


def _project_part(config: DictConfig) -> DictConfig:
    part = config.copy()
    OmegaConf.set_struct(part, False)
    part.pop("hydra", None)
    part.pop("experiment", None)
    return part


#: mappings that are one value, not a branch of the tree
WHOLE = ("execution.commission_rates", "execution.venues", "execution.unresolved", "sweep.params", "judge.models")
#: mappings that may get other keys: Hydra adds a key only with a plus sign, and who reads them checks them
_RATES = re.compile(r"(execution\.(commission_rates|venues|unresolved)|tune\.space|judge\.markets)[.=]")


def flatten(tree: dict[str, Any], head: str = "") -> dict[str, Any]:
    """Dotted keys and values of a tree; lists and the mappings in `WHOLE` are one value."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{head}{key}"
        if isinstance(value, dict) and name not in WHOLE:
            flat |= flatten(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def leaf_keys(tree: dict[str, Any]) -> list[str]:
    """Dotted keys of a tree."""
    return list(flatten(tree))


def group_option(composer: Composer, group: str, option: Any) -> str:
    """Check that a group has an option; raises ConfigurationError with the nearest one if not."""
    text = str(option)
    folders = [folder / group for folder in composer.folders]
    known = composer.options(group)
    if text in known or any((folder / f"{text}.yaml").is_file() for folder in folders):
        return text
    if not known:
        raise ConfigurationError(f"unknown group {group}", todo=nearest(group, composer.groups()))
    raise unknown_option(group, text, known)


#: values that Hydra's lexer must not read: it knows no `<` and no `#`, and a path may hold any character
_RAW = ("from", "sweep.where", "data.store", "strategy.file", "tune.storage")


def quoted(words: Sequence[str]) -> list[str]:
    """Quote the values of raw keys, so that Hydra's lexer takes each as one text. A line break becomes a space.

    >>> quoted(["sweep.where=strategy.edge_min<0.05 and staking.fraction<0.5"])
    ["sweep.where='strategy.edge_min<0.05 and staking.fraction<0.5'"]
    """
    quoted_words = []
    for typed in words:
        word = re.sub(r"\s*\n\s*", " ", typed)  # a line break in quotes
        key, sign, value = word.partition("=")
        text = value.strip()
        bare = len(text) < 2 or text[0] != text[-1] or text[0] not in "'\""
        if sign and key in _RAW and bare and text not in ("", "null"):
            quoted_words.append(f"{key}='" + text.replace("\\", "\\\\").replace("'", "\\'") + "'")
        else:
            quoted_words.append(word)
    return quoted_words
