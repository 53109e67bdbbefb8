"""Write the routes of the monitor into docs/monitor-api.md from OpenAPI: ``python -m scripts.monitor_api``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from research.monitor import api
from research.monitor.app import schema_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "monitor-api.md"
#: what is made is the part of the page from here on
MARK = "<!-- from here on written by `python -m scripts.monitor_api` -->\n\n"
_PLAIN: Final = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
#: groups of routes, in the order of the page
_TITLES: Final = {"ledgers": "Reading", "control": "Writing", "health": "Health and numbers"}


def description() -> dict[str, Any]:
    """What `/openapi.json` gives."""
    app = FastAPI()
    app.include_router(api.router)
    return schema_of(app)


def kind(schema: Mapping[str, Any]) -> str:
    """Type of a value in words; a model is a link to its table."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema or "enum" in schema:
        return f"one of {', '.join(str(one) for one in schema.get('enum', [schema.get('const')]))}"
    if "anyOf" in schema:
        parts = [kind(one) for one in schema["anyOf"]]
        return ", or ".join(sorted(dict.fromkeys(parts), key=lambda part: part == "null"))
    if schema.get("type") == "array":
        inner = schema.get("items", {})
        return f"list of {kind(inner)}" if "prefixItems" not in schema else _tuple(schema["prefixItems"])
    if schema.get("type") == "object":
        return f"{kind(schema.get('additionalProperties', {}))} by name"
    return _PLAIN.get(str(schema.get("type")), str(schema.get("type", "any"))) + _limits(schema)


def _tuple(parts: list[Mapping[str, Any]]) -> str:
    return f"[{', '.join(kind(part) for part in parts)}]"


def _limits(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minLength"), schema.get("maxLength")
    if "pattern" in schema:
        return f", `{schema['pattern']}`"
    if low or high:
        return f", {low or 0} to {high} characters"
    return f", at least {schema['minimum']}" if "minimum" in schema else ""


def attributes(text: str) -> dict[str, str]:
    """Meanings of the attributes that a docstring in NumPy style lists.

    >>> attributes("A.\\n\\nAttributes\\n----------\\na, b : int\\n    Of both.\\nc : str")
    {'a': 'Of both.', 'b': 'Of both.'}
    """
    found: dict[str, str] = {}
    names: list[str] = []
    for line in re.split(r"Attributes\n-+\n", text)[-1].splitlines() if "Attributes\n-" in text else ():
        if head := re.match(r"^\s*((?:\w+)(?:, \w+)*)(?: : .*)?$", line) if not line.startswith("    ") else None:
            names = head[1].split(", ")
        else:
            found |= {name: f"{found.get(name, '')} {line.strip()}".strip() for name in names if line.strip()}
    return found


def _model(schema: Mapping[str, Any], *, asked: bool = False) -> Iterator[str]:
    """What a model is, and its fields as a table; of a body the fields, and which may be left out."""
    text = schema.get("description", "").replace("None", "null")
    words = attributes(text)
    about = " ".join(re.split(r"\n\s*(?:Attributes|Parameters)\n", text)[0].split())
    yield from (about, "") if about and not asked else ()
    yield from ("| field | type | meaning |", "|---|---|---|")
    for name, one in schema["properties"].items():
        told = kind(one) + (", may be left out" if asked and name not in schema.get("required", ()) else "")
        yield f"| `{name}` | {told} | {words.get(name, '')} |".replace("|  |", "| |")


def _route(method: str, path: str, told: Mapping[str, Any]) -> Iterator[str]:
    shown = re.sub(r"{(\w+)}", lambda match: match[1].upper(), path)
    token = "" if told.get("security") else " No token is needed."
    yield from (f"### {method.upper()} {shown}", "", f"{told['description']}{token}", "")
    asked = [one for one in told.get("parameters", ()) if one["in"] == "query"]
    for one in asked:
        yield from (f"`?{one['name']}=`: {kind(one['schema'])}; default {one['schema'].get('default')}.", "")
    if "requestBody" in told:
        yield from _model(told["requestBody"]["content"]["application/json"]["schema"], asked=True)
        yield ""
    answer = told["responses"]["200"].get("content", {}).get("application/json", {}).get("schema")
    yield from (f"Gives {kind(answer)}." if answer else "Gives text.", "")


def tables() -> str:
    """All routes and models in Markdown."""
    found = description()
    lines: list[str] = []
    for tag, title in _TITLES.items():
        lines += [f"## {title}", ""]
        for path, methods in found["paths"].items():
            for method, told in methods.items():
                if tag in told["tags"]:
                    lines += _route(method, path, told)
    lines += ["## Models", ""]
    for name, schema in found["components"]["schemas"].items():
        lines += [f"### {name}", "", *_model(schema), ""]
    return "\n".join(lines).rstrip() + "\n"


def page() -> str:
    """The page with the current routes."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + tables()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
