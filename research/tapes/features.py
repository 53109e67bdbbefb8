"""The features that a strategy requires: found by name, and made for its views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from engine.asof.features import frames
from engine.paths import home
from engine.schema import EVENTS
from engine.strategy import Feature, View
from research.features import built_in, feature_in
from research.features import names as built_in_features
from research.user_file import FEATURES, failures_named, load_module, user_files


def feature_file(name: str, strategy_file: str | None) -> Path | None:
    """File of a feature of the user, in the folder ``features`` beside that of the strategy; None: a built-in one.

    A built-in strategy, which may be on a model of the user, has those of the home, but not under built-in names.
    """
    if strategy_file is None and name in built_in_features():
        return None
    folder = home() if strategy_file is None else Path(strategy_file).resolve().parent.parent
    return user_files(FEATURES, [folder]).get(name)


def features_of(names: Sequence[str], strategy_file: str | None = None) -> tuple[Feature, ...]:
    """Make features.

    Parameters
    ----------
    names : sequence of str
        `engine.strategy.Requirement.features`. A file of the user comes before a built-in feature of its name.
    strategy_file : str, optional
        File of the user's strategy.

    Raises
    ------
    ConfigurationError
        There is no such feature, or its file cannot be imported.
    """
    return tuple(_made(name, strategy_file) for name in dict.fromkeys(names))


def _made(name: str, strategy_file: str | None) -> Feature:
    path = feature_file(name, strategy_file)
    if path is None:
        return built_in(name)
    with failures_named(path):
        return feature_in(load_module(path), name, str(path))


def feature_code(names: Sequence[str], strategy_file: str | None) -> tuple[list[str | Path], list[Path]]:
    """Modules and files of the user that features are written in, for `research.config.code_hash.code_hash`."""
    files = {name: feature_file(name, strategy_file) for name in names}
    modules: list[str | Path] = [f"research.features.{name}" for name, path in files.items() if path is None]
    return modules, [path for path in files.values() if path is not None]


@dataclass(frozen=True)
class Featured:
    """Features of a strategy and the events that they are made of.

    Attributes
    ----------
    features : tuple of Feature
    events : polars.DataFrame
        All events of the universe, in the columns of `schema.EVENTS`.
    """

    features: tuple[Feature, ...] = ()
    events: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EVENTS))

    def of(self, view: View) -> View:
        """A view with the features of its decisions; itself if none is required."""
        return replace(view, features=frames(self.features, self.events, view.quotes)) if self.features else view
