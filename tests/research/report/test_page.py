"""The page as text: order, sentences for every empty case, hostile names, nothing loaded from outside, size."""

from __future__ import annotations

import base64
import doctest
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest

from research.report import charts
from research.report.page import page
from research.report.sentences import statement, warnings
from research.report.text import visible
from tests.research.report.made import bets, configuration, daily, metrics, reasons, report, results

#: hostile names: markup, the end of a script, attributes, formulas, control and direction-changing characters
EVIL = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    '=HYPERLINK("http://evil.example","win")',
    "<!--<script>",
    "\u202eFC evil\u2066\x00\x1b[31m\u2028\u2029",
    "${alert(1)}`{{7*7}}]]>&lt;svg/onload=alert(1)>",
)


class Reader(HTMLParser):
    """Elements, attributes and visible text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        elif self.inside != "style":
            self.text.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


@pytest.fixture(scope="module")
def made() -> str:
    return page(report())


def test_the_sections_are_in_order(made: str) -> None:
    marks = [
        "<h1>",
        'class="reading"',
        'class="tried"',
        'id="manifest"',
        'class="notes"',
        'id="headline"',
        'id="board"',
    ]
    marks += ['data-figure="equity"', 'data-figure="yield-season"', 'data-figure="funnel"', 'id="map"', 'id="command"']
    places = [made.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_same_data_give_the_same_bytes(made: str) -> None:
    assert page(report()) == made


def test_nothing_is_loaded_from_outside(made: str) -> None:
    reader = read(made)
    for tag, attributes in reader.tags:
        assert tag not in {"iframe", "object", "embed", "base", "form", "img"}, tag
        for name, value in attributes.items():
            assert not name.startswith("on") and name != "style", (tag, name)
            if name in {"src", "href", "action", "data", "poster"}:
                assert value in {"data:,", "manifest.json"} or (value or "").startswith("#"), (tag, value)
    style = re.findall(r"<style>(.*?)</style>", made, re.S)[0]
    assert "url(" not in style and "@import" not in style
    assert "http://" not in made and "https://" not in made


def test_the_policy_allows_only_this_style_and_these_scripts(made: str) -> None:
    policy = next(a["content"] or "" for t, a in read(made).tags if t == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy
    texts = [*re.findall(r"<style>(.*?)</style>", made, re.S), *re.findall(r"<script>(.*?)</script>", made, re.S)]
    for text in texts:
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert len(re.findall("'sha256-", policy)) == len(texts) == 9


@pytest.mark.slow
def test_hostile_names_stay_text() -> None:
    log = bets(800, competitions=EVIL).with_columns(
        pl.Series("bookmaker", [EVIL[k % 8] for k in range(800)]),
        pl.Series("season", [EVIL[k % 8] for k in range(800)]),
    )
    data = report()
    board = results(names=EVIL)
    path = configuration(int(board["config"][0]), log, **{"strategy.name": EVIL[1]})
    manifest = {**data.manifest, "command": ["bea", "sweep", *EVIL], "notes": list(EVIL)}
    manifest["data"] = {**data.facts, "sources": list(EVIL), "store": EVIL[1], "known_at_basis": [EVIL[0]]}
    made = page(replace(data, run=EVIL[1], results=board, selected=(path,), manifest=manifest))
    plain = read(page(report()))
    reader = read(made)
    assert {tag for tag, _ in reader.tags} <= {tag for tag, _ in plain.tags}
    assert len(reader.scripts) == len(plain.scripts) == 9
    assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)
    assert "\u202e" not in made and "\x00" not in made and "\x1b" not in made
    packed = json.loads(reader.scripts[0])
    texts = next(one for one in packed["parameters"] if one["key"] == "strategy.name")["texts"]
    assert {visible(name) for name in EVIL} <= set(texts)
    assert any("alert(1)" in text for text in reader.text)


def no_bets(**counts: int) -> Any:
    log = bets().clear()
    return replace(configuration(3, log), reasons=reasons(**counts), metrics=metrics(log), daily=daily(log))


CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no bets": (
        {"selected": (no_bets(edge=900),)},
        ["Not one of the 400 configurations placed a bet.", "The funnel below"],
    ),
    "no opportunities": (
        {"selected": (no_bets(),)},
        ["The strategy found no opportunity in this data.", "There was no opportunity to bet."],
    ),
    "all refused by breakers": (
        {"selected": (no_bets(breaker_streak=70, breaker_drawdown=30),)},
        ["A breaker refused every opportunity", "Breakers refused 100.0"],
    ),
    "one configuration": (
        {"results": results(1), "keys": (), "selected": (configuration(1),)},
        [
            "The configuration has a yield of",
            "this run searched nothing",
            "earlier trials on these events count too",
        ],
    ),
    "one without bets": (
        {"results": results(1), "keys": (), "selected": (no_bets(edge=5),)},
        ["The configuration placed no bets."],
    ),
    "no closing line": (
        {"selected": (configuration(3, bets().with_columns(clv=pl.lit(None, pl.Float64))),)},
        ["No bet has a closing price to compare with."],
    ),
    "one day": (
        {"selected": (replace(configuration(3, bets(30, days=1)), daily=daily(bets(30, days=1), days=1)),)},
        ["in 1 day;"],
    ),
    "one bet": ({"selected": (configuration(3, bets(1)),)}, ["over 1 bet on 1 event, too few for an interval."]),
    "nothing stored": ({"selected": ()}, ["No bets were stored."]),
    "empty manifest": ({"manifest": {}}, ["bea show 0123456789ab"]),
    "no end known": (
        {
            "selected": (
                replace(
                    configuration(3, bets(50).with_columns(pnl_minor=pl.lit(None, pl.Int64), state=pl.lit("unknown"))),
                    metrics={**metrics(bets(50)), "n_open": 50, "yield": 0.0, "pnl_minor": 0, "clv_mean": None},
                ),
            )
        },
        ["without a known result", "all 50 of #3"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_empty_cases_are_put_into_words(case: str) -> None:
    changes, words = CASES[case]
    made = page(report(**changes))
    text = re.sub(r"\s+", " ", " ".join(read(made).text))
    for word in words:
        assert word in text, word
    assert not re.search(r"\b(NaN|nan|None|null|undefined|inf)\b", text)
    assert "nan" not in re.sub(r'"data":"[^"]*"', "", made).replace("NaN", "")


def test_the_headline_has_its_interval() -> None:
    head, reading = statement(report())
    assert "The best of 400 configurations" in head and "90% interval" in head and " to " in head
    assert "In sample" in reading and "400" in reading and "corrects" in reading


@pytest.mark.parametrize(
    ("shift", "words"), [(-0.9, "below zero"), (0.0, "contains zero"), (1.5, "above zero, but the best of many")]
)
def test_the_reading_follows_the_interval(shift: float, words: str) -> None:
    log = bets(900, days=900)
    moved = log.with_columns((pl.col("pnl_minor") + (pl.col("stake_minor") * shift)).cast(pl.Int64))
    fair = (
        moved.with_columns(pnl_minor=pl.col("pnl_minor") - pl.col("pnl_minor").mean().cast(pl.Int64))
        if not shift
        else moved
    )
    _, reading = statement(report(selected=(configuration(3, fair),)))
    assert words in reading


def test_caveats_are_listed() -> None:
    half = pl.when(pl.int_range(1200) < 600)
    log = bets().with_columns(
        half.then(pl.lit("close")).otherwise(pl.lit("open")).alias("instant"),
        pl.lit("max").alias("bookmaker"),
        half.then(True).otherwise(False).alias("suspect"),
    )
    path = configuration(3, log)
    path = replace(path, metrics={**path.metrics, "commission_minor": 77})
    data = report(selected=(path,))
    manifest = {**data.manifest, "notes": ["a line was moved"], "data": {**data.facts, "sources": ["simulator"]}}
    found = dict(warnings(replace(data, manifest=manifest)))
    assert set(found) == {
        "Simulated", "Not executable", "Aggregate price", "Suspect prices", "Assumed times", "Commission", "Note",
    }  # fmt: skip
    assert "600 of 1,200 of #3" in found["Not executable"]
    assert "00:00 UTC on the day of the match" in found["Assumed times"]
    facts = {**data.facts, "known_at_basis": ["recorded"], "settled_at_basis": ["recorded"]}
    assert warnings(report(manifest={**data.manifest, "data": facts})) == []


@pytest.mark.slow
def test_pages_stay_light(made: str) -> None:
    assert len(made.encode()) < 800_000
    large = page(report(count=20_000))
    assert len(large.encode()) < 3_000_000


def test_examples_of_the_charts() -> None:
    assert doctest.testmod(charts).failed == 0
