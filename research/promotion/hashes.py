"""The hashes of what a promotion rests on, as it is here now."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from engine.custom_rule import load
from engine.identity import digest
from engine.kernel.folder import source_hash
from engine.machine import version_of
from research.config.code_hash import code_hash, user_code_hash
from research.config.tape_spec import TapeSpec
from research.tapes.builder import Tapes, tape_code
from research.tapes.inputs import artifact_hashes, source_of, strategy_of

#: columns of a bet whose bits a promotion freezes
BET_COLUMNS: Final = (
    "id", "decided_at", "settled_at", "odds", "odds_placed", "prob", "stake_minor", "backer_stake_minor", "pnl_minor",
    "state",
)  # fmt: skip
_VERSIONS: Final = ("betting-expert-advisor", "numba", "numpy", "polars")


def code_hashes(spec: TapeSpec) -> dict[str, str]:
    """Hashes of the kernel, of the strategy and its files, of the code that builds opportunities, and of libraries.

    Raises
    ------
    ConfigurationError
        The strategy or the staking rule cannot be loaded, or a file that the strategy reads is missing.
    """
    strategy = strategy_of(spec)
    files = [] if spec.strategy_file is None else [Path(spec.strategy_file)]
    hashes = {
        "kernel": source_hash(),
        "strategy": digest([source_of(strategy), user_code_hash(files)]),
        "code": code_hash(*tape_code(spec)),
        **artifact_hashes(strategy),
    }
    if spec.rule is not None:
        hashes["rule"] = load(spec.rule).hash
    return hashes | {f"version.{name}": version_of(name) for name in _VERSIONS}


def data_hash(spec: TapeSpec, tapes: Tapes | None = None) -> str:
    """Hash of the rows of the store that the configuration's decisions are made of.

    Raises
    ------
    StoreError, EmptyUniverseError
        The store is not there, or holds none of them.
    """
    return (tapes or Tapes()).rows(spec).hash


def bets_hash(bets: pl.DataFrame) -> str:
    """Hash of every bit of the bets' columns `BET_COLUMNS`, in their order.

    Parameters
    ----------
    bets : polars.DataFrame
        As `engine.backtesting.path.Path.bets`.
    """
    columns = {}
    for name in BET_COLUMNS:
        column = bets[name]
        if column.dtype == pl.Float64:
            column = column.reinterpret(signed=True)
        elif column.dtype.is_temporal():
            column = column.cast(pl.Int64)
        columns[name] = column.to_list()
    return digest(columns)
