"""Betfair's historical files: each line counted, prices as they were offered, results as the exchange states them."""

from __future__ import annotations

import bz2
import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.source.batch import Parsed
from engine.source.betfair.history import read_file
from engine.source.quarantine import Origin
from engine.source.read import read_files
from engine.store import Store

START = 1_650_000_000_000
NAMES = {1: "Arsenal", 2: "Leeds", 3: "The Draw"}


def definition(**fields: Any) -> dict[str, Any]:
    """A definition of a match."""
    runners = [{"id": n, "name": name, "sortPriority": n, "status": "ACTIVE"} for n, name in NAMES.items()]
    known = {
        "marketType": "MATCH_ODDS", "bettingType": "ODDS", "eventTypeId": "1", "eventName": "Arsenal v Leeds",
        "countryCode": "GB", "marketTime": "2022-04-15T05:30:00.000Z", "status": "OPEN", "inPlay": False,
        "numberOfWinners": 1, "runners": runners,
    }  # fmt: skip
    return known | fields


def race(*runners: tuple[int, str] | tuple[int, str, float, str], **fields: Any) -> dict[str, Any]:
    """A definition of a race."""
    rows: list[dict[str, Any]] = []
    for number, status, *removed in runners:
        row = {"id": number, "status": status, "sortPriority": number}
        rows.append(row | (dict(zip(("adjustmentFactor", "removalDate"), removed, strict=True)) if removed else {}))
    return definition(marketType="WIN", eventTypeId="7", venue="Ascot", runners=rows, **fields)


def message(second: float, *changes: dict[str, Any], market: str = "1.1", **fields: Any) -> dict[str, Any]:
    """A message so many seconds after the start of the file."""
    return {
        "op": "mcm", "clk": "A", "pt": START + round(second * 1000),
        "mc": [{"id": market, **change} for change in changes],
    } | fields  # fmt: skip


def best(runner: int, back: float, size: float = 10.0, **fields: Any) -> dict[str, Any]:
    """A change of one runner: what can be backed, and laid a little above."""
    return {"rc": [{"id": runner, "batb": [[0, back, size]], "batl": [[0, back + 0.5, size]], **fields}]}


def read(tmp_path: Path, *lines: dict[str, Any] | bytes) -> Parsed:
    """Read lines of a file."""
    path = tmp_path / "1.1"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    parsed = read_file(path, Origin("betfair_history", path.name, "0"))
    assert parsed.counts.add_up and parsed.counts.rows_read == len(lines)
    assert parsed.counts.rows_quarantined == parsed.quarantine.filter(pl.col("kind") == "row").height
    return parsed


def prices(parsed: Parsed, **wanted: Any) -> list[tuple[float, float, float | None]]:
    """Seconds after the start of the file, odds and size in hundredths."""
    rows = parsed.quotes.filter(*(pl.col(name) == value for name, value in wanted.items()))
    at = (rows["known_at"].cast(pl.Int64) // 1_000_000 - START).cast(pl.Float64) / 1000.0
    return list(zip(at.to_list(), rows["odds"].to_list(), rows["size_minor"].to_list(), strict=True))


def test_the_best_price_is_written_when_it_changes_and_a_size_once_a_minute(tmp_path: Path) -> None:
    seconds = [(0, 2.0, 10), (0.4, 2.1, 10), (0.6, 2.2, 10), (1.2, 2.2, 11), (5, 2.2, 50), (70, 2.2, 60)]
    changes = [message(at, best(1, odds, size)) for at, odds, size in seconds]
    parsed = read(tmp_path, message(0, {"marketDefinition": definition()}), *changes)
    found = prices(parsed, selection="home", side="back")
    assert found == [(0.0, 2.0, 1000.0), (1.2, 2.2, 1100.0), (70.0, 2.2, 6000.0)]
    assert prices(parsed, selection="home", side="lay")[0] == (0.0, 2.5, 1000.0)


def test_no_price_of_a_suspended_market_and_prices_in_play_are_marked(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        message(0, {"marketDefinition": definition()}, best(1, 2.0)),
        message(10, {"marketDefinition": definition(status="SUSPENDED")}),
        message(20, best(1, 3.0)),
        message(30, {"marketDefinition": definition(inPlay=True)}),
    )
    assert prices(parsed, side="back", instant="snapshot") == [(0.0, 2.0, 1000.0)]
    assert prices(parsed, side="back", instant="in_play") == [(30.0, 3.0, 1000.0)]


def test_a_price_that_outlives_the_turn_in_play_is_written_again(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        message(0, {"marketDefinition": definition()}, best(1, 2.0)),
        message(0.5, {"marketDefinition": definition(inPlay=True)}),
    )
    assert prices(parsed, side="back", instant="in_play") == [(0.5, 2.0, 1000.0)]


def test_a_new_image_of_the_stream_forgets_the_markets_that_are_not_in_it(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        message(0, {"marketDefinition": definition()}, best(1, 2.0)),
        message(5, {"marketDefinition": race((7, "ACTIVE"))}, market="1.2", ct="SUB_IMAGE"),
        message(9, best(1, 3.0)),
    )
    assert prices(parsed, side="back") == [(0.0, 2.0, 1000.0)]
    rows = parsed.quarantine.filter(pl.col("kind") == "row")
    assert rows["reason"].to_list() == [
        "passed over: a change of a market that is not known before its next definition"
    ]


def test_an_image_replaces_the_book(tmp_path: Path) -> None:
    image = {"img": True, "marketDefinition": definition(), "rc": [{"id": 1, "atb": [[1.5, 4]]}]}
    parsed = read(tmp_path, message(0, {"marketDefinition": definition()}, best(1, 2.0)), message(9, image))
    assert prices(parsed, side="back") == [(0.0, 2.0, 1000.0), (9.0, 1.5, 400.0)]


def test_lines_are_used_passed_over_or_refused_each_with_its_name(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        message(0, best(1, 2.0)),
        message(1, {"marketDefinition": definition()}),
        {"op": "mcm", "pt": START, "ct": "HEARTBEAT", "clk": "B"},
        {"op": "ocm", "pt": START},
        message(2, {"rc": [{"id": "x"}]}),
        message(3, best(1, 2.0)),
        message(4, {"marketDefinition": definition(marketType="NEXT_MANAGER")}, market="1.2"),
        {"op": "mcm", "mc": [{"id": "1.1"}]},
        b"[1]",
        b'{"op": "mcm", "pt": 16500000',
    )
    rows = parsed.quarantine.filter(pl.col("kind") == "row")
    assert rows.select("line", "reason").rows() == [
        (1, "passed over: a change of a market before its definition"),
        (3, "passed over: a message without a change (heartbeat)"),
        (4, "passed over: a message of another kind: 'ocm'"),
        (5, "refused: no id of a runner"),
        (6, "passed over: a change of a market that is not known before its next definition"),
        (7, "passed over: a market of the type NEXT_MANAGER"),
        (8, "refused: a message without the instant at which it was published"),
        (9, "refused: no message"),
        (10, "refused: half a line"),
    ]


def test_bytes_that_are_not_packed_as_their_name_says_are_named(tmp_path: Path) -> None:
    path = tmp_path / "junk.bz2"
    path.write_bytes(b"\x00\xffno message\n")
    parsed = read_file(path, Origin("betfair_history", path.name, "0" * 64))
    assert set(parsed.quarantine.select("kind", "reason").rows()) == {
        ("row", "refused: no JSON"),
        ("flag", "the name says packed, the bytes are not: read as plain text"),
    }


def test_a_match_has_the_winner_that_its_runners_say(tmp_path: Path) -> None:
    runners = [{"id": n, "name": NAMES[n], "status": "WINNER" if n == 2 else "LOSER"} for n in NAMES]
    parsed = read(
        tmp_path,
        message(0, {"marketDefinition": definition()}),
        message(9_000, {"marketDefinition": definition(status="CLOSED", runners=runners)}),
    )
    event = parsed.events.row(0, named=True)
    assert [event[name] for name in ("home", "away", "status", "winner")] == ["Arsenal", "Leeds", "played", "away"]
    assert event["settled_at"] == datetime.fromtimestamp(START / 1000 + 9_000, UTC)


def test_asian_lines_are_those_of_the_home_side_on_both_selections(tmp_path: Path) -> None:
    runners = [
        {"id": n, "hc": hc, "name": NAMES[n], "sortPriority": 1, "status": "ACTIVE"}
        for n, hc in ((1, -0.25), (2, 0.25), (1, 0.5), (2, -0.5))
    ]
    fields = {"marketType": "ASIAN_HANDICAP", "bettingType": "ASIAN_HANDICAP_DOUBLE_LINE", "runners": runners}
    changes = [{"rc": [{"id": r["id"], "hc": r["hc"], "batb": [[0, 1.9, 5]]} for r in runners]}]
    parsed = read(tmp_path, message(0, {"marketDefinition": definition(**fields)}, *changes))
    found = parsed.quotes.select("line", "selection").rows()
    assert found == [(-0.25, "home"), (-0.25, "away"), (0.5, "home"), (0.5, "away")]


@pytest.mark.parametrize(
    ("kind", "names", "expected"),
    [
        ("OVER_UNDER_25", ("Under 2.5 Goals", "Over 2.5 Goals"), [("totals", "under", 2.5), ("totals", "over", 2.5)]),
        ("BOTH_TEAMS_TO_SCORE", ("Yes", "No"), [("btts", "yes", None), ("btts", "no", None)]),
        ("CORRECT_SCORE", ("1 - 0", "Any Other Home Win"), [("correct_score", "1-0", None)]),
        ("DOUBLE_CHANCE", ("Home or Draw", "Home or Away"), [("double_chance", n, None) for n in ("1x", "12")]),
    ],
)
def test_further_markets_are_read_by_the_names_of_their_runners(
    tmp_path: Path, kind: str, names: tuple[str, ...], expected: list[tuple[str, str, float | None]]
) -> None:
    runners = [{"id": n, "name": name, "sortPriority": n, "status": "ACTIVE"} for n, name in enumerate(names, 1)]
    changes = [best(n, 3.0) for n in range(1, len(names) + 1)]
    parsed = read(tmp_path, message(0, {"marketDefinition": definition(marketType=kind, runners=runners)}, *changes))
    quotes = parsed.quotes.filter(pl.col("side") == "back")
    assert quotes.select("market", "selection", "line").rows() == expected
    assert parsed.events["status"].to_list() == ["scheduled"]


def finish(tmp_path: Path, *runners: Any, **fields: Any) -> str | None:
    """What is stored of a race that ended so."""
    parsed = read(tmp_path, message(0, {"marketDefinition": race(*runners, status="CLOSED", **fields)}))
    value = parsed.events["winner_finish"][0]
    return value if value is None else str(value)


def test_runners_end_as_the_last_definition_says(tmp_path: Path) -> None:
    removed = (9, "REMOVED", 12.5, "2022-04-15T05:00:00.000Z")
    ns = 1_649_998_800_000_000_000
    assert finish(tmp_path, (7, "WINNER"), (8, "LOSER"), removed) == f"7:won 8:lost 9:void removed:{ns}:0.125"
    assert finish(tmp_path, (7, "WINNER"), (8, "WINNER"), (9, "LOSER")) == "7:won 8:won 9:lost share:0.5"
    tied = finish(tmp_path, (7, "WINNER"), (8, "WINNER"), (9, "WINNER"), numberOfWinners=2)
    assert tied == "7:tied 8:tied 9:tied"


def test_a_file_without_a_final_status_has_no_result_and_is_named(tmp_path: Path) -> None:
    parsed = read(tmp_path, message(0, {"marketDefinition": race((7, "ACTIVE"))}))
    assert parsed.events.select("status", "settled_at", "winner_finish").row(0) == ("scheduled", None, None)
    assert parsed.quarantine["reason"].to_list() == ["the file ends before the market is settled"]


def test_recordings_go_through_with_nothing_lost(reference_dir: Path, tmp_path: Path) -> None:
    """All 14,076 lines; results and starting prices as another reader found them, winners among them."""
    folder = reference_dir / "data" / "betfair" / "stream"
    expected = json.loads((reference_dir / "reference" / "other_sources_results.json").read_bytes())["betfair_stream"]
    batches = {Path(batch.name).name: batch for batch in read_files("betfair_history", [folder])}
    assert set(batches) == set(expected) and not any(batch.refused for batch in batches.values())
    assert sum(batch.counts.rows_read for batch in batches.values()) == 14_076
    for name, batch in batches.items():
        assert batch.counts.rows_kept == batch.counts.rows_read == expected[name]["n_lines"]
        assert batch.counts.prices_kept == batch.counts.prices_read == batch.quotes.height
        (market,) = expected[name]["markets"].values()
        before = batch.quotes.filter(pl.col("bookmaker") == "betfair_traded", pl.col("instant") == "snapshot")
        last = dict(before.sort("known_at", maintain_order=True).select("selection", "odds").iter_rows())
        starting = batch.quotes.filter(pl.col("bookmaker") == "betfair_sp", pl.col("side") == "back")
        words = " ".join(batch.events["winner_finish"].fill_null("") + batch.events["place_finish"].fill_null(""))
        found = dict(starting.select("selection", "odds").iter_rows())
        if market["market_type"] == "MATCH_ODDS":
            assert last == {"home": 1.96, "away": 2.0}
            continue
        ends = {"WINNER": "won", "LOSER": "lost", "REMOVED": "void"}
        assert all(f"{runner['id']}:{ends[runner['status']]}" in words.split() for runner in market["runners"])
        assert found == {str(r["id"]): r["bsp"] for r in market["runners"] if r["bsp"] is not None}
        wanted = {str(r["id"]): r["ltp_before_in_play"] for r in market["runners"] if r["ltp_before_in_play"]}
        assert {runner: last[runner] for runner in wanted} == wanted


def test_archives_repeated_markets_and_cut_files_in_the_store(tmp_path: Path) -> None:
    lines = [message(0, {"marketDefinition": race((7, "ACTIVE"), (8, "ACTIVE"))}, best(7, 3.0), best(8, 1.6))]
    lines += [message(n, best(7, 3.0 + n / 10)) for n in range(2, 200, 2)]
    whole = b"\n".join(json.dumps(line).encode() for line in lines)
    packed = bz2.compress(whole)
    with tarfile.open(tmp_path / "month.tar", "w") as archive:
        for name, content in (("a/1.1.bz2", packed), ("b/1.1.bz2", packed + b""), ("cut.bz2", packed[:-20])):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    store = Store.create_or_open(tmp_path / "store")
    summary = store.apply(read_files("betfair_history", [tmp_path / "month.tar"]))
    assert summary.counts["rows_read"] == summary.counts["rows_kept"] >= 100
    assert store.quotes().height == summary.quotes_new == 2 * 100 + 2
    cut = [reason for _, reason in summary.reasons if "cut off" in reason]
    assert len(cut) == 1 and not summary.refused
