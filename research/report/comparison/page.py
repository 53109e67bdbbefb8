"""The comparison page: who is ahead on common events, the equity of each run, and every difference."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any, Final

from engine.backtesting.measures import METRICS
from research.report import charts
from research.report.comparison.pairs import MEASURES as PAIRED
from research.report.comparison.pairs import Pair, pairs_of
from research.report.comparison.sentences import by_itself, caveats, how, reading, statement
from research.report.comparison.sides import Comparison, Side
from research.report.document import document
from research.report.figure import Figure
from research.report.naming import value_text
from research.report.text import LEVEL, MEASURES, count, number

_STYLES: Final = ("tokens.css", "charts.css", "page.css")
_SCRIPTS: Final = ("page.js", "sorted.js")
_HASH: Final = re.compile(r"[0-9a-f]{32,}")
#: most characters of a cell
_LONGEST: Final = 60
#: parts of the settings: name, heading, heading of the first column
_PARTS: Final = (("configuration", "Configuration", "key"), ("data", "Data", "fact"), ("code", "Code", "part"))
_SECTIONS: Final = (
    ("pairs", "Differences"),
    ("measures", "Measures"),
    ("settings", "Settings"),
    ("again", "Reproduce"),
    ("terms", "Terms"),
)


def page(comparison: Comparison) -> str:
    """The comparison page as HTML; the same data give the same text."""
    pairs = pairs_of(comparison, out_of_sample=comparison.out_of_sample)
    return document(
        "comparison.html.j2",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title=f"Comparison of {' and '.join(side.name for side in comparison.sides)}",
        name=f"{count(len(comparison.sides), 'run')} side by side",
        sections=_SECTIONS,
        headline=statement(comparison, pairs),
        reading=reading(comparison, pairs),
        sides=[_side(side) for side in comparison.sides],
        warnings=caveats(comparison),
        money=_money(comparison, out_of_sample=comparison.out_of_sample),
        how=how(),
        pairs=_differences(pairs),
        other=_other(comparison),
        measures=_measures(comparison),
        settings=_settings(comparison),
        compare_command=shlex.join(["bea", "compare", *comparison.names]),
        commands=[(side.letter, shlex.join(_words(side))) for side in comparison.sides],
    )


def _side(side: Side) -> dict[str, str]:
    """A run with what it shows by itself."""
    verdict, measured = by_itself(side)
    return {"letter": side.letter, "name": side.name, "kind": side.kind, "verdict": verdict, "measured": measured}


def _money(comparison: Comparison, *, out_of_sample: bool) -> Figure:
    """Equity of the runs: their out-of-sample paths where they have one, or their configurations."""
    paths = {}
    for side in comparison.sides:
        if not out_of_sample:
            paths[side.letter] = side.configuration.daily
        elif side.has_path and side.path_daily is not None:
            paths[side.letter] = side.path_daily
    zones = list(dict.fromkeys(side.configuration.zone for side in comparison.sides))
    return charts.together(paths, out_of_sample=out_of_sample, zone=" and ".join(zones))


def _other(comparison: Comparison) -> dict[str, Any]:
    """The paths that the headline is not about: in sample, or out of sample where only some runs have such a path."""
    if comparison.out_of_sample:
        words, out_of_sample = "The same for the configurations, in sample", False
    elif sum(side.has_path for side in comparison.sides) > 1:
        words, out_of_sample = "The same for the out-of-sample paths", True
    else:
        return {}
    pairs = _differences(pairs_of(comparison, out_of_sample=out_of_sample))
    return {"words": words, "money": _money(comparison, out_of_sample=out_of_sample), "pairs": pairs}


def _differences(pairs: Sequence[Pair]) -> list[Figure]:
    """One chart a measure with the differences over common events; empty where no two runs share an event."""
    if not any(pair.common for pair in pairs):
        return []
    note = f"Whiskers: {LEVEL} interval, common events resampled with the bets of both runs. Hollow: no interval."
    if not pairs[0].out_of_sample:
        note += " Before commission."
    figures = [
        charts.differences({pair.name: pair.ratios[measure] for pair in pairs}, measure, note=note)
        for measure in PAIRED
    ]
    return [figures[0].widened(), *figures[1:]]


def _measures(comparison: Comparison) -> dict[str, Any]:
    """All measures, one row a run, so that each column has one unit and can be sorted."""
    names = [name for name in MEASURES if name in METRICS]
    heads = ["run", "configurations", "#", *(MEASURES[name].head for name in names)]
    rows = []
    for side in comparison.sides:
        cells = [f"{side.letter} {side.name}", number(side.n_configurations), side.configuration.label]
        rows.append([*cells, *(MEASURES[name].text(side.configuration.metrics.get(name)) for name in names)])
    return {"heads": heads, "rows": rows}


def _settings(comparison: Comparison) -> list[dict[str, Any]]:
    """What differs in configuration, data and code."""
    names = [f"{side.letter} {side.name}" for side in comparison.sides]
    return [
        {
            "name": part,
            "words": words,
            "heads": [first, *names],
            "rows": [
                [key, *(_cell(value) for value in values)]
                for key, values in comparison.differences.get(part, {}).items()
            ],
        }
        for part, words, first in _PARTS
    ]


def _cell(value: Any) -> str:
    """A value as text, with hashes and long texts shortened."""
    text = _HASH.sub(lambda match: match.group()[:12], value_text(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _words(side: Side) -> list[str]:
    """Words of the command that produced the run."""
    return [str(word) for word in side.manifest.get("command") or ["bea", "show", side.run[:12]]]
