"""Leaves as compiled functions that tests can call: by itself a leaf is interpreted where Python calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from engine.kernel.cache import compiled

_Function = TypeVar("_Function", bound=Callable[..., object])


def called(leaf: _Function) -> _Function:
    """A compiled function that does nothing but call the leaf."""

    def call(*values: object) -> object:
        return leaf(*values)

    return compiled(call)  # type: ignore[return-value]
