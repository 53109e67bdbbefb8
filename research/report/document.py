"""HTML of the pages: one Jinja2 environment that escapes every value, and self-contained documents."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from research.report.text import number, visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


@cache
def asset(name: str) -> str:
    """Text of a file in `assets`: a style sheet or a script."""
    return files("research.report").joinpath("assets", name).read_text(encoding="utf-8")


def render(template: str, **context: Any) -> str:
    """HTML of a template in `templates`; the same context gives the same text.

    Raises
    ------
    jinja2.UndefinedError
        The template uses a name that `context` does not have.
    TypeError
        A value to print is None.
    """
    return _environment().get_template(template).render(context)


def document(template: str, *, styles: Sequence[str], scripts: Sequence[str], **context: Any) -> str:
    """A complete page that needs no other file and may load none.

    Parameters
    ----------
    template : str
        A template that extends ``document.html.j2``.
    styles, scripts : sequence of str
        Names of assets, in order. The scripts run after the body is read.
    **context
        Values for the template. Foreign text is escaped.
    """
    style, texts = "".join(asset(name) for name in styles), [asset(name) for name in scripts]
    return render(template, style=style, scripts=texts, policy=_policy(style, texts), **context)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("research.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"trusted": _trusted, "number": number, "code_parts": _code_parts}
    return environment


def _printable(value: object) -> object:
    """Every value that a template prints: text loses its invisible characters, markup stays, None is an error."""
    if value is None:
        raise TypeError("a template prints a value that is None")
    return value if hasattr(value, "__html__") else visible(value)


def _trusted(text: str) -> Markup:
    """Text that is inserted as it is. Nowhere else is anything marked as safe.

    Only three kinds of text may pass, and each is safe by how it is made: drawings of `drawing.Canvas`, which escapes
    every text in them; our own files in `assets`; and JSON of `pack.script_json`, in which no character can end the
    script element.
    """
    from markupsafe import Markup

    return Markup(text)


def _code_parts(text: str) -> list[str]:
    """A sentence split at pairs of backticks: every second part is code."""
    return re.split(r"`([^`]+)`", text)


def _policy(style: str, scripts: Sequence[str]) -> str:
    """Content policy: the style and the scripts of this very page, by their hashes, and nothing else."""
    allowed = " ".join(_digest(text) for text in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_digest(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
