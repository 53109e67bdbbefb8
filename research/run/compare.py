"""What is different between runs: configuration, data, code, measures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.result import METRICS
from research.config import counts

if TYPE_CHECKING:
    from research.run.record import Run


def differences(runs: Sequence[tuple[Run, int | None]]) -> dict[str, dict[str, list[Any]]]:
    """Rows of a comparison, only where the runs differ, one value a run.

    Parameters
    ----------
    runs : sequence of (Run, int or None)
        The configuration to compare of each; None: its best.

    Returns
    -------
    dict
        ``configuration``, ``data``, ``code``, ``metrics``: name to values. Measures are given even where equal.
    """
    configs = [run.best() if number is None else number for run, number in runs]
    made = [run for run, _ in runs]
    flats = [run.parameters(config) for run, config in zip(made, configs, strict=True)]
    keys = list(dict.fromkeys(key for flat in flats for key in flat if counts(key)))
    metrics = [run.metrics(config) for run, config in zip(made, configs, strict=True)]
    facts = [_facts(run) for run in made]
    return {
        "configuration": _different({key: [flat.get(key) for flat in flats] for key in keys}),
        "data": _different({name: [fact["data"].get(name) for fact in facts] for name in facts[0]["data"]}),
        "code": _different({name: [fact["code"].get(name) for fact in facts] for name in facts[0]["code"]}),
        "metrics": {"configurations": [len(run) for run in made], "number": configs}
        | {name: [one[name] for one in metrics] for name in METRICS},
    }


def _facts(run: Run) -> dict[str, dict[str, Any]]:
    data, code = run.manifest["data"], run.manifest["code"]
    return {"data": {k: v for k, v in data.items() if k != "notes"}, "code": code | run.manifest["versions"]}


def _different(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: values for name, values in rows.items() if len({json.dumps(v, sort_keys=True) for v in values}) > 1}
