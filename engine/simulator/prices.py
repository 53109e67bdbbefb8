"""From what a bookmaker knows of a match to its prices, for all matches of a league at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.schema import CLOSE, OPEN, SELECTIONS, SNAPSHOT
from engine.simulator import goals as goals_of
from engine.simulator.season import DAY_NS, STEPS, League, as_rates
from engine.simulator.settings import Bookmaker, PlantedEdge, SimulatorSettings

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: the opening is collected at noon this many days before the day of the match
_OPENING_DAYS: Final = 2
#: no price is shorter than this
_SHORTEST: Final = 1.01
#: handicaps stay within these lines
_LONGEST_LINE: Final = 3.0


@dataclass(frozen=True)
class Moment:
    """One instant at which all bookmakers quote: its name, how much news is out, and when that is, (n,) of
    UTC ns.
    """

    instant: str
    step: int
    known_at: Longs


@dataclass(frozen=True)
class Prices:
    """Quotes of one bookmaker for one market at one moment: `odds` is (selections, n), `line` (n,) or
    None.
    """

    moment: Moment
    bookmaker: str
    market: str
    line: Floats | None
    odds: Floats


@dataclass(frozen=True)
class Planted:
    """One planted class in one league: which matches, and at which line and price."""

    edge: PlantedEdge
    matches: Longs
    line: Floats | None
    odds: Floats


def moments(settings: SimulatorSettings, league: League) -> list[Moment]:
    """Opening, snapshots at equal distances, close."""
    start = league.starts_at
    opening = start - start % DAY_NS - _OPENING_DAYS * DAY_NS + DAY_NS // 2
    found = [Moment(OPEN, 0, opening)]
    for number in range(1, settings.snapshots + 1):
        share = number / (settings.snapshots + 1)
        at = opening + ((start - opening) * share).astype(np.int64)
        found.append(Moment(SNAPSHOT, round(share * STEPS), at))
    if settings.closing:
        found.append(Moment(CLOSE, STEPS, start))
    return found


def lines_of(settings: SimulatorSettings, league: League, step: int) -> dict[str, Floats]:
    """The line of each market that has one, (n,): of a handicap the multiple of a quarter that balances what
    is known.
    """
    home, away = as_rates(league.opinion[step], settings.shared_rate)
    balanced = np.clip(-np.rint((home - away) * 4.0) / 4.0, -_LONGEST_LINE, _LONGEST_LINE)
    return {"totals": np.full(len(home), settings.total_line), "asian_handicap": balanced + 0.0}  # no -0.0


def fair_shares(settings: SimulatorSettings, rates: Floats, market: str, line: Floats | None) -> Floats:
    """Inverse fair prices of a market's selections, (2, n) rates to (selections, n); they sum to 1.

    With halves or voids they are `simulated_goals.even_share`, elsewhere the probabilities.
    """
    home, away = rates
    if market == "btts":
        yes = goals_of.both_score(home, away, settings.shared_rate)
        return np.stack([yes, 1.0 - yes])
    if market == "1x2":
        return goals_of.three_way(goals_of.difference(home, away, settings.shared_rate))
    first = goals_of.even_share(first_states(settings, rates, market, line))
    return np.stack([first, 1.0 - first])


def first_states(settings: SimulatorSettings, rates: Floats, market: str, line: Floats | None) -> Floats:
    """States of `over` or of the home side of a handicap: win, half win, void, half lose, lose, (5, n)."""
    if line is None:
        raise ValueError(f"{market} needs its line")
    home, away = rates
    if market == "totals":
        return goals_of.line_states(goals_of.total(home, away, settings.shared_rate), 0, line)
    return goals_of.line_states(goals_of.difference(home, away, settings.shared_rate), -goals_of.MOST, -line)


def quote(
    settings: SimulatorSettings, league: League, competition: str, rng: np.random.Generator
) -> tuple[list[Prices], list[Planted]]:
    """All quotes of a league, with the planted edges already in them."""
    own_error = rng.standard_normal((len(settings.bookmakers), 2, len(league.home)))
    found: list[Prices] = []
    for moment in moments(settings, league):
        lines = lines_of(settings, league, moment.step)
        for bookmaker, error in zip(settings.bookmakers, own_error, strict=True):
            rates = as_rates(_opinion(bookmaker, league, moment.step, error), settings.shared_rate)
            for market in settings.markets:
                if market in bookmaker.markets:
                    line = lines.get(market)
                    odds = priced(fair_shares(settings, rates, market, line), bookmaker)
                    found.append(Prices(moment, bookmaker.name, market, line, odds))
    planted = [
        _plant(settings, league, edge, found, rng.random(len(league.home)) < edge.share_frac)
        for edge in settings.planted
        if edge.competition in (None, competition)
    ]
    return found + (list(_aggregates(found)) if settings.aggregates else []), planted


def _opinion(bookmaker: Bookmaker, league: League, step: int, error: Floats) -> Floats:
    """Logarithms of the rates in a bookmaker's eyes, (2, n): news up to its delay, and its own error."""
    known = max(0, step - round(bookmaker.delay_frac * STEPS))
    share = step / STEPS
    noise = bookmaker.noise_open * (1.0 - share) + bookmaker.noise_close * share
    return np.asarray(league.opinion[known] + noise * error)


def priced(shares: Floats, bookmaker: Bookmaker) -> Floats:
    """Prices in hundredths from inverse fair prices, (selections, n): bent against longshots, margin
    put on.
    """
    bent = shares ** (1.0 - bookmaker.longshot_bias)
    book = bent[0].copy()
    for term in bent[1:]:
        book += term
    raw = book / (bent * (1.0 + bookmaker.margin_frac))
    return np.asarray(np.maximum(np.rint(raw * 100.0) / 100.0, _SHORTEST))


def _plant(
    settings: SimulatorSettings,
    league: League,
    edge: PlantedEdge,
    quotes: list[Prices],
    drawn: NDArray[np.bool_],
) -> Planted:
    """Overwrite the opening prices of a planted class, in place, and tell what was done."""
    matches = np.flatnonzero(drawn)
    for prices in quotes:
        same = (prices.bookmaker, prices.market) == (edge.bookmaker, edge.market)
        if same and prices.moment.instant == OPEN:
            row = SELECTIONS[edge.market].index(edge.selection)
            share = fair_shares(settings, league.rates, edge.market, prices.line)[row][matches]
            odds = np.floor((1.0 + edge.edge_frac) / share * 100.0) / 100.0
            prices.odds[row, matches] = np.maximum(odds, _SHORTEST)
            line = None if prices.line is None else prices.line[matches]
            return Planted(edge, matches, line, prices.odds[row, matches])
    raise ValueError(f"{edge.bookmaker} does not quote {edge.market}")


def _aggregates(quotes: list[Prices]) -> Iterator[Prices]:
    """The highest price of each selection and the average, in hundredths, over the bookmakers of a moment."""
    together: dict[tuple[int, str], list[Prices]] = {}
    for prices in quotes:
        together.setdefault((id(prices.moment), prices.market), []).append(prices)
    for books in together.values():
        odds = np.stack([book.odds for book in books])
        first = books[0]
        yield Prices(first.moment, "max", first.market, first.line, odds.max(axis=0))
        mean = np.rint(odds.mean(axis=0) * 100.0) / 100.0
        yield Prices(first.moment, "avg", first.market, first.line, mean)
