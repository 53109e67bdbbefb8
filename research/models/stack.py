"""Several models in one: a log-linear pool with fitted weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.models._pooled import PoolModel


@dataclass(frozen=True)
class Stack(PoolModel):
    """A log-linear pool of models; its weights are learnt from what they said of their past.

    Attributes
    ----------
    of : tuple of str
        Models, with their defaults.
    parts : int
        Parts of the past that are forecast; 1 or more.
    """

    name: ClassVar[str] = "stack"
    of: tuple[str, ...] = ("score_driven", "logit")
