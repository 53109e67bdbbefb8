"""The examples of the page about mappings give what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
import yaml

from engine.schema import FURTHER_SCOPES, STANDING_TYPES, STATISTIC_TYPES, score_columns, with_optional
from engine.source.batch import Parsed
from tests.engine.source.mapped.reading import read

PAGE = Path(__file__).resolve().parents[4] / "docs" / "mappings.md"
EXAMPLE = re.compile(r"```yaml\n(.*?)```\n\n```(?:csv|json)\n(.*?)```\n\n```result\n(.*?)```", re.DOTALL)


def examples() -> list[tuple[str, str, str]]:
    return EXAMPLE.findall(PAGE.read_text())


def shown(parsed: Parsed) -> list[str]:
    """Events, quotes and quarantine as the page prints them."""
    lines = []
    for event in with_optional(parsed.events).iter_rows(named=True):
        words = [event["competition"], str(event["date"]), f"{event['home']} - {event['away']}"]
        if event["home_score"] is not None:
            words.append(f"{event['home_score']}-{event['away_score']}")
        elif event["winner"]:
            words.append(event["winner"])
        words += [event["score_scope"]] if event["score_scope"] else []
        words += [] if event["status"] in ("played", "scheduled") else [event["status"]]
        for scope in FURTHER_SCOPES:
            home, away = (event[name] for name in score_columns(scope))
            words += [f"{scope} {home}-{away}"] if home is not None else []
        words += [event["surface"]] if event["surface"] else []
        for kind in (*STATISTIC_TYPES, *STANDING_TYPES):
            pair = [event[name] for name in score_columns(kind)]
            known = ["?" if value is None else f"{value:g}" for value in pair]
            words += [f"{kind} {'-'.join(known)}"] if pair != [None, None] else []
        words += [f"game {event['game']}"] if event["game"] else []
        lines.append(" ".join(words))
    for quote in parsed.quotes.iter_rows(named=True):
        line = "" if quote["line"] is None else f"{quote['line']:g} "
        words = [quote["market"], quote["selection"], f"{line}{quote['odds']:g}", quote["bookmaker"], quote["instant"]]
        lines.append(" ".join(words))
    items = parsed.quarantine.filter(pl.col("kind") != "blank").iter_rows(named=True)
    return lines + [f"line {item['line']}: {item['reason']}" for item in items]


@pytest.mark.parametrize("number", range(len(examples())))
def test_an_example_gives_what_the_page_says(number: int) -> None:
    base, part = yaml.safe_load(examples()[0][0]), yaml.safe_load(examples()[number][0])
    if "long" in part or part.get("prices") == []:
        base = {key: value for key, value in base.items() if key != "prices" and (key != "bookmaker" or "long" in part)}
    mapping = {key: value for key, value in {**base, **part}.items() if value != ""}
    _, content, wanted = examples()[number]
    found = shown(read(content, yaml.safe_dump(mapping, sort_keys=False), "data/shop_2024.csv"))
    expected = wanted.splitlines()
    assert len(found) == len(expected), found
    for line, text in zip(found, expected, strict=True):
        assert line.startswith(text), (line, text)


def test_there_are_examples_of_everything() -> None:
    text = " ".join(part for part, _, _ in examples())
    words = (
        "long:",
        "decimal:",
        "header_line:",
        "match:",
        "file:",
        "score:",
        "scores:",
        "names:",
        "team:",
        "records:",
        "facts:",
    )
    assert len(examples()) == 10 and all(word in text for word in words)
