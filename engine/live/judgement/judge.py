"""The judgement of a runner: the opportunities of one instant, one after another, by the kernel of the backtest.

A proposal is sent before the next opportunity is decided, so that each one sees what the ones before it took. The last
reason of a decision is the answer of the venue, as in the walk.

After a restart in the midst of an instant the same opportunities come again. Bets of that instant that are on record
are taken out of the account first and put back when it is their turn, so every decision sees what it saw before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import polars as pl

from engine.kernel.answer import worst_odds
from engine.kernel.codes import REASONS, Reason
from engine.live.bets.intent import intent_key
from engine.live.judgement.account import Account
from engine.live.judgement.offers import Offer, Offers, offers_of
from engine.live.judgement.positions import INTENDED, Bet, Standing
from engine.live.judgement.rules import Rules
from engine.live.ledger.entries import Entry, Kind
from engine.live.venue import Order

_PENDING: Final = -1
_PLACED: Final = int(Reason.PLACED)
_STAKE_MINIMUM: Final = REASONS[Reason.STAKE_MINIMUM]
#: codes beside those of the kernel, for legs of a group that cannot be bet
_STALE: Final = 100
_WORDS: Final = {_STALE: "stale"}


class Prices(Protocol):
    """What a judgement reads of the market (`engine.live.feeds.market.Market`)."""

    def event_of(self, event_id: int) -> tuple[str, str, bool]:
        """Sport and competition of an event, and whether its result is known."""
        ...

    def quoted_at(self, offer: Offer) -> tuple[int, bool]:
        """When the quote in force of an offer became known, UTC nanoseconds, and whether it may be bet at."""
        ...


@dataclass(frozen=True)
class Leg:
    """One bet of a proposal.

    Attributes
    ----------
    order : Order
    facts : mapping
        What its INTENDED entry holds beside the order: sport, competition, prob, edge_frac, stake_weight,
        quote_known_at_ns, position, seed.
    """

    order: Order
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Proposal:
    """One bet, or the legs of a group, that the judgement wants to place: all of them or none."""

    legs: tuple[Leg, ...]


class Judge:
    """Judges the opportunities of a promotion.

    Parameters
    ----------
    rules : Rules
    account : Account
        An observer of the journal.
    prices : Prices
    """

    def __init__(self, rules: Rules, account: Account, prices: Prices) -> None:
        self.rules, self.account, self.prices = rules, account, prices

    def sit(self, instant_ns: int, opportunities: pl.DataFrame) -> Sitting:
        """Begin the decisions of an instant. All of them are made in one sitting.

        Parameters
        ----------
        instant_ns : int
            UTC nanoseconds. Settlements of this instant are booked.
        opportunities : polars.DataFrame
            What the strategy returned for the view of this instant.

        Raises
        ------
        TapeError
            The strategy broke its contract.
        """
        offers = offers_of(opportunities, instant_ns, self.rules, self.account.positions, self.prices.event_of)
        return Sitting(self.rules, self.account, offers, instant_ns, self.prices.quoted_at)


class Sitting:
    """The decisions of one instant.

    Call `next` until it returns None. After each proposal either the journal has written what became of its legs, or
    `refuse` was called.
    """

    def __init__(
        self,
        rules: Rules,
        account: Account,
        offers: Offers,
        instant_ns: int,
        quoted_at: Callable[[Offer], tuple[int, bool]],
    ) -> None:
        self._rules, self._account, self._offers, self._instant_ns = rules, account, offers, instant_ns
        self._kernel, n = rules.kernel, len(offers.rows)
        self._base = account.decisions_at(instant_ns)
        self._reasons: list[str] = [""] * n
        self._keys = [intent_key(rules.digest, offer.id) for offer in offers.rows]
        self._stakes: list[int] = [0] * n
        quotes = [quoted_at(offer) for offer in offers.rows]
        self._known = [known for known, _ in quotes]
        rows = {name: np.zeros(n) for name in ("stake", "backer", "pnl", "equity")}
        self._rows: dict[str, Any] = {**rows, "reason": np.zeros(n, np.int8), "passing": np.zeros(n, np.int64)}
        self._kernel.screen_rows(offers.tape, self.work(), rules.params)
        self._reason_codes = self._rows["reason"]
        for i in range(n):
            if not quotes[i][1] and self._reason_codes[i] == _PENDING:
                self._reason_codes[i] = _STALE
        self._suspended = self._suspend()
        self._at, self._last = 0, range(0)

    def work(self) -> Any:
        """The arrays that the kernel works on."""
        return self._account.positions.work._replace(account=self._account.cells, **self._rows)

    def _suspend(self) -> dict[str, float]:
        locks = {}
        for key in self._keys:
            bet = self._account.bets.get(key)
            if bet is not None and bet.standing is Standing.OPEN:
                locks[key] = bet.locked
                self._account.suspend(bet)
        return locks

    def next(self) -> Proposal | None:
        """The next bet or group to send; None at the end of the instant."""
        self._conclude()
        while self._at < len(self._offers.rows):
            first = self._at
            is_group = bool(self._offers.tape.group[first] >= 0)
            proposed = self._judge_group(first) if is_group else self._judge_one(first)
            legs = range(first, self._at)
            if any(self._keys[i] in self._account.bets for i in legs):  # on record since before a restart
                self._resume(legs)
                proposed = any(self._account.bets[self._keys[i]].word == INTENDED for i in legs)
                if not proposed:
                    self._conclude()
                    continue
            if proposed:
                self._last = legs
                return Proposal(tuple(self._leg(i, is_group) for i in legs))
            for i in legs:
                self._reasons[i] = _word(self._reason_codes[i])
        return None

    def refuse(self, reason: str) -> None:
        """Nothing of the last proposal is sent; `reason` is one word."""
        for i in self._last:
            self._reasons[i] = reason
        self._last = range(0)

    def _judge_one(self, i: int) -> bool:
        self._at = i + 1
        if self._reason_codes[i] != _PENDING:
            return False
        reason, stake, backer = self._judged(i, arrives_later=self._rules.delay_ns > 0)
        self._reason_codes[i] = reason
        self._rows["stake"][i], self._rows["backer"][i] = stake, backer
        return bool(reason == _PLACED)

    def _judged(self, i: int, *, arrives_later: bool) -> tuple[int, float, float]:
        tape, params = self._offers.tape, self._rules.params
        found: tuple[int, float, float] = self._kernel.judge_row(
            tape, self.work(), i, self._base, params, int(arrives_later)
        )
        return found

    def _judge_group(self, first: int) -> bool:
        tape, rules, later = self._offers.tape, self._rules, int(self._rules.delay_ns > 0)
        last, is_sent = self._kernel.judge_legs(tape, self.work(), first, self._base, rules.params, later)
        self._at = int(last)
        return bool(is_sent)

    def _resume(self, legs: range) -> None:
        """Put the locks of bets back that are on record since before a restart; those never sent are proposed again."""
        for i in legs:
            key = self._keys[i]
            if key in self._suspended:
                self._account.resume(self._account.bets[key], self._suspended.pop(key))
        self._last = legs

    def _conclude(self) -> None:
        """Take the answers of the last proposal as the reasons of its decisions."""
        for i in self._last:
            bet = self._account.bets.get(self._keys[i])
            self._reasons[i] = bet.word if bet is not None else "not_sent"
            if bet is not None and bet.standing is not Standing.REFUSED:
                self._stakes[i] = int(bet.locked)
            elif bet is not None and bet.word == _STAKE_MINIMUM and self._offers.tape.is_lay[i]:
                self._reasons[i] = self._at_filled(i, bet)
        self._last = range(0)

    def _at_filled(self, i: int, bet: Bet) -> str:
        """The reason of a lay that is too small at the price on arrival: what bound its stake, as in the walk."""
        self._offers.tape.filled[i] = bet.arrived_odds
        reason, _, _ = self._judged(i, arrives_later=False)
        return bet.word if reason == _PLACED else _word(reason)

    def _leg(self, i: int, is_group: bool) -> Leg:
        offer, tape, rules = self._offers.rows[i], self._offers.tape, self._rules
        stake, backer = self._rows["stake"][i], self._rows["backer"][i]
        order = Order(
            key=self._keys[i],
            opportunity_id=offer.id,
            event_id=offer.event_id,
            market=offer.market,
            line=offer.line,
            selection=offer.selection,
            bookmaker=offer.bookmaker,
            side=offer.side,
            odds=offer.odds,
            odds_worst=self._worst(i),
            stake_minor=int(stake),
            backer_minor=int(backer),
            decided_at_ns=self._instant_ns,
            expires_ns=self._instant_ns + rules.window_ns,
            group=f"{offer.event_id}:{self._instant_ns}:{offer.group}" if is_group else "",
        )
        facts = {
            "sport": offer.sport,
            "competition": offer.competition,
            "prob": offer.prob,
            "edge_frac": float(tape.edge_frac[i]),
            "stake_weight": offer.stake_weight,
            "quote_known_at_ns": self._known[i],
            "position": i,
            "seed": rules.seed,
        }
        return Leg(order, facts)

    def _worst(self, i: int) -> float:
        """The worst odds at which the venue may fill: the tolerance and the slippage of the configuration."""
        tape = self._offers.tape
        return float(worst_odds(tape.quoted[i], tape.is_lay[i], tape.ladder[i], self._rules.params))

    def decisions(self) -> list[dict[str, Any]]:
        """Every decision of the instant with its reason, plain JSON, in the order of the tape; refused rows last."""
        rows = [self._decision(i) for i in range(len(self._offers.rows))]
        for offer, reason in self._offers.refused:
            rows.append(_plain(offer) | {"reason": reason, "stake_minor": 0, "key": None, "position": len(rows)})
        return rows

    def _decision(self, i: int) -> dict[str, Any]:
        offer, key = self._offers.rows[i], self._keys[i]
        return _plain(offer) | {
            "reason": self._reasons[i],
            "stake_minor": self._stakes[i],
            "key": key if key in self._account.bets else None,
            "position": i,
            "quote_known_at_ns": self._known[i],
        }

    def entry(self) -> Entry:
        """The entry DECIDED of the instant, for the journal once `next` has returned None."""
        body = {"instant_ns": self._instant_ns, "decisions": self.decisions()}
        return Entry(Kind.DECIDED, f"decided:{self._instant_ns}", self._instant_ns, body=body)


def _word(code: int) -> str:
    return _WORDS.get(int(code)) or REASONS[int(code)]


def _plain(offer: Offer) -> dict[str, Any]:
    """An offer in plain JSON: NaN becomes null."""
    numbers = {name: getattr(offer, name) for name in ("odds", "prob", "edge_frac", "stake_weight")}
    return {
        "id": offer.id,
        "event_id": offer.event_id,
        "market": offer.market,
        "line": offer.line,
        "selection": offer.selection,
        "bookmaker": offer.bookmaker,
        "side": offer.side,
        **{name: None if math.isnan(value) else value for name, value in numbers.items()},
        "group": offer.group,
    }
