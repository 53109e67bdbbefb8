"""What a promotion fixes for the judgement: the kernel's numbers, terms of venues, seed, zone, decision times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.clock import SECOND_NS
from engine.configuration import Configuration
from engine.custom_rule import Rule, judgement_of
from engine.kernel.params import Params
from engine.live.ledger.entries import Entry, Kind, Money
from engine.tape.terms import Venue, venue_of


@dataclass(frozen=True)
class Rules:
    """The rules of one promoted configuration.

    Attributes
    ----------
    digest : str
        Of the promotion; keys of intents derive from it.
    configuration : Configuration
        Staking, risk and execution.
    terms : mapping
        Terms of bookmakers with their commission rates (`engine.tape.build.merged_terms`).
    kelly : str
        Content of the Kelly column (`engine.tape.kelly.kelly_column`).
    seed : int
        Of random rejections.
    zone : str
        Time zone of the calendar days.
    decide_at : str
        Rule of decisions (`engine.asof.view.build_view`).
    window_ns : int
        From a decision to the last instant at which its order may be sent, nanoseconds.
    delay_ns : int
        From a decision to the arrival of its order, nanoseconds, as the configuration assumes it.
    rule : Rule or None
        The user's staking rule.
    """

    digest: str
    configuration: Configuration = field(default_factory=Configuration)
    terms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kelly: str = "none"
    seed: int = 0
    zone: str = "UTC"
    decide_at: str = "quote"
    window_ns: int = 60 * SECOND_NS
    delay_ns: int = 0
    rule: Rule | None = None

    @cached_property
    def params(self) -> Params:
        """The numbers that the kernel reads."""
        return self.configuration.params()

    @cached_property
    def kernel(self) -> Any:
        """The module `engine.kernel.live`, with the user's staking rule if there is one."""
        return judgement_of(self.rule)

    @cached_property
    def _venues(self) -> dict[tuple[str, str], Venue]:
        return {}

    def venue(self, bookmaker: str, market: str) -> Venue:
        """Terms of a bookmaker in a market; looked up once.

        Raises
        ------
        ConfigurationError
            A term does not exist, or a value is out of range.
        """
        key = bookmaker, market
        if key not in self._venues:
            self._venues[key] = venue_of(self.terms, bookmaker, market)
        return self._venues[key]


def opening_wallets(rules: Rules, bookmakers: Sequence[str]) -> dict[str, int]:
    """The opening bankroll by wallet, whole minor units, for the first entries of a ledger.

    Without wallets all of it is in the pool, named ``""``. Else each bookmaker has an equal part, and the first ones
    get the remainder (`engine.kernel.supply.open_wallets`).

    Parameters
    ----------
    rules : Rules
    bookmakers : sequence of str
        In the order in which the backtest met them, which decides who gets the remainder.
    """
    bankroll = rules.params.bankroll_minor
    if not rules.configuration.wallets or not bookmakers:
        return {"": int(bankroll)}
    part = math.floor(bankroll / len(bookmakers))
    rest = bankroll - part * len(bookmakers)
    return {name: int(part) + (1 if place < rest else 0) for place, name in enumerate(bookmakers)}


def opening_deposits(rules: Rules, bookmakers: Sequence[str]) -> list[Entry]:
    """The deposits of a new ledger, at the instant 0: one for each of the `opening_wallets`."""
    return [
        Entry(Kind.CAPITAL, f"capital:{number}", 0, bookmaker=name, money=Money(cash=amount, capital=-amount))
        for number, (name, amount) in enumerate(opening_wallets(rules, bookmakers).items(), 1)
    ]
