"""Imports are idempotent, atomic and deterministic; which rows win, are withdrawn or stay; reading a universe."""

from __future__ import annotations

import dataclasses
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.errors import ConfigurationError, DataError, SourceError, StoreError
from engine.files import exclusive
from engine.schema import ALL_EVENTS, EVENTS, EVENTS_OPTIONAL, QUOTES
from engine.store import Store, Universe, manifest
from engine.store.hashing import FrameHash
from engine.store.writer import lock_file
from tests.engine.store.batches import FakeBatch, batch, league, match

DAY = date(2021, 8, 14)
ROOT = Path(__file__).resolve().parents[3]


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file() and not p.name.startswith(".")
    }


def test_a_store_returns_what_was_imported(tmp_path: Path) -> None:
    made = league("E0", 2021, 40)
    summary = Store.create_or_open(tmp_path / "s").apply([made])
    store = Store.open(tmp_path / "s")
    assert summary.changed and summary.events_new == 40 and summary.quotes_new == made.quotes.height
    assert_frame_equal(store.events().select(list(EVENTS)), made.events.sort("starts_at", "event_id"))
    key = ["event_id", "market", "selection", "bookmaker", "instant"]
    assert_frame_equal(store.quotes().sort(key), made.quotes.sort(key))
    assert dict(store.events().schema) == pl.Schema(ALL_EVENTS) and dict(store.quotes().schema) == pl.Schema(QUOTES)


def test_an_optional_column_is_stored_only_where_it_has_a_value(tmp_path: Path) -> None:
    plain, other = league("E0", 2021, 10), league("E1", 2021, 10)
    corners = pl.int_range(pl.len(), dtype=pl.Int32)
    rich = replace(other, events=other.events.with_columns(home_corners=corners, away_corners=corners + 1))
    store = Store.create_or_open(tmp_path / "s")
    store.apply([plain, rich])
    stored = [set(pl.read_parquet_schema(path)) - set(EVENTS) for path in store.files("events")]
    assert stored == [set(), {"home_corners", "away_corners"}]
    events = store.events()
    empty = events.filter(competition="E0").select(list(EVENTS_OPTIONAL)).null_count()
    assert empty.row(0) == (10,) * len(EVENTS_OPTIONAL)
    assert sorted(events.filter(competition="E1")["away_corners"]) == list(range(1, 11))
    assert store.duckdb().execute("SELECT sum(away_corners), count(home_first_half) FROM events").fetchone() == (55, 0)


def test_a_file_without_a_result_keeps_all_scores_of_the_known_one(tmp_path: Path) -> None:
    rich = batch([match("A", "B", date(2021, 9, 4))])
    rich = replace(rich, events=rich.events.with_columns(score_scope=pl.lit("regulation"), home_first_half=1))
    store = Store.create_or_open(tmp_path / "s")
    store.apply([rich, batch([match("A", "B", date(2021, 9, 4), status="scheduled")], name="two.csv")])
    assert store.events().select("status", "score_scope", "home_first_half").row(0) == ("played", "regulation", 1)


def test_statistics_and_rankings_stay_where_a_later_import_has_none(tmp_path: Path) -> None:
    one = batch([match("A", "B", date(2021, 9, 4))])
    facts = {"home_shots": 7, "home_rank": 3, "away_rank": 9, "surface": pl.lit("clay")}
    rich = replace(one, events=one.events.with_columns(**facts))
    other = replace(
        batch([match("A", "B", date(2021, 9, 4), home_score=5)], name="two.csv"),
        events=one.events.with_columns(home_score=5, home_rank=4),
    )
    store = Store.create_or_open(tmp_path / "s")
    store.apply([rich])
    assert "away_shots" not in pl.read_parquet_schema(store.files("events")[0])
    store.apply([other])
    kept = store.events().select("home_score", "home_shots", "home_rank", "surface", "away_rank").row(0)
    assert kept == (5, 7, 4, "clay", None), "the rank of the other side came from the first file"


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([league("E0", 2021, 40)])
    before = tree(tmp_path)
    summary = store.apply([league("E0", 2021, 40)])
    assert summary.files_known == 1 and not summary.changed
    assert tree(tmp_path) == before
    assert not store.apply([league("E0", 2021, 40)], again=True).changed
    assert tree(tmp_path) == before


def test_files_without_an_identity_are_merged_every_time(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    files = [dataclasses.replace(league(name, 2021, 20), known_by="") for name in ("E0", "E1")]
    assert store.apply(files).files_read == 2
    before = tree(tmp_path)
    again = store.apply(files)
    assert (again.files_read, again.files_known, again.changed) == (2, 0, False)
    assert tree(tmp_path) == before and store.known() == frozenset()


def test_an_older_version_wins_only_with_again(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    old, new = batch([match("A", "B", DAY)], name="old"), batch([match("A", "B", DAY, home_score=2)], name="new")
    store.apply([old, new])
    store.apply([old])
    assert store.events()["home_score"].to_list() == [2]
    store.apply([old], again=True)
    assert store.events()["home_score"].to_list() == [1]


def test_the_same_imports_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        store = Store.create_or_open(tmp_path / name)
        store.apply([league("E0", 2020, 30), league("E1", 2020, 30)])
        store.apply([league("E0", 2021, 30)])
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_the_last_import_wins_and_both_raw_files_stay(tmp_path: Path) -> None:
    raws = [tmp_path / "old.csv", tmp_path / "new.csv"]
    for path in raws:
        path.write_text(path.name)
    store = Store.create_or_open(tmp_path / "s")
    rows = [match("A", "B", DAY)]
    store.apply([batch(rows, name="old.csv", raw=raws[0])])
    newer = batch([match("A", "B", DAY, home_score=2)], name="new.csv", raw=raws[1], factor=3.0)
    summary = store.apply([newer])
    assert (summary.events_new, summary.events_again, summary.quotes_new) == (0, 1, 0)
    assert summary.quotes_again == newer.quotes.height
    assert store.events()["home_score"].to_list() == [2]
    assert sorted(store.quotes()["odds"]) == sorted(newer.quotes["odds"])
    assert sorted(p.name for p in (tmp_path / "s" / "raw").glob("*/*")) == ["new.csv", "old.csv"]


def test_a_newer_file_without_a_result_does_not_erase_a_known_one(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([batch([match("A", "B", DAY, home_score=3)])])
    store.apply([batch([match("A", "B", DAY, status="scheduled")], name="fixtures.csv")])
    event = store.events().row(0, named=True)
    assert (event["status"], event["home_score"], event["winner"]) == ("played", 3, "home")
    assert event["settled_at"] is not None


def test_a_moved_fixture_is_withdrawn_and_named(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    ends = [match("C", "D", DAY - timedelta(days=30)), match("E", "F", DAY + timedelta(days=90))]
    store.apply([batch([match("A", "B", DAY), *ends], name="old.csv")])
    moved = DAY + timedelta(days=20)
    summary = store.apply([batch([match("A", "B", moved), *ends], name="new.csv")])
    assert [(w["home"], w["date"], w["moved_to"]) for w in summary.withdrawn] == [("A", DAY, moved)]
    assert store.events().filter(pl.col("home") == "A")["date"].to_list() == [moved]
    assert store.quotes()["event_id"].n_unique() == 3
    withdrawn = store.withdrawn().row(0, named=True)
    assert withdrawn["date"] == DAY and withdrawn["moved_to"] == moved and withdrawn["n_quotes"] == 32
    store.apply([batch([match("A", "B", DAY), match("A", "B", moved), *ends], name="both.csv")])
    assert store.withdrawn().is_empty() and store.events().height == 4


@pytest.mark.parametrize("basis", ["recorded", "assumed:file_name"])
def test_a_match_that_left_a_list_because_it_was_played_was_not_moved(tmp_path: Path, basis: str) -> None:
    """Two games of a play-off series at one venue. The second pull no longer lists the first game."""
    first, second, other = (match("A", "B", DAY), match("A", "B", DAY + timedelta(days=2)), match("C", "D", DAY))
    for hour, moved in ((16, 0), (14, 1)):  # both games of DAY start at 15:00
        store = Store.create_or_open(tmp_path / str(hour))
        store.apply([batch([first], name="one.csv")])
        pull = batch([other, second], name="two.csv")
        taken = datetime(2021, 8, 14, hour, tzinfo=UTC)
        quotes = pull.quotes.with_columns(
            pl.lit("snapshot").alias("instant"), pl.lit(basis).alias("known_at_basis"),
            pl.lit(taken).cast(pl.Datetime("ns", "UTC")).alias("known_at"),
        ).unique(["event_id", "market", "selection", "bookmaker"])  # fmt: skip
        assert len(store.apply([dataclasses.replace(pull, quotes=quotes)]).withdrawn) == moved


def test_a_fixture_moved_to_another_season_is_withdrawn(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    june, july = date(2020, 6, 20), date(2020, 7, 10)
    store.apply([batch([match("A", "B", june, season="2019-2020")], name="old.csv")])
    rows = [match("C", "D", date(2020, 6, 1), season="2019-2020"), match("A", "B", july, season="2020-2021")]
    assert len(store.apply([batch(rows, name="new.csv")]).withdrawn) == 1
    assert store.events().height == 2


def test_an_event_filed_under_another_season_is_not_duplicated(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([batch([match("A", "B", DAY, season="2021")], name="old.csv", bookmakers=("b365", "bwin"))])
    store.apply([batch([match("A", "B", DAY)], name="new.csv", bookmakers=("b365",))])
    assert store.events()["season"].to_list() == ["2021-2022"]
    assert set(store.quotes()["bookmaker"]) == {"b365", "bwin"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_part_of_a_season_does_not_erase_the_rest(tmp_path: Path, order: tuple[int, int]) -> None:
    whole = league("E0", 2021, 100)
    first = whole.events.sort("date").head(30).to_dicts()
    part = batch([{k: r[k] for k in ("competition", "season", "date", "home", "away")} for r in first], name="part.csv")
    store = Store.create_or_open(tmp_path / "s")
    for i in order:
        assert store.apply([(whole, part)[i]]).withdrawn == []
    assert store.events().height == 100


def test_pairs_that_meet_again_within_sixty_days_stay(tmp_path: Path) -> None:
    twice = [match("A", "B", DAY), match("A", "B", DAY + timedelta(days=30))]
    store = Store.create_or_open(tmp_path / "s")
    store.apply([batch(twice, name="one.csv")])
    assert store.apply([batch(twice, name="two.csv", factor=2.0)]).withdrawn == []
    assert store.events().height == 2


def test_another_source_withdraws_nothing(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([batch([match("A", "B", DAY)])])
    other = [match("C", "D", DAY - timedelta(days=3)), match("A", "B", DAY + timedelta(days=1))]
    assert store.apply([batch(other, source="generic_csv")]).withdrawn == []


def test_a_refused_file_is_reported_and_not_recorded_as_imported(tmp_path: Path) -> None:
    good = league("E0", 2021, 20)
    bad = FakeBatch(**{**vars(league("E1", 2021, 20)), "refused": SourceError("no header")})
    summary = Store.create_or_open(tmp_path / "s").apply([good, bad])
    store = Store.open(tmp_path / "s")
    assert summary.refused == [(bad.name, "no header")]
    assert store.known() == {good.raw_sha256}
    assert store.events()["competition"].unique().to_list() == ["E0"]


def test_quarantine_is_stored_once_per_raw_file(tmp_path: Path) -> None:
    rejected = {"source": "football_data", "file": "one.csv", "raw_file": "x", "line": 7, "kind": "cell",
             "column": "B365H", "value": "0", "reason": "not a price"}  # fmt: skip
    store = Store.create_or_open(tmp_path / "s")
    one = batch([match("A", "B", DAY)], quarantine=[rejected])
    store.apply([one])
    store.apply([one], again=True)
    assert store.quarantine().to_dicts() == [rejected]


EVIL = ["../../up", "/etc/passwd", "a\0b", "..", ".", "", "CON:\\x", "x" * 4000, "=\n\r\x1b[31m", "é/ö%2F..%2e"]


def test_evil_names_never_leave_the_root(tmp_path: Path) -> None:
    rows = [match("A", "B", DAY, competition=name, season=name) for name in EVIL]
    raw = tmp_path / "raw.csv"
    raw.write_text("x")
    store = Store.create_or_open(tmp_path / "in" / "s")
    store.apply([batch(rows, name="../../../evil.csv", raw=raw)])
    assert sorted(Store.open(tmp_path / "in" / "s").events()["competition"]) == sorted(EVIL)
    assert {p.name for p in tmp_path.iterdir()} == {"in", "raw.csv"}
    assert {p.name for p in (tmp_path / "in").iterdir()} == {"s"}
    assert len({manifest.safe(name) for name in EVIL}) == len(EVIL)


def test_a_second_import_at_the_same_time_is_refused(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([league("E0", 2021, 20)])
    busy = StoreError("a second lock")
    with exclusive(lock_file(tmp_path / "s"), busy), pytest.raises(StoreError, match="another import is writing"):
        store.apply([league("E1", 2021, 20)])


KILLED = """
import sys
from engine.store import Store
from tests.engine.store.batches import league
store = Store.create_or_open(sys.argv[1])
print("go", flush=True)
store.apply([league(f"L{i}", 2021, 60) for i in range(30)])
"""


@pytest.mark.slow
def test_a_killed_import_leaves_the_old_or_the_new_store(tmp_path: Path) -> None:
    root = tmp_path / "s"
    Store.create_or_open(root).apply([league("E0", 2021, 20)])
    old = frame_hash(Store.open(root).events())
    seen = set()
    for delay in (0.05, 0.15, 0.25, 0.4, 0.6):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(root)], cwd=ROOT, stdout=subprocess.PIPE)
        assert child.stdout is not None and child.stdout.readline() == b"go\n"
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        store = Store.open(root)
        store.verify()
        seen.add(store.events().height)
        assert store.events().height in {20, 1820}
        if store.events().height == 20:
            assert frame_hash(store.events()) == old
    store = Store.open(root)
    store.apply([league(f"L{i}", 2021, 60) for i in range(30)])
    expected = {*store.manifest.files, "manifest.json", ".lock", ".verified.json"}
    assert {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()} == expected
    clean = Store.create_or_open(tmp_path / "clean")
    clean.apply([league("E0", 2021, 20)])
    clean.apply([league(f"L{i}", 2021, 60) for i in range(30)])
    assert tree(root) == tree(tmp_path / "clean")


def test_a_full_disk_is_reported_in_one_line_and_leaves_the_old_store(tmp_path: Path) -> None:
    root = tmp_path / "s"
    store = Store.create_or_open(root)
    store.apply([league("E0", 2021, 20)])
    before = tree(root)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, hard))
    try:
        with pytest.raises(StoreError, match="cannot be written") as caught:
            store.apply([league("E1", 2021, 300)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(caught.value) and "old store is intact" in str(caught.value)
    assert tree(root) == before and Store.open(root).events().height == 20


def test_a_universe_opens_only_the_files_it_needs(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([league("E0", 2020, 40), league("E0", 2021, 40), league("E1", 2021, 40)])
    store = Store.open(tmp_path / "s")
    for damaged in store.manifest.entries("quotes"):
        if damaged.competition == "E1":
            (tmp_path / "s" / damaged.path).unlink()
    wanted = Universe(competitions=("E0",), seasons=("2021-2022",), markets=("1x2",), bookmakers=("pinnacle",))
    assert store.events(wanted).height == 40
    assert store.quotes(wanted).height == 40 * 6
    dated = Universe(competitions=("E0",), first_date=date(2021, 9, 1), last_date=date(2021, 12, 31))
    events = store.events(dated)
    assert 0 < events.height < 40
    assert set(store.quotes(dated)["event_id"]) == set(events["event_id"])
    with pytest.raises(StoreError, match="damaged"):
        store.quotes()


@pytest.mark.parametrize(
    ("universe", "hint"),
    [
        (Universe(bookmakers=("pinacle",)), "pinnacle"),
        (Universe(competitions=("e0",)), "E0"),
        (Universe(seasons=("2021-22",)), "2021-2022"),
        (Universe(markets=("total",)), "totals"),
        (Universe(instants=("opening",)), "open"),
    ],
)
def test_a_wrong_name_is_reported_with_the_most_similar_known_name(
    tmp_path: Path, universe: Universe, hint: str
) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([league("E0", 2021, 20)])
    for read in (store.events, store.quotes):
        with pytest.raises(ConfigurationError, match=f"expected .*{hint}"):
            read(universe)


def test_an_empty_universe_is_an_error_and_not_an_empty_frame(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([league("E0", 2021, 20), league("E1", 2020, 20)])
    nowhere = Universe(competitions=("E0",), seasons=("2020-2021",))
    with pytest.raises(DataError, match="no event is left"):
        store.events(nowhere)
    with pytest.raises(DataError, match="no quote is left"):
        store.quotes(nowhere)
    first, last = store.events()["date"].min(), store.events()["date"].max()
    with pytest.raises(DataError, match=f"expected dates from {first} to {last}, found first_date=2031-01-01"):
        store.events(Universe(first_date=date(2031, 1, 1)))
    with pytest.raises(ConfigurationError):
        Universe(first_date=date(2022, 1, 1), last_date=date(2021, 1, 1))
    with pytest.raises(ConfigurationError):
        Universe(bookmakers=())
    with pytest.raises(ConfigurationError):
        Universe(bookmakers="b365")  # type: ignore[arg-type]


def frame_hash(*pieces: pl.DataFrame) -> str:
    total = FrameHash()
    for piece in pieces:
        total.add(piece)
    return total.hexdigest()


def test_the_hash_of_a_frame_depends_on_its_content_only() -> None:
    frame = league("E0", 2021, 40).quotes
    want = frame_hash(frame)
    assert frame_hash(pl.concat([frame[:7], frame[7:]], rechunk=False)) == want
    assert frame_hash(frame.with_columns(pl.col("bookmaker").cast(pl.Categorical))) == want
    changed = frame.with_columns(pl.when(pl.int_range(pl.len()) == 9).then(1.5).otherwise("odds").alias("odds"))
    assert len({want, frame_hash(changed), frame_hash(frame[1:]), frame_hash(frame.reverse())}) == 4
    nothing, empty = pl.DataFrame({"a": [None]}, schema={"a": pl.String}), pl.DataFrame({"a": [""]})
    assert frame_hash(nothing) != frame_hash(empty)
    with pytest.raises(TypeError):
        frame_hash(pl.DataFrame({"a": [[1]]}))
    for cut in (0, 1, 7, frame.height):
        assert frame_hash(frame[:cut], frame[cut:]) == want
    with pytest.raises(ValueError, match="same columns"):
        frame_hash(frame, nothing)


def test_a_missing_store_an_empty_store_and_another_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        Store.open(tmp_path / "none")
    Store.create_or_open(tmp_path / "s").apply([])
    with pytest.raises(StoreError, match="empty"):
        Store.open(tmp_path / "s")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("x")
    with pytest.raises(StoreError, match="something else"):
        Store.create_or_open(tmp_path / "photos")
    with pytest.raises(StoreError, match="not a folder"):
        Store.create_or_open(tmp_path / "photos" / "cat.jpg")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up rights")
def test_a_user_without_write_permission_can_read_but_not_import(tmp_path: Path) -> None:
    root = tmp_path / "s"
    Store.create_or_open(root).apply([league("E0", 2021, 20)])
    code = (
        "import os, sys\nfrom engine.errors import StoreError\nfrom engine.store import Store\n"
        "from tests.engine.store.batches import league\nmade = league('E1', 2021, 20)\n"
        "os.setgid(65534); os.setuid(65534)\nstore = Store.open(sys.argv[1])\n"
        "assert store.events().height == 20\n"
        "try: store.apply([made])\nexcept StoreError as e: print(e)\n"
    )
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", code, str(root)], cwd=ROOT, capture_output=True, text=True)
    assert "cannot be written" in done.stdout and done.stdout.count("\n") == 1, done.stderr
