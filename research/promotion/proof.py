"""The proof that today's code makes the bets of a promotion: every bit of every bet, in order."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import polars as pl

from engine.backtesting.path import Path
from engine.backtesting.run import replay
from engine.custom_rule import load
from engine.errors import PromotionError
from engine.files import write_bytes
from engine.promotion import Promotion, promotions_folder
from research.config.kernel_params import params_of
from research.config.tape_spec import TapeSpec
from research.promotion.hashes import BET_COLUMNS, bets_hash
from research.tapes.builder import Tapes


def replayed(spec: TapeSpec, settings: Mapping[str, Any], tapes: Tapes | None = None, *, fresh: bool = False) -> Path:
    """The path of a configuration with today's code, over the store as it is now.

    Parameters
    ----------
    spec : TapeSpec
    settings : mapping
        Every key of the configuration.
    tapes : Tapes, optional
    fresh : bool
        Whether the tape is built anew, although the cache may hold it.
    """
    rule, tapes = None if spec.rule is None else load(spec.rule), tapes or Tapes()
    tape = tapes.fresh(spec) if fresh else tapes.tape(spec)
    return replay(tape, params_of(settings)[1], int(settings["seed"]), rule)


def first_difference(stored: pl.DataFrame, now: pl.DataFrame) -> str:
    """Where two lists of bets differ first; empty where every bit is the same.

    Parameters
    ----------
    stored, now : polars.DataFrame
        With the columns `BET_COLUMNS`.
    """
    if bets_hash(stored) == bets_hash(now):
        return ""
    for number, (old, new) in enumerate(
        zip(stored.select(BET_COLUMNS).rows(), now.select(BET_COLUMNS).rows(), strict=False), start=1
    ):
        for name, before, after in zip(BET_COLUMNS, old, new, strict=True):
            if before != after and not (before != before and after != after):
                return f"bet {number} of {stored.height}, {name}: {_text(before)} before, {_text(after)} now"
    return f"{stored.height} bets before, {now.height} now"


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def bets_path(name: str) -> FilePath:
    """File of the bets of a promotion's backtest."""
    return promotions_folder() / f"{name}.bets.parquet"


def keep_bets(name: str, bets: pl.DataFrame) -> None:
    """Write the bets that a promotion freezes; an interrupted promotion's file is replaced by its own repetition."""
    path, buffer = bets_path(name), io.BytesIO()
    path.parent.mkdir(parents=True, exist_ok=True)
    bets.select(BET_COLUMNS).write_parquet(buffer)
    write_bytes(path, buffer.getvalue(), durable=True)


def stored_bets(promotion: Promotion) -> pl.DataFrame:
    """The bets that a promotion froze.

    Raises
    ------
    PromotionError
        The file is not there, or holds other bets.
    """
    path = bets_path(promotion.name)
    todo = "put back the original, or promote again under another name"
    try:
        bets = pl.read_parquet(path)
        found = bets_hash(bets)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise PromotionError(
            "the bets of the promotion cannot be read", where=str(path), found=type(error).__name__, todo=todo
        ) from None
    if found != promotion.hashes["bets"]:
        raise PromotionError(
            "the bets of the promotion are other ones",
            where=str(path),
            expected=str(promotion.hashes["bets"]),
            found=found,
            todo=todo,
        )
    return bets
