"""Why a run placed no bet: an answer in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.backtesting.measures import REASON_COLUMNS
from engine.tape import Tape
from research.execution.job import Computed
from research.records.results import RESULTS
from research.tapes.absence import differing

#: tapes without an opportunity that are named, at most
_NAMED: Final = 3
#: what opportunities of each reason have in common
_CLAUSES: Final = {
    "incomplete": "lack odds or a probability",
    "odds_range": "have odds outside strategy.odds_min and strategy.odds_max",
    "edge": "have an edge outside strategy.edge_min and strategy.edge_max",
    "cap_bet": "exceed risk.bet_cap_frac",
    "cap_event": "exceed risk.event_cap_frac",
    "cap_competition": "exceed risk.competition_cap_frac",
    "cap_day": "exceed risk.day_cap_frac",
    "cap_open": "exceed risk.open_cap_frac",
    "size": "are above the size that the price takes",
    "cash": "find no cash available",
    "stake_minimum": "have a stake below the minimum",
    "price_moved": "find a price that moved beyond execution.price_tolerance_frac",
    "rejected": "were rejected (execution.rejection_frac)",
    "group": "belong to a group of which another leg was refused",
}


def no_bets(computed: Computed, target: Path) -> str | None:
    """Why no configuration of a run placed a bet, as a sentence that begins with ``0 bets``; None if one did.

    Parameters
    ----------
    computed : Computed
    target : Path
        Folder of the run, with its results.
    """
    table = pl.read_parquet(target / RESULTS, columns=["tape", "n_bets", "n_opportunities", *REASON_COLUMNS])
    if table["n_bets"].sum():
        return None
    fullest = table.sort("n_opportunities", descending=True, maintain_order=True).row(0, named=True)
    if not fullest["n_opportunities"]:
        causes = list(dict.fromkeys(_why(computed, number) for number in range(len(computed.built))))
        more = f" (and {len(causes) - 1} other reasons on other tapes)" if len(causes) > 1 else ""
        return f"0 bets: {causes[0]}{more}"
    return f"0 bets: {_funnel(fullest, computed.shelf.tape(fullest['tape']))}"


def empty_tapes(computed: Computed) -> list[str]:
    """Notes on the tapes without an opportunity, of a run in which others have some: one a cause; few are named."""
    empty = [number for number, built in enumerate(computed.built) if not built.n_rows]
    if not empty or len(empty) == len(computed.built):
        return []
    settings = differing([job.spec for job in computed.job.tape_jobs])
    causes: dict[str, list[int]] = {}
    for number in empty[:_NAMED]:
        causes.setdefault(_why(computed, number), []).append(number)
    notes = [f"0 bets with {_together([settings[k] for k in numbers])}: {why}" for why, numbers in causes.items()]
    if len(empty) > _NAMED:
        notes.append(f"{len(empty) - _NAMED} more of {len(computed.built)} tapes have no opportunity")
    return notes


def _together(settings: list[str]) -> str:
    """Settings of several tapes: those of the first, and of the others what differs from it."""
    first, *others = settings
    known = set(first.split(", "))
    more = [" and ".join(part for part in other.split(", ") if part not in known) for other in others]
    return f"{first} (also with {', '.join(more)})" if more and all(more) else " or ".join(settings)


def _why(computed: Computed, number: int) -> str:
    job = computed.job
    spec = job.tape_jobs[number].spec
    return job.tapes.why_nothing(spec, computed.shelf.tape(number).refused)


def _funnel(row: dict[str, Any], tape: Tape) -> str:
    """Why the opportunities of one configuration became no bets, the most frequent reason first."""
    total = int(row["n_opportunities"])
    counts = {name.removeprefix("reason_"): int(row[name]) for name in REASON_COLUMNS if row[name]}
    edges = tape.edge_frac[np.isfinite(tape.edge_frac)]
    largest = f"; the largest edge is {edges.max():.1%}" if counts.get("edge") and len(edges) else ""
    if len(counts) == 1 and total > 1:
        (reason,) = counts
        return f"all {total:,} opportunities {_CLAUSES.get(reason, reason)}{largest}"
    parts = [
        f"{amount:,} {_CLAUSES.get(reason, reason)}"
        for reason, amount in sorted(counts.items(), key=lambda pair: -pair[1])
    ]
    return f"of {total:,} {'opportunity' if total == 1 else 'opportunities'}, {', '.join(parts)}{largest}"
