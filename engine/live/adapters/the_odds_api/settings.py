"""Settings of The Odds API; `conf/live/the_odds_api.yaml` has the same names. The key is a credential."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from engine.errors import ConfigurationError, printable

_KEY: Final = re.compile(r"[a-z0-9_]{1,60}")


@dataclass(frozen=True)
class OddsApiSettings:
    """The keys of ``conf/live/the_odds_api.yaml``.

    Attributes
    ----------
    regions : str
        With commas between. Each one is paid for. Not used where `bookmakers` names some.
    bookmakers : str
        Keys with commas between; ten of them cost as much as one region.
    sports : str
        Keys of The Odds API with commas between, such as ``soccer_epl``; empty: the competitions of the promotion.
    bet_limits : bool
        Ask for the largest stakes, which exchanges mostly give.
    credits_a_day : int
        Calls that could cost more than what is left of it are not sent. A day ends at midnight UTC.
    last_hour_s, near_s, far_s : float
        Longest age of an answer in the last hour before a start and in play, in the six hours before it, and earlier.
    scores_s : float
        Longest age of the scores while an event is on or over and has no result.
    market_age_s : float
        Prices that the service read longer ago than this, when its answer came, are stale.
    timeout_s : float
        For a whole answer.
    host : str
        Address of the service.

    Raises
    ------
    ConfigurationError
        A value is out of range.
    """

    regions: str = "eu"
    bookmakers: str = ""
    sports: str = ""
    bet_limits: bool = False
    credits_a_day: int = 600
    last_hour_s: float = 24.0
    near_s: float = 600.0
    far_s: float = 1_800.0
    scores_s: float = 300.0
    market_age_s: float = 300.0
    timeout_s: float = 10.0
    host: str = "https://api.the-odds-api.com"

    def __post_init__(self) -> None:
        for name in ("regions", "bookmakers", "sports"):
            for key in names_of(getattr(self, name)):
                if not _KEY.fullmatch(key):
                    raise ConfigurationError(
                        "not a key", where=f"the_odds_api.{name}", expected="lower-case letters, digits, _",
                        found=printable(key, 60),
                    )  # fmt: skip
        if not names_of(self.regions) and not names_of(self.bookmakers):
            raise ConfigurationError(
                "no bookmaker is asked for", where="the_odds_api.regions, the_odds_api.bookmakers",
                expected="a region or a bookmaker", found="neither",
            )  # fmt: skip
        if not re.fullmatch(r"https://[a-z0-9.-]+|http://(127\.0\.0\.1|localhost)(:\d+)?", self.host):
            raise ConfigurationError(
                "not an address of the service", where="the_odds_api.host", expected="https://NAME",
                found=printable(self.host, 60),
            )  # fmt: skip
        bounds = {"credits_a_day": (0, 10**9), "last_hour_s": (5, 3_600), "near_s": (5, 86_400), "far_s": (5, 86_400),
                  "scores_s": (30, 86_400), "market_age_s": (60, 86_400), "timeout_s": (0.01, 60)}  # fmt: skip
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigurationError(
                    "value out of range", where=f"the_odds_api.{name}", expected=f"{low} to {high}", found=f"{value}"
                )


def names_of(text: str) -> tuple[str, ...]:
    """Names with commas between.

    >>> names_of("eu, uk"), names_of("")
    (('eu', 'uk'), ())
    """
    return tuple(name for part in text.split(",") if (name := part.strip()))
