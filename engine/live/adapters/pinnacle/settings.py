"""Settings of Pinnacle; `conf/live/pinnacle.yaml` has the same names. User name and password are credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import ConfigurationError

#: our sport by Pinnacle's number
SPORTS: Final = {
    3: "baseball", 4: "basketball", 6: "boxing", 8: "cricket", 10: "darts", 15: "american_football", 18: "handball",
    19: "ice_hockey", 22: "mma", 26: "rugby_league", 27: "rugby_union", 28: "snooker", 29: "football", 33: "tennis",
    34: "volleyball",
}  # fmt: skip


@dataclass(frozen=True)
class PinnacleSettings:
    """The keys of ``conf/live/pinnacle.yaml``.

    Attributes
    ----------
    currency : str
        Of the account; it must be that of the ledger.
    accept_better_line : bool
        Whether a bet is taken at a price that became better for us.
    sport_id : int
        Of Pinnacle, one of `SPORTS`: 29 is football.

    Raises
    ------
    ConfigurationError
        A number that is no sport with a name here.
    """

    currency: str = "EUR"
    accept_better_line: bool = True
    sport_id: int = 29

    def __post_init__(self) -> None:
        if self.sport_id not in SPORTS:
            raise ConfigurationError(
                "not a sport of Pinnacle that has a name here", where="pinnacle.sport_id", found=f"{self.sport_id}",
                expected=", ".join(f"{number} {name}" for number, name in SPORTS.items()),
            )  # fmt: skip

    def check_sport(self, sport: str) -> None:
        """Refuse settings of another sport than that of a promotion.

        Raises
        ------
        ConfigurationError
        """
        if SPORTS[self.sport_id] != sport:
            number = next((f"{number}" for number, name in SPORTS.items() if name == sport), "no number for")
            raise ConfigurationError(
                "the settings name another sport", where="pinnacle.sport_id", expected=f"{number} {sport}",
                found=f"{self.sport_id} {SPORTS[self.sport_id]}", todo="set pinnacle.sport_id",
            )  # fmt: skip
