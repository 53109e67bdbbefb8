"""A promotion that may be traded no more, put together so far as its open bets ask for."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Final

from engine.live.ledger.opening import look
from engine.live.running.fold import StatusFold
from engine.live.running.winding import Idle
from engine.promotion import load
from research.promotion.deployed import Deployed, deploy
from research.trading.history import REPLAY, STORE, Wish
from research.trading.settings import LiveSettings

#: what is read of a history on which nothing is open
_ANY_MARKET: Final = "1x2"


def to_settle(name: str, settings: LiveSettings, wish: Wish) -> tuple[Deployed, Wish]:
    """What `research.trading.setup.compose` takes to settle the open bets of a promotion, and to do nothing else.

    The promotion is not held against time, data, code or its demotion; its signature is. Its strategy and its staking
    rule are not loaded. The history is read from the store as it is today, or from a recording.

    Parameters
    ----------
    name : str
    settings : LiveSettings
    wish : Wish

    Raises
    ------
    PromotionError
        There is no such promotion, or it was edited.
    LedgerError
        There is no ledger, or it cannot be read.
    """
    promotion, fold = load(name), StatusFold()
    with closing(look(name, settings=settings.ledger)) as ledger:
        for recorded in ledger.entries():
            fold.apply(recorded)
    bets = fold.status(name).open_bets
    markets = tuple(sorted({bet.market for bet in bets})) or (_ANY_MARKET,)
    events = tuple(sorted({bet.event_id for bet in bets}))
    feed = STORE if wish.feed == REPLAY else wish.feed
    return deploy(promotion, instead=Idle(markets)), replace(wish, feed=feed, settles=events)
