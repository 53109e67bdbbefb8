"""The report page: one file with its style, scripts and data inside, and nothing outside."""

from __future__ import annotations

import shlex
from typing import Any, Final

from research.report import charts, luck_section
from research.report.data import Chosen, ReportData
from research.report.figure import Figure, gallery
from research.report.pack import pack, script_json, value_text
from research.report.sentences import configuration_line, net_interval, tried_line, verdict, warnings
from research.report.shell import document
from research.report.text import MEASURES, coded, count, html, number, short_key

_STYLES: Final = ("tokens.css", "charts.css", "page.css")
_SCRIPTS: Final = ("page.js", "sorted.js", "packed.js", "table.js", "map.js")


def page(data: ReportData) -> str:
    """The page as HTML; the same data give the same text."""
    packed = pack(data)
    head, reading = verdict(data)
    body = [
        _bar(data),
        '<main class="frame" id="main">',
        f'<h1>{html(head)}</h1><p class="reading">{html(reading)}</p>',
        luck_section.conditions(data.luck) if data.luck is not None else "",
        f'<p class="tried">{html(tried_line(data))}</p>',
        _manifest(data),
        _warnings(data),
        f'<section class="headline" id="headline">{_headline(data).html(2)}</section>',
        luck_section.evidence(data),
        luck_section.outside(data),
        _leaderboard(data, packed),
        _paths(data),
        _map(data, packed),
        _again(data),
        "</main>",
        f'<footer class="frame">Run <code>{html(data.run)}</code>. Written by betting-expert-advisor. '
        "Nothing on this page is advice to bet.</footer>",
        '<div class="tip" id="tip" hidden></div>',
        f'<script type="application/json" id="results">{script_json(packed)}</script>',
    ]
    return document(f"Run {data.short}: {_kind(data)}", body, _STYLES, _SCRIPTS)


def _kind(data: ReportData) -> str:
    return "one backtest" if len(data.results) == 1 else f"sweep of {count(len(data.results), 'configuration')}"


def _bar(data: ReportData) -> str:
    links = [("board-section", "Leaderboard"), ("paths", "Charts"), ("map-section", "Parameters"), ("again", "Again")]
    if data.luck is not None:
        links = [("evidence", "Evidence"), ("outside", "Luck"), *links]
    if len(_swept(data)) < 2:
        links = [link for link in links if link[0] != "map-section"]
    listed = "".join(f'<a href="#{anchor}">{words}</a>' for anchor, words in links)
    return (
        '<a class="skip" href="#main">To the content</a>'
        f'<header class="frame bar"><span><strong>Run {html(data.short)}</strong> · {html(_kind(data))}</span>'
        f'<nav aria-label="Sections">{listed}</nav><button type="button" id="theme" class="push">Dark</button></header>'
    )


def _manifest(data: ReportData) -> str:
    """Where the numbers come from: the parents by hash in one line, all of it on demand."""
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
    listed = "".join(f"<dt>{html(name)}</dt><dd>{html(value)}</dd>" for name, value in rows if value)
    hashes = [("data", data.facts.get("hash")), ("code", code.get("sources"))]
    line = ", ".join(f"{name} {str(value)[:12]}" for name, value in hashes if value)
    summary = f"Manifest: run {data.short}{', ' + line if line else ''}, seed {data.seed}"
    return (
        f'<details class="manifest" id="manifest"><summary>{html(summary)}</summary><dl>{listed}</dl>'
        '<p>The whole of it: <a href="manifest.json">manifest.json</a> beside this page.</p></details>'
    )


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


def _warnings(data: ReportData) -> str:
    found = [*(luck_section.flags(data.luck, data.short) if data.luck is not None else []), *warnings(data)]
    if not found:
        return ""
    listed = "".join(f"<li><b>{html(word)}.</b> {coded(text)}</li>" for word, text in found)
    return f'<ul class="notes" aria-label="What to mind">{listed}</ul>'


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


def _leaderboard(data: ReportData, packed: dict[str, Any]) -> str:
    cut = packed["total"] - packed["rows"]
    held = (
        f" This page holds {number(packed['rows'])} of {number(packed['total'])}; all are in results.parquet."
        if cut
        else ""
    )
    head = MEASURES[data.order].head if data.order in MEASURES else data.order
    return (
        '<section id="board-section"><h2>Which configuration?</h2>'
        f'<p class="lead">Best first by {html(head)}, all of it in sample.{held} '
        "Press a head to sort, a number to select. Money: 1 = 100 minor units.</p>"
        '<div class="controls"><label class="grow">Filter: words, or comparisons like yield&gt;2 bets&gt;=100'
        '<input type="search" id="filter" autocomplete="off" spellcheck="false"></label>'
        '<button type="button" id="csv">Save as CSV</button><span class="count" id="tally" role="status"></span></div>'
        '<div class="table" id="board" tabindex="0" role="region" aria-label="Leaderboard"></div></section>'
    )


def _paths(data: ReportData) -> str:
    """The charts of the chosen configurations, one sheet each."""
    if not data.chosen:
        return ""
    options = "".join(f'<option value="{one.config}">{html(one.label)}</option>' for one in data.chosen)
    picker = ""
    if len(data.chosen) > 1:
        picker = f'<div class="controls"><label>Configuration<select id="sheet">{options}</select></label></div>'
    sheets = "".join(_sheet(data, one, hidden=place > 0) for place, one in enumerate(data.chosen))
    return f'<section id="paths"><h2>Where does it come from?</h2>{picker}{sheets}</section>'


def _sheet(data: ReportData, one: Chosen, *, hidden: bool) -> str:
    seed, figures = data.seed, []
    if len(data.results) > 1:
        figures += [_tried(data)] if one is data.chosen[0] and data.luck is not None else []
        figures.append(_equity(data, one))
    if one.bets.height:
        figures += [charts.yield_by(one.bets, by, seed) for by in ("season", "competition", "odds", "month")]
        figures += [charts.edge_against_yield(one.bets, seed), charts.clv_against_yield(one.bets, seed)]
        figures.append(charts.clv_distribution(one.bets, seed))
    figures.append(charts.funnel(one.reasons))
    figures = luck_section.paired(figures)
    values = {short_key(key): value_text(one.parameters.get(key)) for key in data.keys}
    line = f"{one.label}: {configuration_line(one, values)}."
    return (
        f'<div class="sheet" data-config="{one.config}"{" hidden" if hidden else ""}>'
        f'<p class="lead">{html(line)}</p>{gallery(figures)}</div>'
    )


def _swept(data: ReportData) -> list[str]:
    return [key for key in data.keys if key in data.results.columns and data.results[key].n_unique() > 1]


def _map(data: ReportData, packed: dict[str, Any]) -> str:
    if len(_swept(data)) < 2:
        return ""
    selects = "".join(
        f'<label>{words}<select id="map-{name}"></select></label>'
        for name, words in (("x", "Columns"), ("y", "Rows"), ("measure", "Measure"))
    )
    return (
        '<section id="map-section"><h2>Is the best one a peak or a plateau?</h2>'
        '<p id="map-answer" role="status"></p>'
        f'<div class="controls">{selects}<button type="button" id="map-back">Back to the chosen</button></div>'
        '<div class="map" id="map" tabindex="0" role="region" aria-label="Parameter map"></div>'
        '<div class="controls" id="map-rest"></div>'
        '<p class="lead">Blue above zero, orange below; italics: fewer than 100 bets. '
        "A lone peak is luck more often than a plateau.</p></section>"
    )


def _again(data: ReportData) -> str:
    command = shlex.join(data.command) or f"bea show {data.short}"
    start = f"bea show {data.short}"
    first = f"{start}#{data.chosen[0].config}" if data.chosen else start
    return (
        '<section id="again"><h2>How do I get this again?</h2>'
        "<p>The same command over the same data gives the same numbers, to the last digit.</p>"
        f'<div class="command"><code id="command">{html(command)}</code>'
        '<button type="button" data-copy="command">Copy</button></div>'
        "<p>One configuration by itself:</p>"
        f'<div class="command"><code id="show-command" data-start="{html(start)}">{html(first)}</code>'
        '<button type="button" data-copy="show-command">Copy</button></div></section>'
    )
