"""The compiled judgement, loaded before the first message: the first bet then takes no longer than the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from engine.kernel.answer import answer_order, worst_odds
from engine.kernel.codes import State
from engine.kernel.record import Row
from engine.live.judgement.account import Account
from engine.live.judgement.judge import Sitting
from engine.live.judgement.offers import Offer, Offers, columns_of_offers
from engine.live.judgement.rules import Rules
from engine.live.judgement.settlement import ending_of


def warm(rules: Rules) -> None:
    """Judge and settle made-up offers on an account of its own; nothing of it is left but compiled code.

    Every compiled function of a runner is called with the types of its arguments there: one that was not would be
    compiled at the first bet, while the lease runs out.

    Parameters
    ----------
    rules : Rules
        Of the promotion; a user's staking rule is compiled too.
    """
    account = Account(rules)
    offer = Offer(1, 1, "1x2", None, "home", "none", "back", 2.0, 0.6, 0.2, 1.0, None, "football", "none")
    offers = (offer, replace(offer, id=2, selection="away", group=1))
    blank = columns_of_offers((), {"quoted": np.zeros(0)}, 1, account.positions)._asdict()
    facts: dict[str, Any] = {name: np.zeros(2, kind.dtype) for name, kind in blank.items()}
    facts |= {"quoted": np.full(2, 2.0), "odds": np.full(2, 2.0), "prob": np.full(2, 0.6), "edge_frac": np.full(2, 0.2)}
    tape = columns_of_offers(offers, facts, 1, account.positions)
    sitting = Sitting(rules, account, Offers(offers, tape, ()), 1, lambda one: (1, True))
    while sitting.next() is not None:
        sitting.refuse("warm")
    rules.kernel.judge_row(tape, sitting.work(), 0, 0.0, rules.params, 0)
    rules.kernel.judge_legs(tape, sitting.work(), 1, 0.0, rules.params, 0)
    account.close_at(2)
    rules.kernel.roll_day(account.cells)
    rules.kernel.settled_pnl(100.0, 0.0, 2.0, ending_of(False, State.WIN, 0.0, 0.0))
    rules.kernel.count_settled(account.cells, 1.0, rules.params.streak_warn)
    rules.kernel.market_commission(0.02, 10.0)
    row = Row(2.0, 2.0, 2.0, 0, 0, 0.0, 0.0, 0.0, 1.0, np.inf, 0.0, 0.0)
    worst_odds(tape.quoted[0], tape.is_lay[0], tape.ladder[0], rules.params)
    answer_order(row, 100.0, rules.params, 1, rules.seed)  # of the paper venue
