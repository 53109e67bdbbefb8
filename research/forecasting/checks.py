"""What a model refuses: rows without a column that it reads, and the artifact of another model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from engine.errors import DataError


def check_columns(rows: pl.DataFrame, columns: Sequence[str], model: str) -> None:
    """Raise `DataError` for the first column that the rows lack."""
    for column in columns:
        if column not in rows.columns:
            raise DataError(
                "a column is missing",
                where=f"the rows of model {model}",
                expected=column,
                found=", ".join(name for name in rows.columns if "." in name) or "no feature",
                todo="make the rows with what the model's inputs() names",
            )


def check_model(artifact: Mapping[str, Any], model: str) -> None:
    """Raise `DataError` for the artifact of another model."""
    found = artifact.get("model")
    if found != model:
        raise DataError("the artifact is of another model", expected=model, found=str(found))
