"""What is judged besides prices: models with parameters, models of the user's own, and stored ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from engine.clock import day_of
from engine.errors import ConfigurationError, DataError, unknown_name
from research import models
from research.forecasting.artifacts import Artifact, load, path_of
from research.forecasting.contract import Model
from research.strategies.model_value import ModelValue
from research.tapes.stored import check_code, is_as_wide

if TYPE_CHECKING:
    from research.judging.settings import Settings

__all__ = ["STORED", "Asked", "Entry", "check_unseen", "entry_of"]

#: what stands before the hash or the file of a stored model
STORED: Final = "artifact:"
_SHOWN: Final = 12


@dataclass(frozen=True)
class Asked:
    """One of `judge.models`, as it was written.

    Attributes
    ----------
    name : str
        A market forecast, a model, or ``artifact:HASH``.
    parameters : tuple of (str, object)
        Of the model; the others have their defaults.
    """

    name: str
    parameters: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def parsed(cls, value: Any, key: str) -> Asked:
        """From a name, or a mapping such as ``{model: lightgbm, leaves: 8}``."""
        given = dict(value) if isinstance(value, Mapping) else {"model": value}
        name = given.pop("model", None)
        if isinstance(name, bool | list | dict | None) or name == "":
            raise ConfigurationError(
                "wrong value", where=key, expected="names, or a model with parameters: {model: lightgbm, leaves: 8}",
                found=str(value)[:60],
            )  # fmt: skip
        if given and str(name).startswith(STORED):
            raise ConfigurationError(
                "a stored model has its own parameters", where=key, expected=str(name), found=str(value)[:60]
            )
        frozen = (tuple(one) if isinstance(one, list) else one for one in given.values())
        return cls(str(name), tuple(zip(map(str, given), frozen, strict=True)))

    @property
    def label(self) -> str:
        """How the table names it.

        >>> Asked("lightgbm", (("leaves", 8), ("monotone", False))).label
        'lightgbm{leaves: 8, monotone: false}'
        """
        if not self.parameters:
            return self.name
        return f"{self.name}{{{', '.join(f'{name}: {_written(value)}' for name, value in self.parameters)}}}"


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Entry:
    """A model that is judged.

    Attributes
    ----------
    label : str
        Its name in the table; that of a stored model is ``NAME@HASH``.
    model : Model
    artifact : Artifact or None
        A stored model is fitted no more.
    """

    label: str
    model: Model
    artifact: Artifact | None = None


def entry_of(asked: Asked, settings: Settings) -> Entry:
    """The model that was asked for.

    Raises
    ------
    BeaError
        There is no such model, parameter or artifact; the artifact is damaged, of another market, or learned from other
        rows; its code or a library is another by now.
    """
    if not asked.name.startswith(STORED):
        known = (*settings.markets, *(name for name in models.names() if name != "market"))
        if asked.name not in known:
            raise unknown_name("model", asked.name, known, where="judge.models")
        return Entry(asked.label, models.made(asked.name, dict(asked.parameters)))
    artifact = load(path_of(asked.name.removeprefix(STORED)))
    if artifact.market != settings.market:
        raise ConfigurationError(
            "a stored model of another market", where=f"artifact {artifact.hash[:_SHOWN]}", expected=settings.market,
            found=artifact.market,
        )  # fmt: skip
    of = ModelValue(model=artifact.model, model_parameters=artifact.parameters, market=artifact.market)
    check_code(artifact, of)
    _check_rows(artifact, settings)
    return Entry(f"{artifact.model}@{artifact.hash[:_SHOWN]}", of.made, artifact)


def _check_rows(artifact: Artifact, settings: Settings) -> None:
    """Refuse a stored model that learned from other rows than those it would answer.

    A judgement decides at the start of an event: features may rest on more results than at decisions of the training.
    """
    learned = settings.learned
    now = {
        "data.first_date": ("data.first_date", learned.first_date),
        "data.seasons": ("data.seasons", learned.seasons),
        "strategy.market_bookmaker": (
            f"judge.markets.{settings.decided}",
            settings.markets[settings.decided].bookmaker,
        ),
        "strategy.method": ("judge.method", settings.method),
    }
    for key, before in artifact.rows.items():
        if key in now and not is_as_wide(key, before, now[key][1]):
            name, value = now[key]
            raise ConfigurationError(
                f"a model trained on other rows: {name} differs", where=f"artifact {artifact.hash[:_SHOWN]}",
                expected=_written(before), found=_written(value), todo="train the model again",
            )  # fmt: skip


def check_unseen(artifact: Artifact, first_ns: int) -> None:
    """Refuse a stored model whose training reached the judged events; `first_ns`: start of the first of them."""
    if first_ns >= artifact.until_ns:
        return
    free = day_of(artifact.until_ns - 1, "UTC") + timedelta(days=1)
    raise DataError(
        "a model trained on the period that it is judged on", where=f"artifact {artifact.hash[:_SHOWN]}",
        expected=f"events from {free} on", found=str(day_of(first_ns, "UTC")), todo=f"set judge.first_date={free}",
    )  # fmt: skip
