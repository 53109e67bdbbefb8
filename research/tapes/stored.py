"""What the rows of a stored model are made from, and the refusal of a configuration that would make others for it."""

from __future__ import annotations

from typing import Any, Final

from engine.errors import ConfigurationError
from engine.machine import version_of
from research.config.canonical import canonical
from research.config.code_hash import code_hash
from research.config.parameter_help import value_text
from research.config.tape_spec import TapeSpec
from research.forecasting.artifacts import Artifact
from research.strategies.model_value import ModelValue
from research.strategies.stored_value import StoredValue
from research.tapes.features import feature_code

#: libraries that the bits of an answer rest on; LightGBM for models that name it
_LIBRARIES: Final = ("numba", "numpy", "polars")
_TREES: Final = ("lightgbm", "research.models.lightgbm")
#: settings of the strategy that only a model which reads the market rests on
_OF_MARKET: Final = ("market_bookmaker", "method", "skip_suspect")


def rows_from(spec: TapeSpec, of: ModelValue) -> dict[str, Any]:
    """The settings that the rows of a model depend on, by key.

    Parameters
    ----------
    spec : TapeSpec
    of : ModelValue
        Its strategy.

    Returns
    -------
    dict
        ``data.decide_at`` and ``data.instants``; for a model with features ``data.first_date`` and ``data.seasons``: a
        feature rests on the events from there on; for one that reads the market ``strategy.market_bookmaker``,
        ``strategy.method`` and ``strategy.skip_suspect``.
    """
    inputs, universe = of.made.inputs(), dict(spec.universe)
    found = {"data.decide_at": canonical("data.decide_at", spec.decide_at), "data.instants": sorted(spec.instants)}
    if inputs.features:
        seasons = universe["seasons"]
        found |= {"data.first_date": universe["first_date"], "data.seasons": None if seasons is None else list(seasons)}
    if inputs.market:
        found |= {f"strategy.{name}": getattr(of, name) for name in _OF_MARKET}
    return found


def answering_code(of: ModelValue, *more: str) -> str:
    """Hash of the code that rows and answers of a model rest on: its own, its features', the strategy's, and `more`."""
    modules, files = feature_code(of.made.inputs().features, None)
    return code_hash(["research.strategies.model_value", *more, *of.modules(), *modules], files)


def versions_of(of: ModelValue) -> dict[str, str]:
    """Versions of the libraries that the answers of a model rest on."""
    library, module = _TREES
    names = (*_LIBRARIES, library) if module in of.modules() else _LIBRARIES
    return {name: version_of(name) for name in names}


def check_stored(strategy: StoredValue, spec: TapeSpec, is_base: bool = False) -> None:
    """Refuse a stored model where its rows, its code or its libraries are not those of its training.

    Parameters
    ----------
    strategy : StoredValue
    spec : TapeSpec
    is_base : bool
        Whether another strategy is around it, which takes its parameters by ``base_parameters``.

    Raises
    ------
    ConfigurationError
        The first thing that differs, and what to do.
    """
    artifact, of = strategy.stored, strategy.of
    where = f"artifact {artifact.hash[:12]}"
    now = rows_from(spec, of)
    for key, before in artifact.rows.items():
        if not is_as_wide(key, before, now.get(key)):
            todo = f"set {key}={value_text(before)}"
            if is_base and key.startswith("strategy."):
                todo = f"add {key.removeprefix('strategy.')}:{value_text(before)} to strategy.base_parameters"
            raise ConfigurationError(
                f"a model trained on other rows: {key} differs", where=where, expected=value_text(before),
                found=value_text(now.get(key)), todo=f"{todo}, or train the model again",
            )  # fmt: skip
    check_code(artifact, of)


def check_code(artifact: Artifact, of: ModelValue) -> None:
    """Refuse a stored model where its code or its libraries are not those of its training.

    Raises
    ------
    ConfigurationError
        The first thing that differs, and what to do.
    """
    where = f"artifact {artifact.hash[:12]}"
    for name, number in versions_of(of).items():
        if (before := artifact.versions.get(name)) != number:
            raise ConfigurationError(
                f"a model trained with another version of {name}", where=where, expected=str(before), found=number,
                todo="train the model again",
            )  # fmt: skip
    if (code := answering_code(of)) != artifact.code:
        raise ConfigurationError(
            "the code of the model or of its features has changed since it was trained", where=where,
            expected=artifact.code, found=code, todo="train the model again",
        )  # fmt: skip


def is_as_wide(key: str, before: Any, now: Any) -> bool:
    """Whether features have what they had: no later start, and no season less. Other settings must be the same."""
    if key == "data.first_date":
        return now is None or (before is not None and str(now) <= str(before))
    if key == "data.seasons":
        return now is None or (before is not None and set(before) <= set(now))
    return bool(before == now)
