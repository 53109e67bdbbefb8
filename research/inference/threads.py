"""Threads of linear algebra: one a product, so that the bits do not depend on how many there are."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def single_threaded() -> AbstractContextManager[object]:
    """A context in which each product of matrices runs on one thread."""
    found: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return found
