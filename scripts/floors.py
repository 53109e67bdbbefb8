"""Draw the floors of both packages from the import contracts into docs/images: ``python -m scripts.floors``."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "floors.svg"
WIDTH, ROW, GAP, LABEL = 760, 30, 6, 96
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2933}.room{fill:#eef2f7;stroke:#9aa5b1}"
    ".package{font-weight:600}.floor{fill:#52606d;font-size:11px}"
)


def floors() -> dict[str, list[list[str]]]:
    """Rooms of each package, a list per floor from top to bottom, as import-linter holds them."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = {c["containers"][0]: c["layers"] for c in tool["contracts"] if c["type"] == "layers"}
    return {package: [layer.split(" | ") for layer in layers[package]] for package in ("research", "engine")}


def svg() -> str:
    """The picture as text: one band per floor, research above engine."""
    parts, y = [], GAP
    for package, bands in floors().items():
        parts.append(f'<text class="package" x="{GAP}" y="{y + 19}">{package}</text>')
        for rooms in bands:
            width = (WIDTH - LABEL - GAP * len(rooms)) / len(rooms)
            for place, room in enumerate(rooms):
                x = LABEL + place * (width + GAP)
                parts.append(f'<rect class="room" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW}" rx="4"/>')
                parts.append(f'<text x="{x + width / 2:.1f}" y="{y + 19}" text-anchor="middle">{room}</text>')
            y += ROW + GAP
        y += 2 * GAP
    words = "An import goes from a floor to a lower one, never up or sideways."
    parts.append(f'<text class="floor" x="{LABEL}" y="{y + 4}">{words}</text>')
    size = f'{WIDTH}" height="{y + 14}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 14}" role="img">'
    paper = f'<rect width="{size} fill="#ffffff"/>'
    return "\n".join([head, f"<title>{words}</title>", f"<style>{STYLE}</style>", paper, *parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
