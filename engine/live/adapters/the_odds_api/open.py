"""What this adapter offers: `engine.live.adapters.registry` imports it when The Odds API is asked for."""

from __future__ import annotations

import random
from collections.abc import Sequence

from engine.clock import DAY_NS, SECOND_NS
from engine.errors import BeaError, ConfigurationError
from engine.live.adapters.registry import Around, Coverage
from engine.live.adapters.the_odds_api import calls
from engine.live.adapters.the_odds_api.cache import Cache, cache_sessions
from engine.live.adapters.the_odds_api.calls import Priced
from engine.live.adapters.the_odds_api.client import KEY, Client
from engine.live.adapters.the_odds_api.feed import OddsApiFeed, Wanted
from engine.live.adapters.the_odds_api.games import Games
from engine.live.adapters.the_odds_api.history import OddsHistory
from engine.live.adapters.the_odds_api.keys import markets_of, sports_of
from engine.live.adapters.the_odds_api.raw import RawAnswers
from engine.live.adapters.the_odds_api.reading import Reader
from engine.live.adapters.the_odds_api.settings import OddsApiSettings, names_of
from engine.live.feed import FeedFailure
from engine.live.wire.credentials import credential
from engine.live.wire.http import HttpWire


def open_cache(settings: OddsApiSettings, around: Around) -> Cache:
    """The shared cache; it ends with the adapter.

    Raises
    ------
    ConfigurationError
        The key is missing.
    LedgerFailure
        The database cannot be reached.
    """
    return _opened(settings, around)[0]


def _opened(settings: OddsApiSettings, around: Around) -> tuple[Cache, Games]:
    key = credential(KEY, around.environment, around.secrets)
    wire = HttpWire(wall_ns=around.clock.wall_ns, timeout_s=settings.timeout_s)
    around.at_end(wire.close)
    jitter = random.Random()  # noqa: S311  # spreads repeats, hides nothing
    client = Client(wire, key, around.clock, jitter, timeout_s=settings.timeout_s, host=settings.host)
    sessions = cache_sessions(around.ledger, around.clock)
    raw = RawAnswers(around.folder / "data" / "raw" / "the_odds_api", key)
    cache = Cache(sessions, client, around.clock, settings.credits_a_day, raw)
    around.at_end(cache.close)
    return cache, Games(sessions)


def open_feed(settings: OddsApiSettings, coverage: Coverage, around: Around) -> OddsApiFeed:
    """As `engine.live.adapters.registry.open_feed`.

    Raises
    ------
    ConfigurationError
        The key is missing or refused, a market of the promotion has no name there, or none of its competitions is in
        season.
    BeaError
        The service does not answer.
    """
    featured, of_events, unknown = markets_of(coverage)
    if unknown:
        raise ConfigurationError(
            "The Odds API has no such market", where="data.markets of the promotion", found=", ".join(unknown)
        )
    cache, games = _opened(settings, around)
    sports = names_of(settings.sports) or _in_season(cache, coverage)
    wanted = Wanted(
        sports,
        Priced.of(settings, featured) if featured else None,
        Priced.of(settings, of_events) if of_events else None,
    )
    reader = Reader(round(settings.market_age_s * SECOND_NS), games.followed)
    return OddsApiFeed(cache, reader, games, wanted, settings, around.clock)


def open_history(
    settings: OddsApiSettings, coverage: Coverage, instants_ns: Sequence[int], around: Around
) -> OddsHistory:
    """As `engine.live.adapters.registry.open_history`; errors as `open_feed`."""
    featured, of_events, unknown = markets_of(coverage)
    if unknown or of_events:
        raise ConfigurationError(
            "such a market is not asked for by the sport", where="--market", expected="1x2, asian_handicap, totals",
            found=", ".join((*unknown, *of_events)),
        )  # fmt: skip
    cache = open_cache(settings, around)
    sports = names_of(settings.sports) or _in_season(cache, coverage)
    return OddsHistory(cache, sports, Priced.of(settings, featured), instants_ns)


def _in_season(cache: Cache, coverage: Coverage) -> tuple[str, ...]:
    """Keys of the competitions of a promotion."""
    try:
        kept = cache.get(calls.sports(), DAY_NS)
    except FeedFailure as failure:
        raise BeaError(
            "The Odds API does not say which sports are in season", where="/v4/sports", found=str(failure),
            todo="try again",
        ) from None  # fmt: skip
    sports = sports_of(coverage, kept.value if isinstance(kept.value, list) else ())
    if not sports:
        raise ConfigurationError(
            "none of the competitions is in season at The Odds API", where="the_odds_api.sports",
            expected=", ".join(coverage.competitions) or coverage.sport, found="no sport with such a key",
            todo="name the keys in the_odds_api.sports",
        )  # fmt: skip
    return sports
