"""What differs between runs: configuration, data, code, measures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.backtesting.measures import METRICS
from engine.errors import UsageError
from engine.files import write_bytes
from research.config.keys import counts
from research.records.folder import runs_folder
from research.report.naming import value_text
from research.report.text import measure_name, number

if TYPE_CHECKING:
    from research.records.run import RunRecord

#: folder of comparison pages, inside the folder of runs
PAGES: Final = ".compare"
#: most runs on one page: there are as many colours for lines
MOST: Final = 6
#: most values of a swept key that are named
_NAMED: Final = 4
#: names of the counts before the measures
_HEADS: Final = {"configurations": "configurations of the run", "number": "configuration compared"}


def heading(part: str, name: str) -> str:
    """Name of a row of `differences` for a reader: amounts are shown in money, under a name without minor units."""
    return _HEADS.get(name, measure_name(name)) if part == "metrics" else name


def differences(runs: Sequence[tuple[RunRecord, int | None]]) -> dict[str, dict[str, list[Any]]]:
    """Rows of a comparison where the runs differ, with one value a run.

    Parameters
    ----------
    runs : sequence of (RunRecord, int or None)
        Each run with the number of the configuration to compare; None: its best one.

    Returns
    -------
    dict
        ``configuration``, ``data``, ``code``, ``metrics``: name to values. Measures are listed even where equal. A key
        that a sweep varied is also listed as ``KEY tried``, with the values that each run tried.
    """
    configs = [run.best() if number is None else number for run, number in runs]
    records = [run for run, _ in runs]
    flats = [run.parameters(config) for run, config in zip(records, configs, strict=True)]
    keys = list(dict.fromkeys(key for flat in flats for key in flat if counts(key)))
    metrics = [run.metrics(config) for run, config in zip(records, configs, strict=True)]
    facts = [_facts(run) for run in records]
    return {
        "configuration": _different(
            {key: [flat.get(key) for flat in flats] for key in keys} | _tried(records, configs)
        ),
        "data": _different({name: [fact["data"].get(name) for fact in facts] for name in facts[0]["data"]}),
        "code": _different({name: [fact["code"].get(name) for fact in facts] for name in facts[0]["code"]}),
        "metrics": {"configurations": [len(run) for run in records], "number": configs}
        | {name: [values[name] for values in metrics] for name in METRICS},
    }


def _tried(runs: Sequence[RunRecord], configs: Sequence[int]) -> dict[str, list[Any]]:
    """What each run tried of every key that one of them varied."""
    swept = list(dict.fromkeys(key for run in runs for key in run.keys if key in run.axes or key.endswith(".name")))
    return {
        f"{key} tried": [_values(run, key, config) for run, config in zip(runs, configs, strict=True)] for key in swept
    }


def _values(run: RunRecord, key: str, config: int) -> str:
    """The values of a key in a run as text: a few by name, many by their number and ends."""
    if key not in run.results.columns:
        return value_text(run.parameters(config).get(key))
    values = run.results[key].unique(maintain_order=True).to_list()
    if len(values) <= _NAMED:
        return ", ".join(value_text(value) for value in values)
    known = [value for value in values if value is not None]
    return f"{number(len(values))} values, {value_text(min(known))} to {value_text(max(known))}"


def page_path(runs: Sequence[tuple[RunRecord, int | None]]) -> Path:
    """Path of the page of these runs: ``data/runs/.compare/0123456789ab-ba9876543210.4.html``."""
    names = [run.short + ("" if config is None else f".{config}") for run, config in runs]
    return runs_folder() / PAGES / f"{'-'.join(names)}.html"


def write_page(runs: Sequence[tuple[RunRecord, int | None]], rows: dict[str, dict[str, list[Any]]]) -> Path:
    """Write the comparison page of runs and return its path; an older page of the same runs is replaced.

    Parameters
    ----------
    runs : sequence of (RunRecord, int or None)
        Two to six.
    rows : dict
        `differences` of the same runs.

    Raises
    ------
    UsageError
        There are more than six runs.
    """
    from research.report.comparison.page import page
    from research.report.comparison.sides import gather

    if len(runs) > MOST:
        raise UsageError("too many runs for a page", expected=f"{MOST} at most", found=str(len(runs)), todo="--no-page")
    path = page_path(runs)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, page(gather(runs, rows)).encode("utf-8", "replace"))
    return path


def _facts(run: RunRecord) -> dict[str, dict[str, Any]]:
    data, code = run.manifest["data"], run.manifest["code"]
    return {"data": {k: v for k, v in data.items() if k != "notes"}, "code": code | run.manifest["versions"]}


def _different(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: values for name, values in rows.items() if len({json.dumps(v, sort_keys=True) for v in values}) > 1}
