"""Every command of the documents reaches `bea` as intended in bash and, where it is there, in zsh."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from research.commands.registry import COMMANDS
from research.config.compose import Composer, quoted

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")])
SHELLS = [
    pytest.param(name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"no {name}"))
    for name in ("bash", "zsh")
]
#: stands in for `bea` and python: writes its words to a file, one list a call
ECHO = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["WORDS"], "a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
"""


def blocks(path: Path) -> list[str]:
    """The shell blocks of a page; of a session with prompts the lines that are typed."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", path.read_text(encoding="utf-8"), re.S | re.M)
    sessions = [
        "".join(re.findall(r"^\$ (.*\n)", block, re.M)) for kind, block in found if kind in ("", "console", "text")
    ]
    return [block for kind, block in found if kind in ("bash", "sh", "zsh")] + [lines for lines in sessions if lines]


def inline(path: Path) -> list[str]:
    """Commands in the text of a page, with concrete arguments."""
    found = re.findall(r"`(bea [^`\n]+)`", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S))
    return [command for command in found if not re.search(r"[A-Z]{3}|\[--|\.\.\.", command)]


def commands(block: str) -> list[list[str]]:
    """The words of each command of `bea` in a block, as a POSIX shell splits them."""
    lines = block.replace("\\\n", " ")
    found = []
    for line in re.split(r"\n(?=(?:[^']*'[^']*')*[^']*$)|&&", lines):
        words = shlex.split(line)
        while words and re.fullmatch(r"[A-Z_]+=\S+", words[0]):
            words.pop(0)
        if words and Path(words[0]).name == "bea":
            found.append(words[1:])
    return found


def arrived(shell: str, text: str, folder: Path) -> list[list[str]]:
    """What reaches `bea` if a shell runs a text."""
    for name in ("bea", ".venv/bin/bea", ".venv/bin/activate"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(ECHO if name.endswith("bea") else "")
        (folder / name).chmod(0o755)
    for name in ("python", "nox", "pre-commit"):
        (folder / ".venv/bin" / name).symlink_to(shutil.which("true") or "/bin/true")
    for name in ("python3", "jupyter"):
        (folder / name).symlink_to(shutil.which("true") or "/bin/true")
    examples = [path for path in (ROOT / "examples").glob("*/*") if path.is_file()]
    for name in ("odds/a.csv", "tennis/a.xlsx", *(str(path.relative_to(ROOT)) for path in examples)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    words = folder / "words"
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), "WORDS": str(words)}
    options = ["-f"] if shell == "zsh" else ["--norc", "--noprofile"]
    done = subprocess.run(
        [shell, *options, "-c", text], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return [json.loads(line) for line in words.read_text().splitlines()] if words.is_file() else []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_words_of_a_page_arrive_as_intended(path: Path, shell: str, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(path) + inline(path)):
        folder = tmp_path / str(number)
        folder.mkdir()
        wanted = commands(block)
        assert len(wanted) == len(re.findall(r"(?:^|&& |/)bea ", block, re.M))
        got = [[word.replace(f"{folder}/", "~/") for word in words] for words in arrived(shell, block, folder)]
        assert got == [[word.replace("*", "a") for word in words] for words in wanted]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_block_holds_a_comment(path: Path) -> None:
    """An interactive zsh takes the words of a comment for arguments."""
    for block in blocks(path):
        for line in block.splitlines():
            assert not re.search(r"(^|\s)#", re.sub(r"'[^']*'|\"[^\"]*\"", "", line)), line


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_overrides_of_a_page_are_read_by_the_grammar(path: Path) -> None:
    for block in blocks(path) + inline(path):
        for name, *words in commands(block):
            assert name in COMMANDS or name.startswith("-"), name
            command = COMMANDS.get(name)
            if command is not None and command.overrides:
                overrides = [word for word in words if not word.startswith("-")]
                Composer(command.overrides).parse(quoted(overrides))
