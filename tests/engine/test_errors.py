"""Messages in one line, text from outside made harmless, and the systems that the package runs on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.errors import BeaError, ConfigurationError, UsageError, check_names, nearest_name, printable


def test_a_message_is_one_line() -> None:
    error = BeaError("no\nsuch file", where="a.csv", expected="a file", found="a folder", todo="check the path")
    assert str(error) == "no such file in a.csv: expected a file, found a folder; check the path"
    assert str(UsageError("unknown command")) == "unknown command"
    assert (BeaError.exit_status, UsageError.exit_status) == (1, 2)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\u202ec", "a\ufffd[31mb\ufffdc"),
        ("a\tb\r\nc\u2028d", "a b  c d"),
        ("12\u202f345\u00a0%", "12\u202f345\u00a0%"),
        ("\udcff\x00\x07", "\ufffd\ufffd\ufffd"),
        ("Żółw 🐢", "Żółw 🐢"),
        (1.5, "1.5"),
    ],
)
def test_text_from_outside_is_harmless(text: object, shown: str) -> None:
    assert printable(text) == shown


def test_long_text_is_cut() -> None:
    assert printable("x" * 500, 60) == "x" * 59 + "…"
    assert printable("x" * 60, 60) == "x" * 60


@pytest.mark.parametrize("start", ["import engine", "from research.commands.main import main"])
@pytest.mark.parametrize("sign", ["sys.platform = 'win32'", "sys.modules['fcntl'] = None"])
def test_on_windows_one_line_names_the_systems_that_work(start: str, sign: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"import sys; {sign}; {start}"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "bea runs on Linux and macOS; on Windows use WSL 2\n"


BOOKS = ("b365", "betfair_exchange", "pinnacle", "max")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Pinnacle", "pinnacle"), ("PINACLE", "pinnacle"), ("bet365", "b365"), ("Betfair Exchange", "betfair_exchange"),
        ("nonsense", None), ("", None),
    ],
)  # fmt: skip
def test_the_nearest_name(name: str, near: str | None) -> None:
    assert nearest_name(name, BOOKS) == near


def test_an_unknown_name_is_refused_in_one_line() -> None:
    check_names("bookmaker", None, BOOKS, where="here")
    check_names("bookmaker", ["max", "b365"], BOOKS, where="here")
    with pytest.raises(ConfigurationError) as refusal:
        check_names("bookmaker", ["max", "B365"], BOOKS, where="here")
    assert refusal.value.line() == (
        "unknown bookmaker 'B365' in here: expected b365, betfair_exchange, max, pinnacle; did you mean b365?"
    )
    with pytest.raises(ConfigurationError, match="n11 and 18 more; did you mean n17"):
        check_names("name", ["N17"], [f"n{number:02}" for number in range(30)], where="here")
