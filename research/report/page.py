"""The report page: one file with its style, scripts and data inside, and nothing outside."""

from __future__ import annotations

import shlex
from typing import Any, Final

from research.report import charts, luck_section
from research.report.data import Chosen, ReportData
from research.report.document import document
from research.report.figure import Figure
from research.report.pack import pack, script_json, value_text
from research.report.sentences import configuration_line, net_interval, tried_line, verdict, warnings
from research.report.text import count, measure_name, number, short_key
from research.report.verdict import evidence_lines

_STYLES: Final = ("tokens.css", "charts.css", "page.css")
_SCRIPTS: Final = ("page.js", "sorted.js", "packed.js", "table.js", "map.js")


def page(data: ReportData) -> str:
    """The report page as HTML; the same data give the same text."""
    packed = pack(data)
    headline, reading = verdict(data)
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
        conditions=() if luck is None or luck.verdict is None else luck.verdict.conditions,
        tried=tried_line(data),
        manifest=_manifest(data),
        warnings=[*([] if luck is None else luck_section.flags(luck, data.short)), *warnings(data)],
        headline_figure=_headline(data),
        evidence=[] if luck is None else evidence_lines(luck, data.seed),
        luck_figures=[] if luck is None else luck_section.figures(luck, data.seed),
        luck_lead="" if luck is None else luck_section.lead(luck),
        order=measure_name(data.order),
        kept=packed["rows"],
        total=packed["total"],
        sheets=[_sheet(data, path) for path in data.chosen],
        mapped=_mapped(data),
        packed=script_json(packed),
        **_commands(data),
    )


def _kind(data: ReportData) -> str:
    return "one backtest" if len(data.results) == 1 else f"sweep of {count(len(data.results), 'configuration')}"


def _sections(data: ReportData) -> list[tuple[str, str]]:
    """Links of the bar: the section's id, and its short name."""
    luck = [("evidence", "Evidence"), ("outside", "Luck")] if data.luck is not None else []
    board = [("board-section", "Leaderboard"), ("paths", "Charts")]
    parameters = [("map-section", "Parameters")] if _mapped(data) else []
    return [*luck, *board, *parameters, ("again", "Again")]


def _manifest(data: ReportData) -> dict[str, Any]:
    """Where the numbers come from: data and code by hash in one line, and all of it on demand."""
    manifest, code = data.manifest, data.manifest.get("code") or {}
    rows = [
        ("Command", shlex.join(data.command)),
        ("Run", data.run),
        ("Data", str(data.facts.get("hash") or "")),
        ("Store", str(data.facts.get("store") or "")),
        ("Span", " to ".join(str(data.facts[key]) for key in ("first_date", "last_date") if data.facts.get(key))),
        ("Prices bet", ", ".join(str(one) for one in data.facts.get("instants") or [])),
        ("Times of prices", ", ".join(str(one) for one in data.facts.get("known_at_basis") or [])),
        ("Times of results", ", ".join(str(one) for one in data.facts.get("settled_at_basis") or [])),
        ("Sources of the code", str(code.get("sources") or "")),
        ("Commit", str(code.get("commit") or "")),
        ("Seed", str(data.seed)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in (manifest.get("versions") or {}).items())),
        ("Finished", str(manifest.get("finished_at") or "")),
        ("Took", _cost(manifest)),
    ]
    hashes = [("data", data.facts.get("hash")), ("code", code.get("sources"))]
    line = "".join(f", {name} {str(value)[:12]}" for name, value in hashes if value)
    summary = f"Manifest: run {data.short}{line}, seed {data.seed}"
    return {"summary": summary, "rows": [(name, value) for name, value in rows if value]}


def _cost(manifest: Any) -> str:
    parts = []
    if manifest.get("duration_s"):
        parts.append(f"{number(float(manifest['duration_s']), 1)} s")
    counts = manifest.get("counts") or {}
    if counts.get("in_lanes") is not None:
        parts.append(f"{number(counts['in_lanes'])} of {number(counts['configurations'])} walked together")
    if manifest.get("vector_bits"):
        parts.append(f"vectors of {manifest['vector_bits']} bits")
    if manifest.get("peak_memory_bytes"):
        parts.append(f"{number(float(manifest['peak_memory_bytes']) / 1e6)} MB at most")
    return ", ".join(parts)


def _headline(data: ReportData) -> Figure:
    if data.luck is not None and data.luck.verdict is not None and data.luck.path_daily is not None:
        return charts.out_of_sample(data.luck.path_daily, data.luck.findings.windows, data.seed, data.zone)
    return _tried(data)


def _tried(data: ReportData) -> Figure:
    if not data.chosen:
        return charts.tried(data.results, -1)
    best = data.chosen[0]
    if len(data.results) > 1:
        return charts.tried(data.results, best.config, net_interval(best, data.seed))
    return _equity(data, best)


def _equity(data: ReportData, one: Chosen) -> Figure:
    others = {
        other.label: other.daily for other in data.chosen if other.config != one.config and other.metrics["n_bets"]
    }
    return charts.equity(one.daily, others, label=one.label, seed=data.seed, zone=data.zone)


def _sheet(data: ReportData, path: Chosen) -> dict[str, Any]:
    """The charts of one configuration."""
    seed, figures = data.seed, []
    if len(data.results) > 1:
        figures += [_tried(data)] if path is data.chosen[0] and data.luck is not None else []
        figures.append(_equity(data, path))
    if path.bets.height:
        figures += [charts.yield_by(path.bets, by, seed) for by in ("season", "competition", "odds", "month")]
        figures += [charts.edge_against_yield(path.bets, seed), charts.clv_against_yield(path.bets, seed)]
        figures.append(charts.clv_distribution(path.bets, seed))
    figures.append(charts.funnel(path.reasons))
    values = {short_key(key): value_text(path.parameters.get(key)) for key in data.keys}
    return {
        "config": path.config,
        "label": path.label,
        "line": f"{path.label}: {configuration_line(path, values)}.",
        "figures": luck_section.paired(figures),
    }


def _mapped(data: ReportData) -> bool:
    """Whether two parameters or more were varied, so that there is a map to draw."""
    varied = [key for key in data.keys if key in data.results.columns and data.results[key].n_unique() > 1]
    return len(varied) > 1


def _commands(data: ReportData) -> dict[str, str]:
    """The command of the run, and the start and the whole of the one that shows a configuration."""
    start = f"bea show {data.short}"
    return {
        "run_command": shlex.join(data.command) or start,
        "show_start": start,
        "show_command": f"{start}#{data.chosen[0].config}" if data.chosen else start,
    }
