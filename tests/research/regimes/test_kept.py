"""Days that are kept from fit to fit are those that one look at the whole history gives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl
import pytest

from engine.asof.closing import fair_closing
from engine.asof.view import build_view
from engine.clock import DAY_NS
from engine.strategy import History
from research.regimes import kept
from research.regimes.kept import days_before
from research.regimes.series import day_series
from research.strategies.regime_gated import Placed
from research.strategies.value import Value
from tests.property.markets import world

EVENTS, QUOTES = world(3, 60)
VIEW = build_view(EVENTS, QUOTES)
CLOSING = fair_closing(EVENTS, QUOTES, "pinnacle")
SETTLED, DECIDED = (pl.col(name).dt.cast_time_unit("ns").cast(pl.Int64) for name in ("settled_at", "decided_at"))
DAYS = range(int(VIEW.quotes["decided_at"].min().timestamp()) // 86_400 + 1, 19_750)  # type: ignore[union-attr, call-arg]
BETS = Placed(Value(price="aaa"))


def history(day: int, quotes: pl.DataFrame = VIEW.quotes, events: pl.DataFrame = EVENTS) -> History:
    """What was known at the start of a day."""
    return History(events.filter(day * DAY_NS > SETTLED), quotes.filter(day * DAY_NS > DECIDED), closing=CLOSING)


def whole(day: int, given: History, bets: Placed | None) -> pl.DataFrame:
    placed = None if bets is None else bets(given)
    return day_series(given.events, given.quotes, "1x2", placed).filter(pl.col("day") < day)


@pytest.mark.parametrize("bets", [None, BETS], ids=["prices", "bets"])
def test_days_of_one_fit_after_another_are_those_of_one_look(
    bets: Placed | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(kept, "_kept", [])
    monkeypatch.setattr(kept, "day_series", lambda *given: (seen.append(given[1].height), day_series(*given))[1])
    for day in [*DAYS, DAYS[5], DAYS[-1], DAYS[0]]:  # a second gate begins again with the first fit
        assert days_before(history(day), "1x2", day, bets).equals(whole(day, history(day), bets)), day
    assert len(seen) == len(DAYS) and max(seen[1:]) < 0.6 * VIEW.quotes.height, "only what is new is looked at"
    assert days_before(history(DAYS[-1]), "1x2", DAYS[-1], bets)["clv"].is_not_nan().sum() > 0 or bets is None


def test_another_history_is_looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_kept", [])
    day = DAYS[-1]
    days_before(history(day - 3), "1x2", day - 3)
    dearer = VIEW.quotes.with_columns(pl.when(DAYS[3] * DAY_NS > DECIDED).then(pl.col("odds") * 1.01).otherwise("odds"))
    turned = EVENTS.with_columns(winner=pl.when(pl.col("event_id") < 9).then(pl.lit("draw")).otherwise("winner"))
    for quotes, events in ((dearer, EVENTS), (VIEW.quotes, turned)):
        given = history(day, quotes, events)
        assert days_before(given, "1x2", day).equals(whole(day, given, None))
    given = history(day)
    assert days_before(given, "totals", day).equals(day_series(given.events, given.quotes, "totals"))
    assert len(kept._kept) == 4
    for market in ("btts", "moneyline"):
        days_before(given, market, day)
    assert len(kept._kept) == 4, "the oldest is forgotten"


@dataclass(frozen=True)
class Silent(Value):
    """Without an offer, and without columns."""

    def opportunities(self, view: object) -> pl.DataFrame:
        return pl.DataFrame()


def test_the_bets_of_a_strategy_are_the_first_offers_with_an_edge_at_the_closing_price() -> None:
    given = history(DAYS[-1])
    found = BETS(given)
    expected = []
    close = {row[:4]: row[4] for row in CLOSING.iter_rows()}
    for row in BETS.base.opportunities(VIEW).sort("decided_at", "event_id", "selection").iter_rows(named=True):
        key = (row["event_id"], row["market"], row["line"], row["selection"])
        if (
            row["decided_at"].timestamp() < DAYS[-1] * 86_400
            and row["prob"] * row["odds"] > 1
            and key not in dict(expected)
        ):
            expected.append((key, row["odds"]))
    values = sorted((key[0], odds * close[key] - 1) for key, odds in expected if key in close)
    assert found.rows() == [(event, pytest.approx(value)) for event, value in values] and len(values) > 20
    assert Placed(Silent())(given).is_empty() and BETS(replace(given, closing=None)).is_empty()
