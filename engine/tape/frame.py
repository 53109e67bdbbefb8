"""A tape from a table of bets: columns checked, instants converted to UTC, results read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from engine.errors import TapeError, check_frame
from engine.identity import hash_texts, opportunity_ids
from engine.kernel.codes import Reduction, State
from engine.schema import INSTANT_DTYPE, OPPORTUNITIES, OPTIONAL
from engine.tape.assemble import assemble
from engine.tape.build import merged_terms, refuse_duplicates
from engine.tape.check import HIGHEST_ODDS, check_kelly, check_opportunities
from engine.tape.columns import NEVER, Tape
from engine.tape.terms import check_bookmakers, with_terms

_WHERE: Final = "the frame"
_REQUIRED: Final = ("decided_at", "settled_at", "odds", "prob", "result")
#: Optional text columns with their default values.
_TEXTS: Final[dict[str, str | None]] = {
    "sport": "unknown",
    "competition": "unknown",
    "season": None,
    "home": None,
    "away": None,
    "market": "moneyline",
    "selection": "home",
    "bookmaker": "unknown",
    "side": "back",
    "instant": None,
    "reduction_rule": None,
}
#: Optional numeric columns with their default values.
_NUMBERS: Final[dict[str, float | None]] = {
    "line": None,
    "close_prob": None,
    "share": None,
    "place_share": None,
    "filled": None,
    "reduction_frac": 0.0,
    "each_way_frac": 0.0,
    "prob_place": 0.0,
    "exit_odds": None,
}
_RESULTS: Final = tuple(state.name.lower() for state in State)
_REDUCTIONS: Final = tuple(rule.name.lower() for rule in Reduction)
#: Rule 4 takes no more than 90p in the pound, however many runners are withdrawn.
_RULE_4_MOST: Final = 0.9


def from_frame(
    frame: pl.DataFrame,
    *,
    zone: str = "UTC",
    commission_rates: Mapping[str, float] | None = None,
    venues: Mapping[str, Mapping[str, Any]] | None = None,
    kelly: str = "none",
) -> Tape:
    """Build a tape from a table of possible bets, without a source, a store or a strategy.

    Parameters
    ----------
    frame : polars.DataFrame
        One row per possible bet. Required columns:
        - ``decided_at``, ``settled_at``: Datetime of any unit and zone, read as UTC without a zone. Texts and dates are
          refused. A bet with a null ``settled_at`` stays open.
        - ``odds`` (decimal), ``prob`` (that the selection wins in full): a bet with a null is not placed.
        - ``result``: how the selection ended: win, half_win, void, half_lose, lose, unknown, dead_heat (needs
          ``share``, the share of the stake that wins), place (each-way bets; ``share`` is that of the place part) or
          cashed (needs ``exit_odds``, the odds on the other side that closed it). A lay bet wins if its selection
          loses. In an each-way dead_heat ``place_share`` is the share of the place part; null is 1.

        Optional: ``event`` (text or integer; by default each row is a separate event), ``sport``, ``competition``,
        ``season``, ``date``, ``home``, ``away``, ``market``, ``line``, ``selection``, ``bookmaker``, ``side`` (back,
        lay), ``instant``, ``close_prob`` (fair closing probability), ``share``, ``place_share``, ``filled`` (odds when
        the order arrives, null: no price), ``reduction_frac`` (for runners removed between the bet and its end),
        ``reduction_rule`` (exchange_win, exchange_place or rule_4), ``each_way_frac`` (fraction of the odds above 1
        that the place pays), ``prob_place`` (place without win), ``exit_odds``, and the columns of `schema.OPTIONAL`.
        ``group`` needs ``event``: its legs share event and instant. Other columns are refused.
    zone, commission_rates, venues, kelly
        As in `build.build_tape`.

    Raises
    ------
    TapeError
        It is no Polars frame, or a column is missing, unknown, or has a wrong type or wrong values.
    ConfigurationError
        A rate or a term of a venue is wrong, or names a bookmaker that no row has.

    Examples
    --------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from engine.tape import from_frame
    >>> at, end = datetime(2024, 8, 17, 9), datetime(2024, 8, 17, 18)
    >>> bet = {"decided_at": at, "settled_at": end, "odds": 2.5, "prob": 0.45, "result": "win"}
    >>> from_frame(pl.DataFrame([bet])).edge_frac.tolist()
    [0.125]
    """
    check_frame(frame, _WHERE, TapeError)
    terms = merged_terms(commission_rates, venues)
    check_kelly(kelly)
    rows = _checked(frame)
    check_bookmakers(rows, commission_rates, venues)
    rows = rows.with_columns(id=pl.Series(opportunity_ids(rows), dtype=pl.Int64))
    refuse_duplicates(rows)
    if "filled" not in frame.columns:
        rows = rows.with_columns(filled=pl.col("odds"))
    return assemble(_settled(with_terms(rows, terms)), zone=zone, kelly=kelly)


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    """All columns with their types and default values, after all checks of a single frame."""
    _check_names(frame)
    rows = _typed(frame)
    _check_results(rows)
    known = check_opportunities(rows.select(*OPPORTUNITIES, *(n for n in OPTIONAL if n in rows.columns), "instant"))
    rows = rows.select(pl.exclude(known.columns)).hstack(known)
    _check_market(rows)
    return rows


def _settled(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `state`, `settled_at`, shares of dead heats, `reduction_rule` and no offers, as `assemble` needs it."""
    open_ = pl.col("settled_at").is_null() | (pl.col("result") == "unknown")
    share = pl.col("share").fill_null(1.0)
    return rows.with_columns(
        state=pl.when(open_)
        .then(int(State.UNKNOWN))
        .otherwise(pl.col("result").replace_strict(_RESULTS, range(len(_RESULTS)), return_dtype=pl.Int8))
        .cast(pl.Int8),
        settled_at=pl.when(open_).then(int(NEVER)).otherwise(pl.col("settled_at").cast(pl.Int64)),
        dead_heat_share=pl.when(pl.col("result") == "dead_heat").then(share).otherwise(1.0),
        place_share=pl.when(pl.col("result") == "place").then(share).otherwise(pl.col("place_share").fill_null(1.0)),
        reduction_rule=pl.col("reduction_rule").replace_strict(
            _REDUCTIONS, range(len(_REDUCTIONS)), default=int(Reduction.EXCHANGE_WIN), return_dtype=pl.Int8
        ),
        offer=pl.lit(None, pl.Int64),
        offer_minor=pl.lit(None, pl.Float64),
    )


def _check_names(frame: pl.DataFrame) -> None:
    known = {*_REQUIRED, *_TEXTS, *_NUMBERS, *OPTIONAL, "event", "date"}
    for name in _REQUIRED:
        if name not in frame.columns:
            columns = ", ".join(frame.columns)
            raise TapeError(
                f"column {name} is missing", where=_WHERE, expected=", ".join(_REQUIRED), found=columns or "nothing"
            )
    if "group" in frame.columns and "event" not in frame.columns:
        raise TapeError(
            "column group needs the column event",
            where=_WHERE,
            expected="the legs of a group on one event at one instant",
            found="no column event, so each row is a separate event",
        )
    unknown = sorted(set(frame.columns) - known)
    if unknown:
        raise TapeError(
            f"column {unknown[0]} is not known",
            where=_WHERE,
            expected=", ".join(sorted(known)),
            todo="drop or rename it",
        )


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """All columns with their types; absent ones have their default values."""
    columns = [_instant(frame["decided_at"]), _instant(frame["settled_at"]), _text(frame["result"])]
    columns += [_text(frame[n]) if n in frame.columns else _constant(frame, n, v) for n, v in _TEXTS.items()]
    numbers = [n for n in ("odds", "prob", *_NUMBERS, *OPTIONAL) if n in frame.columns]
    columns += [_number(frame[n], OPTIONAL.get(n, (pl.Float64, None))[0]) for n in numbers]
    columns += [pl.Series(n, [v], dtype=pl.Float64).new_from_index(0, frame.height)
                for n, v in _NUMBERS.items() if n not in numbers]  # fmt: skip
    columns.append(_date(frame))
    columns.append(_event(frame))
    return (
        pl.DataFrame(columns)
        .with_columns(pl.col("share", "place_share").fill_nan(None))
        .with_columns(pl.col(name).fill_null(value) for name, value in _NUMBERS.items() if value is not None)
    )


def _constant(frame: pl.DataFrame, name: str, value: str | None) -> pl.Series:
    return pl.Series(name, [value], dtype=pl.String).new_from_index(0, frame.height)


def _wrong(column: pl.Series, expected: str) -> TapeError:
    return TapeError(
        f"column {column.name} has the wrong type", where=_WHERE, expected=expected, found=str(column.dtype)
    )


def _instant(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype == pl.Null:
        return column.cast(INSTANT_DTYPE)
    if not isinstance(dtype, pl.Datetime):
        raise _wrong(column, "Datetime (without a zone: UTC)")
    aware = column.dt.replace_time_zone("UTC") if dtype.time_zone is None else column.dt.convert_time_zone("UTC")
    years = aware.dt.year()
    if column.len() > column.null_count() and not years.drop_nulls().is_between(1700, 2261).all():
        raise TapeError(
            f"column {column.name} has wrong values",
            where=_WHERE,
            expected="years 1700 to 2261",
            found=str(years.max()),
        )
    return aware.cast(INSTANT_DTYPE)


def _text(column: pl.Series) -> pl.Series:
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        raise _wrong(column, "String")
    return column.cast(pl.String)


def _number(column: pl.Series, wanted: pl.DataType | type[pl.DataType]) -> pl.Series:
    fits = column.dtype.is_integer() if wanted == pl.Int64 else column.dtype.is_numeric()
    if not fits and column.dtype != pl.Null:
        raise _wrong(column, str(wanted))
    converted = column.cast(wanted, strict=False)
    if converted.null_count() > column.null_count():
        raise TapeError(
            f"column {column.name} has wrong values", where=_WHERE, expected=str(wanted), found=str(column.max())
        )
    return converted


def _date(frame: pl.DataFrame) -> pl.Series:
    if "date" not in frame.columns:
        return _instant(frame["decided_at"]).dt.date().alias("date")
    if frame["date"].dtype not in (pl.Date, pl.Null):
        raise _wrong(frame["date"], "Date")
    return frame["date"].cast(pl.Date)


def _event(frame: pl.DataFrame) -> pl.Series:
    if "event" not in frame.columns:
        return pl.Series("event_id", np.arange(frame.height), dtype=pl.Int64)
    column = frame["event"]
    if column.null_count():
        raise TapeError(
            "column event has wrong values",
            where=_WHERE,
            expected="a value in every row",
            found=f"{column.null_count()} nulls",
        )
    if column.dtype.is_integer():
        return _number(column, pl.Int64).alias("event_id")
    return pl.Series("event_id", hash_texts(_text(column)), dtype=pl.Int64)


def _check_results(rows: pl.DataFrame) -> None:
    heat, placed = pl.col("result") == "dead_heat", pl.col("result") == "place"
    rules = {
        "decided_at": ("an instant in every row", pl.col("decided_at").is_null()),
        "result": (", ".join(_RESULTS), ~pl.col("result").is_in(_RESULTS).fill_null(False)),
        "share": (
            "above 0, up to 1, in every dead_heat; a share below 1 with the results dead_heat and place only",
            (heat & pl.col("share").is_null()) | _is_wrong_share("share", heat | placed),
        ),
        "place_share": (
            "above 0, up to 1; below 1 in each-way bets with the result dead_heat only (with place it is the share)",
            _is_wrong_share("place_share", heat & (pl.col("each_way_frac") > 0.0)),
        ),
        "close_prob": ("0 to 1, or null", ~pl.col("close_prob").fill_nan(None).is_between(0, 1)),
    }
    _refuse_first(rows, rules)


def _is_wrong_share(name: str, used: pl.Expr) -> pl.Expr:
    """Whether a share is out of range, or says that a part is shared where none is. 1 says so nowhere."""
    share = pl.col(name)
    return (~((share > 0) & (share <= 1)) | ((share != 1) & ~used)).fill_null(False)


def _check_market(rows: pl.DataFrame) -> None:
    each_way, cashed = pl.col("each_way_frac") > 0.0, pl.col("result") == "cashed"
    exit_odds = pl.col("exit_odds").fill_nan(None)
    by_rule_4 = (pl.col("reduction_rule") == "rule_4").fill_null(False)
    rules = {
        "filled": (f"odds above 1, up to {HIGHEST_ODDS:,.0f}, or null", ~_is_price(pl.col("filled").fill_nan(None))),
        "reduction_rule": (f"{', '.join(_REDUCTIONS)} or null", ~pl.col("reduction_rule").is_in(_REDUCTIONS)),
        "reduction_frac": (
            f"0 to 1 (1 excluded), of Rule 4 up to {_RULE_4_MOST:g}",
            ~_from_0_below_1("reduction_frac") | (by_rule_4 & (pl.col("reduction_frac") > _RULE_4_MOST)),
        ),
        "each_way_frac": (
            "0 to 1 (1 excluded), in back bets that win, place, lose, are void or share a dead heat, no half states",
            ~_from_0_below_1("each_way_frac") | (each_way & ~_can_be_each_way()),
        ),
        "prob_place": ("0 to 1 - prob, in each-way bets only", ~_is_place_probability(each_way)),
        "exit_odds": (
            "above 1 in every bet with the result cashed, null in all others",
            (cashed & ~_is_price(exit_odds).fill_null(False)) | (~cashed & exit_odds.is_not_null()),
        ),
    }
    _refuse_first(rows, rules)


def _refuse_first(rows: pl.DataFrame, rules: Mapping[str, tuple[str, pl.Expr]]) -> None:
    """Raise `TapeError` for the first column with a row that breaks its rule.

    `rules` maps a column to what is expected and to the rows that break it.
    """
    for name, (expected, rule) in rules.items():
        wrong = rows.filter(rule)
        if wrong.height:
            raise TapeError(
                f"column {name} has wrong values",
                where=_WHERE,
                expected=expected,
                found=f"{wrong[name][0]} ({wrong.height} rows)",
            )


def _is_price(odds: pl.Expr) -> pl.Expr:
    return (odds > 1.0) & (odds <= HIGHEST_ODDS)


def _from_0_below_1(name: str) -> pl.Expr:
    return ((pl.col(name) >= 0.0) & (pl.col(name) < 1.0)).fill_null(False)


def _can_be_each_way() -> pl.Expr:
    ends = pl.col("result").is_in(["win", "place", "dead_heat", "lose", "void", "unknown"])
    halves = pl.sum_horizontal("prob_half_win", "prob_void", "prob_half_lose")
    return (pl.col("side") == "back") & ends & (halves == 0.0)


def _is_place_probability(each_way: pl.Expr) -> pl.Expr:
    place, known = pl.col("prob_place"), pl.col("prob").fill_nan(None).fill_null(0.0)
    placed = (pl.col("result") != "place") | each_way
    return ((place >= 0.0) & (place + known <= 1.0 + 1e-9) & (each_way | (place == 0.0)) & placed).fill_null(False)
