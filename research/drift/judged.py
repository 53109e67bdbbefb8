"""Each decision judged again with the account as the ledger says it was: does it follow from the rules?

After a first difference (a price that moved, a refused bet) the account is another one, and later stakes and limits
differ for that reason alone. This is no guess: the entries of the ledger are folded into the account of the runner, and
the compiled judgement of the runner decides again what was decided at each instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from engine.live.judgement.account import Account
from engine.live.judgement.judge import Judge, Proposal, Sitting
from engine.live.judgement.offers import Offer
from engine.live.judgement.rules import Rules
from engine.live.ledger.entries import Kind, Recorded
from engine.schema import INSTANT_DTYPE

#: what an intent must ask for as it is proposed
_ASKED: Final = ("odds", "stake_minor", "backer_minor")
_BET: Final = ("event_id", "market", "line", "selection", "bookmaker", "side")
_SEEN: Final = ("odds", "prob")


class _Prices:
    """What the judgement reads of a market, from the store and from the decisions on record."""

    def __init__(self, events: pl.DataFrame) -> None:
        columns = events.select(
            "event_id", "sport", "competition", pl.col("settled_at").cast(INSTANT_DTYPE).cast(pl.Int64)
        )
        self._events = {row[0]: row[1:] for row in columns.iter_rows()}
        self.instant_ns = 0
        self.recorded: Mapping[int, Mapping[str, Any]] = {}

    def event_of(self, event_id: int) -> tuple[str, str, bool]:
        """Sport and competition of an event, and whether its result is known."""
        sport, competition, settled_ns = self._events[event_id]
        return sport, competition, settled_ns is not None and settled_ns <= self.instant_ns

    def quoted_at(self, offer: Offer) -> tuple[int, bool]:
        """As on record: when the quote became known, and whether it was stale."""
        row = self.recorded.get(offer.id, {})
        return int(row.get("quote_known_at_ns") or 0), row.get("reason") != "stale"


class Again:
    """Judges the decisions of a ledger again.

    Parameters
    ----------
    rules : Rules
    offers : polars.DataFrame
        What the strategy offers over the store.
    events : polars.DataFrame
        Columns of `schema.EVENTS`, as the tape settles them.
    """

    def __init__(self, rules: Rules, offers: pl.DataFrame, events: pl.DataFrame) -> None:
        self._account, self._prices = Account(rules), _Prices(events)
        self._judge = Judge(rules, self._account, self._prices)
        self._offers = offers.sort("decided_at", maintain_order=True)
        self._instants = self._offers["decided_at"].cast(INSTANT_DTYPE).cast(pl.Int64).to_numpy()

    def reproduced(self, entries: Iterable[Recorded]) -> set[int]:
        """Ids of the decisions that come out as they are on record: reason and stake.

        Parameters
        ----------
        entries : iterable of Recorded
            All of a ledger, in their order.
        """
        same: set[int] = set()
        waiting: list[Recorded] = []
        for recorded in entries:
            waiting.append(recorded)
            if recorded.entry.kind is Kind.DECIDED:
                same |= self._instant(waiting, recorded)
                waiting = []
        return same

    def _instant(self, entries: list[Recorded], decided: Recorded) -> set[int]:
        """Judge one instant again; `entries` are those since the last one, with the DECIDED entry at the end."""
        at_ns = decided.entry.at_ns
        rows = {int(row["id"]): row for row in decided.entry.body["decisions"]}
        first = next((i for i, r in enumerate(entries) if r.entry.kind is Kind.INTENDED and r.entry.at_ns == at_ns), -1)
        for recorded in entries[:first]:  # with -1: all but the DECIDED entry
            self._account.apply(recorded)
        self._prices.instant_ns, self._prices.recorded = at_ns, rows
        offers = _as_seen(self._at(at_ns), rows.values())
        rest = iter(entries[first:])
        if offers.is_empty():
            for recorded in rest:
                self._account.apply(recorded)
            return set()
        sitting = self._judge.sit(at_ns, offers)
        otherwise = self._answer(sitting, rows, rest)
        same = {row["id"] for row in sitting.decisions() if _is_same(row, rows.get(row["id"]))}
        return same - otherwise

    def _answer(self, sitting: Sitting, rows: Mapping[int, Mapping[str, Any]], rest: Iterator[Recorded]) -> set[int]:
        """Give each proposal the answer that is on record, and take in what is left.

        Returns the ids of the bets that were asked for in another way than they are proposed.
        """
        otherwise: set[int] = set()
        following = next(rest, None)
        while (proposal := sitting.next()) is not None:
            orders = {leg.order.key: leg.order for leg in proposal.legs}
            keys = set(orders)
            if following is None or following.entry.intent not in keys:
                sitting.refuse(_refusal(proposal, rows))
                continue
            while following is not None and not _begins_another(following, keys):
                if following.entry.kind is Kind.INTENDED:
                    order, body = orders[following.entry.intent], following.entry.body
                    if any(body[name] != getattr(order, name) for name in _ASKED):
                        otherwise.add(order.opportunity_id)
                self._account.apply(following)
                following = next(rest, None)
        while following is not None:
            self._account.apply(following)
            following = next(rest, None)
        return otherwise

    def _at(self, at_ns: int) -> pl.DataFrame:
        low, high = np.searchsorted(self._instants, (at_ns, at_ns + 1))
        return self._offers[int(low) : int(high)]


def _as_seen(offers: pl.DataFrame, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Offers with the odds and probabilities on record: a runner that saw an older price judged that one."""
    schema = {name: offers.schema[name] for name in (*_BET, *_SEEN)}
    seen = pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)
    joined = offers.join(seen, on=_BET, how="left", nulls_equal=True, maintain_order="left", suffix="_seen")
    taken = [pl.coalesce(f"{name}_seen", name).alias(name) for name in _SEEN]
    return joined.with_columns(taken).select(offers.columns)


def _begins_another(recorded: Recorded, keys: set[str]) -> bool:
    """Whether an entry is the intent of another proposal, or the end of the instant."""
    kind = recorded.entry.kind
    return kind is Kind.DECIDED or (kind is Kind.INTENDED and recorded.entry.intent not in keys)


def _refusal(proposal: Proposal, rows: Mapping[int, Mapping[str, Any]]) -> str:
    """The reason on record why a proposal was not made; a word that is none where it is on record as made."""
    row = rows.get(proposal.legs[0].order.opportunity_id, {})
    return "not on record" if row.get("key") else str(row.get("reason", "not on record"))


def _is_same(now: Mapping[str, Any], recorded: Mapping[str, Any] | None) -> bool:
    names = ("reason", "stake_minor", "odds", "prob")
    return recorded is not None and all(now[name] == recorded[name] for name in names)
