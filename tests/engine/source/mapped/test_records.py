"""JSON documents: nested lists, paths, one object a line, documents that are not what the mapping says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.errors import SourceError
from tests.engine.source.mapped.reading import read


def event(**more: Any) -> dict[str, Any]:
    return {
        "id": "1", "sport_key": "basketball_x", "commence_time": "2026-04-17T23:40:00Z",
        "home_team": "Bulls", "away_team": "Heat", **more,
    }  # fmt: skip


def book(key: str, **markets: list[tuple[str, float, float | None]]) -> dict[str, Any]:
    return {
        "key": key,
        "markets": [
            {
                "key": name,
                "last_update": "2026-04-16T18:57:37Z",
                "outcomes": [
                    {"name": n, "price": p, **({} if point is None else {"point": point})} for n, p, point in outcomes
                ],
            }
            for name, outcomes in markets.items()
        ],
    }


ODDS = [
    event(
        bookmakers=[
            book(
                "dk",
                h2h=[("Heat", 1.57, None), ("Bulls", 2.45, None)],
                spreads=[("Heat", 1.89, -3.5), ("Bulls", 1.93, 3.5)],
                totals=[("Over", 1.93, 218.5), ("Under", 1.89, 218.5)],
            ),
            book("ex", h2h=[("Heat", 1.6, None)], h2h_lay=[("Heat", 1.65, None)], player_points=[("X", 2.0, 1.5)]),
        ]
    ),
    event(id="2", home_team="Nets", away_team="Jazz", bookmakers=[]),
]


def test_a_document_with_bookmakers_markets_and_outcomes() -> None:
    parsed = read(json.dumps(ODDS), "the_odds_api")
    columns = ("bookmaker", "market", "selection", "line", "side", "odds")
    assert parsed.quotes.select(columns).rows() == [
        ("dk", "moneyline", "away", None, "back", 1.57),
        ("dk", "moneyline", "home", None, "back", 2.45),
        ("ex", "moneyline", "away", None, "back", 1.6),
        ("ex", "moneyline", "away", None, "lay", 1.65),
        ("dk", "asian_handicap", "away", 3.5, "back", 1.89),
        ("dk", "asian_handicap", "home", 3.5, "back", 1.93),
        ("dk", "totals", "over", 218.5, "back", 1.93),
        ("dk", "totals", "under", 218.5, "back", 1.89),
    ]
    assert parsed.events.select("home", "competition", "sport").rows() == [
        ("Bulls", "basketball_x", "basketball"),
        ("Nets", "basketball_x", "basketball"),
    ]
    assert parsed.quarantine["reason"].to_list() == ["unknown market: 'player_points'"] and parsed.counts.flags == 0


def test_the_envelope_of_the_historical_endpoint_gives_the_time() -> None:
    document = {"timestamp": "2026-04-16T19:00:00Z", "data": ODDS}
    parsed = read(json.dumps(document), "the_odds_api")
    assert set(parsed.quotes["known_at"].dt.hour()) == {19} and parsed.quotes.height == 8
    one = read(json.dumps({"timestamp": "2026-04-16T19:00:00Z", "data": ODDS[0]}), "the_odds_api")
    assert one.events.height == 1 and one.quotes.height == 8
    assert read(json.dumps(ODDS[0]), "the_odds_api").quotes.height == 8


def test_scores_by_the_names_of_the_teams() -> None:
    scores = [{"name": "Heat", "score": "126"}, {"name": "Bulls", "score": "127"}]
    documents = [
        event(completed=True, scores=scores),
        event(id="2", home_team="Nets", completed=False, scores=scores[:1]),
    ]
    parsed = read(json.dumps(documents), "the_odds_api")
    assert parsed.events.select("home_score", "away_score", "score_scope", "status").rows() == [
        (127, 126, "with_overtime", "played"),
        (None, None, None, "scheduled"),
    ]
    assert parsed.quarantine["reason"].to_list() == ["no record has a price: only the events are read"]


PLAIN = """
records: {list: games}
sport: {value: football}
competition: /league.name
home: teams[0].name
away: teams[1].name
start: {column: at, format: unix}
home_score: "scores[kind='full'].home"
away_score: "scores[kind='full'].away"
bookmaker: {value: b}
prices:
  - {column: odds.1, market: 1x2, selection: home}
"""


def plain(**more: Any) -> dict[str, Any]:
    game = {
        "teams": [{"name": "A"}, {"name": "B"}], "at": 1700000000, "odds": {"1": 1.1},
        "scores": [{"kind": "half", "home": 0, "away": 1}, {"kind": "full", "home": 2, "away": 1}], **more,
    }  # fmt: skip
    return {"league": {"name": "L"}, "games": [game]}


def test_paths_with_places_and_selected_items() -> None:
    parsed = read(json.dumps(plain()), PLAIN)
    assert parsed.events.select("competition", "home", "away", "home_score", "raw_line").row(0) == ("L", "A", "B", 2, 1)
    assert parsed.quotes["odds"].to_list() == [1.1]
    twice = plain(scores=[{"kind": "full", "home": 1, "away": 1}] * 2)
    assert read(json.dumps(twice), PLAIN).events["status"].to_list() == ["scheduled"]  # which one is not known


def test_an_object_in_place_of_a_list() -> None:
    mapping = PLAIN.replace("{list: games}", "{list: games, each: [books]}")
    mapping = mapping[: mapping.index("bookmaker")] + (
        "bookmaker: books.@key\nprices:\n  - {column: books.home, market: 1x2, selection: home}\n"
    )
    parsed = read(json.dumps(plain(books={"one": {"home": 1.5}, "two": {"home": 1.6}})), mapping)
    assert parsed.quotes.select("bookmaker", "odds").rows() == [("one", 1.5), ("two", 1.6)]


LINES = """
records: {}
sport: {value: football}
competition: {value: L}
home: h
away: a
start: {column: d}
bookmaker: {value: b}
prices:
  - {column: p, market: 1x2, selection: home}
"""


def test_one_object_a_line() -> None:
    text = '{"d":"2024-01-10","h":"A","a":"B","p":2.0}\n\n{"d":"2024-01-11","h":"A","a":"B","p":"3.1"}\n{"d":"20\n[1]\n'
    parsed = read(text, LINES)
    assert parsed.events["raw_line"].to_list() == [1, 3] and parsed.quotes["odds"].to_list() == [2.0, 3.1]
    assert parsed.quarantine.filter(kind="row").select("line", "reason").rows() == [
        (4, "a line that is not JSON"),
        (5, "a record that is not an object"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("d,h,a\n", "not a JSON document"),
        ('[{"d":"2024-01-10"', "not a JSON document"),
        ('[{"d":"2024-01-10","d":"2024-01-11"}]', "occurs twice"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"d":"2024-01-10","h":"A","b":"B"}]', "no value in any record: expected a"),
        ('{"message":"quota reached"}', "no value in any record|no list of records"),
        ("", "not a JSON document"),
    ],
)
def test_a_wrong_document_is_refused(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(text, LINES)


def test_a_document_without_its_list_is_refused() -> None:
    with pytest.raises(SourceError, match=r"no list of records: expected data, found keys message"):
        read('{"message":"quota reached"}', "the_odds_api")


def test_a_broken_price_is_named() -> None:
    for cell in ('"1,85"', "NaN", "true", "[1]", '"\\ufffd"'):
        parsed = read(f'[{{"d":"2024-01-10","h":"A","a":"B","p":{cell}}}]', LINES)
        assert parsed.quotes.is_empty() and parsed.quarantine.height >= 1


@pytest.mark.slow
def test_real_documents(reference_dir: Path) -> None:
    files = sorted((reference_dir / "data" / "the_odds_api").rglob("*.json"))
    parsed = [read(path.read_bytes(), "the_odds_api", path.name) for path in files]
    assert len(files) == 15 and sum(p.counts.rows_quarantined for p in parsed) == 0
    assert sum(p.counts.prices_kept for p in parsed) == 16_030
    assert sum(p.counts.prices_quarantined for p in parsed) == 1  # a price of 1
    lays = pl.concat(p.quotes for p in parsed).filter(side="lay")
    assert set(lays["market"]) == {"1x2", "moneyline"}


def test_half_a_character_is_a_broken_one_and_costs_its_row_only() -> None:
    odds = [event(bookmakers=[book("dk", h2h=[("Heat", 1.57, None), ("\ud800", 2.45, None)])])]
    parsed = read(json.dumps(odds), "the_odds_api")
    assert parsed.quotes["odds"].to_list() == [1.57]
    assert parsed.quarantine["reason"].to_list() == ["a character that cannot be read: a broken byte"]
