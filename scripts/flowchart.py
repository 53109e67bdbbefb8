"""Draw the questions of docs/troubleshooting.md and their cases as a flowchart: ``python -m scripts.flowchart``.

Narrow and tall, so that it can be read on a phone. The page is the only place of its words.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "troubleshooting.md"
PICTURE = ROOT / "docs" / "images" / "troubleshooting.svg"
WIDTH, RAIL, INSET, BOX, CASE, GAP = 400, 8, 60, 34, 26, 18
STYLE = (
    "#ask text{font:14px system-ui,sans-serif;fill:#1f2933}#ask .question{fill:#eef2f7;stroke:#9aa5b1}"
    "#ask .case{fill:#dcebf7;stroke:#2b6cb0}#ask .asked{font-weight:600}#ask .word{font-size:12px;fill:#52606d}"
    "#ask .line{fill:none;stroke:#3e4c59;stroke-width:1.2}"
)
TITLE = "What do you see? Questions from top to bottom, each with its cases"


def questions() -> list[tuple[str, list[str]]]:
    """Each question of the page with the names of its cases, in order."""
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    return [(part.partition("\n")[0], re.findall(r"^- \*\*(.+?)\*\*$", part, re.M)) for part in parts]


def anchor(heading: str) -> str:
    """The id that the site gives a heading.

    >>> anchor("1. Does a command end with an error?")
    '1-does-a-command-end-with-an-error'
    """
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


def svg() -> str:
    """The picture as text. Questions are links to their sections where the picture stands in the page."""
    parts, y = [], GAP
    for question, cases in questions():
        link = f'<a href="#{anchor(question)}">'
        parts.append(
            f'{link}<rect class="question" x="{RAIL}" y="{y}" width="{WIDTH - 2 * RAIL}" height="{BOX}" rx="6"/>'
        )
        parts.append(f'<text class="asked" x="{RAIL + 12}" y="{y + 22}">{escape(question)}</text></a>')
        below = y + BOX
        for number, case in enumerate(cases):
            top = below + GAP + number * (CASE + 4)
            parts.append(f'<path class="line" d="M{RAIL + 34} {below} V{top + CASE / 2} H{INSET}"/>')
            parts.append(
                f'<rect class="case" x="{INSET}" y="{top}" width="{WIDTH - INSET - RAIL}" height="{CASE}" rx="4"/>'
            )
            parts.append(f'<text x="{INSET + 10}" y="{top + 18}">{escape(case)}</text>')
        parts.append(f'<text class="word" x="{RAIL + 38}" y="{below + 13}">yes</text>' if cases else "")
        y = below + GAP + len(cases) * (CASE + 4) + GAP // 2
        parts.append(f'<path class="line" d="M{RAIL + 14} {below} V{y}"/>')
        parts.append(f'<text class="word" x="{RAIL + 18}" y="{y - 4}">no</text>')
    parts.append(f'<rect class="question" x="{RAIL}" y="{y}" width="{WIDTH - 2 * RAIL}" height="{BOX}" rx="6"/>')
    parts.append(f'<text class="asked" x="{RAIL + 12}" y="{y + 22}">Status, line by line</text>')
    height = y + BOX + GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="ask" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">'
    )
    paper = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, f"<title>{TITLE}</title>", f"<style>{STYLE}</style>", paper, *parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
