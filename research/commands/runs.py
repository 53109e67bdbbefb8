"""`bea runs`, `show`, `report` and `compare`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import polars as pl

from engine.errors import DataError, UsageError, printable
from engine.files import plain
from research.commands.arguments import Parser
from research.records.folder import complete, find, folder_bytes, remove, run_folder
from research.records.run import RunRecord
from research.records.summary import configuration_summary, summary


def run_command(name: str, argv: Sequence[str]) -> int:
    """Run one of the four commands; gives its exit status."""
    parser = Parser(prog=f"bea {name}", description=_ABOUT[name])
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    if name == "runs":
        return _runs(parser, argv)
    if name == "compare":
        parser.add_argument("runs", nargs="+", metavar="RUN[#CONFIG]")
        parser.add_argument("--no-page", action="store_true", help="the table alone; a page holds six runs at most")
    else:
        parser.add_argument("run", metavar="RUN[#CONFIG]" if name == "show" else "RUN")
    if name == "report":
        parser.add_argument(
            "--acknowledge", action="append", default=[], metavar="FLAG", help="a flag that you have looked into"
        )
    options = parser.parse_args(list(argv))
    if name == "show":
        return _show(options)
    return _report(options) if name == "report" else _compare(options)


_ABOUT = {
    "runs": "List complete runs, newest first; `bea runs rm RUN...` removes some, `bea runs rm --cache` the tapes.",
    "show": "The leaderboard of a run, or parameters, measures and reasons of one configuration.",
    "report": "Write the report page of a run again and print its path.",
    "compare": "Differences of runs in configuration, data, code and measures, and a page of runs side by side.",
}


def listing() -> pl.DataFrame:
    """All complete runs, newest first: run, kind, finished_at, configurations, first_date, last_date, command."""
    rows = []
    for run in complete():
        try:
            one = RunRecord(run_folder(run)).manifest
        except DataError:
            continue
        rows.append(
            {
                "run": one["run"],
                "kind": one["kind"],
                "finished_at": one["finished_at"],
                "configurations": one["counts"]["configurations"],
                "first_date": one["data"]["first_date"],
                "last_date": one["data"]["last_date"],
                "command": " ".join(one["command"]),
            }
        )
    names = ("run", "kind", "finished_at", "configurations", "first_date", "last_date", "command")
    schema = {name: pl.Int64 if name == "configurations" else pl.String for name in names}
    return pl.DataFrame(rows, schema=schema)


def reference(text: str) -> tuple[RunRecord, int | None]:
    """RUN or RUN#CONFIG as a run and a number."""
    prefix, mark, config = text.partition("#")
    if mark and not config.isdecimal():
        raise UsageError(f"{text} is no configuration", expected="RUN#NUMBER")
    run = RunRecord.open(prefix)
    number = int(config) if mark else None
    if number is not None:
        run.metrics(number)
    return run, number


def _runs(parser: argparse.ArgumentParser, argv: Sequence[str]) -> int:
    parser.add_argument("action", nargs="?", choices=["rm"], help="remove runs")
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--cache", action="store_true", help="with rm: the cache of tapes")
    parser.add_argument("--keep-mb", type=int, default=0, metavar="MB", help="with rm --cache: keep the newest so many")
    options = parser.parse_args(list(argv))
    if options.action == "rm":
        return _remove(options)
    if options.cache:
        raise UsageError("--cache belongs to rm", todo="bea runs rm --cache")
    table = listing()
    if options.json:
        return _json({"runs": table.to_dicts()})
    from rich.table import Table
    from rich.text import Text

    from research.commands.text import console
    from research.report.text import number

    screen = console()
    if not table.height:
        screen.print("no run yet: try `bea sweep data=sample experiment=sample`")
        return 0
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("run", "finished", "configs", "data", "command"):
        shown.add_column(head, justify="right" if head == "configs" else "left", no_wrap=True)
    room = max(20, screen.width - 62)
    for row in table.iter_rows(named=True):
        span = f"{row['first_date'][:4]}–{row['last_date'][:4]}"
        cells = (
            row["run"][:12],
            row["finished_at"][:16],
            number(row["configurations"]),
            span,
            printable(row["command"], room),
        )
        shown.add_row(*(Text(cell) for cell in cells))
    screen.print(shown)
    return 0


def _remove(options: argparse.Namespace) -> int:
    from research.tapes.cache import cache_folder, evict

    if not options.runs and not options.cache:
        raise UsageError("nothing to remove", expected="RUN..., or --cache")
    gone = [find(prefix) for prefix in options.runs]
    freed = sum(remove(run) for run in dict.fromkeys(gone))
    tapes = 0
    if options.cache:
        before = folder_bytes(cache_folder()) if cache_folder().is_dir() else 0
        tapes = evict(options.keep_mb)
        freed += before - (folder_bytes(cache_folder()) if cache_folder().is_dir() else 0)
    if options.json:
        return _json({"removed": gone, "tapes": tapes, "bytes": freed})
    sys.stdout.write(f"removed {len(gone)} runs and {tapes} tapes, {freed / 1e6:.1f} MB\n")
    return 0


def _show(options: argparse.Namespace) -> int:
    run, config = reference(options.run)
    if options.json:
        return _json(summary(run) if config is None else configuration_summary(run, config))
    from research.commands.text import configuration_view, console, leaderboard_view

    console().print(leaderboard_view(run) if config is None else configuration_view(run, config))
    return 0


def _report(options: argparse.Namespace) -> int:
    from research.report import write

    run, _ = reference(options.run)
    if options.acknowledge:
        run.acknowledge(options.acknowledge)
    path = write(run, run.report_path)
    if options.json:
        return _json({"run": run.id, "report": str(path)})
    sys.stdout.write(f"{path}\n")
    return 0


def _compare(options: argparse.Namespace) -> int:
    from research.report.comparison.differences import differences, write_page

    if len(options.runs) < 2:
        raise UsageError("compare needs two runs", expected="RUN RUN...")
    made = [reference(text) for text in options.runs]
    found = differences(made)
    page = None if options.no_page else write_page(made, found)
    if options.json:
        return _json({"runs": [run.id for run, _ in made], **found, "page": page})
    from rich.table import Table
    from rich.text import Text

    from research.commands.text import console, setting
    from research.report.text import MEASURES, measure_name

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for run, config in made:
        table.add_column(
            run.short + (f"#{config}" if config else ""), justify="right", overflow="ellipsis", no_wrap=True
        )
    for part, rows in found.items():
        table.add_row(Text(part, style="bold"), *([""] * len(made)))
        for name, values in rows.items():
            cells = [MEASURES[name].text(v) if name in MEASURES else setting(v) for v in values]
            table.add_row(Text(f"  {printable(measure_name(name), 60)}"), *(Text(cell) for cell in cells))
        if not rows:
            table.add_row(Text("  the same"), *([""] * len(made)))
    console().print(table)
    if page is not None:
        sys.stdout.write(f"{page}\n")
    return 0


def _json(value: Any) -> int:
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, allow_nan=False) + "\n")
    return 0
