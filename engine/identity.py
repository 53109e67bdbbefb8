"""Stable 64-bit identities: the same bits on every machine, Python and library version.

A text becomes the first 8 bytes of its BLAKE2b digest; several numbers are folded with the finaliser of
SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

_MUL1 = np.uint64(0xBF58476D1CE4E5B9)
_MUL2 = np.uint64(0x94D049BB133111EB)
_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def text_hash(text: str) -> int:
    """The 64-bit hash of a text, as a signed integer."""
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little", signed=True
    )


def hash_texts(column: pl.Series) -> NDArray[np.int64]:
    """Hash a column of texts, shape (n,) to int64 (n,); a null hashes as the empty text."""
    if column.is_empty():
        return np.empty(0, dtype=np.int64)
    codes = column.fill_null("")
    distinct = codes.unique(maintain_order=True)
    table = pl.Series([text_hash(t) for t in distinct.to_list()], dtype=pl.Int64)
    return codes.replace_strict(distinct, table, return_dtype=pl.Int64).to_numpy()


def fold(columns: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Fold integer columns of one length, each shape (n,), into one identity a row, int64 (n,)."""
    state: NDArray[np.uint64] | None = None
    with np.errstate(over="ignore"):
        for column in columns:
            bits = np.ascontiguousarray(column).view(np.uint64)
            mixed = bits if state is None else state ^ bits
            mixed = mixed + _GAMMA
            mixed = (mixed ^ (mixed >> np.uint64(30))) * _MUL1
            mixed = (mixed ^ (mixed >> np.uint64(27))) * _MUL2
            state = mixed ^ (mixed >> np.uint64(31))
    if state is None:
        raise ValueError("fold needs at least one column")
    return state.view(np.int64)


def event_ids(events: pl.DataFrame) -> NDArray[np.int64]:
    """Identity of each event from its columns sport, competition, date, home, away; int64 (n,).

    The optional column `game` enters where it is 2 or more: the second game of a pair on one date.
    """
    date = events["date"].cast(pl.Int32).cast(pl.Int64).to_numpy()
    texts = [hash_texts(events[name]) for name in ("sport", "competition", "home", "away")]
    first = fold([texts[0], texts[1], date, texts[2], texts[3]])
    if "game" not in events.columns:
        return first
    game = events["game"].cast(pl.Int64).fill_null(1).to_numpy()
    return np.where(game >= 2, fold([first, game]), first)


def opportunity_ids(rows: pl.DataFrame) -> NDArray[np.int64]:
    """Identity of each opportunity: (event, market, line, selection, bookmaker, side, decided_at); int64 (n,)."""
    line = rows["line"].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    line[np.isnan(line)] = np.nan  # one bit pattern
    line[line == 0.0] = 0.0  # -0.0 is 0.0
    return fold(
        [
            rows["event_id"].to_numpy(),
            hash_texts(rows["market"]),
            line.view(np.int64),
            hash_texts(rows["selection"]),
            hash_texts(rows["bookmaker"]),
            hash_texts(rows["side"]),
            rows["decided_at"].cast(pl.Int64).to_numpy(),
        ]
    )


def digest(value: Any, size: int = 16) -> str:
    """Hash of a plain value in its one JSON form, hex, `size` bytes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
