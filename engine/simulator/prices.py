"""Prices of each bookmaker from what it knows about each match, for all matches of a league at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.clock import DAY_NS
from engine.schema import CLOSE, OPEN, SELECTIONS, SNAPSHOT
from engine.simulator import goals as goals_of
from engine.simulator.season import STEPS, League, as_rates
from engine.simulator.settings import Bookmaker, PlantedEdge, SimulatorSettings

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: opening prices are quoted at noon UTC this many days before the day of the match
_OPENING_DAYS: Final = 2
#: lowest price
_SHORTEST: Final = 1.01
#: largest handicap to either side
_LONGEST_LINE: Final = 3.0


@dataclass(frozen=True)
class QuoteTime:
    """A time at which all bookmakers quote.

    Attributes
    ----------
    kind : str
        The quote kind (column ``instant``): open, snapshot or close.
    step : int
        Steps of news already known, 0 to `STEPS`.
    known_at : int64 (n,)
        UTC nanoseconds, one per match.
    """

    kind: str
    step: int
    known_at: Longs


@dataclass(frozen=True)
class Prices:
    """Quotes of one bookmaker for one market at one time: `odds` is (selections, n), `line` (n,) or None."""

    time: QuoteTime
    bookmaker: str
    market: str
    line: Floats | None
    odds: Floats


@dataclass(frozen=True)
class Planted:
    """A planted edge in one league: the matches, with their lines and prices."""

    edge: PlantedEdge
    matches: Longs
    line: Floats | None
    odds: Floats


def quote_times(settings: SimulatorSettings, league: League) -> list[QuoteTime]:
    """The opening, snapshots at equal distances, and the close, in time order."""
    start = league.starts_at
    opening = start - start % DAY_NS - _OPENING_DAYS * DAY_NS + DAY_NS // 2
    times = [QuoteTime(OPEN, 0, opening)]
    for number in range(1, settings.snapshots + 1):
        share = number / (settings.snapshots + 1)
        known_at = opening + ((start - opening) * share).astype(np.int64)
        times.append(QuoteTime(SNAPSHOT, round(share * STEPS), known_at))
    if settings.closing:
        times.append(QuoteTime(CLOSE, STEPS, start))
    return times


def lines_of(settings: SimulatorSettings, league: League, step: int) -> dict[str, Floats]:
    """Line of each market that has one, (n,). A handicap is the quarter line that balances the known rates."""
    home, away = as_rates(league.opinion[step], settings.shared_rate)
    balanced = np.clip(-np.rint((home - away) * 4.0) / 4.0, -_LONGEST_LINE, _LONGEST_LINE)
    return {"totals": np.full(len(home), settings.total_line), "asian_handicap": balanced + 0.0}  # no -0.0


def fair_shares(settings: SimulatorSettings, rates: Floats, market: str, line: Floats | None) -> Floats:
    """Inverse fair prices of the selections of a market, (2, n) rates to (selections, n). They sum to 1.

    On a line they come from `goals.even_share`; in other markets they are the probabilities.
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
    """State probabilities of `over`, or of the home side of a handicap, (5, n).

    The order is win, half win, void, half lose, lose.

    Raises
    ------
    ValueError
        `line` is None.
    """
    if line is None:
        raise ValueError(f"{market} needs its line")
    home, away = rates
    if market == "totals":
        return goals_of.line_states(goals_of.total(home, away, settings.shared_rate), 0, line)
    return goals_of.line_states(goals_of.difference(home, away, settings.shared_rate), -goals_of.MOST, -line)


def quote(
    settings: SimulatorSettings, league: League, competition: str, rng: np.random.Generator
) -> tuple[list[Prices], list[Planted]]:
    """All quotes of a league, planted edges included, and the planted edges by themselves."""
    errors = rng.standard_normal((len(settings.bookmakers), 2, len(league.home)))
    quotes: list[Prices] = []
    for time in quote_times(settings, league):
        lines = lines_of(settings, league, time.step)
        for bookmaker, error in zip(settings.bookmakers, errors, strict=True):
            rates = as_rates(_opinion(bookmaker, league, time.step, error), settings.shared_rate)
            for market in settings.markets:
                if market in bookmaker.markets:
                    line = lines.get(market)
                    odds = priced(fair_shares(settings, rates, market, line), bookmaker)
                    quotes.append(Prices(time, bookmaker.name, market, line, odds))
    planted = [
        _plant(settings, league, edge, quotes, rng.random(len(league.home)) < edge.share_frac)
        for edge in settings.planted
        if edge.competition in (None, competition)
    ]
    return quotes + (list(_aggregates(quotes)) if settings.aggregates else []), planted


def _opinion(bookmaker: Bookmaker, league: League, step: int, error: Floats) -> Floats:
    """Log rates as the bookmaker estimates them, (2, n): delayed news plus the bookmaker's error."""
    known = max(0, step - round(bookmaker.delay_frac * STEPS))
    share = step / STEPS
    noise = bookmaker.noise_open * (1.0 - share) + bookmaker.noise_close * share
    return np.asarray(league.opinion[known] + noise * error)


def priced(shares: Floats, bookmaker: Bookmaker) -> Floats:
    """Prices in hundredths from inverse fair prices, (selections, n), with longshot bias and margin applied."""
    biased = shares ** (1.0 - bookmaker.longshot_bias)
    book = biased[0].copy()
    for term in biased[1:]:
        book += term
    raw = book / (biased * (1.0 + bookmaker.margin_frac))
    return np.asarray(np.maximum(np.rint(raw * 100.0) / 100.0, _SHORTEST))


def _plant(
    settings: SimulatorSettings,
    league: League,
    edge: PlantedEdge,
    quotes: list[Prices],
    is_planted: NDArray[np.bool_],
) -> Planted:
    """Overwrite the opening prices of a planted edge in place and return them.

    Raises
    ------
    ValueError
        The bookmaker does not quote the market.
    """
    matches = np.flatnonzero(is_planted)
    for prices in quotes:
        same_book = (prices.bookmaker, prices.market) == (edge.bookmaker, edge.market)
        if same_book and prices.time.kind == OPEN:
            row = SELECTIONS[edge.market].index(edge.selection)
            share = fair_shares(settings, league.rates, edge.market, prices.line)[row][matches]
            odds = np.floor((1.0 + edge.edge_frac) / share * 100.0) / 100.0
            prices.odds[row, matches] = np.maximum(odds, _SHORTEST)
            line = None if prices.line is None else prices.line[matches]
            return Planted(edge, matches, line, prices.odds[row, matches])
    raise ValueError(f"{edge.bookmaker} does not quote {edge.market}")


def _aggregates(quotes: list[Prices]) -> Iterator[Prices]:
    """Highest and average price of each selection over the bookmakers, in hundredths, at each quote time."""
    groups: dict[tuple[int, str], list[Prices]] = {}
    for prices in quotes:
        groups.setdefault((id(prices.time), prices.market), []).append(prices)
    for books in groups.values():
        odds = np.stack([book.odds for book in books])
        first = books[0]
        yield Prices(first.time, "max", first.market, first.line, odds.max(axis=0))
        mean = np.rint(odds.mean(axis=0) * 100.0) / 100.0
        yield Prices(first.time, "avg", first.market, first.line, mean)
