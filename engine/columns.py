"""A tape as the kernel reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernel.record import Columns
from engine.tape import Tape


def columns_of(tape: Tape) -> Columns:
    """The arrays of a tape as the kernel reads them: one type each, so that one compilation serves every tape."""
    return Columns(*(_read_only(name, getattr(tape, name)) for name in Columns._fields))


def _read_only(name: str, column: NDArray[Any]) -> NDArray[Any]:
    """A read-only view, contiguous and aligned: a tape may be built, loaded or mapped, and Numba tells these apart."""
    dtype = np.int8 if name in ("is_lay", "ladder", "state") else np.float64 if column.dtype.kind == "f" else np.int64
    view = np.require(column, dtype, ["C", "A"]).view()
    view.flags.writeable = False
    return view
