"""What a promotion fixes for a runner: the rules of the judgement, and the history that a replay gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.clock import SECOND_NS, day_start
from engine.errors import ConfigurationError, EmptyUniverseError
from engine.live.judgement.models import Learning
from engine.live.judgement.rules import Rules, opening_deposits
from engine.live.ledger.entries import Entry, Kind
from engine.promotion import Promotion
from engine.store.store import Store
from engine.store.universe import Universe
from engine.strategy import Learner, Strategy
from engine.tape.unresolved import Unresolved, prepared
from research.config.tape_spec import TapeSpec
from research.drift.heard import played
from research.promotion.deployed import Deployed
from research.tapes.builder import Tapes, open_store
from research.tapes.past import calendar_of_fits, past_of
from research.tapes.unresolved import latest_of

#: feeds by name; anything else is a file
REPLAY: Final = "replay"
STORE: Final = "store"
#: the venue of a ledger that does not name one
PAPER: Final = "paper"


@dataclass(frozen=True)
class Wish:
    """How a promotion is to be run.

    Attributes
    ----------
    feed : str
        ``replay``: the data of the backtest. ``store``: what the store holds today.
    speed : float
        Instants of the world for one of the machine; 0: as fast as it goes.
    first, last : date or None
        Only events that start from `first` on and before `last`, in the zone of the promotion.
    settles : tuple of int or None
        Nothing is traded: only bets on these events are settled. None: it trades.
    listens : bool
        `feed` is the name of one that listens to the world.
    """

    feed: str = REPLAY
    speed: float = 0.0
    first: date | None = None
    last: date | None = None
    settles: tuple[int, ...] | None = None
    listens: bool = False

    def plain(self) -> dict[str, Any]:
        """As plain JSON, for the STARTED entry."""
        dates = {"from": self.first and self.first.isoformat(), "until": self.last and self.last.isoformat()}
        return {"speed": self.speed, **{name: text for name, text in dates.items() if text}}


def rules_of(deployed: Deployed, window_s: int) -> Rules:
    """What the promotion fixes for the judgement.

    Parameters
    ----------
    deployed : Deployed
    window_s : int
        `RunnerSettings.window_s`.
    """
    return replace(deployed.rules, window_ns=window_s * SECOND_NS)


@dataclass(frozen=True)
class Recorded:
    """History of a replay.

    Attributes
    ----------
    events : polars.DataFrame
        As a tape settles them.
    quotes : polars.DataFrame
        That the feed gives: those that the strategy may see, and closing prices.
    prices : polars.DataFrame
        At which the paper venue fills: those, and later ones where the configuration has a delay.
    results : polars.DataFrame
        All events of the universe, also of before the replay: what features are made of.
    """

    events: pl.DataFrame
    quotes: pl.DataFrame
    prices: pl.DataFrame
    results: pl.DataFrame


def history_of(deployed: Deployed, wish: Wish) -> Recorded:
    """The part of the store that a replay gives; with a recording, also what the store lacks of it.

    Raises
    ------
    EmptyUniverseError
        The store holds nothing of it.
    DataError
        There is no recording, or it is damaged.
    """
    inputs, spec = deployed.inputs, deployed.spec
    store = open_store(spec.store)
    events = store.events(inputs.visible)
    rule = Unresolved(**dict(spec.unresolved))
    events = results = prepared(events, rule, latest_of(store, events, rule))
    for bound, keeps in ((wish.first, pl.Expr.ge), (wish.last, pl.Expr.lt)):
        if bound is not None:
            start = pl.col("starts_at").cast(pl.Int64)
            events = events.filter(keeps(start, pl.lit(day_start(bound, spec.zone))))
    if wish.settles is not None:
        events = events.filter(pl.col("event_id").is_in(list(wish.settles)))
    elif events.is_empty():
        raise EmptyUniverseError("no event between these days", where="--from, --until", todo="see `bea data info`")

    def quotes_of(universe: Universe) -> pl.DataFrame:
        return store.quotes(universe).join(events.select("event_id"), on="event_id", how="semi")

    quotes = quotes_of(inputs.visible)
    seen = pl.concat([quotes, *_closing(store, spec, quotes_of, inputs.closing)], how="diagonal").unique(
        maintain_order=True
    )
    found = Recorded(events, seen, quotes if inputs.later is None else quotes_of(inputs.later), results)
    return found if wish.listens or wish.feed in (REPLAY, STORE) else _with_recording(found, Path(wish.feed))


def _with_recording(history: Recorded, path: Path) -> Recorded:
    """A history with the events of a recording that the store lacks: the paper venue fills at their prices, too."""
    events, quotes = played(path)
    new = events.join(history.results.select("event_id"), on="event_id", how="anti")
    if new.is_empty():
        return history
    prices = quotes.join(new.select("event_id"), on="event_id", how="semi")
    return replace(
        history,
        events=pl.concat([history.events, prepared(new)], how="diagonal_relaxed"),
        prices=pl.concat([history.prices, prices], how="diagonal_relaxed"),
    )


def _closing(
    store: Store, spec: TapeSpec, read: Callable[[Universe], pl.DataFrame], universe: Universe
) -> list[pl.DataFrame]:
    """Closing prices that bets are measured against, where the store has any."""
    if not any(spec.clv_bookmaker in entry.bookmakers for entry in store.manifest.entries("quotes")):
        return []
    try:
        return [read(universe)]
    except EmptyUniverseError:
        return []


def strategy_of(deployed: Deployed) -> Strategy | Learning:
    """What decides: the strategy, or its models, fitted on the days of the promotion's calendar."""
    learner, spec = deployed.strategy, deployed.spec
    if not isinstance(learner, Learner):
        return learner
    calendar = calendar_of_fits(spec.fit_at, str(deployed.settings["validation.refit"]), spec.zone)
    return Learning(learner, calendar, past_of(Tapes(), spec).before)


def check_tradable(deployed: Deployed) -> None:
    """Raise `ConfigurationError` for what a runner does not do yet."""
    if deployed.inputs.cash_out.on:
        raise ConfigurationError(
            "cash-out is not traded", where=deployed.promotion.name, expected="execution.cash_out_* null",
            todo="promote a configuration that holds its bets",
        )  # fmt: skip


def opened_entry(promotion: Promotion, venue: str = PAPER) -> Entry:
    """The first entry of a ledger: what it is for, once and for all.

    Parameters
    ----------
    promotion : Promotion
    venue : str
        Name of a real venue, or `PAPER`.
    """
    body = {
        "promotion": promotion.digest,
        "name": promotion.name,
        "currency": promotion.currency,
        "mode": promotion.mode,
        "zone": promotion.zone,
        "bankroll_minor": int(promotion.settings["bankroll_minor"]),
    } | ({} if venue == PAPER else {"venue": venue})
    return Entry(Kind.OPENED, "opened", 0, body=body)


def deposits(deployed: Deployed, rules: Rules) -> list[Entry]:
    """The opening bankroll as deposits: one, or one for each wallet."""
    return opening_deposits(rules, _bookmakers(deployed))


def _bookmakers(deployed: Deployed) -> list[str]:
    """Bookmakers in the order in which the backtest met them; only wallets ask for it."""
    if not deployed.configuration.wallets:
        return []
    return Tapes().tape(deployed.spec).bookmaker_names
