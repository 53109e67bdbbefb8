"""Models fitted while trading: the calendar, equal decisions to the backtest's, and hashes in the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from engine.asof.view import build_view
from engine.clock import DAY_NS
from engine.errors import ConfigurationError, DataError
from engine.live.judgement.models import Calendar, Learning, Model, artifact_hash
from engine.live.ledger.entries import Entry, Kind
from engine.schema import OPPORTUNITIES
from engine.strategy import History, Requirement, Strategy, View
from research.features.running_draws import RunningDraws
from research.tapes.features import Featured
from research.tapes.fitting import Past, opportunities
from research.tapes.past import calendar_of_fits
from tests.live.ledger.entries import recorded
from tests.property.markets import world

DAYS = ("2024-01-05", "2024-01-09", "2024-01-16")


@dataclass(frozen=True)
class Flat:
    """Every home price at one probability."""

    name: ClassVar[str] = "flat"
    prob: float

    def requires(self) -> Requirement:
        return Requirement(("1x2",))

    def opportunities(self, view: View) -> pl.DataFrame:
        rows = view.quotes.filter(pl.col("selection") == "home", pl.col("bookmaker") == "aaa", pl.col("side") == "back")
        return rows.with_columns(prob=pl.lit(self.prob)).select(list(OPPORTUNITIES))


@dataclass(frozen=True)
class Learns:
    """The share of home wins; or, where it is `shaky`, another number at each fit."""

    name: ClassVar[str] = "learns"
    shaky: bool = False

    def requires(self) -> Requirement:
        return Requirement(("1x2",), features=("running_draws",))

    def fit(self, history: History, until: int) -> Strategy:
        assert history.features["running_draws"].height == history.quotes.n_unique(["decided_at", "event_id"])
        won = history.events["winner"].drop_nulls() == "home"
        return Flat(float(won.mean() or 0.5) * 0.9 + (np.random.default_rng().random() / 10 if self.shaky else 0.0))


def market() -> tuple[pl.DataFrame, View]:
    events, quotes = world(12, 60)
    view = build_view(events, quotes.filter(pl.col("market") == "1x2"))
    return events.with_columns(pl.col("settled_at").dt.cast_time_unit("ns")), view


def model(entries: list[Entry], learner: Any = None, refit: str = "fold") -> Model:
    events, view = market()
    past = Past(events, Featured((RunningDraws(10),), events).of(view))
    calendar = calendar_of_fits(DAYS, refit, "UTC")
    return Learning(learner or Learns(), calendar, past.before).model(entries.append)


def backtested(days: tuple[str, ...]) -> pl.DataFrame:
    spec: Any = type("Spec", (), {"fit_at": days, "zone": "UTC", "strategy": "learns", "strategy_file": None})
    events, view = market()
    return opportunities(spec, Learns(), events, [view], Featured((RunningDraws(10),), events))


@pytest.mark.parametrize("refit", ["fold", "1d"])
def test_decision_by_decision_it_offers_what_the_backtest_offers(refit: str) -> None:
    first = dt.date(2024, 1, 5)
    daily = tuple((first + dt.timedelta(days=number)).isoformat() for number in range(40))
    _, view = market()
    entries: list[Entry] = []
    live = model(entries, refit=refit)
    instants = view.quotes["decided_at"].unique().sort().to_list()
    single = [live.opportunities(View(view.quotes.filter(pl.col("decided_at") == instant))) for instant in instants]
    whole = backtested(DAYS if refit == "fold" else daily)
    assert whole.height > 50 and len(entries) == (3 if refit == "fold" else 16)
    assert whole["prob"].n_unique() == (3 if refit == "fold" else 15)
    assert pl.concat(single).sort(pl.all()).equals(whole.sort(pl.all()))
    assert model([], refit=refit).opportunities(view).sort(pl.all()).equals(whole.sort(pl.all())), "all at once, too"
    assert [entry.key for entry in entries] == [f"artifact:{entry.at_ns}" for entry in entries]
    assert all(entry.kind == Kind.ARTIFACT and len(entry.body["hash"]) == 64 for entry in entries)


def test_a_fit_after_a_restart_must_give_the_hash_of_the_ledger() -> None:
    _, view = market()
    entries: list[Entry] = []
    model(entries).opportunities(view)
    again: list[Entry] = []
    restarted = model(again)
    for entry in [*entries, Entry(Kind.STOPPED, "stopped:1", 1)]:
        restarted.apply(recorded(entry))
    assert restarted.opportunities(view).height and not again and len(entries) == 3
    shaky = model(again, Learns(shaky=True))
    for entry in entries:
        shaky.apply(recorded(entry))
    with pytest.raises(DataError, match="another one"):
        shaky.opportunities(view)


def test_a_calendar_gives_the_last_fit_at_or_before_a_decision() -> None:
    calendar = Calendar((10, 20))
    assert [calendar.last(at) for at in (9, 10, 19, 20, 10**18)] == [None, 10, 10, 20, 20]
    daily = Calendar((DAY_NS,), is_daily=True)
    assert [daily.last(at) for at in (DAY_NS - 1, DAY_NS, 5 * DAY_NS + 7)] == [None, DAY_NS, 5 * DAY_NS]
    summer = calendar_of_fits(("2024-03-30",), "1d", "Europe/London")
    assert summer.last(1712361600 * 10**9) == 1712358000 * 10**9, "1 am in London is midnight in UTC"
    assert not calendar_of_fits(DAYS, "season", "UTC").is_daily


@dataclass(frozen=True)
class Holds:
    value: Any


@dataclass
class Library:
    text: str

    def artifact(self) -> bytes:
        return self.text.encode()


FRAME = pl.DataFrame({"a": [1.0, 2.0]})
DIFFERENT = [
    0.1, 0.1 + 2**-56, 1, 1.0, True, "1", None, (1,), ("1",), [], {}, {"a": 1}, {"a": 1.0}, b"1", dt.date(2024, 1, 1),
    PurePath("1"), np.array([1.0]), np.array([[1.0]]), np.array([1]), np.float32(0.1), FRAME, FRAME * 2, Holds(1),
    Library("a"), Library("b"), {1: "a"}, {"1": "a"},
]  # fmt: skip


def test_artifacts_have_one_hash_each() -> None:
    hashes = [artifact_hash(Holds(value)) for value in DIFFERENT]
    assert len(set(hashes)) == len(DIFFERENT) and all(len(text) == 64 for text in hashes)
    again: Callable[[Any], Any] = lambda value: value.copy() if isinstance(value, np.ndarray) else value  # noqa: E731
    assert hashes == [artifact_hash(Holds(again(value))) for value in DIFFERENT]
    assert artifact_hash(Holds({"a": 1, "b": 2})) == artifact_hash(Holds({"b": 2, "a": 1}))
    assert artifact_hash(replace(Holds(np.arange(4)[::2]))) == artifact_hash(Holds(np.array([0, 2])))
    text = b'["dataclass","Holds",{"value":["float","0x1.999999999999ap-4"]}]'
    assert artifact_hash(Holds(0.1)) == hashlib.blake2b(text, digest_size=32).hexdigest()
    with pytest.raises(ConfigurationError, match=r"Holds.value\[1\].*found object"):
        artifact_hash(Holds([1, object()]))
    with pytest.raises(ConfigurationError, match="without a hash"):
        artifact_hash(object())
