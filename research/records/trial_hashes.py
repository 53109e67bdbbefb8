"""Configurations of a plan as the trial ledger knows them: one hash each, the same whatever command it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from engine.custom_rule import load
from research.config.canonical import canonical
from research.config.keys import ADDED, ADDED_TO_STRATEGIES, is_tried
from research.config.tape_spec import staking_path
from research.sweeps.plan import Plan

_ROWS: Final = 50_000


def hashes(plan: Plan) -> list[bytes]:
    """Hash of each configuration of a plan, 16 bytes, in the order of its table.

    It covers the keys that make a trial (`research.config.keys.is_tried`), each in one form
    (`research.config.canonical`): whole numbers as floats, lists and mappings as JSON, files by their content. The seed
    counts only where something is random: where bets may be rejected. A key of `research.config.keys.ADDED` or
    `ADDED_TO_STRATEGIES` counts only where it has another value than its default.
    """
    out: list[bytes] = []
    for low in range(0, len(plan), _ROWS):
        part = plan.table.slice(low, _ROWS)
        texts: list[bytes] = [b""] * part.height
        for number, branch in enumerate(plan.branches):
            rows = part.with_row_index("_row").filter(pl.col("branch") == number)
            if not rows.height:
                continue
            columns = [_fragments(plan, rows, key) for key in sorted(branch.base) if is_tried(key)]
            text_of_row = pl.concat_str(columns, separator="\n", ignore_nulls=True)
            joined = rows.with_columns(text_of_row.alias("_text"))["_text"]
            for row, text in zip(rows["_row"].to_list(), joined.to_list(), strict=True):
                texts[row] = hashlib.blake2b(text.encode(), digest_size=16).digest()
        out += texts
    return out


def _fragments(plan: Plan, part: pl.DataFrame, key: str) -> pl.Expr:
    """``key=value`` of each row; a constant if the key does not vary."""
    branch = plan.branches[int(part["branch"][0])]
    if key in branch.axes and key in part.columns:
        distinct = part[key].unique()
        json_texts = key in plan.json_columns
        values = [json.loads(value) if json_texts and value is not None else value for value in distinct.to_list()]
        texts = [_text(_content(branch.base, key, value)) for value in values]
        shown = pl.col(key).replace_strict(distinct, pl.Series(texts, dtype=pl.String), return_dtype=pl.String)
    else:
        shown = pl.lit(_text(_content(branch.base, key, branch.base[key])))
    if key == "seed":
        shown = pl.when(_is_random(branch.base, branch.axes, part)).then(shown).otherwise(pl.lit("null"))
    added = ADDED | {
        k: value for (name, k), value in ADDED_TO_STRATEGIES.items() if name == branch.base["strategy.name"]
    }
    if key in added:
        shown = pl.when(shown != _text(added[key])).then(shown)
    return pl.concat_str([pl.lit(f"{key}="), shown])  # null for a key that does not count


def _is_random(base: dict[str, Any], axes: dict[str, Any], part: pl.DataFrame) -> pl.Expr:
    """Whether the result of a configuration depends on its seed."""
    key = "execution.rejection_frac"
    return pl.col(key) > 0.0 if key in axes and key in part.columns else pl.lit(base[key] > 0.0)


def _content(base: Mapping[str, Any], key: str, value: Any) -> Any:
    """The value in its one form; for the user's staking rule the hash of its file, since another text is another
    trial."""
    if key == "staking.file" and value:
        return load(staking_path(value)).hash
    return canonical(key, value, base["strategy.name"], base.get("strategy.file"))


def _text(value: Any) -> str:
    return json.dumps(_floats(value), sort_keys=True)


def _floats(value: Any) -> Any:
    """A value with whole numbers as floats, so that 1 and 1.0 are one configuration."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return float(value) + 0.0  # -0.0 is 0.0
    if isinstance(value, dict):
        return {name: _floats(item) for name, item in value.items()}
    return [_floats(item) for item in value]
