"""Draw what trades and what watches, with their rooms, into docs/images: ``python -m scripts.live_picture``."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "live.svg"
WIDTH, HEIGHT, TALL = 560, 596, 44
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2933}.room{font-size:11px;fill:#52606d}.process{fill:none;"
    "stroke:#9aa5b1;stroke-dasharray:5 4}.box{fill:#eef2f7;stroke:#9aa5b1}.outside{fill:#fdf0d5;stroke:#b7791f}"
    ".ledger{fill:#dcebf7;stroke:#2b6cb0}path{fill:none;stroke:#3e4c59;stroke-width:1.2;marker-end:url(#tip)}"
)
TITLE = "A runner from feed to venue, the ledger beside it, and the monitor that reads it"


class Box(NamedTuple):
    """A part: its words, the room of its code (empty: outside of the project), its corner and width, its class."""

    words: str
    room: str
    x: int
    y: int
    width: int
    kind: str = "box"


BOXES: Final = {
    "feed": Box("Source of prices", "", 40, 36, 220, "outside"),
    "feeds": Box("Feed: messages and marks", "engine/live/feeds", 40, 116, 220),
    "market": Box("Market, view, strategy", "research/strategies", 40, 186, 220),
    "judge": Box("Judgement: stake or reason", "engine/live/judgement", 40, 256, 220),
    "breakers": Box("Breakers: may it be made?", "engine/live/breakers", 40, 326, 220),
    "executor": Box("Executor: send, look up", "engine/live/execution", 40, 396, 220),
    "locks": Box("Paper venue, or locks and limits", "engine/live/venues", 40, 466, 220),
    "venue": Box("Bookmaker or exchange", "", 40, 540, 220, "outside"),
    "ledger": Box("Ledger: the only state", "engine/live/ledger", 340, 256, 200, "ledger"),
    "alerts": Box("Alerts to a person", "engine/live/alerts", 340, 116, 200),
    "monitor": Box("Monitor: page, API, numbers", "research/monitor", 340, 396, 200),
    "browser": Box("Browser, Prometheus", "", 340, 540, 200, "outside"),
}
#: from, to: an arrow from the middle of the nearest sides
ARROWS: Final = (
    ("feed", "feeds"), ("feeds", "market"), ("market", "judge"), ("judge", "breakers"), ("breakers", "executor"),
    ("executor", "locks"), ("locks", "venue"), ("ledger", "monitor"), ("monitor", "browser"), ("ledger", "alerts"),
    ("judge", "ledger"),
)  # fmt: skip
#: the two processes as frames: x, y, width, height
PROCESSES: Final = (("the runner", 24, 92, 252, 428), ("the monitor", 326, 372, 224, 78))


def _arrow(source: Box, target: Box) -> str:
    if source.x == target.x:
        down = source.y < target.y
        y, v = (source.y + TALL, target.y - 2) if down else (source.y, target.y + TALL + 2)
        return f'<path d="M{source.x + source.width // 2} {y} V{v}"/>'
    return f'<path d="M{source.x + source.width} {source.y + TALL // 2} H{target.x - 2}"/>'


def svg() -> str:
    """The picture as text."""
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<polygon points="0,0 8,4 0,8" fill="#3e4c59"/></marker></defs>'
    )
    parts = []
    for words, x, y, width, height in PROCESSES:
        parts.append(f'<rect class="process" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>')
        parts.append(f'<text class="room" x="{x + 8}" y="{y + 15}">{words}</text>')
    parts += [_arrow(BOXES[source], BOXES[target]) for source, target in ARROWS]
    for box in BOXES.values():
        middle = box.x + box.width // 2
        parts.append(f'<rect class="{box.kind}" x="{box.x}" y="{box.y}" width="{box.width}" height="{TALL}" rx="5"/>')
        parts.append(
            f'<text x="{middle}" y="{box.y + (19 if box.room else 27)}" text-anchor="middle">{box.words}</text>'
        )
        if box.room:
            parts.append(f'<text class="room" x="{middle}" y="{box.y + 35}" text-anchor="middle">{box.room}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" style="fill:#ffffff;stroke:none"/>'
    return "\n".join([head, f"<title>{TITLE}</title>", f"<style>{STYLE}</style>", tip, paper, *parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
