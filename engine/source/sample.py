"""The settings of the embedded sample: small enough to be committed, large enough for a sweep worth
looking at.
"""

from __future__ import annotations

from typing import Final

from engine.source.simulated_settings import PlantedEdge, SimulatorSettings

#: Three leagues, five seasons, 4,590 matches. Two soft bookmakers misprice a known class at the opening, so
#: that a strategy that trusts the sharp one has something to find; `b365` and the totals have nothing
#: planted in them.
SAMPLE: Final = SimulatorSettings(
    seed=20260101,
    competitions=("SIM1", "SIM2", "SIM3"),
    seasons=5,
    first_season=2019,
    markets=("1x2", "totals", "asian_handicap"),
    planted=(
        PlantedEdge("bwin", "1x2", "away", 0.05, share_frac=0.15, competition="SIM2"),
        PlantedEdge("vc_bet", "1x2", "draw", 0.04, share_frac=0.10, competition="SIM3"),
    ),
)
