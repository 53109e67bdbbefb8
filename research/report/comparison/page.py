"""The page of runs side by side: who is ahead on common events, the lines of money, and every difference."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any, Final

from engine.backtesting.measures import METRICS
from research.report import charts
from research.report.comparison.pairs import MEASURES as PAIRED
from research.report.comparison.pairs import Pair, pairs_of
from research.report.comparison.sentences import how, of_itself, reading, statement, to_mind
from research.report.comparison.sides import Comparison, Side
from research.report.document import document
from research.report.figure import Figure
from research.report.pack import value_text
from research.report.text import MEASURES, count, number

_STYLES: Final = ("tokens.css", "charts.css", "page.css")
_SCRIPTS: Final = ("page.js", "sorted.js")
_HASH: Final = re.compile(r"[0-9a-f]{32,}")
#: longest value of a cell
_LONGEST: Final = 60
#: parts of the settings: name, heading, head of the first column
_PARTS: Final = (("configuration", "Configuration", "key"), ("data", "Data", "fact"), ("code", "Code", "part"))
_SECTIONS: Final = (("pairs", "Differences"), ("measures", "Measures"), ("settings", "Settings"), ("again", "Again"))


def page(of: Comparison) -> str:
    """The page as HTML; the same data give the same text."""
    pairs = pairs_of(of, outside=of.outside)
    return document(
        "comparison.html.j2",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title=f"Comparison of {' and '.join(side.name for side in of.sides)}",
        name=f"{count(len(of.sides), 'run')} side by side",
        sections=_SECTIONS,
        headline=statement(of, pairs),
        reading=reading(of, pairs),
        sides=[_side(side, of.seed) for side in of.sides],
        warnings=to_mind(of),
        money=_money(of, outside=of.outside),
        how=how(),
        pairs=_differences(pairs),
        other=_other(of),
        measures=_measures(of),
        settings=_settings(of),
        compare_command=shlex.join(["bea", "compare", *of.words]),
        commands=[(side.letter, shlex.join(_words(side))) for side in of.sides],
    )


def _side(side: Side, seed: int) -> dict[str, str]:
    """A run with what it shows by itself."""
    verdict, measured = of_itself(side, seed)
    return {"letter": side.letter, "name": side.name, "kind": side.kind, "verdict": verdict, "measured": measured}


def _money(of: Comparison, *, outside: bool) -> Figure:
    """The lines of money: the out-of-sample paths of those that have one, or the configurations."""
    paths = {}
    for side in of.sides:
        if not outside:
            paths[side.letter] = side.chosen.daily
        elif side.walked and side.path_daily is not None:
            paths[side.letter] = side.path_daily
    zones = list(dict.fromkeys(side.zone for side in of.sides))
    return charts.together(paths, outside=outside, zone=" and ".join(zones))


def _other(of: Comparison) -> dict[str, Any]:
    """What the statement is not about: the configurations, or the out-of-sample paths of some; empty without any."""
    if of.outside:
        words, outside = "The same of the configurations, in sample", False
    elif sum(side.walked for side in of.sides) > 1:
        words, outside = "The same of the out-of-sample paths", True
    else:
        return {}
    pairs = _differences(pairs_of(of, outside=outside))
    return {"words": words, "money": _money(of, outside=outside), "pairs": pairs}


def _differences(pairs: Sequence[Pair]) -> list[Figure]:
    """A chart a measure of the differences over common events; none where no two share an event."""
    if not any(pair.common for pair in pairs):
        return []
    note = "Whiskers: 90 % of resampled common events, drawn with the bets of both. Hollow: no interval."
    if not pairs[0].outside:
        note += " Before commission."
    figures = [
        charts.differences({pair.name: pair.found[measure] for pair in pairs}, measure, note=note) for measure in PAIRED
    ]
    return [figures[0].widened(), *figures[1:]]


def _measures(of: Comparison) -> dict[str, Any]:
    """All measures, a row a run: so that each column is of one kind and can be sorted."""
    names = [name for name in MEASURES if name in METRICS]
    heads = ["run", "configurations", "number", *(MEASURES[name].head for name in names)]
    rows = []
    for side in of.sides:
        cells = [f"{side.letter} {side.name}", number(side.configurations), side.chosen.label]
        rows.append([*cells, *(MEASURES[name].text(side.chosen.metrics.get(name)) for name in names)])
    return {"heads": heads, "rows": rows}


def _settings(of: Comparison) -> list[dict[str, Any]]:
    """What is different in configuration, data and code."""
    names = [f"{side.letter} {side.name}" for side in of.sides]
    return [
        {
            "name": part,
            "words": words,
            "heads": [first, *names],
            "rows": [
                [key, *(_cell(value) for value in values)] for key, values in of.differences.get(part, {}).items()
            ],
        }
        for part, words, first in _PARTS
    ]


def _cell(value: Any) -> str:
    """A value, with hashes and long texts cut short."""
    text = _HASH.sub(lambda match: match.group()[:12], value_text(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _words(side: Side) -> list[str]:
    """Words of the command that made the run."""
    return [str(word) for word in side.manifest.get("command") or ["bea", "show", side.run[:12]]]
