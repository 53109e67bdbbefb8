"""What a command prints as JSON about a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.backtesting.measures import METRICS

if TYPE_CHECKING:
    from research.records.run import RunRecord

#: rows of the leaderboard in a summary
ROWS = 12
#: measures of a backtest's summary, in this order
BACKTEST = (*METRICS, "reasons")


def summary(run: RunRecord) -> dict[str, Any]:
    """A run in one document: of a backtest its configuration and measures, of a sweep its leaderboard."""
    report = str(run.report_path) if run.report_path.is_file() else None
    head = {"run": run.id, "kind": run.kind, "data_hash": run.manifest["data"]["hash"], "report": report}
    if run.kind == "backtest":
        metrics = run.metrics(1)
        return head | {"config": run.parameters(1), "metrics": {name: metrics[name] for name in BACKTEST}}
    return head | {
        "n_configurations": len(run),
        "n_tapes": run.manifest["counts"]["tapes"],
        "order": run.manifest["order"],
        "verdict": verdict_summary(run),
        "note": "the leaderboard is in sample; the verdict is corrected for the search",
        "leaderboard": run.leaderboard(ROWS).to_dicts(),
    }


def verdict_summary(run: RunRecord) -> dict[str, Any] | None:
    """The verdict of a sweep with the numbers that it is made of; None of a backtest."""
    found, verdict = run.findings, run.verdict()
    if found is None or verdict is None:
        return None
    trials = run.trials()
    return {
        "evidence": verdict.evidence,
        "conditions": [{"letter": one.letter, "holds": one.holds, "words": one.words} for one in verdict.conditions],
        "trials_raw": trials.raw,
        "trials_effective": trials.effective,
        "flags": [name for name in run.flags() if name not in run.acknowledged()],
        "findings": found.plain(),
    }


def configuration_summary(run: RunRecord, config: int) -> dict[str, Any]:
    """One configuration of a run in one document."""
    metrics = run.metrics(config)
    return {
        "run": run.id,
        "number": config,
        "config": run.parameters(config),
        "data_hash": run.manifest["data"]["hash"],
        "metrics": {name: metrics[name] for name in BACKTEST},
    }
