"""The opportunities of one instant as a small tape: the facts, the order and the ids that the whole tape has.

`engine.tape.facts` computes the facts for both. What the tape leaves out because of a result is not known here; what it
leaves out at the decision is: rows that win nothing after tax, and rows of events that are settled already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import TapeError
from engine.identity import fold, text_hash
from engine.kernel.record import Columns
from engine.live.judgement.positions import Ids, Positions, line_of
from engine.live.judgement.rules import Rules
from engine.schema import INSTANT_DTYPE, OPPORTUNITIES, OPTIONAL
from engine.tape.check import HIGHEST_ODDS, check_opportunities
from engine.tape.facts import Offered, as_back_bets, edges, kelly_fracs
from engine.tape.kelly import kelly_of_markets

Floats = NDArray[np.float64]

_TEXTS: Final = ("market", "selection", "bookmaker", "side")
_TERMS: Final = (
    "commission_rate", "limit_minor", "stake_min_minor", "ladder", "tax_stake_frac", "tax_winnings_frac",
)  # fmt: skip
_PROBS: Final = ("prob", "prob_half_win", "prob_void", "prob_half_lose")
#: columns of numbers, and what stands for a missing value
_NUMBERS: Final = {
    "odds": np.nan, "prob": np.nan, "prob_half_win": 0.0, "prob_void": 0.0, "prob_half_lose": 0.0, "stake_weight": 1.0,
    "size_minor": np.nan, "kelly_frac": np.nan, "prob_sd": np.nan, "priority": np.nan,
}  # fmt: skip
#: columns of `Columns` that only a history has
_LONGS: Final = ("settled_at", "settle_order", "midnights", "reduction_rule", "offer")
_BYTES: Final = ("state", "is_lay", "ladder")

_text_hash = lru_cache(maxsize=65_536)(text_hash)


@dataclass(frozen=True)
class Offer:
    """One opportunity with what a bet on it needs.

    Attributes
    ----------
    id : int
        Identity (`engine.identity.opportunity_ids`).
    event_id, market, line, selection, bookmaker, side
    odds, prob, edge_frac, stake_weight : float
        As the strategy states them; the edge after tax and before commission. NaN: missing.
    group : int or None
        Of the strategy, unique within the event and instant.
    sport, competition : str
    """

    id: int
    event_id: int
    market: str
    line: float | None
    selection: str
    bookmaker: str
    side: str
    odds: float
    prob: float
    edge_frac: float
    stake_weight: float
    group: int | None
    sport: str
    competition: str


@dataclass(frozen=True)
class Offers:
    """Opportunities of one instant in the order of the tape.

    Attributes
    ----------
    rows : tuple of Offer
    tape : Columns
        The rows as the kernel reads them, with the dense ids of the account.
    refused : tuple of (Offer, str)
        Rows that are not on the tape, with the reason: ``settled`` or ``worthless``.
    """

    rows: tuple[Offer, ...]
    tape: Columns
    refused: tuple[tuple[Offer, str], ...]


def identities(instant_ns: int, columns: dict[str, list[Any]]) -> NDArray[np.int64]:
    """`engine.identity.opportunity_ids` of rows of one instant, given as lists; int64 (n,)."""
    n = len(columns["event_id"])
    line = np.array([np.nan if value is None else value + 0.0 for value in map(line_of, columns["line"])])
    hashes = {name: np.array([_text_hash(text) for text in columns[name]], np.int64) for name in _TEXTS}
    return fold(
        [
            np.array(columns["event_id"], np.int64),
            hashes["market"],
            line.view(np.int64),
            hashes["selection"],
            hashes["bookmaker"],
            hashes["side"],
            np.full(n, instant_ns, np.int64),
        ]
    )


def offers_of(
    frame: pl.DataFrame,
    instant_ns: int,
    rules: Rules,
    positions: Positions,
    event_of: Callable[[int], tuple[str, str, bool]],
) -> Offers:
    """Bring the opportunities of a strategy into the form that the kernel judges.

    Parameters
    ----------
    frame : polars.DataFrame
        What the strategy returned: columns of `schema.OPPORTUNITIES` and any of `schema.OPTIONAL`.
    instant_ns : int
        The instant of the decisions, UTC nanoseconds.
    rules : Rules
    positions : Positions
        Gives the dense ids.
    event_of : callable
        Sport and competition of an event, and whether its result is known already.

    Raises
    ------
    TapeError
        A column is missing or has a wrong type or wrong values, a row is of another instant, or a row is a duplicate.
    """
    frame, numbers = _checked(frame, instant_ns)
    texts: dict[str, list[Any]] = {name: frame[name].to_list() for name in (*_TEXTS, "event_id", "line")}
    texts["group"] = frame["group"].to_list() if "group" in frame.columns else [None] * frame.height
    ids = identities(instant_ns, texts)
    if len(set(ids.tolist())) < len(ids):
        raise TapeError("duplicate opportunities", expected="one row for each bet at an instant", found=str(len(ids)))
    events = {event_id: event_of(event_id) for event_id in set(texts["event_id"])}
    facts = _facts(frame, numbers, texts, rules)
    offered = [
        Offer(
            int(ids[i]), texts["event_id"][i], texts["market"][i], line_of(texts["line"][i]), texts["selection"][i],
            texts["bookmaker"][i], texts["side"][i], float(facts["quoted"][i]), float(facts["stated_prob"][i]),
            float(facts["edge_frac"][i]), float(facts["stake_weight"][i]), texts["group"][i],
            *events[texts["event_id"][i]][:2],
        )
        for i in range(len(ids))
    ]  # fmt: skip
    out = _left_out(offered, facts["odds"], {event_id for event_id, event in events.items() if event[2]})
    kept = [i for i in _in_order(offered, facts["priority"]) if i not in out]
    rows = tuple(offered[i] for i in kept)
    tape = columns_of_offers(rows, {name: values[kept] for name, values in facts.items()}, instant_ns, positions)
    return Offers(rows, tape, tuple((offered[i], reason) for i, reason in sorted(out.items())))


def _checked(frame: pl.DataFrame, instant_ns: int) -> tuple[pl.DataFrame, dict[str, Floats]]:
    """The frame as the tape checks it, and its numbers; quick where all is well.

    Returns
    -------
    frame : polars.DataFrame
        With the columns of `OPPORTUNITIES`; any of `OPTIONAL`.
    numbers : dict of str to float64 (n,)
        The columns of `_NUMBERS`, with their default where a value or the column is missing.
    """
    kinds = frame.schema
    quick = all(kinds.get(name) == dtype for name, dtype in OPPORTUNITIES.items()) and all(
        kinds.get(name, dtype) == dtype for name, (dtype, _) in OPTIONAL.items()
    )
    columns, numbers = _columns(frame) if quick else ({}, {})
    if not (quick and _is_plain(columns, numbers)):
        frame = check_opportunities(frame)
        columns, numbers = _columns(frame)
    decided = columns["decided_at"].cast(INSTANT_DTYPE).to_numpy().view(np.int64)
    if (decided != instant_ns).any():
        raise TapeError("opportunities of another instant", expected=str(instant_ns), found=str(decided[:3].tolist()))
    return frame, numbers


def _columns(frame: pl.DataFrame) -> tuple[dict[str, pl.Series], dict[str, Floats]]:
    """The columns of a frame, and its numbers as `_checked` gives them."""
    columns = {column.name: column for column in frame.get_columns()}
    return columns, {name: _floats(columns.get(name), frame.height, null) for name, null in _NUMBERS.items()}


def _is_plain(columns: dict[str, pl.Series], numbers: dict[str, Floats]) -> bool:
    """Whether nothing in the frame can break a rule of `check_opportunities`; False does not mean that it does."""
    if any(columns[name].null_count() for name in ("event_id", *_TEXTS, "decided_at")):
        return False
    odds, weight = numbers["odds"], numbers["stake_weight"]
    probs = np.array([numbers[name] for name in _PROBS])
    fine = (odds > 1.0) & (odds <= HIGHEST_ODDS) & ((probs >= 0.0) & (probs <= 1.0)).all(axis=0)
    total = np.add.accumulate(probs)[-1]  # added in their order
    fine &= (total <= 1.0) & np.isfinite(weight) & (weight >= 0.0)
    fine &= ~(numbers["size_minor"] < 0.0) & ~(numbers["prob_sd"] < 0.0) & ~np.isinf(numbers["priority"])
    return bool(fine.all()) and set(columns["side"].to_list()) <= {"back", "lay"}


def _floats(column: pl.Series | None, n: int, null: float) -> Floats:
    """A column of numbers, with `null` where a value is missing, and in every row if the column is; float64 (n,)."""
    if column is None:
        return np.full(n, null)
    if column.null_count() and not np.isnan(null):  # NumPy has NaN for null anyway
        column = column.fill_null(null)
    return np.asarray(column.to_numpy(), np.float64)


def _facts(
    frame: pl.DataFrame, numbers: dict[str, Floats], texts: dict[str, list[Any]], rules: Rules
) -> dict[str, NDArray[Any]]:
    """The columns of the tape that do not depend on a result, in the order of the frame."""
    venues = [rules.venue(*names) for names in zip(texts["bookmaker"], texts["market"], strict=True)]
    terms = {name: np.array([float(getattr(venue, name)) for venue in venues]) for name in _TERMS}
    size = numbers["size_minor"]
    limit = terms.pop("limit_minor")
    size = np.where(np.isnan(size), np.where(np.isfinite(limit), limit, np.nan), np.minimum(size, limit))
    is_lay = np.array([side == "lay" for side in texts["side"]], np.bool_)
    probs = {name: numbers[name] for name in _PROBS}
    quoted = numbers["odds"]
    taxes = {name: terms[name] for name in ("tax_stake_frac", "tax_winnings_frac")}
    backed = as_back_bets(Offered(is_lay=is_lay, quoted=quoted, size_minor=size, **probs, **taxes))
    edge_frac = edges(backed)
    priority = np.where(np.isnan(numbers["priority"]), edge_frac, numbers["priority"])
    facts: dict[str, NDArray[Any]] = {
        "quoted": quoted,
        "stated_prob": probs["prob"],
        "is_lay": is_lay.astype(np.int8),
        "ladder": terms.pop("ladder").astype(np.int8),
        "edge_frac": edge_frac,
        "stake_weight": numbers["stake_weight"],
        "priority": np.where(np.isnan(priority), -np.inf, priority),
        **{name: getattr(backed, name) for name in ("odds", "prob", "size_minor")},
        **terms,
        "tax_stake_frac": backed.tax_stake_frac,
    }
    if rules.kelly == "market":
        facts["kelly_frac"] = _of_markets(frame, backed, facts)
    else:
        stated, prob_sd = numbers["kelly_frac"], numbers["prob_sd"]
        facts["kelly_frac"] = kelly_fracs(rules.kelly, backed, stated, prob_sd, terms["commission_rate"])
    return facts


def _of_markets(frame: pl.DataFrame, backed: Any, facts: dict[str, NDArray[Any]]) -> Floats:
    """The Kelly column of whole markets, from the same function of a frame as the tape. Worthless rows have no part."""
    names = ("prob", "prob_half_win", "prob_void", "prob_half_lose", "odds")
    kept = np.flatnonzero(~(facts["odds"] <= 1.0))
    rows = frame.select("event_id", "market", "line", "selection", "bookmaker", "side", "decided_at").with_columns(
        *(pl.Series(name, getattr(backed, name)) for name in names),
        *(pl.Series(name, facts[name]) for name in ("edge_frac", "commission_rate")),
    )
    fractions = np.full(frame.height, np.nan)
    fractions[kept] = kelly_of_markets(rows[kept])
    return fractions


def _left_out(offered: list[Offer], odds: Floats, settled: set[int]) -> dict[int, str]:
    """Rows that are not on the tape, with the reason."""
    out = {i: "settled" for i, offer in enumerate(offered) if offer.event_id in settled}
    return out | {i: "worthless" for i in np.flatnonzero(odds <= 1.0).tolist() if i not in out}


def _in_order(offered: list[Offer], priority: Floats) -> list[int]:
    """Rows by (priority descending, id), the legs of a group at the position of the best one."""
    order = sorted(range(len(offered)), key=lambda i: (-priority[i], offered[i].id))
    lead: dict[tuple[int, int], int] = {}
    for i in order:
        group = offered[i].group
        if group is not None:
            lead.setdefault((offered[i].event_id, group), i)
    if not lead:
        return order

    def place(i: int) -> tuple[float, int, float, int]:
        offer = offered[i]
        first = i if offer.group is None else lead[offer.event_id, offer.group]
        return -priority[first], offered[first].id, -priority[i], offer.id

    return sorted(order, key=place)


def columns_of_offers(
    rows: tuple[Offer, ...], facts: dict[str, NDArray[Any]], instant_ns: int, positions: Positions
) -> Columns:
    """The small tape of an instant: the offers with their facts by column, and the dense ids of the account."""
    n = len(rows)
    groups: dict[tuple[int, int], int] = {}
    of_rows = [positions.ids_of(vars(row)) for row in rows]
    ids = {name: np.array([one[place] for one in of_rows], np.int64) for place, name in enumerate(Ids._fields)}
    ids["group"] = np.array(
        [-1 if row.group is None else groups.setdefault((row.event_id, row.group), len(groups)) for row in rows],
        np.int64,
    )
    empty: dict[str, Any] = dict.fromkeys(Columns._fields, np.zeros(0))
    empty |= {name: np.zeros(0, np.int64) for name in _LONGS} | {name: np.zeros(0, np.int8) for name in _BYTES}
    fields = [name for name in Columns._fields if name in facts]
    known = {name: np.ascontiguousarray(facts[name], empty[name].dtype) for name in fields}  # one type for all tapes
    return Columns(
        **empty
        | known
        | ids
        | {
            "id": np.array([row.id for row in rows], np.int64),
            "decided_at": np.full(n, instant_ns, np.int64),
            "filled": known["quoted"].copy(),
            "close_prob": np.full(n, np.nan),
        }
    )
