"""The report page: one file with its style, scripts and data inside."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final

from research.inference.bootstrap import FEWEST_BETS
from research.report import charts
from research.report.data import Luck, ReportData
from research.report.document import document
from research.report.figure import Figure, paired
from research.report.gather import among
from research.report.headline import state
from research.report.pack import pack, script_json
from research.report.price_lines import closing_tables, price_lines
from research.report.selection import selected_lines
from research.report.sentences import (
    configuration_line,
    flags,
    net_interval,
    selection_line,
    statement,
    tried_line,
    warnings,
)
from research.report.sheets import bets_line, pack_sheet
from research.report.text import count, measure_name, number, sentence_case
from research.report.verdict import evidence_lines
from research.verdict.judge import Verdict

_STYLES: Final = ("tokens.css", "charts.css", "page.css")
_SCRIPTS: Final = ("page.js", "sorted.js", "packed.js", "table.js", "map.js", "bets.js", "curve.js", "zoom.js")


def page(data: ReportData) -> str:
    """The report page as HTML; the same data give the same text."""
    sheets = [_sheet(data, place) for place in range(len(data.selected))]
    packed = pack(data) | {"sheets": [sheet["packed"] for sheet in sheets]}
    headline, reading = statement(data)
    luck = data.luck
    return document(
        "report.html.j2",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title=f"Run {data.short}: {_kind(data)}",
        data=data,
        kind=_kind(data),
        sections=_sections(data),
        headline=headline,
        reading=reading,
        conditions=[] if luck is None or luck.verdict is None else _conditions(luck.verdict),
        picked=[] if luck is None else selected_lines(luck),
        tried=tried_line(data),
        manifest=_manifest(data),
        warnings=[*([] if luck is None else flags(luck, data.short)), *warnings(data)],
        headline_figure=_headline(data),
        evidence=[] if luck is None else evidence_lines(luck, data.seed),
        price=None if luck is None else _price(luck),
        luck_figures=[] if luck is None else _luck_figures(luck, data.seed),
        luck_lead="" if luck is None else selection_line(luck),
        order=measure_name(data.order) + among(data.manifest),
        held=packed["rows"],
        total=packed["total"],
        sheets=sheets,
        mapped=_mapped(data),
        parameters=_parameters(data),
        fewest_bets=FEWEST_BETS,
        packed=script_json(packed),
        **_commands(data),
    )


#: what a condition is marked with, and its class
_MARKS: Final = {"holds": ("good", "✓ holds"), "fails": ("bad", "✗ fails"), "not needed": ("spare", "○ not needed")}


def _conditions(verdict: Verdict) -> list[dict[str, str]]:
    """The conditions of the verdict: class, mark and sentence."""
    lines = []
    for condition in verdict.conditions:
        css, mark = _MARKS[state(condition, verdict)]
        lines.append(
            {"css": css, "mark": mark, "sentence": f"({condition.letter}) {sentence_case(condition.sentence)}."}
        )
    return lines


def _price(luck: Luck) -> dict[str, Any] | None:
    """The verdict of price: its sentence, the numbers behind it, and how fair the closing line is."""
    lines, tables = price_lines(luck.price), closing_tables(luck.closing)
    if luck.price is None or not (lines or tables or luck.price.findings):
        return None
    return {"sentence": luck.price.sentence, "lines": lines, "tables": tables}


def _kind(data: ReportData) -> str:
    return "one backtest" if len(data.results) == 1 else f"sweep of {count(len(data.results), 'configuration')}"


def _sections(data: ReportData) -> list[tuple[str, str]]:
    """Links in the bar: the id of a section, and its short name."""
    luck = [("evidence", "Evidence"), ("outside", "Luck")] if data.luck is not None else []
    if data.luck is not None and _price(data.luck) is not None:
        luck.insert(1, ("price", "Price"))
    board = [("board-section", "Leaderboard"), ("paths", "Charts")]
    parameters = [("map-section", "Parameters")] if _mapped(data) else []
    return [*luck, *board, *parameters, ("again", "Reproduce"), ("terms", "Terms")]


def _manifest(data: ReportData) -> dict[str, Any]:
    """Where the numbers come from: hashes of data and code in one line, and all facts on demand."""
    manifest, code = data.manifest, data.manifest.get("code") or {}
    rows = [
        ("Command", shlex.join(data.command)),
        ("Run", data.run),
        ("Data", str(data.facts.get("hash") or "")),
        ("Store", str(data.facts.get("store") or "")),
        ("Dates", " to ".join(str(data.facts[key]) for key in ("first_date", "last_date") if data.facts.get(key))),
        ("Prices bet at", ", ".join(str(kind) for kind in data.facts.get("instants") or [])),
        ("Times of prices", ", ".join(str(basis) for basis in data.facts.get("known_at_basis") or [])),
        ("Times of results", ", ".join(str(basis) for basis in data.facts.get("settled_at_basis") or [])),
        ("Source code", str(code.get("sources") or "")),
        ("Commit", str(code.get("commit") or "")),
        ("Seed", str(data.seed)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in (manifest.get("versions") or {}).items())),
        ("Finished", str(manifest.get("finished_at") or "")),
        ("Resources", _resources(manifest)),
    ]
    hashes = [("data", data.facts.get("hash")), ("code", code.get("sources"))]
    line = "".join(f", {name} {str(value)[:12]}" for name, value in hashes if value)
    summary = f"Manifest: run {data.short}{line}, seed {data.seed}"
    return {"summary": summary, "rows": [(name, value) for name, value in rows if value]}


def _resources(manifest: Mapping[str, Any]) -> str:
    """Time and memory that the run took."""
    parts = []
    if manifest.get("duration_s"):
        parts.append(f"{number(float(manifest['duration_s']), 1)} s")
    counts = manifest.get("counts") or {}
    if counts.get("in_lanes") is not None:
        parts.append(f"{number(counts['in_lanes'])} of {number(counts['configurations'])} configurations in lanes")
    if manifest.get("vector_bits"):
        parts.append(f"{manifest['vector_bits']}-bit vectors")
    if manifest.get("peak_memory_bytes"):
        parts.append(f"{number(float(manifest['peak_memory_bytes']) / 1e6)} MB peak memory")
    return ", ".join(parts)


def _headline(data: ReportData) -> Figure:
    """The first chart: the out-of-sample path where there is a verdict, all configurations tried, or one equity."""
    luck = data.luck
    if luck is not None and luck.verdict is not None and luck.path_daily is not None:
        return charts.out_of_sample(luck.path_daily, luck.findings.windows, data.seed, data.zone)
    if len(data.results) == 1 and data.selected:
        only = data.selected[0]
        return charts.equity(only.daily, label=only.label, seed=only.seed, zone=only.zone, compounds=only.compounds)
    return _tried(data)


def _tried(data: ReportData) -> Figure:
    """All configurations that were tried, with the best one marked."""
    if not data.selected:
        return charts.tried(data.results, -1)
    return charts.tried(data.results, data.selected[0].config, net_interval(data.selected[0]))


def _luck_figures(luck: Luck, seed: int) -> list[Figure]:
    """Charts of the out-of-sample path and of the cross-validation."""
    figures: list[Figure] = []
    path = luck.tested(seed)
    if path is not None and luck.verdict is not None:  # the groups of a backtest are in the sheet of its configuration
        figures += charts.draw(charts.OUT_OF_SAMPLE, path).values()
    if path is not None:
        figures += charts.draw(charts.RISK, path).values()
    figures += charts.draw(charts.CROSS_VALIDATION, luck.cross_validation).values()
    return paired(figures)


#: charts of a configuration that stand before its bets
_UPPER: Final = ("tried", "equity")


def _sheet(data: ReportData, place: int) -> dict[str, Any]:
    """One selected configuration: its charts up to equity, its bets, and its other charts."""
    configuration = data.among_others(place)
    figures = charts.draw(charts.CONFIGURATION, configuration)
    if len(data.results) == 1:
        del figures["equity"]  # it is the headline
    elif place == 0 and data.luck is not None:  # without luck it is the headline
        figures = {"tried": _tried(data), **figures}
    return {
        "config": configuration.config,
        "label": configuration.label,
        "line": f"{configuration.label}: {configuration_line(configuration, data.keys)}.",
        "upper": [figure for name, figure in figures.items() if name in _UPPER],
        "bets": bets_line(configuration, data.short),
        "figures": paired([figure for name, figure in figures.items() if name not in _UPPER]),
        "packed": pack_sheet(configuration),
    }


def _parameters(data: ReportData) -> list[Figure]:
    """Charts of all parameters together, above the map of two of them."""
    fewest = int(data.manifest.get("bets_min", 0))
    found = [
        charts.importance(data.results, data.keys, data.order),
        charts.parallel(data.results, data.keys, data.order, fewest=fewest, seed=data.seed),
    ]
    return [figure for figure in found if figure is not None]


def _mapped(data: ReportData) -> bool:
    """Whether at least two parameters were varied, so that there is a map to draw."""
    varied = [key for key in data.keys if key in data.results.columns and data.results[key].n_unique() > 1]
    return len(varied) > 1


def _commands(data: ReportData) -> dict[str, str]:
    """The command of the run, and the command that shows one configuration: its start, and all of it."""
    start = f"bea show {data.short}"
    return {
        "run_command": shlex.join(data.command) or start,
        "show_start": start,
        "show_command": f"{start}#{data.selected[0].config}" if data.selected else start,
    }
