"""The console of all commands."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from research.report.terminal import WIDTH, console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, stdout: io.StringIO) -> str:
    monkeypatch.setattr("sys.stdout", stdout)
    console().print(Text("word " * 60, style="bold red"))
    return stdout.getvalue()


def test_a_notebook_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sets FORCE_COLOR for the commands of its cells; nothing is cut to 80 columns, or has codes of a terminal."""
    for name, value in {"FORCE_COLOR": "1", "CLICOLOR": "1", "TERM": "xterm-color", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    plain = printed(monkeypatch, io.StringIO())
    assert "\x1b" not in plain and max(map(len, plain.splitlines())) == WIDTH
    monkeypatch.delenv("COLUMNS")
    assert max(map(len, printed(monkeypatch, io.StringIO()).splitlines())) == WIDTH


def test_a_terminal_has_its_own_width_and_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    styled = printed(monkeypatch, Terminal())
    assert "\x1b[1;31m" in styled and styled.count("\n") == 5
