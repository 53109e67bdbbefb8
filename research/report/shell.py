"""The document around a page: one file whose style, scripts and data stand inside, and nothing outside is allowed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from research.report.figure import asset
from research.report.text import html


def document(title: str, body: Sequence[str], styles: Sequence[str], scripts: Sequence[str]) -> str:
    """A whole page.

    Parameters
    ----------
    title : str
        Foreign text is possible: it is escaped.
    body : sequence of str
        Finished HTML.
    styles, scripts : sequence of str
        Names of assets, in order; the scripts stand after the body.
    """
    style = "".join(asset(name) for name in styles)
    texts = [asset(name) for name in scripts]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, texts)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">'
        f"<title>{html(title)}</title><style>{style}</style></head>"
        f'<body class="page">{"".join(body)}{"".join(f"<script>{text}</script>" for text in texts)}</body></html>\n'
    )


def _policy(style: str, scripts: Sequence[str]) -> str:
    """Only the style and the scripts of this very page, by their hashes; nothing from anywhere else."""
    allowed = " ".join(_digest(text) for text in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_digest(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
