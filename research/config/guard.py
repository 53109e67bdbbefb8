"""Checks that a configuration names no code: no classes, callbacks, loggers or other sweepers, no environment.

They are an allow list, applied before Hydra acts on a configuration: to the overrides, to each file, to the composed
tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from engine.errors import ConfigurationError

#: the sweeper of the project, under the name that the build gives it
SWEEPER = "hydra_plugins.bea_vectorized.VectorizedSweeper"

_FILE_BYTES = 1_000_000
_FILE_ALIASES = 100
_FILE_DEPTH = 40

_BASIC = {
    "_target_": "hydra._internal.core_plugins.basic_sweeper.BasicSweeper",
    "max_batch_size": None,
    "params": None,
}
#: the only values that these parts of Hydra's section may have
_ALLOWED: dict[str, tuple[Any, ...]] = {
    "sweeper": (_BASIC, {"_target_": SWEEPER}),
    "launcher": ({"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"},),
    "callbacks": ({},),
    "hydra_logging": ({"version": 1, "root": {"level": "ERROR"}, "disable_existing_loggers": True},),
    "job_logging": ({"version": 1, "root": {"level": "ERROR"}, "disable_existing_loggers": True},),
    "searchpath": ([],),
    "mode": (None,),
    "output_subdir": (None,),
    "run": ({"dir": "."},),
    "sweep": ({"dir": ".", "subdir": "."},),
}
_WORDS = ("hydra/sweeper=vectorized", "hydra/sweeper=basic", "hydra/launcher=basic")


def check_overrides(overrides: Sequence[Override]) -> None:
    """Raise ConfigurationError for an override of Hydra itself, or a path outside the folders of the configuration."""
    for override in overrides:
        word, key = override.input_line or "", override.key_or_group
        if (key == "hydra" or key.startswith(("hydra.", "hydra/"))) and word not in _WORDS:
            raise ConfigurationError(f"{word} is never honoured", expected="keys and groups of the project")
        if override.package is not None or "@" in key:
            raise ConfigurationError(f"{word}: groups cannot be moved to another package", todo="leave out @")
        value = override.value()
        for text in _texts(value):
            if "${" in text:
                _check_reference(text, word)
            if "/" in key + "/" and (text.startswith("/") or ".." in text.split("/")) and "." not in key:
                raise ConfigurationError(f"{word} points out of the configuration's folders")
        _check_names(value, word)


def check_primary(path: Path) -> None:
    """Raise ConfigurationError if a primary configuration adds folders to search, which Hydra opens while composing."""
    check_file(path.parent, path.stem)
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise _unreadable(path, error) from error
    section = tree.get("hydra") if isinstance(tree, dict) else None
    if isinstance(section, dict) and section.get("searchpath"):
        raise ConfigurationError("hydra.searchpath is never honoured", where=str(path), todo="use --config-dir")


def file_of(folder: Path, name: str) -> Path:
    """The file that Hydra reads for a name."""
    return folder / (name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")


def check_file(folder: Path, name: str) -> None:
    """Raise ConfigurationError for a file that is too large, too deep or full of aliases. A missing file passes."""
    path = file_of(folder, name)
    if not path.is_file():
        return
    if path.stat().st_size > _FILE_BYTES:
        raise ConfigurationError(
            "file too large", where=str(path), expected=f"at most {_FILE_BYTES} bytes", found=str(path.stat().st_size)
        )
    aliases = depth = 0
    try:
        for event in yaml.parse(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            aliases += isinstance(event, yaml.AliasEvent)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if aliases > _FILE_ALIASES or depth > _FILE_DEPTH:
                raise ConfigurationError(
                    "file expands itself",
                    where=str(path),
                    expected=f"at most {_FILE_ALIASES} aliases, depth {_FILE_DEPTH}",
                )
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _unreadable(path, error) from error


def check_composed(config: DictConfig) -> None:
    """Raise ConfigurationError if the Hydra section of a composed configuration, or any name, is not allowed."""
    tree = OmegaConf.to_container(config, resolve=False)
    assert isinstance(tree, dict)
    hydra = tree.pop("hydra")
    for part, allowed in _ALLOWED.items():
        if not any(_same(hydra.get(part), value) for value in allowed):
            raise ConfigurationError(
                f"hydra.{part} is never honoured", found=_short(hydra.get(part)), todo="leave Hydra's own section alone"
            )
    job = hydra["job"]
    if job.get("env_set") or job.get("env_copy") or job.get("chdir"):
        raise ConfigurationError("hydra.job is never honoured", todo="leave Hydra's own section alone")
    for key, node in tree.items():
        _check_names(node, str(key))
        for text in _texts(node):
            if "${" in text:
                _check_reference(text, str(key))


def _check_names(value: Any, where: str) -> None:
    """Refuse keys such as `_target_`, which name code to call."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if re.fullmatch(r"_\w+_", str(key)):
                raise ConfigurationError(
                    f"{key} is never honoured", where=where, todo="name a strategy or rule of the project"
                )
            _check_names(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for inner in value:
            _check_names(inner, where)


def _check_reference(text: str, where: str) -> None:
    plain = re.sub(r"\$\{\s*[A-Za-z_][\w.]*\s*\}", "", text)
    if "${" in plain:
        raise ConfigurationError(
            f"interpolation {_short(text)} is never honoured",
            where=where,
            expected="plain references such as ${staking.fraction}",
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif hasattr(value, "list"):  # choice(...) of Hydra
        yield from _texts(value.list)
    elif hasattr(value, "text"):  # a quoted string inside it
        yield str(value.text)


def _same(value: Any, allowed: Any) -> bool:
    if isinstance(value, dict) and isinstance(allowed, dict):
        return {k: v for k, v in value.items() if v is not None} == {k: v for k, v in allowed.items() if v is not None}
    return bool(value == allowed)


def _unreadable(path: Path, error: Exception) -> ConfigurationError:
    mark = getattr(error, "problem_mark", None)
    place = f"{path}:{mark.line + 1}" if mark else str(path)
    why = getattr(error, "problem", None) or str(error)
    return ConfigurationError("not readable as YAML", where=place, found=_short(str(why)))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
