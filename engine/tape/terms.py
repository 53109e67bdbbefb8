"""Terms of bookmakers and exchanges: commission, limits, minimum stakes, price ladder, taxes, settlement rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import polars as pl

from engine.betting.settlement import RULES
from engine.errors import ConfigurationError, check_names
from engine.kernel.parameter import hundredth
from engine.schema import MARKETS, VOID_STATUSES


@dataclass(frozen=True)
class Venue:
    """Terms of a bookmaker, or of one of its markets.

    Attributes
    ----------
    commission_rate : float
        Commission as a fraction of the net winnings of a market.
    limit_minor : float
        Largest stake per price (for a lay, backer's stake), minor units; infinite: no limit.
    stake_min_minor : float
        Smallest stake (for a lay, backer's stake), minor units.
    ladder : bool
        Whether prices follow the price ladder of Betfair.
    tax_stake_frac : float
        Tax as a fraction of the stake, taken before the bet; returned with a void bet.
    tax_winnings_frac : float
        Tax as a fraction of the profit of a bet.
    retired, walkover, disqualified, abandoned, awarded, postponed : str
        How bets on events with this status settle: ``void``, ``stands`` (by the result of the source; open if there is
        none) or ``first_set`` (stands if a set was completed, else void).

    Raises
    ------
    ConfigurationError
        A value is out of range.
    """

    commission_rate: float = 0.0
    limit_minor: float = math.inf
    stake_min_minor: float = 0.0
    ladder: bool = False
    tax_stake_frac: float = 0.0
    tax_winnings_frac: float = 0.0
    retired: str = "void"
    walkover: str = "void"
    disqualified: str = "void"
    abandoned: str = "void"
    awarded: str = "void"
    postponed: str = "void"

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            if isinstance(getattr(self, name), str) or (name != "ladder" and isinstance(getattr(self, name), bool)):
                raise _wrong(name, "true or false" if name == "ladder" else "a number", getattr(self, name))
        for name in _FRACTIONS:
            if not 0.0 <= getattr(self, name) < 1.0:
                raise _wrong(name, "0 to 1 (1 excluded)", getattr(self, name))
        for name in ("limit_minor", "stake_min_minor"):
            if not getattr(self, name) >= 0.0:
                raise _wrong(name, "0 or more", getattr(self, name))
        for name in VOID_STATUSES:
            if getattr(self, name) not in RULES:
                raise _wrong(name, " | ".join(RULES), getattr(self, name))


FIELDS: Final = tuple(field.name for field in fields(Venue))
_FRACTIONS: Final = ("commission_rate", "tax_stake_frac", "tax_winnings_frac")
_NUMBERS: Final = tuple(name for name in FIELDS if name not in VOID_STATUSES)


def _wrong(name: str, expected: str, found: object) -> ConfigurationError:
    return ConfigurationError(
        "wrong value",
        where=f"execution.venues: {name}",
        expected=expected,
        found=str(found),
        todo=hundredth(found) if name in _FRACTIONS and isinstance(found, int | float) else "",
    )


def venue_of(venues: Mapping[str, Mapping[str, Any]], bookmaker: str, market: str | None = None) -> Venue:
    """Terms of a bookmaker in a market. Terms of the market (key ``markets``) replace those of the bookmaker.

    Raises
    ------
    ConfigurationError
        A term does not exist, or a value is out of range.
    """
    general = dict(venues.get(bookmaker, {}))
    markets = general.pop("markets", {})
    terms = {**general, **markets.get(market, {})}
    unknown = sorted(set(terms) - set(FIELDS))
    if unknown:
        raise _wrong(unknown[0], ", ".join((*FIELDS, "markets")), "no such term")
    return Venue(**terms)


def check_venues(venues: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `ConfigurationError` if a term does not exist or a value is out of range."""
    for bookmaker, terms in venues.items():
        venue_of(venues, bookmaker)
        for market in terms.get("markets", {}):
            venue_of(venues, bookmaker, market)


def check_bookmakers(
    rows: pl.DataFrame,
    commission_rates: Mapping[str, float] | None,
    venues: Mapping[str, Mapping[str, Any]] | None,
) -> None:
    """Refuse terms of a bookmaker, or of a market, that no row has: they would change nothing without a word.

    Parameters
    ----------
    rows : polars.DataFrame
        bookmaker, market. A frame without rows is not compared.
    commission_rates : mapping of str to float or None
        Commission rate by bookmaker.
    venues : mapping of str to mapping or None
        Terms by bookmaker; under the key ``markets``, terms of single markets.

    Raises
    ------
    ConfigurationError
        With the nearest name. A market of `schema.MARKETS` is never refused.
    """
    if not rows.height:
        return
    bookmakers = rows["bookmaker"].drop_nulls().unique().to_list()
    markets = {*rows["market"].drop_nulls().unique(), *MARKETS}
    check_names("bookmaker", commission_rates, bookmakers, where="commission_rates")
    check_names("bookmaker", venues, bookmakers, where="venues")
    for bookmaker, terms in (venues or {}).items():
        check_names("market", terms.get("markets"), markets, where=f"venues: {bookmaker}: markets")


def with_terms(rows: pl.DataFrame, venues: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """Add the terms of the venues as columns, apply their limits to `size_minor`, and add the settlement `rule`.

    Parameters
    ----------
    rows : polars.DataFrame
        bookmaker, market, size_minor, and status if results are settled by rules; without it the rule is ``void``.
    venues : mapping of str to mapping of str to value
        Fields of `Venue` by bookmaker; under the key ``markets``, fields for single markets.
    """
    pairs = rows.select("bookmaker", "market").unique(maintain_order=True)
    venue_terms = [venue_of(venues, bookmaker, market) for bookmaker, market in pairs.iter_rows()]
    terms = pairs.with_columns(
        *(pl.Series(f"_{name}", [getattr(venue, name) for venue in venue_terms], dtype=_dtype(name)) for name in FIELDS)
    )
    joined = rows.join(terms, on=["bookmaker", "market"], how="left", maintain_order="left")
    size = pl.col("size_minor").fill_nan(None)
    joined = joined.with_columns(
        size_minor=pl.min_horizontal(size, pl.when(pl.col("_limit_minor").is_finite()).then("_limit_minor")),
        rule=_rule() if "status" in rows.columns else pl.lit("void"),
        ladder=pl.col("_ladder").cast(pl.Int8),
        **{name: pl.col(f"_{name}") for name in _NUMBERS if name not in ("limit_minor", "ladder")},
    )
    return joined.drop([f"_{name}" for name in FIELDS])


def _dtype(name: str) -> Any:
    return pl.String if name in VOID_STATUSES else pl.Boolean if name == "ladder" else pl.Float64


def _rule() -> pl.Expr:
    """Settlement rule of the venue for the status of the event."""
    rule: Any = pl
    for status in VOID_STATUSES:
        rule = rule.when(pl.col("status") == status).then(pl.col(f"_{status}"))
    expression: pl.Expr = rule.otherwise(pl.lit("void"))
    return expression
