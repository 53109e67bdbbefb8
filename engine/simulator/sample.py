"""The sample store shipped with the package: its settings and how it is built.

``python -m engine.simulator.sample FOLDER`` rebuilds it.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from engine.files import write_bytes
from engine.simulator.simulate import DEFAULT_BOOKMAKERS, PlantedEdge, SimulatorSettings, simulate
from engine.store import Store

#: bookmakers that also quote handicaps; the others do not, to keep the sample small
_ALL_MARKETS: Final = ("pinnacle", "b365", "vc_bet")

#: Three leagues, five seasons, 4,590 matches. Two soft bookmakers misprice a known class of opening prices, so a
#: strategy that trusts the sharp bookmaker has something to find. Nothing is planted in `b365`, totals or handicaps.
SAMPLE: Final = SimulatorSettings(
    seed=20260101,
    competitions=("SIM1", "SIM2", "SIM3"),
    seasons=5,
    first_season=2019,
    markets=("1x2", "totals", "asian_handicap"),
    bookmakers=tuple(
        book if book.name in _ALL_MARKETS else replace(book, markets=("1x2", "totals")) for book in DEFAULT_BOOKMAKERS
    ),
    planted=(
        PlantedEdge("bwin", "1x2", "away", 0.05, share_frac=0.15, competition="SIM2"),
        PlantedEdge("vc_bet", "1x2", "draw", 0.04, share_frac=0.10, competition="SIM3"),
    ),
)

NOTE: Final = (
    "Simulated, not real. The leagues, teams, prices and results are invented; the bookmaker names are only labels. "
    "Profits found in this data say nothing about real markets. It contains planted edges: at the opening, bwin's "
    "prices are 5 % too high on the away side in 15 % of the SIM2 matches, and vc_bet's are 4 % too high on the draw "
    "in 10 % of the SIM3 matches. The soft bookmakers also make larger errors than pinnacle, so the best of their "
    "prices is sometimes above the fair price, as in real markets."
)


def make(folder: Path) -> dict[str, object]:
    """Build the sample store in a folder, replacing an earlier one, and return its metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch) / "sample"
        store = Store.create_or_open(built)
        store.apply(simulate(SAMPLE))
        n_events, n_quotes = len(store.events()), len(store.quotes())
        for old in ("events", "quotes"):
            shutil.rmtree(folder / old, ignore_errors=True)
        for part in ("events", "quotes", "manifest.json"):
            target = folder / part
            if (built / part).is_dir():
                shutil.copytree(built / part, target)
            else:
                shutil.copyfile(built / part, target)
    metadata = {
        "simulated": True,
        "note": NOTE,
        "command": "python -m engine.simulator.sample data/sample",
        "seed": SAMPLE.seed,
        "events": n_events,
        "quotes": n_quotes,
        "settings": asdict(SAMPLE),
    }
    text = json.dumps(metadata, indent=1, sort_keys=True) + "\n"
    write_bytes(folder / "metadata.json", text.encode())
    return metadata


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m engine.simulator.sample FOLDER")
    written = make(Path(sys.argv[1]))
    sys.stdout.write(f"{written['events']} matches, {written['quotes']} quotes in {sys.argv[1]}\n")
