"""The contract of a model: what it needs, how it learns, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]
#: markets whose outcomes models answer
MARKETS: Final = ("1x2", "moneyline")


@dataclass(frozen=True)
class Inputs:
    """What a model reads.

    Attributes
    ----------
    features : tuple of str
        Features by name (`research.features`); their columns are ``FEATURE.COLUMN`` in the rows.
    market : bool
        Whether it reads the prices: ``market.home`` and so on, ``market.overround``, ``market.disagreement``.
    opening: bool
        Whether it reads the prices at the opening too, which takes the path of the quotes: ``market.open_home``,
        ``market.move_home`` and so on.
    markets : tuple of str
        Markets that it is for, of `MARKETS`.
    """

    features: tuple[str, ...] = ()
    market: bool = False
    opening: bool = False
    markets: tuple[str, ...] = MARKETS


@runtime_checkable
class Forecaster(Protocol):
    """A model that was fitted: a frozen dataclass of numbers, texts and arrays."""

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        """Probabilities of the outcomes of some events.

        Parameters
        ----------
        rows : polars.DataFrame
            `research.forecasting.rows.rows_of`, n rows.

        Returns
        -------
        array of float64, (n, n_outcomes)
            Each row sums to one, or is NaN throughout: the model has no answer (its inputs are not known yet).
        """
        ...

    def artifact(self) -> Mapping[str, Any]:
        """Plain values from which `Model.restored` makes the same forecaster, to the last bit."""
        ...


@runtime_checkable
class Model(Protocol):
    """A model before it is fitted: a frozen dataclass whose fields are its parameters, all with defaults.

    Attributes
    ----------
    name : str
        As its file in `research.models`.
    """

    name: ClassVar[str]

    def inputs(self) -> Inputs:
        """Features and market prices that the rows must have."""
        ...

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Forecaster:
        """Learn from the past; a pure function of its arguments and the parameters.

        Parameters
        ----------
        past : polars.DataFrame
            `research.forecasting.rows.training_rows`, in the order of (decided_at, event_id); all of them settled
            before the fit.
        outcomes : tuple of str
            Outcomes in the order of the columns of `Forecaster.probabilities`: ``home, draw, away``, or ``home, away``.

        Raises
        ------
        TooShortError
            The past is too short for a fit; the message says what is needed.
        DataError
            There is no fit for another reason.
        """
        ...

    def restored(self, artifact: Mapping[str, Any]) -> Forecaster:
        """The forecaster of an artifact; raises `DataError` if it is none of this model."""
        ...
