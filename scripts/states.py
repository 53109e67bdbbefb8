"""Draw the states of a bet and write their table into the documentation: ``python -m scripts.states``."""

from __future__ import annotations

import math
from pathlib import Path

from engine.live.bets.states import ENDED, MATCHED, TRANSITIONS, BetState, Transition

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "states.md"
PICTURE = ROOT / "docs" / "images" / "states.svg"
#: the table is the part of the page from here on
MARK = "<!-- from here on written by `python -m scripts.states` -->\n\n"
WIDTH, HEIGHT, BOX, TALL = 860, 470, 104, 34
#: centre of each box
PLACES = {
    BetState.INTENDED: (70, 230),
    BetState.SENT: (230, 230),
    BetState.UNKNOWN: (390, 60),
    BetState.PENDING: (430, 230),
    BetState.PARTIAL: (600, 130),
    BetState.PLACED: (620, 250),
    BetState.LAPSED: (600, 370),
    BetState.REJECTED: (390, 420),
    BetState.ABANDONED: (150, 420),
    BetState.SETTLED: (790, 170),
    BetState.VOID: (790, 320),
}
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2933}.note{font-size:11px;fill:#52606d}"
    ".reserved{fill:#fdf0d5;stroke:#b7791f}.matched{fill:#dcebf7;stroke:#2b6cb0}.ended{fill:#eef2f7;stroke:#9aa5b1}"
    "path{fill:none;stroke:#3e4c59;stroke-width:1.2;marker-end:url(#tip)}path.late{stroke:#c53030;stroke-dasharray:4 3}"
)
WORDS = "Amber: the whole stake is reserved. Blue: what is matched is at stake. Grey: nothing is at risk."
LATE = "Red, dashed: the venue shows a bet that was held to be gone. A loop: the state again."


def _edge(source: BetState, target: BetState) -> str:
    late = source in (BetState.REJECTED, BetState.ABANDONED, BetState.LAPSED) and target in MATCHED
    kind = ' class="late"' if late else ""
    (x, y), (u, v) = PLACES[source], PLACES[target]
    if source is target:
        top = y - TALL / 2
        return f'<path{kind} d="M{x - 14} {top} C{x - 26} {top - 26} {x + 26} {top - 26} {x + 14} {top - 1}"/>'
    length = math.hypot(u - x, v - y)
    bend = 10 if not late else 34
    mid_x, mid_y = (x + u) / 2 - (v - y) / length * bend, (y + v) / 2 + (u - x) / length * bend
    start, end = _border(x, y, mid_x, mid_y), _border(u, v, mid_x, mid_y)
    return f'<path{kind} d="M{start[0]:.1f} {start[1]:.1f} Q{mid_x:.1f} {mid_y:.1f} {end[0]:.1f} {end[1]:.1f}"/>'


def _border(x: float, y: float, towards_x: float, towards_y: float) -> tuple[float, float]:
    """Where a line from the centre of a box leaves it, and two points more."""
    across, down = towards_x - x, towards_y - y
    scale = min((BOX / 2 + 2) / abs(across) if across else math.inf, (TALL / 2 + 2) / abs(down) if down else math.inf)
    return x + across * scale, y + down * scale


def svg() -> str:
    """The picture as text."""
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<polygon points="0,0 8,4 0,8" fill="#3e4c59"/></marker></defs>'
    )
    parts = [_edge(row.source, row.target) for row in TRANSITIONS if row.source is not None]
    for state, (x, y) in PLACES.items():
        kind = "matched" if state in MATCHED else "ended" if state in ENDED else "reserved"
        left, top = x - BOX // 2, y - TALL // 2
        parts.append(f'<rect class="{kind}" x="{left}" y="{top}" width="{BOX}" height="{TALL}" rx="5"/>')
        parts.append(f'<text x="{x}" y="{y + 5}" text-anchor="middle">{state.name}</text>')
    parts += [f'<text class="note" x="12" y="{20 + 16 * n}">{line}</text>' for n, line in enumerate((WORDS, LATE))]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" style="fill:#ffffff;stroke:none"/>'
    title = "<title>The states of a bet and every transition between them</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", tip, paper, *parts, "</svg>"]) + "\n"


def _line(row: Transition) -> str:
    source = "nothing" if row.source is None else row.source.name
    return f"| {source} | {row.target.name} | {', '.join(row.actors)} | {row.needs} |"


def table() -> str:
    """Every transition in a Markdown table."""
    head = ["| from | to | made by | needs |", "|---|---|---|---|"]
    return "\n".join([*head, *(_line(row) for row in TRANSITIONS)]) + "\n"


def page() -> str:
    """The page with the current table."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + table()


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
