"""Stable identities."""

from __future__ import annotations

from datetime import date

import polars as pl

from engine.identity import event_ids


def _events(**more: pl.Series) -> pl.DataFrame:
    texts = {"sport": "baseball", "competition": "MLB", "home": "Mets", "away": "Braves"}
    frame = pl.DataFrame({name: [text] * 3 for name, text in texts.items()})
    return frame.with_columns(date=pl.lit(date(2023, 7, 1)), **more)


def test_the_identity_of_an_event_never_moves() -> None:
    assert set(event_ids(_events())) == {5309592081924919304}


def test_only_a_further_game_of_a_pair_has_another_identity() -> None:
    plain = event_ids(_events())
    games = event_ids(_events(game=pl.Series([None, 1, 2], dtype=pl.Int8)))
    assert list(games[:2]) == list(plain[:2]) and games[2] != plain[2]
    third = event_ids(_events(game=pl.Series([2, 3, 2], dtype=pl.Int8)))
    assert third[0] == third[2] == games[2] and third[1] not in (third[0], plain[0])
