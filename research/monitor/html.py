"""Templates of the monitor, and its files of style and script."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from research.report.document import asset
from research.report.text import visible

#: media type by ending
_TYPES: Final = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
#: files that a page loads, in order: the parts of each
FILES: Final = {
    "htmx.js": ("htmx.min.js", "htmx-sse.min.js"),
    "uplot.js": ("uplot.min.js",),
    "monitor.js": ("monitor.js",),
    "monitor.css": ("tokens.css", "uplot.min.css", "monitor.css"),
}


@dataclass(frozen=True)
class Asset:
    """A file that a page loads.

    Attributes
    ----------
    plain, packed : bytes
        As it is, and for clients that take gzip.
    kind : str
        Media type.
    address : str
        Changes with the content, so that a browser may keep it.
    """

    plain: bytes
    packed: bytes
    kind: str
    address: str


@cache
def static(name: str) -> Asset:
    """A file of `FILES`."""
    parts = [
        asset(part) if part == "tokens.css" else files("research.monitor").joinpath("static", part).read_text("utf-8")
        for part in FILES[name]
    ]
    plain = "\n".join(parts).encode()
    digest = hashlib.sha256(plain).hexdigest()[:12]
    return Asset(plain, gzip.compress(plain, 9, mtime=0), _TYPES[name.rpartition(".")[2]], f"/static/{name}?v={digest}")


def render(template: str, **context: Any) -> str:
    """A page from a template."""
    return _environment().get_template(template).render(context)


def part(name: str, view: Any) -> Markup:
    """One part of the page of a ledger: a macro of ``parts.html.j2``."""
    found: Markup = getattr(_parts(), name)(view)
    return found


@cache
def _parts() -> Any:
    return _environment().get_template("parts.html.j2").module


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("research.monitor"), autoescape=True, undefined=StrictUndefined, finalize=_printable,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.globals |= {"address": lambda name: static(name).address}
    return environment


def _printable(value: object) -> object:
    return value if hasattr(value, "__html__") else visible(value)
