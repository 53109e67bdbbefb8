"""Threads of linear algebra: one per matrix product, so that the bits do not depend on the number of cores."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def single_threaded() -> AbstractContextManager[object]:
    """Context manager in which each matrix product runs on one thread."""
    context: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return context
