"""Settings of a simulated betting market: leagues, bookmakers, planted edges and a seed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Final

from engine.errors import ConfigurationError
from engine.schema import SELECTIONS

#: markets the simulator can quote
MARKETS: Final = ("1x2", "totals", "asian_handicap", "btts")


@dataclass(frozen=True)
class Bookmaker:
    """How one bookmaker prices a match.

    Attributes
    ----------
    name : str
    margin_frac : float
        Margin (overround less 1) on each market, at the opening and at the close.
    delay_frac : float
        Age of its knowledge, as a share of the time from opening to close.
    noise_open, noise_close : float
        Standard deviation of its error in the logarithm of each team's scoring rate.
    longshot_bias : float
        Favourite-longshot bias: prices follow `prob ** (1 - longshot_bias)`, so longshots pay too little.
    markets : tuple of str
        Markets it quotes.
    """

    name: str
    margin_frac: float
    delay_frac: float = 0.0
    noise_open: float = 0.0
    noise_close: float = 0.0
    longshot_bias: float = 0.0
    markets: tuple[str, ...] = MARKETS


@dataclass(frozen=True)
class PlantedEdge:
    """A class of opening prices that a bookmaker misprices by a known amount.

    In a random share of the matches (`share_frac`), the opening price of the selection is set to the fair price
    times `1 + edge_frac`, rounded down to a hundredth. The fair price is 1 / true probability, or that of a bet
    with half results on a line. Only the truth tables show which matches were selected.
    """

    bookmaker: str
    market: str
    selection: str
    edge_frac: float
    share_frac: float = 1.0
    competition: str | None = None


#: one sharp bookmaker and five soft ones; their best prices together make a book of about 101 %
DEFAULT_BOOKMAKERS: Final = (
    Bookmaker("pinnacle", 0.025, 0.00, 0.015, 0.005, 0.01),
    Bookmaker("b365", 0.055, 0.15, 0.025, 0.015, 0.04),
    Bookmaker("bwin", 0.065, 0.25, 0.030, 0.020, 0.05),
    Bookmaker("william_hill", 0.060, 0.25, 0.028, 0.018, 0.06),
    Bookmaker("interwetten", 0.080, 0.40, 0.035, 0.025, 0.05),
    Bookmaker("vc_bet", 0.050, 0.20, 0.028, 0.018, 0.03),
)


@dataclass(frozen=True)
class SimulatorSettings:
    """Complete settings of a simulation. The same settings give the same rows.

    Attributes
    ----------
    seed : int
        At least 0.
    competitions : tuple of str
        One league each. Adding leagues after a league does not change it.
    seasons, first_season, teams : int
        Each league plays a double round robin of `teams` (an even number) in each of `seasons` seasons, starting
        in August of the year `first_season`.
    markets : tuple of str
        Markets that are quoted, out of `MARKETS`.
    total_line : float
        Line of `totals`.
    bookmakers : tuple of Bookmaker
    aggregates : bool
        Whether the aggregates `max` and `avg` over the bookmakers are quoted too.
    snapshots : int
        Number of recorded quotes between the opening and the close.
    closing : bool
        Whether closing prices are quoted.
    home_rate, away_rate, shared_rate : float
        Goals per match of two average teams; `shared_rate` is the part common to both (0: independent Poisson).
    strength_sd, drift_sd : float
        Standard deviation of attack and defence between teams, and of their change from one round to the next, in
        logarithms of the rate.
    news_sd : float
        Standard deviation of the news on each log rate between the opening and the close.
    hidden_sd : float
        Standard deviation of the part of each log rate that nobody knows before the start.
    planted : tuple of PlantedEdge

    Raises
    ------
    ConfigurationError
        A setting is out of range, or a planted edge is on a market or selection that nobody quotes.
    """

    seed: int = 0
    competitions: tuple[str, ...] = ("SIM1", "SIM2", "SIM3")
    seasons: int = 5
    first_season: int = 2018
    teams: int = 18
    markets: tuple[str, ...] = MARKETS
    total_line: float = 2.5
    bookmakers: tuple[Bookmaker, ...] = DEFAULT_BOOKMAKERS
    aggregates: bool = True
    snapshots: int = 0
    closing: bool = True
    home_rate: float = 1.50
    away_rate: float = 1.18
    shared_rate: float = 0.10
    strength_sd: float = 0.20
    drift_sd: float = 0.02
    news_sd: float = 0.10
    hidden_sd: float = 0.04
    planted: tuple[PlantedEdge, ...] = field(default=())

    def __post_init__(self) -> None:
        names = [b.name for b in self.bookmakers]
        self._need(self.teams >= 2 and self.teams % 2 == 0, "teams", "an even number from 2", self.teams)
        self._need(self.teams <= 26, "teams", "at most 26 (a season is a year)", self.teams)
        self._need(self.seasons >= 1, "seasons", "at least 1", self.seasons)
        self._need(
            1900 <= self.first_season <= 2200 - self.seasons,
            "first_season",
            "1900 to 2200",
            self.first_season,
        )
        self._need(self.seed >= 0, "seed", "an integer from 0", self.seed)
        self._need(self.snapshots >= 0, "snapshots", "at least 0", self.snapshots)
        self._need(bool(self.competitions), "competitions", "at least one", "none")
        self._need(
            len(set(self.competitions)) == len(self.competitions),
            "competitions",
            "distinct names",
            "a duplicate",
        )
        self._need(bool(names) and len(set(names)) == len(names), "bookmakers", "distinct names", ", ".join(names))
        self._need(not {"max", "avg"} & set(names), "bookmakers", "names other than max and avg", ", ".join(names))
        quoted = {m for b in self.bookmakers for m in b.markets} | set(self.markets)
        self._need(quoted <= set(MARKETS), "markets", f"some of {', '.join(MARKETS)}", ", ".join(sorted(quoted)))
        self._need((4 * self.total_line) % 1 == 0, "total_line", "a multiple of 0.25", self.total_line)
        for edge in self.planted:
            offered = {m for b in self.bookmakers if b.name == edge.bookmaker for m in b.markets}
            available = ", ".join(sorted(offered & set(self.markets)))
            self._need(edge.market in available.split(", "), "planted", f"one of {available}", edge.market)
            selections = SELECTIONS[edge.market]
            self._need(edge.selection in selections, "planted", f"one of {', '.join(selections)}", edge.selection)

    @staticmethod
    def _need(holds: bool, key: str, expected: str, found: object) -> None:
        if not holds:
            raise ConfigurationError("invalid simulator setting", where=key, expected=expected, found=str(found))

    def canonical(self) -> str:
        """The settings as JSON with sorted keys. The hash of a simulated file is computed from it."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
