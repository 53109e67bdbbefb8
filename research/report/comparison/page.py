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
from research.report.figure import Figure, gallery
from research.report.pack import value_text
from research.report.shell import document
from research.report.text import MEASURES, count, html, shown_value

_STYLES: Final = ("tokens.css", "charts.css", "page.css")
_SCRIPTS: Final = ("page.js", "sorted.js")
_HASH: Final = re.compile(r"[0-9a-f]{32,}")
#: longest value of a cell
_LONGEST: Final = 60
_PARTS: Final = {"configuration": "Configuration", "data": "Data", "code": "Code"}


def page(of: Comparison) -> str:
    """The page as HTML; the same data give the same text."""
    pairs = pairs_of(of, outside=of.outside)
    body = [
        _bar(of),
        '<main class="frame" id="main">',
        f'<h1>{html(statement(of, pairs))}</h1><p class="reading">{html(reading(of, pairs))}</p>',
        _runs(of),
        f'<section class="headline" id="headline">{_money(of, outside=of.outside).html(2)}</section>',
        _pairs(of, pairs),
        _measures(of),
        _settings(of),
        _again(of),
        "</main>",
        '<footer class="frame">Written by betting-expert-advisor. Nothing on this page is advice to bet.</footer>',
        '<div class="tip" id="tip" hidden></div>',
    ]
    return document(f"Comparison of {' and '.join(side.name for side in of.sides)}", body, _STYLES, _SCRIPTS)


def _bar(of: Comparison) -> str:
    links = [("pairs", "Differences"), ("measures", "Measures"), ("settings", "Settings"), ("again", "Again")]
    listed = "".join(f'<a href="#{anchor}">{words}</a>' for anchor, words in links)
    return (
        '<a class="skip" href="#main">To the content</a>'
        f'<header class="frame bar"><span><strong>{html(count(len(of.sides), "run"))} side by side</strong></span>'
        f'<nav aria-label="Sections">{listed}</nav><button type="button" id="theme" class="push">Dark</button></header>'
    )


def _runs(of: Comparison) -> str:
    """Each run with what it says of itself."""
    items = []
    for place, side in enumerate(of.sides, start=1):
        told, measured = of_itself(side, of.seed)
        items.append(
            f'<li><b class="n{place}">{side.letter}</b><div><code>{html(side.name)}</code>, {html(side.kind)}. '
            f"<strong>{html(told)}</strong> {html(measured)}</div></li>"
        )
    found = to_mind(of)
    listed = "".join(f"<li><b>{html(word)}.</b> {html(text)}</li>" for word, text in found)
    notes = f'<ul class="notes" aria-label="What to mind">{listed}</ul>' if found else ""
    return f'<ul class="sides" aria-label="The runs">{"".join(items)}</ul>{notes}'


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


def _pairs(of: Comparison, pairs: Sequence[Pair]) -> str:
    """Differences over common events: of what the statement is about, then of the rest."""
    more = ""
    if of.outside:
        more = _more("The same of the configurations, in sample", of, pairs_of(of, outside=False), outside=False)
    elif sum(side.walked for side in of.sides) > 1:
        more = _more("The same of the out-of-sample paths", of, pairs_of(of, outside=True), outside=True)
    return (
        '<section id="pairs"><h2>How far are they apart on the same events?</h2>'
        f'<p class="lead">{html(how())}</p>{_gallery(pairs)}{more}</section>'
    )


def _more(words: str, of: Comparison, pairs: Sequence[Pair], *, outside: bool) -> str:
    money = gallery([_money(of, outside=outside)])
    return f'<details class="more"><summary>{html(words)}</summary>{money}{_gallery(pairs)}</details>'


def _gallery(pairs: Sequence[Pair]) -> str:
    if not any(pair.common for pair in pairs):
        return "<p>No two of them bet on a common event.</p>"
    note = "Whiskers: 90 % of resampled common events, drawn with the bets of both. Hollow: no interval."
    if pairs and not pairs[0].outside:
        note += " Before commission."
    figures = [
        charts.differences({pair.name: pair.found[measure] for pair in pairs}, measure, note=note) for measure in PAIRED
    ]
    return gallery([figures[0].widened(), *figures[1:]])


def _measures(of: Comparison) -> str:
    """All measures, a row a run: so that each column is of one kind and can be sorted."""
    names = [name for name in MEASURES if name in METRICS]
    heads = ["run", "configurations", "number", *(MEASURES[name].head for name in names)]
    rows = []
    for side in of.sides:
        cells = [f"{side.letter} {side.name}", f"{side.configurations:,}".replace(",", "\u202f"), side.chosen.label]
        rows.append([*cells, *(shown_value(name, side.chosen.metrics.get(name)) for name in names)])
    return (
        '<section id="measures"><h2>What did each of them do?</h2>'
        '<p class="lead">Measures of each configuration over all of its own bets, in sample, after commission. '
        f"Money: 1 = 100 minor units. Press a head to sort.</p>{_table('Measures', heads, rows)}</section>"
    )


def _settings(of: Comparison) -> str:
    """What is different in configuration, data and code."""
    heads = ["", *(f"{side.letter} {side.name}" for side in of.sides)]
    parts = []
    for part, words in _PARTS.items():
        rows = [[name, *(_cell(value) for value in values)] for name, values in of.differences.get(part, {}).items()]
        heads[0] = {"configuration": "key", "data": "fact", "code": "part"}[part]
        shown = _table(words, heads, rows) if rows else '<p class="lead">The same.</p>'
        parts.append(f'<div data-part="{part}"><h3>{words}</h3>{shown}</div>')
    return f'<section id="settings"><h2>What is different?</h2>{"".join(parts)}</section>'


def _cell(value: Any) -> str:
    text = value_text(value)
    text = _HASH.sub(lambda found: found.group()[:12], text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _table(label: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{html(cell)}</th>' for cell in heads)
    body = "".join(
        f'<tr><th scope="row">{html(row[0])}</th>{"".join(f"<td>{html(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return (
        f'<div class="numbers"><div class="scroll" tabindex="0" role="region" aria-label="{html(label)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></div>"
    )


def _again(of: Comparison) -> str:
    commands = [(f"{side.letter}", shlex.join(_words(side))) for side in of.sides]
    listed = "".join(
        f"<p>{letter}:</p>"
        f'<div class="command"><code id="command-{letter}">{html(command)}</code>'
        f'<button type="button" data-copy="command-{letter}">Copy</button></div>'
        for letter, command in commands
    )
    return (
        '<section id="again"><h2>How do I get this again?</h2>'
        f'<div class="command"><code id="command">{html(shlex.join(["bea", "compare", *of.words]))}</code>'
        f'<button type="button" data-copy="command">Copy</button></div>{listed}</section>'
    )


def _words(side: Side) -> list[str]:
    return [str(word) for word in side.manifest.get("command") or ["bea", "show", side.run[:12]]]
