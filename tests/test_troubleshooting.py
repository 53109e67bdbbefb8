"""The page of troubleshooting reaches every page of the runbook, quotes real messages, and its picture is current."""

from __future__ import annotations

import re
from pathlib import Path

from markdown.extensions.toc import slugify

from scripts import flowchart

ROOT = Path(__file__).resolve().parent.parent
TEXT = flowchart.PAGE.read_text(encoding="utf-8")
#: the texts of both packages, on one line each, with the ends of adjacent literals removed
SOURCES = "\n".join(
    re.sub(r'"\s*f?"', "", " ".join(path.read_text(encoding="utf-8").split()))
    for package in ("engine", "research")
    for path in (ROOT / package).rglob("*.py")
)


def quoted(text: str) -> list[str]:
    """What a case says the program prints: code of several words that is no command."""
    cases = "\n".join(re.findall(r"^    - .*?(?=^ {0,4}- |^$)", text, re.S | re.M))
    codes = re.findall(r"`([^`]*)`", cases)
    return [code for code in codes if " " in code and code.partition(" ")[0] not in ("bea", "journalctl")]


def printed(message: str) -> bool:
    """Whether the program can print a message; NAME stands for anything that it fills in."""
    pattern = re.escape(message.removeprefix("warning: ")).replace("NAME", r"\{[^{}]+\}")
    return re.search(pattern, SOURCES) is not None


def test_every_page_of_the_runbook_is_reached() -> None:
    linked = set(re.findall(r"\(runbook/(\w+)\.md", TEXT))
    assert linked == {path.stem for path in (ROOT / "docs" / "runbook").glob("*.md")}


def test_every_case_ends_somewhere() -> None:
    found = flowchart.questions()
    assert len(found) > 5 and all(cases and question.endswith("?") for question, cases in found)
    blocks = re.split(r"^- \*\*", TEXT, flags=re.M)[1:]
    ends = re.compile(r"\]\((?:[\w/-]+\.md|#)")
    assert [block for block in blocks if not ends.search(block)] == []


def test_a_question_that_is_named_exists() -> None:
    headings = [question for question, _ in flowchart.questions()]
    assert all(question.startswith(f"{number}. ") for number, question in enumerate(headings, 1))
    named = re.findall(r"\[question (\d)\]\(#(.+?)\)", TEXT)
    assert named and all(flowchart.anchor(headings[int(number) - 1]) == link for number, link in named)


def test_messages_are_those_of_the_program() -> None:
    assert len(quoted(TEXT)) > 25 and [message for message in quoted(TEXT) if not printed(message)] == []
    assert not printed("this is said nowhere")


def test_the_picture_is_current_and_its_links_are_those_of_the_site() -> None:
    assert flowchart.PICTURE.read_text(encoding="utf-8") == flowchart.svg()
    for question, _ in flowchart.questions():
        assert flowchart.anchor(question) == slugify(question, "-")
