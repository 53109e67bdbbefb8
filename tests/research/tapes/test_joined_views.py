"""The path of a view, cut for a fit and put together from blocks."""

from __future__ import annotations

import polars as pl

from engine.asof.view import build_view, view_blocks
from research.tapes.fitting import Past, together
from tests.property.markets import world


def test_the_path_is_cut_with_its_decisions_and_joined_with_its_views() -> None:
    events, quotes = world(3, 6)
    whole = build_view(events, quotes, path=True)
    until = int(whole.quotes["decided_at"].cast(pl.Int64).median() or 0)  # type: ignore[arg-type]
    past = Past(events, whole)
    before, rest = past.before(until), past.between(until, 2**62)
    early = pl.col("decided_at").cast(pl.Int64) < until
    assert before.path is not None and before.path.equals(whole.known().filter(early)) and before.path.height > 0
    assert rest.known().equals(whole.known().filter(~early))
    blocks = list(view_blocks(events, quotes, max_quotes=5_000, path=True))
    assert len(blocks) > 1 and together(blocks).known().equals(whole.known())
    assert together(blocks).quotes.equals(whole.quotes)
    plain = Past(events, build_view(events, quotes))
    assert plain.before(until).path is None and together([]).path is None
