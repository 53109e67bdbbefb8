"""A run or a configuration as one document for JSON output."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from engine.backtesting.measures import METRICS
from research.records.labels import read_labels
from research.records.run import RunRecord
from research.verdict.expected import detectable, expected_yield
from research.verdict.findings import Findings
from research.verdict.judge import Verdict

#: rows of the leaderboard in a summary
ROWS = 12
#: measures of a backtest's summary, in this order
BACKTEST = (*METRICS, "reasons")


def summary(run: RunRecord) -> dict[str, Any]:
    """A run in one document: of a backtest its configuration and measures, of a sweep its leaderboard."""
    report = str(run.report_path) if run.report_path.is_file() else None
    head = {
        "run": run.id,
        "kind": run.kind,
        "labels": asdict(read_labels(run.folder)),
        "data_hash": run.manifest["data"]["hash"],
        "report": report,
        "no_bets": run.manifest.get("no_bets"),
        "notes": list(run.manifest["notes"]),
    }
    if run.kind == "backtest":
        metrics = run.metrics(1)
        flags = [name for name in run.flags() if name not in run.acknowledged()]
        measures = {name: metrics[name] for name in BACKTEST}
        price = price_summary(run)
        return head | {"flags": flags, "config": run.parameters(1), "price": price, "metrics": measures}
    return head | {
        "n_configurations": len(run),
        "n_tapes": run.manifest["counts"]["tapes"],
        "order": run.manifest["order"],
        "verdict": verdict_summary(run),
        "price": price_summary(run),
        "note": "the leaderboard is in sample; the verdict is corrected for the search",
        "leaderboard": run.leaderboard(ROWS).to_dicts(),
    }


def verdict_summary(run: RunRecord) -> dict[str, Any] | None:
    """The verdict of a sweep with the numbers that it is made of; None of a backtest."""
    findings, verdict = run.findings, run.verdict()
    if findings is None or verdict is None:
        return None
    trials = run.trials()
    return {
        "evidence": verdict.evidence,
        "gate": verdict.gate,
        "look": verdict.look,
        "levels": asdict(verdict.levels),
        **_size(findings, verdict, trials.effective),
        "conditions": [{"letter": one.letter, "holds": one.holds, "words": one.sentence} for one in verdict.conditions],
        "trials_raw": trials.raw,
        "trials_effective": trials.effective,
        "flags": [name for name in run.flags() if name not in run.acknowledged()],
        "selected": None if findings.selected is None else selected_summary(run, findings.selected),
        "bankrupt": [{"config": config, "date": str(day)} for config, day in run.bankrupt().iter_rows()],
        "set_aside": [{"config": config, "flags": list(flags)} for config, flags in run.set_aside().items()],
        "findings": findings.plain(),
    }


def _size(findings: Findings, verdict: Verdict, trials: float) -> dict[str, Any]:
    """The edge that could have been found; with evidence, the yield corrected for having passed. NaN: not known."""
    searched, single = detectable(findings, verdict.levels.main, trials)
    found = expected_yield(verdict, findings, trials)
    expected = None if found is None else {"measured": asdict(found[0]), "corrected": asdict(found[1])}
    return {"detectable_edge": searched, "detectable_edge_of_a_single_test": single, "expected_yield": expected}


def price_summary(run: RunRecord) -> dict[str, Any]:
    """The verdict of price with the numbers that it is made of."""
    verdict = run.price_verdict()
    return {"beats": verdict.beats, **verdict.plain()}


def selected_summary(run: RunRecord, config: int) -> dict[str, Any]:
    """The selected configuration: number, settings that vary, first and last day with a bet, reasons after the last."""
    days = run.daily(config).filter(pl.col("n_bets") > 0)["date"]
    parameters = run.parameters(config)
    return {
        "config": config,
        "settings": {key: parameters[key] for key in run.keys if key in parameters},
        "first_bet": str(days[0]) if len(days) else None,
        "last_bet": str(days[-1]) if len(days) else None,
        "after_the_last_bet": run.after_the_last_bet(config),
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
