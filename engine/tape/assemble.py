"""From settled rows to the arrays of a tape: lays as back bets, edges, order, dense ids, midnights, hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.clock import midnights
from engine.kernel.codes import State
from engine.tape.columns import NEVER, REFUSED, Longs, Tape
from engine.tape.facts import Backed, Offered, as_back_bets, edges
from engine.tape.file import content_hash
from engine.tape.kelly import kelly_column

_ROW_COLUMNS: Final = ("event_id", "market", "line", "selection", "bookmaker", "side", "instant", "regime")
_EVENT_COLUMNS: Final = ("event_id", "sport", "competition", "season", "date", "home", "away")
_OFFERED: Final = tuple(field.name for field in fields(Offered) if field.name not in ("is_lay", "quoted"))
_BACKED: Final = tuple(field.name for field in fields(Backed))
_LATE: Final = "settled at or before the decision"
_WORTHLESS: Final = "nothing to win after tax"


def assemble(rows: pl.DataFrame, *, zone: str, kelly: str) -> Tape:
    """Assemble a tape from settled rows.

    Parameters
    ----------
    rows : polars.DataFrame
        One row per opportunity, in any order, with distinct `id`. The columns are those of `schema.OPPORTUNITIES` and
        `schema.OPTIONAL`, those of the event, the terms of `terms.with_terms`, and id, instant, settled_at (int64,
        `NEVER` if unknown), state and close_prob (of the selection), dead_heat_share, place_share, filled,
        exit_odds, reduction_frac, reduction_rule (Int8), each_way_frac, prob_place. `offer` (int64) and `offer_minor`
        are null where no offer is recorded.
    zone, kelly : str
        As in `build.build_tape`.

    Returns
    -------
    Tape
        Rows settled at or before their decision, rows that cannot win anything after tax, and rows with a reason in the
        optional column `refusal` are in `refused` only. If one leg of a group is left out for one of the other two
        reasons, all legs are.
    """
    rows = rows.with_columns(pl.col("decided_at").cast(pl.Int64))
    rows = _with_refusal(rows)
    bets = _as_back_bets(rows.filter(pl.col("refusal").is_null()))
    worthless = pl.col("odds") <= 1.0
    reasons = rows["refusal"].drop_nulls().unique().sort()
    refusals = [_refusals(rows.filter(pl.col("refusal") == reason), reason) for reason in reasons]
    refused = pl.concat([*refusals, _refusals(bets.filter(worthless), _WORTHLESS)])
    bets = bets.filter(~worthless)
    bets = bets.with_columns(edge_frac=pl.Series(_edges(bets)))
    bets = bets.with_columns(
        kelly_frac=pl.Series(kelly_column(bets, kelly)),
        priority=pl.coalesce("priority", "edge_frac").fill_nan(-np.inf),
    )
    return _tape(_in_order(bets), zone, refused)


def _with_refusal(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the reason why they are not on the tape; null for those that are. Legs of a group share a reason."""
    own = pl.when(pl.col("settled_at") <= pl.col("decided_at")).then(pl.lit(_LATE))
    rows = rows.with_columns(refusal=pl.coalesce("refusal", own) if "refusal" in rows.columns else own)
    leg = pl.col("refusal").drop_nulls().min().over("event_id", "decided_at", "group")
    return rows.with_columns(refusal=pl.coalesce("refusal", pl.when(pl.col("group").is_not_null()).then(leg)))


def _refusals(rows: pl.DataFrame, reason: str) -> pl.DataFrame:
    if rows.is_empty():
        return pl.DataFrame(schema=REFUSED)
    names = ("home", "away", "date", "market", "line", "selection", "bookmaker")
    first = rows.sort("decided_at", "id").row(0, named=True)
    example = describe({name: first[name] for name in names})
    return pl.DataFrame({"reason": [reason], "rows": [rows.height], "example": [example]}, schema=REFUSED)


def describe(row: Mapping[str, object]) -> str:
    """An opportunity in a few words, for a message: ``Bruins - Leafs, 2024-01-10, totals 5.5 over at pinnacle``."""
    known = {name: str(value) for name, value in row.items() if value is not None}
    bet = " ".join(known[name] for name in ("market", "line", "selection") if name in known)
    parts = (
        " - ".join(known[name] for name in ("home", "away") if name in known),
        known.get("date", ""),
        f"{bet} at {known['bookmaker']}" if "bookmaker" in known else bet,
        known.get("side", ""),
        f"decided at {known['decided_at']}" if "decided_at" in known else "",
    )
    return ", ".join(part for part in parts if part)


def _as_back_bets(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `odds` after tax and the venue's odds as `quoted`; lays become back bets of equal risk."""
    lay = pl.col("side") == "lay"
    decided = pl.col("state").is_between(int(State.LOSE), int(State.WIN))
    win_plus_lose = int(State.LOSE) + int(State.WIN)
    backed = as_back_bets(_offered(rows))
    return rows.with_columns(
        quoted=pl.col("odds"),
        is_lay=lay.cast(pl.Int8),
        state=pl.when(lay & decided).then(win_plus_lose - pl.col("state")).otherwise("state").cast(pl.Int8),
        filled=pl.col("filled").fill_null(np.nan),
        exit_odds=pl.col("exit_odds").fill_null(np.nan),
        close_prob=pl.when(lay).then(1.0 - pl.col("close_prob")).otherwise("close_prob").fill_null(np.nan),
    ).with_columns(pl.Series(name, getattr(backed, name)) for name in _BACKED)


def _offered(rows: pl.DataFrame) -> Offered:
    columns = {name: rows[name].to_numpy() for name in _OFFERED}
    return Offered(is_lay=(rows["side"] == "lay").to_numpy(), quoted=rows["odds"].to_numpy(), **columns)


def _edges(rows: pl.DataFrame) -> NDArray[np.float64]:
    """Expected value per unit at risk before commission; float64 (n,), NaN where odds or probability is missing."""
    straight = edges(Backed(**{name: rows[name].to_numpy() for name in _BACKED}))
    each_way: NDArray[np.bool_] = rows["each_way_frac"].to_numpy() > 0.0
    return np.where(each_way, _edges_each_way(rows), straight) if each_way.any() else straight


def _edges_each_way(rows: pl.DataFrame) -> NDArray[np.float64]:
    """Edges of each-way bets after tax: half of the stake on the win, half on the place at a fraction of the odds."""
    after_stake_tax, after_winnings_tax = (
        1.0 - rows[name].to_numpy() for name in ("tax_stake_frac", "tax_winnings_frac")
    )
    odds, each_way, prob, prob_place = (
        rows[name].to_numpy() for name in ("quoted", "each_way_frac", "prob", "prob_place")
    )
    place = (1.0 + (odds - 1.0) * each_way) * after_stake_tax - 1.0
    win, placed = 0.5 * (odds * after_stake_tax - 1.0) + 0.5 * place, 0.5 * place - 0.5
    win, placed = (np.where(payoff > 0.0, payoff * after_winnings_tax, payoff) for payoff in (win, placed))
    edges: NDArray[np.float64] = prob * win + prob_place * placed - (1.0 - prob - prob_place)
    return edges


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort by (decided_at, priority descending, id), with the legs of a group at the position of its best leg."""
    single = pl.col("group").is_null()
    group = ["event_id", "decided_at", "group"]
    if rows["group"].null_count() == rows.height:
        return rows.sort(["decided_at", "priority", "id"], descending=[False, True, False])
    rows = rows.sort(["decided_at", "priority", "id"], descending=[False, True, False])
    return rows.with_columns(
        lead_priority=pl.when(single).then("priority").otherwise(pl.col("priority").first().over(group)),
        lead=pl.when(single).then("id").otherwise(pl.col("id").first().over(group)),
    ).sort(["decided_at", "lead_priority", "lead", "priority", "id"], descending=[False, True, False, True, False])


def _dense(rows: pl.DataFrame, keys: list[str]) -> Longs:
    """Number each distinct key from 0 in the order of first appearance; int64 (n,)."""
    if rows.is_empty():
        return np.empty(0, dtype=np.int64)
    table = rows.select(keys).unique(maintain_order=True).with_row_index("dense")
    joined = rows.select(keys).join(table, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined["dense"].cast(pl.Int64).to_numpy()


def _numbers(rows: pl.DataFrame, name: str, keys: list[str]) -> Longs:
    """Dense number of each distinct key in the order of the tape, -1 where the column `name` is null; int64 (n,)."""
    number = np.full(len(rows), -1, dtype=np.int64)
    some = rows.with_row_index("row").filter(pl.col(name).is_not_null())
    number[some["row"].to_numpy()] = _dense(some, keys)
    return number


def _tape(rows: pl.DataFrame, zone: str, refused: pl.DataFrame) -> Tape:
    arrays = {
        name: np.ascontiguousarray(rows[name].to_numpy())
        for name in (
            "id", "decided_at", "settled_at", "quoted", "filled", "odds", "is_lay", "ladder", "prob", "edge_frac",
            "kelly_frac", "stake_weight", "size_minor", "stake_min_minor", "priority", "state", "dead_heat_share",
            "place_share", "reduction_frac", "reduction_rule", "each_way_frac", "exit_odds", "tax_stake_frac",
            "tax_winnings_frac", "commission_rate", "close_prob",
        )
    }  # fmt: skip
    settled = arrays["settled_at"]
    ends = np.flatnonzero(settled != NEVER)
    first, days = 0, np.empty(0, dtype=np.int64)
    if len(rows):
        last = max(int(arrays["decided_at"].max()) + 1, int(settled[ends].max()) if len(ends) else 0)
        first, days = midnights(int(arrays["decided_at"].min()), last, zone)
    question = ["event_id", "market", "line"]
    arrays |= {
        "group": _numbers(rows, "group", ["event_id", "decided_at", "group"]),
        "event": _dense(rows, ["event_id"]),
        "competition": _dense(rows, ["sport", "competition"]),
        "question": _dense(rows, question),
        "market": _dense(rows, [*question, "bookmaker"]),
        "bookmaker": _dense(rows, ["bookmaker"]),
        "settle_order": ends[np.argsort(settled[ends], kind="stable")].astype(np.int64),
        "midnights": days,
    }
    if rows["offer"].null_count() < rows.height:
        arrays |= {"offer": _numbers(rows, "offer", ["offer"])}
        arrays |= {"offer_minor": rows["offer_minor"].fill_null(np.inf).to_numpy()}
    row_labels = rows.select(_ROW_COLUMNS)
    events = rows.select(_EVENT_COLUMNS).unique("event_id", keep="first", maintain_order=True)
    digest = content_hash(arrays, {"rows": row_labels, "events": events}, f"{zone} {first}")
    return Tape(**arrays, first_midnight=first, rows=row_labels, events=events, zone=zone, hash=digest, refused=refused)
