"""Hook of MkDocs: pages that are made from the repository rather than written in docs/.

README, CONTRIBUTING, CHANGELOG and SECURITY appear as pages of the site with their links adapted, the decisions get an
index, and every package with public modules gets one page of API reference. Each page says as of which version it is.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
#: file of the repository: page of the site
_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "examples/README.md": "examples.md",
    "LICENSE": "license.txt",
}
#: packages whose modules are public, in the order of the reference
_PUBLIC = (
    "research",
    "research.strategies",
    "research.inference",
    "research.validation",
    "research.verdict",
    "research.records",
    "research.judging",
    "research.leakage",
    "research.report",
    "engine",
    "engine.odds",
    "engine.betting",
    "engine.exchange",
    "engine.source",
    "engine.simulator",
    "engine.store",
    "engine.asof",
    "engine.tape",
    "engine.backtesting",
    "engine.kernel",
    "engine.twin",
)


#: a picture of a page, as Markdown
_PICTURE = re.compile(r"!\[[^]]*\]\((images/[\w-]+\.svg)\)")


def on_config(config: Any) -> Any:
    """List the runbook, the decisions and the API reference at the end of the navigation."""
    pages = sorted(path.name for path in (ROOT / "docs" / "runbook").glob("*.md") if path.stem != "index")
    config.nav.append({"Runbook": ["runbook/index.md", *(f"runbook/{name}" for name in pages)]})
    decisions = [f"adr/{path.name}" for path in _records()]
    config.nav.append({"Decisions": ["adr/index.md", *decisions]})
    config.nav.append({"API": ["api/index.md", *({package: f"api/{package}.md"} for package in _PUBLIC)]})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages to those of docs/.

    Parameters
    ----------
    files : mkdocs.structure.files.Files
        Pages found in docs/; extended in place.
    config : mkdocs.config.defaults.MkDocsConfig

    Returns
    -------
    mkdocs.structure.files.Files
    """
    for name, page in _PAGES.items():
        if (ROOT / name).exists():
            files.append(File.generated(config, page, content=_adapted((ROOT / name).read_text())))
    files.append(File.generated(config, "adr/index.md", content=_decisions()))
    files.append(File.generated(config, "api/index.md", content=_contents()))
    for package in _PUBLIC:
        files.append(File.generated(config, f"api/{package}.md", content=_reference(package)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point links of pages in docs/ at the pages made from files of the root.

    The flowchart of the troubleshooting becomes a part of its page, so that its questions are links.
    """
    if page.file.src_uri == "troubleshooting.md":
        markdown = _PICTURE.sub(_inline, markdown)
    if "/" not in page.file.src_uri:
        markdown = markdown.replace("](adr/)", "](adr/index.md)")
        for name, target in _PAGES.items():
            markdown = markdown.replace(f"](../{name}", f"]({target}")
    return f"{markdown}\n\n---\n\n*{as_of(page.file.src_uri)}*\n"


def as_of(page: str) -> str:
    """The version that a page belongs to, and the day of its last change where git knows it.

    Parameters
    ----------
    page : str
        Of the site, such as ``data.md`` or ``index.md``.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sources = {target: name for name, target in _PAGES.items()}
    day = _changed().get(sources.get(page, f"docs/{page}"), "")
    return f"As of version {project['version']}" + (f"; last changed on {day}." if day else ".")


@cache
def _changed() -> dict[str, str]:
    """Day of the last commit of each file, ISO; empty where there is no git or no history."""
    command = ["git", "log", "--format=%x00%cs", "--name-only", "--", "docs", *_PAGES]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    found: dict[str, str] = {}
    for commit in done.stdout.split("\0")[1:]:
        day, *names = commit.split("\n")
        for name in filter(None, names):
            found.setdefault(name, day)
    return found


def _inline(picture: re.Match[str]) -> str:
    """A picture as a block of the page itself, no wider than the page."""
    svg = (ROOT / "docs" / picture[1]).read_text(encoding="utf-8").replace("<svg", '<svg style="max-width:100%"', 1)
    return f"<div>\n{svg}</div>"


def _adapted(text: str) -> str:
    """Text of a file of the root with its links relative to docs/."""
    text = text.replace("](docs/", "](").replace("](../docs/", "](").replace("](adr/)", "](adr/index.md)")
    for name, target in _PAGES.items():
        text = text.replace(f"]({name}", f"]({target}")
    return text


def _records() -> list[Path]:
    """Architecture decision records, by number."""
    return sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def _decisions() -> str:
    """Index of the architecture decision records, by number."""
    lines = ["# Decisions", "", "Architecture decision records: the question, the answer and the reasons.", ""]
    for path in _records():
        title = path.read_text().splitlines()[0].lstrip("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"


def _modules(package: str) -> list[Path]:
    """Files of the modules directly in a package, `__init__.py` first."""
    folder = ROOT / package.replace(".", "/")
    return [folder / "__init__.py", *sorted(p for p in folder.glob("*.py") if p.stem != "__init__")]


def _first_line(path: Path) -> str:
    """First line of a module's docstring, without quotes."""
    match = re.match(r'"""(.+?)(?:"""|\n)', path.read_text())
    return match[1].strip() if match else ""


def _contents() -> str:
    """Table of the packages with the first line of their docstrings."""
    lines = ["# API reference", "", "| package | |", "|---|---|"]
    lines += [f"| [`{p}`]({p}.md) | {_first_line(_modules(p)[0])} |" for p in _PUBLIC]
    return "\n".join(lines) + "\n"


def _reference(package: str) -> str:
    """Page of a package: its own docstring, then each of its modules."""
    lines = [f"# {package}", "", _first_line(_modules(package)[0]), ""]
    for path in _modules(package)[1:]:
        lines += [f"::: {package}.{path.stem}", ""]
    return "\n".join(lines)
