"""Messages in one line, text from outside made harmless, and the systems that the package runs on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from engine import Configuration, backtest
from engine.asof.closing import fair_closing
from engine.asof.query import best_price, quotes_as_of
from engine.asof.view import build_view, view_blocks
from engine.errors import (
    BeaError,
    ConfigurationError,
    DataError,
    TapeError,
    UsageError,
    check_above_zero,
    check_frame,
    check_names,
    nearest_name,
    printable,
)
from engine.tape import from_frame
from engine.tape.build import build_tape


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


FRAME = pl.DataFrame({"odds": [2.0]})
ROW = {"decided_at": [datetime(2024, 1, 1)], "settled_at": [datetime(2024, 1, 2)], "odds": [2.0], "prob": [0.5],
       "result": ["win"]}  # fmt: skip
#: what a caller may have instead of a Polars frame: (made from one, what the message says)
OTHERS: list[tuple[Callable[[pl.DataFrame], Any], str]] = [
    (lambda frame: pd.DataFrame(frame.to_dict(as_series=False)), r"found a pandas one; polars.from_pandas\(frame\)"),
    (lambda frame: pd.Series([2.0]), "found a pandas one"),
    (lambda frame: frame.lazy(), r"found a lazy one; frame.collect\(\)"),
    (lambda frame: frame.to_arrow(), r"found an Arrow table; polars.from_arrow\(table\)"),
    (lambda frame: frame.to_dicts(), r"found a list; polars.DataFrame\(rows\)"),
    (lambda frame: frame.to_dict(as_series=False), r"found a dict; polars.DataFrame\(columns\)"),
    (lambda frame: np.ones((2, 2)), "found ndarray of numpy; polars.DataFrame"),
    (lambda frame: frame["odds"], "found Series of polars"),
    (lambda frame: "bets.csv", r"found a path or text; polars.read_csv\(path\)"),
    (lambda frame: Path("bets.csv"), "found a path or text"),
    (lambda frame: None, "found None"),
    (lambda frame: 5, "found int of builtins"),
]


@pytest.mark.parametrize(("make", "text"), OTHERS)
def test_what_is_no_frame_is_refused_with_its_conversion(make: Callable[[pl.DataFrame], Any], text: str) -> None:
    with pytest.raises(DataError, match=f"not a frame in the bets: expected a Polars frame, {text}") as error:
        check_frame(make(FRAME), "the bets")
    assert "\n" not in str(error.value)
    check_frame(FRAME, "the bets")
    check_frame(type("Own", (pl.DataFrame,), {})(), "the bets")


def test_a_relation_of_duckdb_has_a_method_of_its_own() -> None:
    with pytest.raises(DataError, match=r"its method pl\(\) gives one"):
        check_frame(duckdb.sql("select 1 as odds"), "the bets")


@pytest.mark.parametrize(
    "call",
    [
        lambda frame: from_frame(frame),
        lambda frame: build_tape(frame, FRAME),
        lambda frame: fair_closing(FRAME, frame),
        lambda frame: fair_closing(frame, FRAME),
        lambda frame: build_view(FRAME, frame),
        lambda frame: build_view(frame, FRAME),
        lambda frame: next(view_blocks(FRAME, frame)),
        lambda frame: quotes_as_of(frame, 0),
        lambda frame: best_price(frame, 0),
    ],
)
@pytest.mark.parametrize("make", [make for make, _ in OTHERS])
def test_functions_that_take_a_frame_say_so(call: Callable[[Any], Any], make: Callable[[pl.DataFrame], Any]) -> None:
    with pytest.raises(DataError, match="expected a Polars frame, found "):
        call(make(pl.DataFrame({"decided_at": [datetime(2024, 1, 1)], "odds": [2.0]})))


@pytest.mark.parametrize("make", [make for make, _ in OTHERS])
def test_a_backtest_needs_a_tape(make: Callable[[pl.DataFrame], Any]) -> None:
    for table in (FRAME, make(FRAME)):
        with pytest.raises(TapeError, match=r"expected a tape, found .*; engine.tape.from_frame\(frame\)"):
            backtest(table, Configuration())
    tape = from_frame(pl.DataFrame(ROW))
    for wrong in (["staking=flat"], [{"amount_minor": 100.0}], {"amount_minor": 100.0}):
        with pytest.raises(ConfigurationError, match=r"expected engine.Configuration\(...\), found (str|dict)"):
            backtest(tape, wrong)  # type: ignore[arg-type]


def test_a_table_of_bets_from_pandas_is_a_tape_after_the_conversion() -> None:
    with pytest.raises(TapeError, match=r"polars.from_pandas\(frame\)"):
        from_frame(pd.DataFrame(ROW))
    assert len(from_frame(pl.from_pandas(pd.DataFrame(ROW)))) == 1


@pytest.mark.parametrize("value", [0, -1, 0.0, float("nan"), float("inf")])
def test_a_value_that_must_be_above_zero_is_named_with_its_section(value: float) -> None:
    check_above_zero("runner", {"poll_ms": 1, "speed": 1e-9})
    with pytest.raises(ConfigurationError, match=r"value out of range in runner\.b: expected above 0, found") as caught:
        check_above_zero("runner", {"a": 1, "b": value, "c": 0})
    assert caught.value.line().endswith(f"{value:g}")
