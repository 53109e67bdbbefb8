"""Facts of several tapes: rows that they share count once."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from research.tapes.facts import added, facts_of, merged_facts


def part(competition: str, season: str, ids: list[int], market: str = "1x2", suspect: int = 0) -> dict[str, Any]:
    """Facts of some matches of a season, each with two prices."""
    rows = len(ids)
    events = pl.DataFrame(
        {
            "event_id": ids,
            "sport": ["football"] * rows,
            "competition": [competition] * rows,
            "season": [season] * rows,
            "date": pl.Series(["2020-01-01"] * rows).str.to_date(),
            "settled_at_basis": ["recorded"] * rows,
            "source": ["made"] * rows,
        }
    )
    quotes = pl.DataFrame(
        {
            "event_id": ids * 2,
            "market": [market] * (2 * rows),
            "instant": ["open"] * (2 * rows),
            "suspect": [k < suspect for k in range(2 * rows)],
            "known_at_basis": ["recorded"] * (2 * rows),
        }
    )
    return facts_of(events, quotes)


def tape(*parts: dict[str, Any]) -> dict[str, Any]:
    return merged_facts(parts) | added(parts)


def counts(*tapes: dict[str, Any]) -> list[int]:
    merged = merged_facts(tapes)
    assert "counted" not in merged, "the manifest has the totals only"
    return [merged[name] for name in ("n_events", "n_quotes", "n_suspect")]


@pytest.mark.parametrize(
    ("tapes", "found"),
    [
        ([tape(part("E0", "a", [1, 2]))], [2, 4, 0]),
        ([tape(part("E0", "a", [1, 2])), tape(part("E0", "a", [1, 2]))], [2, 4, 0]),
        ([tape(part("E0", "a", [1, 2])), tape(part("E0", "b", [3, 4, 5], suspect=1))], [5, 10, 1]),
        ([tape(part("E0", "a", [1, 2])), tape(part("SP1", "a", [3]))], [3, 6, 0]),
        ([tape(part("E0", "a", [1, 2])), tape(part("E0", "a", [1, 2], market="totals"))], [2, 8, 0]),
        ([tape(part("E0", "a", [1, 2]), part("E0", "b", [3])), tape(part("E0", "b", [3]))], [3, 6, 0]),
        ([tape(part("E0", "a", [1], suspect=2), part("E0", "a", [2], suspect=1))], [2, 4, 3]),
    ],
)
def test_rows_of_several_tapes_count_once(tapes: list[dict[str, Any]], found: list[int]) -> None:
    assert counts(*tapes) == found
