"""Prices of a period of an event, by the selection that Pinnacle takes bets on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from engine.live.adapters.pinnacle.fields import odds, rows
from engine.live.linking.contract import Theirs
from engine.live.wire.fields import Misread, Row, instant_ns, number_or_none, whole

#: `homeTeamType` of a league: which teams home and away are
TEAMS: Final[Mapping[str, tuple[str, str]]] = {"Team1": ("TEAM1", "TEAM2"), "Team2": ("TEAM2", "TEAM1")}
#: selections that are sides of a total, not teams
TOTALS: Final = ("OVER", "UNDER")
#: markets by period: 0 is the match, 1 its first half in football
_MARKETS: Final = {
    "0/MONEYLINE": "1x2", "0/SPREAD": "asian_handicap", "0/TOTAL_POINTS": "totals", "1/MONEYLINE": "first_half_1x2",
    "1/SPREAD": "first_half_asian_handicap", "1/TOTAL_POINTS": "first_half_totals",
}  # fmt: skip


@dataclass(frozen=True)
class Price:
    """A price that can be bet at.

    Attributes
    ----------
    line_id : int
        It stands for this price: a bet on it is refused once the price has changed.
    alt_line_id : int or None
    odds : float
    most_minor : int or None
        Largest stake, hundredths of the account's currency.
    cutoff_ns : int
        End of betting, UTC nanoseconds.
    least_minor : int or None
        Smallest stake; None: not known.
    """

    line_id: int
    alt_line_id: int | None
    odds: float
    most_minor: int | None
    cutoff_ns: int
    least_minor: int | None = None


def prices_of(event: str, period: Row, teams: tuple[str, str]) -> dict[Theirs, Price]:
    """What a period offers, by selection; nothing where it is offline.

    Parameters
    ----------
    event : str
        Its id.
    period : mapping
        Of an answer to ``/v2/odds``.
    teams : tuple of (str, str)
        Those of home and away.

    Raises
    ------
    Misread
    """
    number = whole(period, "number")
    if whole(period, "status") != 1:
        return {}
    line_id, cutoff_ns = whole(period, "lineId"), instant_ns(period, "cutoff")
    found: dict[Theirs, Price] = {}
    for bet_type, selection, handicap, market, side, most in _offered(period, teams):
        offered = odds(market, side)
        if offered is None:
            continue
        alt = None if market.get("altLineId") is None else whole(market, "altLineId")
        theirs = Theirs(event, f"{number}/{bet_type}", selection, handicap)
        if alt is None or theirs not in found:  # the main line before an alternative one at the same points
            found[theirs] = Price(line_id, alt, offered, most_stake_minor(most, offered), cutoff_ns)
    return found


def most_stake_minor(volume: float | None, offered: float) -> int | None:
    """Largest stake by a maximum of volume: of the stake above even money, else of what is won.

    >>> most_stake_minor(1000.0, 3.0), most_stake_minor(1000.0, 1.5), most_stake_minor(None, 2.0)
    (100000, 200000, None)
    """
    if volume is None:
        return None
    if volume < 0.0:
        raise Misread("max")
    return int((volume if offered > 2.0 else volume / (offered - 1.0)) * 100)


def ours_of(
    theirs: Theirs, teams: tuple[str, str], *, is_football: bool, has_draw: bool
) -> tuple[str, float | None, str] | None:
    """Market, line and selection in our words; None where we have none.

    Parameters
    ----------
    theirs : Theirs
    teams : tuple of (str, str)
        Those of home and away.
    is_football : bool
        Period 1 is the first half; a match without a price of the draw is another market.
    has_draw : bool
        Whether the draw has a price.

    Examples
    --------
    >>> ours_of(Theirs("9", "0/SPREAD", "TEAM2", 0.5), ("TEAM1", "TEAM2"), is_football=True, has_draw=True)
    ('asian_handicap', -0.5, 'away')
    """
    market = _MARKETS.get(theirs.market)
    if market is None or (theirs.market.startswith("1/") and not is_football):
        return None
    selection = {teams[0]: "home", teams[1]: "away"}.get(theirs.selection, theirs.selection.lower())
    if theirs.handicap is None:
        if not has_draw:
            return None if is_football else ("moneyline", None, selection)
        return market, None, selection
    is_away = theirs.market.endswith("/SPREAD") and selection == "away"
    return market, (-theirs.handicap or 0.0) if is_away else theirs.handicap, selection


def _offered(period: Row, teams: tuple[str, str]) -> Iterator[tuple[str, str, float | None, Row, str, float | None]]:
    """Bet type, selection, handicap, the object with the price, the price's name there, the maximum."""
    home, away = teams
    moneyline = period.get("moneyline") or {}
    if not isinstance(moneyline, Mapping):
        raise Misread("moneyline")
    for side, selection in (("home", home), ("away", away), ("draw", "DRAW")):
        yield "MONEYLINE", selection, None, moneyline, side, number_or_none(period, "maxMoneyline")
    for spread in rows(period, "spreads"):
        points = number_or_none(spread, "hdp")
        most = number_or_none(spread, "max") or number_or_none(period, "maxSpread")
        if points is not None:
            yield "SPREAD", home, points or 0.0, spread, "home", most
            yield "SPREAD", away, -points or 0.0, spread, "away", most
    for total in rows(period, "totals"):
        points = number_or_none(total, "points")
        most = number_or_none(total, "max") or number_or_none(period, "maxTotal")
        if points is not None:
            yield "TOTAL_POINTS", "OVER", points, total, "over", most
            yield "TOTAL_POINTS", "UNDER", points, total, "under", most
