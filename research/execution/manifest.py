"""The manifest of a run: what made it, with hashes, versions and counts."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from typing import Any

from engine.identity import digest
from engine.kernel.width import vector_bits
from engine.machine import peak_bytes
from engine.schema import CLOSE
from research.cluster.target import machine_facts
from research.execution.job import BuiltTape, Computed, Job
from research.records.identity import commit, is_dirty, versions
from research.tapes.facts import merged_facts
from research.tapes.suspects import notes_of


def manifest_of(computed: Computed, selected: Sequence[int], sources: str) -> dict[str, Any]:
    """The manifest of a finished run.

    Parameters
    ----------
    computed : Computed
    selected : sequence of int
        Configurations whose bets and days are stored, best first.
    sources : str
        Hash of the code that the results depend on.
    """
    job = computed.job
    command, plan, now = job.command, job.command.plan, dt.datetime.now(dt.UTC)
    facts = merged_facts([rows.facts for rows in job.rows])
    return {
        "run": job.run,
        "kind": command.kind,
        "command": ["bea", command.kind, *command.words],
        "seed": command.settings["seed"],
        "keys": plan.keys,
        "json_columns": list(plan.json_columns),
        "branches": [
            {"base": b.base, "axes": {k: list(v) for k, v in b.axes.items()}, "choices": b.choices}
            for b in plan.branches
        ],
        "counts": {
            "configurations": len(plan),
            "dropped": plan.dropped,
            "tapes": len(job.tape_jobs),
            "in_lanes": computed.in_lanes,
        },
        "order": command.settings["sweep.order"],
        "bets_min": command.settings["sweep.bets_min"],
        "chosen": list(selected),
        "data": {
            "hash": digest(sorted({rows.hash for rows in job.rows})),
            "store": job.tape_jobs[0].spec.store,
            "closes_seen": any(tape_job.spec.closes_seen for tape_job in job.tape_jobs),
            **facts,
        },
        "tapes": [_tape(computed, number) for number in range(len(job.tape_jobs))],
        "event_sets": sorted({built.events.hash.hex() for built in computed.built}),
        "rules": sorted({rule.hash for tape_job in job.tape_jobs if (rule := tape_job.rule) is not None}),
        "code": {"sources": sources, "commit": commit(), "dirty": is_dirty()},
        "versions": versions(),
        "vector_bits": vector_bits(),
        "target": dict(machine_facts()),
        "finished_at": now.isoformat(timespec="seconds"),
        "duration_s": round(time.monotonic() - command.started, 3),
        "peak_memory_bytes": peak_bytes(),
        "notes": [
            *facts["notes"],
            *notes_of([job.tapes.suspects(tape_job.spec) for tape_job in job.tape_jobs]),
            *refusal_notes(computed.built),
            *stake_notes(job),
            *fit_notes(computed),
            *regime_notes(computed.built),
            *close_notes([tape_job.spec.instants for tape_job in job.tape_jobs]),
        ],
    }


def stake_notes(job: Job) -> list[str]:
    """A note for each strategy that states its own stakes, with the staking rules that do not read them."""
    table, found = job.command.plan.table, dict[str, set[str]]()
    for one in job.tape_jobs:
        if not getattr(job.tapes.inputs(one.spec).strategy, "states_stakes", False):
            continue
        rows = table.slice(one.low, one.high - one.low)
        rules = {str(job.command.plan.branches[number].base.get("staking.name")) for number in rows["branch"].unique()}
        if "staking.name" in rows.columns:
            rules = set(rows["staking.name"].drop_nulls().unique())
        found.setdefault(one.spec.strategy, set()).update(rules - {"kelly_column", "own"})
    return [
        f"the stakes of {strategy} (kelly_frac) are not used by staking={', '.join(sorted(rules))}; "
        "staking=kelly_column uses them"
        for strategy, rules in found.items()
        if rules
    ]


def refusal_notes(built: Sequence[BuiltTape]) -> list[str]:
    """A note for each reason why opportunities are not on a tape, with the largest number of a tape and an example."""
    most: dict[str, tuple[int, str]] = {}
    for tape in built:
        for reason, rows, example in tape.refused:
            if rows > most.get(reason, (0, ""))[0]:
                most[reason] = rows, example
    up_to = "up to " if len(built) > 1 else ""
    return [
        f"{up_to}{rows:,} opportunit{'y is' if rows == 1 else 'ies are'} left out: {reason}; such as {example}"
        for reason, (rows, example) in sorted(most.items())
    ]


def fit_notes(computed: Computed) -> list[str]:
    """How often strategies with a model are fitted; with several tapes, the largest number."""
    most = max(len(job.spec.fit_at) for job in computed.job.tape_jobs)
    if not most:
        return []
    refit = computed.job.command.settings["validation.refit"]
    days = f"{most:,} days" if most > 1 else "one day"
    return [f"a model is fitted on {days} (validation.refit={refit}), if there is anything to decide before the next"]


def regime_notes(built: Sequence[BuiltTape]) -> list[str]:
    """How many opportunities were decided without a known regime; of several tapes, the one with the most."""
    gated = [(tape.turns.unknown, tape.n_rows) for tape in built if tape.turns is not None and tape.turns.unknown]
    if not gated:
        return []
    unknown, rows = max(gated)
    of = f"all {rows:,}" if unknown == rows else f"{'up to ' if len(built) > 1 else ''}{unknown:,} of {rows:,}"
    return [f"no regime is known yet at {of} opportunities: strategy.share_unknown counts there (strategy.days_min)"]


def close_notes(instants: Iterable[Sequence[str]]) -> list[str]:
    """That nobody could have placed the bets, where decisions see closing prices; `instants` of each tape."""
    if not any(CLOSE in kinds for kinds in instants):
        return []
    return [
        "not executable: decisions know closing prices (data.instants), which are the last ones only in hindsight; "
        "earlier prices of other bookmakers are taken as if they were still there"
    ]


def _tape(computed: Computed, number: int) -> dict[str, Any]:
    job, built = computed.job.tape_jobs[number], computed.built[number]
    return {
        "tape": number,
        "hash": built.hash,
        "rows_hash": job.rows_hash,
        "fit_at": list(job.spec.fit_at),
        "made_of": computed.job.tapes.made_of(job.spec),
        "opportunities": built.n_rows,
        "first_config": job.low + 1,
        "last_config": job.high,
    } | ({} if built.turns is None else {"regimes": built.turns.plain()})
