"""Our names and those of The Odds API: sports, competitions and markets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.live.adapters.registry import Coverage
from engine.live.adapters.the_odds_api.calls import FEATURED
from engine.source.aliases import load_aliases

#: beginning of the key by sport of ours, where the two differ
_SPORTS: Final = {
    "football": "soccer", "ice_hockey": "icehockey", "american_football": "americanfootball",
    "australian_rules": "aussierules", "rugby_league": "rugbyleague", "rugby_union": "rugbyunion",
}  # fmt: skip
#: market by name of ours
_MARKETS: Final = {
    "1x2": "h2h", "moneyline": "h2h", "asian_handicap": "spreads", "totals": "totals", "draw_no_bet": "draw_no_bet",
    "btts": "btts", "first_half_1x2": "h2h_3_way_h1", "first_half_asian_handicap": "spreads_h1",
    "first_half_totals": "totals_h1", "corners_totals": "alternate_totals_corners",
    "cards_totals": "alternate_totals_cards",
}  # fmt: skip
_ALWAYS: Final = ("1x2", "asian_handicap", "totals")


def markets_of(coverage: Coverage) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Markets of the list of a sport, those asked for event by event, and our names that have no key.

    >>> markets_of(Coverage("football", markets=("totals", "btts", "correct_score")))
    (('totals',), ('btts',), ('correct_score',))
    """
    wanted = coverage.markets or _ALWAYS
    keys = sorted({_MARKETS[name] for name in wanted if name in _MARKETS})
    unknown = tuple(name for name in wanted if name not in _MARKETS)
    return (
        tuple(key for key in keys if key in FEATURED), tuple(key for key in keys if key not in FEATURED), unknown,
    )  # fmt: skip


def sports_of(coverage: Coverage, listed: Iterable[Any]) -> tuple[str, ...]:
    """Keys of the competitions that are wanted, of the list of sports.

    Parameters
    ----------
    coverage : Coverage
    listed : iterable
        Answer to `calls.sports`; what is no sport with events of two sides is passed over.
    """
    aliases, found = load_aliases(coverage.sport), []
    begins = f"{_SPORTS.get(coverage.sport, coverage.sport)}_"
    for one in listed:
        key = one.get("key") if isinstance(one, Mapping) else None
        if not isinstance(key, str) or not key.startswith(begins) or one.get("has_outrights"):
            continue
        if not coverage.competitions or {key, aliases.competition(key)} & set(coverage.competitions):
            found.append(key)
    return tuple(sorted(set(found)))
