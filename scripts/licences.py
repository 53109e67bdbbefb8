"""List the licence of every package that the project installs: ``python -m scripts.licences [--check]``.

Reads the metadata of the packages in the current environment and needs no network. Without an option it rewrites the
table of docs/licences.md. With ``--check`` it writes nothing, and exits with 1 if the page lacks an installed package,
states another licence, or if a licence is not among the accepted ones.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "betting-expert-advisor"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "licences.md"
BEGIN, END = "<!-- table: python -m scripts.licences -->", "<!-- end of table -->"

#: licences that allow what the project does with its dependencies; LGPL: a library that is used unchanged
ACCEPTED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Unlicense|HPND|NCSA|ZPL|CC0|0BSD|Zlib|CNRI"
    r"|LGPL"
)
#: licences that would bind the project itself
REFUSED = re.compile(r"\bA?GPL")
#: packages whose metadata state no licence or an ambiguous one, with what their licence file says
STATED = {"vectorbt": "Apache-2.0 with the Commons Clause"}
#: packages that only other systems install
ELSEWHERE = [("appnope", "BSD License", "develop")]
#: Python version whose releases the page lists; a few packages have other releases for later versions
LISTED_PYTHON = (3, 11)


def licence(package: Distribution) -> str:
    """Licence of an installed package on one line.

    Read in this order: `STATED`, the licence expression, the classifiers, the first line of the old licence field.
    "unknown" if there is none of them.
    """
    name = canonicalize_name(package.metadata["Name"])
    if name in STATED:
        return STATED[name]
    if expression := package.metadata.get("License-Expression"):
        return str(expression)
    classifiers = [text for text in package.metadata.get_all("Classifier") or () if text.startswith("License ::")]
    named = [text.split(" :: ")[-1] for text in classifiers if not text.endswith("OSI Approved")]
    if named:
        return ", ".join(named)
    lines = (package.metadata.get("License") or "").strip().splitlines()
    return lines[0].strip() if lines else "unknown"


def requirements(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """Requirements of an installed package with the given extras on this Python and system."""
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def closure(extras: frozenset[str]) -> set[str]:
    """Names of all installed packages that the project needs, directly or through others, without itself."""
    visited: set[tuple[str, frozenset[str]]] = set()
    waiting = [(PROJECT, extras)]
    while waiting:
        item = waiting.pop()
        if item in visited:
            continue
        visited.add(item)
        for requirement in requirements(*item):
            name = canonicalize_name(requirement.name)
            try:
                distribution(name)
            except PackageNotFoundError:
                continue
            waiting.append((name, frozenset(requirement.extras)))
    return {name for name, _ in visited} - {PROJECT}


def rows() -> list[tuple[str, str, str]]:
    """Name, licence and use ("run" or "develop") of every installed package, by name."""
    run = closure(frozenset())
    both = closure(frozenset({"dev", "docs", "notebooks"}))
    return [(name, licence(distribution(name)), "run" if name in run else "develop") for name in sorted(both)]


def table() -> str:
    """The rows as a Markdown table."""
    lines = [f"| {' | '.join(row)} |" for row in sorted({*rows(), *ELSEWHERE})]
    return "\n".join(["| package | licence | used to |", "|---|---|---|", *lines])


def mistakes(page: str) -> list[str]:
    """Mistakes in the licences of this environment or on the page, one line each; empty if there are none."""
    wrong, exact = [], sys.version_info[:2] == LISTED_PYTHON
    for name, terms, _ in rows():
        if REFUSED.search(terms) and not ACCEPTED.search(terms):
            wrong.append(f"{name}: {terms} is refused")
        elif not ACCEPTED.search(terms):
            wrong.append(f"{name}: {terms!r} is not among the accepted licences")
        if f"| {name} | {terms if exact else ''}" not in page:
            wrong.append(f"{name}: docs/licences.md does not list it under {terms}")
    return wrong


def main(arguments: list[str]) -> int:
    """Write the table, or check it; gives the exit status."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" not in arguments:
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        page = f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"
        PAGE.write_text(page, encoding="utf-8")
    wrong = mistakes(page)
    print("\n".join(wrong) or f"{len(rows())} packages, every licence accepted")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
