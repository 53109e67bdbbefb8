"""The compiled judgement, loaded before the first message: the first bet then takes no longer than the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.kernel.answer import answer_order
from engine.kernel.codes import State
from engine.kernel.record import Row
from engine.live.account import Account
from engine.live.judge import Sitting
from engine.live.offers import Offer, Offers, columns_of_offers
from engine.live.rules import Rules
from engine.live.settlement import ending_of


def warm(rules: Rules) -> None:
    """Judge and settle one made-up offer on an account of its own; nothing of it is left but compiled code.

    Parameters
    ----------
    rules : Rules
        Of the promotion; a user's staking rule is compiled too.
    """
    account = Account(rules)
    offer = Offer(1, 1, "1x2", None, "home", "none", "back", 2.0, 0.6, 0.2, 1.0, None, "football", "none")
    blank = columns_of_offers((), {"quoted": np.zeros(0)}, 1, account.positions)._asdict()
    facts: dict[str, Any] = {name: np.zeros(1, kind.dtype) for name, kind in blank.items()}
    facts |= {"quoted": np.full(1, 2.0), "odds": np.full(1, 2.0), "prob": np.full(1, 0.6), "edge_frac": np.full(1, 0.2)}
    tape = columns_of_offers((offer,), facts, 1, account.positions)
    sitting = Sitting(rules, account, Offers((offer,), tape, ()), 1, lambda one: (1, True))
    if sitting.next() is not None:
        sitting.refuse("warm")
    account.close_at(2)
    rules.kernel.roll_day(account.cells)
    rules.kernel.settled_pnl(100.0, 0.0, 2.0, ending_of(False, State.WIN, 0.0, 0.0))
    rules.kernel.count_settled(account.cells, 1.0, rules.params.streak_warn)
    rules.kernel.market_commission(0.02, 10.0)
    row = Row(2.0, 2.0, 2.0, 0, 0, 0.0, 0.0, 0.0, 1.0, np.inf, 0.0, 0.0)
    answer_order(row, 100.0, rules.params, 1, rules.seed)  # of the paper venue
