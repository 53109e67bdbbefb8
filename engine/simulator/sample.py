"""The embedded sample store: what it is made of, and how. ``python -m engine.simulator.sample FOLDER`` makes it
again.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from engine.simulator.simulate import DEFAULT_BOOKMAKERS, PlantedEdge, SimulatorSettings, simulate

#: bookmakers that quote handicaps too; the others keep the sample small by leaving them out
_ALL_MARKETS: Final = ("pinnacle", "b365", "vc_bet")

#: Three leagues, five seasons, 4,590 matches. Two soft bookmakers misprice a known class at the opening, so
#: that a strategy that trusts the sharp one has something to find; `b365`, totals and handicaps have nothing
#: planted in them.
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
    "Simulated, not real: no league, team, bookmaker price or result here ever happened, whatever the names. "
    "Profits found in it say nothing about real markets. Edges are planted on purpose: at the opening, bwin pays 5 % "
    "too much on the away side in 15 % of the matches of SIM2, and vc_bet 4 % too much on the draw in 10 % of those "
    "of SIM3. Besides, the soft bookmakers err more than pinnacle, so that the best of their prices is now and then "
    "above the fair one, as in real markets."
)


def make(folder: Path) -> dict[str, object]:
    """Make the sample store in a folder, which is emptied of an earlier one; gives its metadata."""
    from engine.store import Store

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "sample"
        store = Store.create_or_open(made)
        store.apply(simulate(SAMPLE))
        n_events, n_quotes = len(store.events()), len(store.quotes())
        for old in ("events", "quotes"):
            shutil.rmtree(folder / old, ignore_errors=True)
        for part in ("events", "quotes", "manifest.json"):
            target = folder / part
            if (made / part).is_dir():
                shutil.copytree(made / part, target)
            else:
                shutil.copyfile(made / part, target)
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
    (folder / "metadata.json").write_text(text, encoding="utf-8")
    return metadata


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m engine.simulator.sample FOLDER")
    done = make(Path(sys.argv[1]))
    sys.stdout.write(f"{done['events']} matches, {done['quotes']} quotes in {sys.argv[1]}\n")
