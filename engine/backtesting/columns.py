"""The columns of a tape as the kernel reads them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.kernel.record import Columns
from engine.kernel.settle import odds_and_payoffs
from engine.tape import Tape

Floats = NDArray[np.float64]


#: rows whose odds and payoffs are computed at a time
_CHUNK: Final = 1 << 18


def columns_of(tape: Tape) -> Columns:
    """The columns of a tape, each of one type, so that one compilation serves every tape."""
    repeated: dict[tuple[str, bytes], NDArray[Any]] = {}
    return Columns(*(_read_only(name, _spread(getattr(tape, name), repeated)) for name in Columns._fields))


def _spread(column: NDArray[Any], repeated: dict[tuple[str, bytes], NDArray[Any]]) -> NDArray[Any]:
    """The column; a broadcast one (`engine.tape.columns.slim`) as an array that columns of the same value share."""
    if column.strides != (0,):
        return column
    key = (column.dtype.str, column[:1].tobytes())
    if key not in repeated:
        repeated[key] = np.zeros(len(column), column.dtype)
        if any(key[1]):  # what is 0 already takes no memory
            repeated[key][:] = column[0]
    return repeated[key]


def terms_of(tape: Tape, rows: NDArray[np.intp], slippage_frac: float) -> tuple[Floats, Floats]:
    """The odds at which rows are placed, and the payoff of one unit at risk (`kernel.settle.odds_and_payoffs`)."""
    placed, payoff = np.empty(len(rows)), np.empty(len(rows))
    for low in range(0, len(rows), _CHUNK):
        part = slice(low, low + _CHUNK)
        columns = Columns(*(_read_only(name, _at(tape, name, rows[part])) for name in Columns._fields))
        odds_and_payoffs(columns, np.arange(len(rows[part])), slippage_frac, placed[part], payoff[part])
    return placed, payoff


def _at(tape: Tape, name: str, rows: NDArray[np.intp]) -> NDArray[Any]:
    column: NDArray[Any] = getattr(tape, name)
    return column if name in ("settle_order", "midnights") else column[rows]


def _read_only(name: str, column: NDArray[Any]) -> NDArray[Any]:
    """A read-only, contiguous and aligned view. A tape may be built, loaded or mapped, which are types of their own."""
    dtype = (
        np.int8
        if name in ("is_lay", "ladder", "state", "reduction_rule")
        else np.float64
        if column.dtype.kind == "f"
        else np.int64
    )
    view = np.require(column, dtype, ["C", "A"]).view()
    view.flags.writeable = False
    return view
