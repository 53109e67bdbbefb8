"""Our coming events: those of the store and of recordings, of one sport, within some days."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from shutil import copytree

import polars as pl
import pytest

from engine.clock import DAY_NS
from engine.errors import UsageError
from engine.live.adapters.registry import Coverage
from engine.live.clock import WorldClock
from engine.live.ledger.settings import LedgerSettings
from engine.live.linking.contract import Theirs
from engine.live.linking.propose import Offered, Selection
from engine.live.linking.store import open_links
from engine.logs.secrets import Secrets
from engine.paths import sample_store
from engine.store.store import Store
from research.trading import linking
from research.trading.linking import coming, propose_links, surroundings
from research.trading.settings import live_settings


@pytest.fixture()
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    """The events of a home with the embedded sample as its store."""
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    copytree(sample_store(), tmp_path / "data" / "store")
    frame = Store.open(str(tmp_path / "data" / "store")).events()
    return frame.with_columns(pl.col("starts_at").cast(pl.Int64).alias("starts_ns"))


def test_coming_events_are_those_of_the_days_and_the_sport(events: pl.DataFrame) -> None:
    sport, competition = events["sport"][0], events["competition"][0]
    now_ns = int(events["starts_ns"].median())  # type: ignore[arg-type]
    found = coming(Coverage(sport, (competition,)), now_ns, 5)
    wanted = [
        (row["event_id"], row["home"], row["away"], row["starts_ns"])
        for row in events.iter_rows(named=True)
        if row["competition"] == competition and now_ns <= row["starts_ns"] <= now_ns + 5 * DAY_NS
    ]
    assert wanted and {(one.event_id, one.home, one.away, one.starts_ns) for one in found} == set(wanted)


@pytest.mark.parametrize(("sport", "competition"), [("chess", ()), ("football", ("No Such League",))])
def test_nothing_to_link_is_one_line(events: pl.DataFrame, sport: str, competition: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="no coming event to link"):
        coming(Coverage(sport, competition), int(events["starts_ns"][0]), 7)


def test_a_catalogue_is_compared_and_kept(events: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, row = WorldClock(), events.row(0, named=True)
    clock.sleep_ns(row["starts_ns"] - DAY_NS)
    home = Selection("1x2", None, "home", Theirs("9", "1.5", "47972", 0.0))
    offered = Offered("9", row["home"].upper(), row["away"], row["starts_ns"], "", (home,))
    catalogue: Callable[..., list[Offered]] = lambda name, settings, coverage, around: [offered]  # noqa: E731
    monkeypatch.setattr(linking, "open_catalogue", catalogue)
    monkeypatch.setattr(linking, "SystemClock", lambda: clock)
    with closing(open_links(LedgerSettings(), clock)) as store:
        proposal, put = propose_links("betfair", Coverage(row["sport"]), live_settings(), store, days=2)
        assert (put.new, len(proposal.links), proposal.links[0].ours.event_id) == (1, 1, row["event_id"])
        assert [one.link for one in store.links("betfair")] == list(proposal.links)


def test_what_an_adapter_opens_is_closed_last_first(capsys: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as stack:
        around = surroundings(Secrets(), stack, dry_run=True)
        around.at_end(lambda: around.show("first\x1b[2J"))
        around.at_end(lambda: around.show("second"))
    assert capsys.readouterr().out.splitlines()[0] == "second" and around.dry_run
