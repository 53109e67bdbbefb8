"""`bea runs`, `show`, `report` and `compare`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError, printable
from research.api import reference
from research.commands.arguments import add_json, described, parser_of, print_json
from research.commands.labels import add_labels
from research.records.folder import find, folder_bytes, remove
from research.records.headlines import damage, headlines, unreadable
from research.records.summary import configuration_summary, summary

if TYPE_CHECKING:
    import polars as pl


def runs(argv: Sequence[str]) -> int:
    """`bea runs`: list, name, tag, note and remove runs; returns the exit status."""
    parser = parser_of("runs", "List complete runs, newest first: verdict, yield, and what you said about them.")
    _add_tag(parser)
    parser.add_argument("--page", action="store_true", help="write a page of the list and print its path")
    parser.set_defaults(run_command=_list)
    commands = parser.add_subparsers(dest="action", metavar="COMMAND")
    add_labels(commands)
    removal = described(commands, "rm", "remove runs, or the cache of tapes")
    removal.add_argument("runs", nargs="*", metavar="RUN")
    removal.add_argument("--cache", action="store_true", help="remove the cache of tapes")
    removal.add_argument(
        "--keep-mb", type=int, default=0, metavar="MB", help="with --cache: keep this much of it, newest first"
    )
    add_json(removal)
    removal.set_defaults(run_command=_remove)
    if "--cache" in argv and "rm" not in argv:
        raise UsageError("--cache belongs to rm", todo="bea runs rm --cache")
    options = parser.parse_args(list(argv))
    status: int = options.run_command(options)
    return status


def show(argv: Sequence[str]) -> int:
    """`bea show`: a run or one of its configurations; returns the exit status."""
    parser = parser_of("show", "The leaderboard of a run, or parameters, measures and reasons of one configuration.")
    parser.add_argument("run", metavar="RUN[#CONFIG]")
    options = parser.parse_args(list(argv))
    run, config = reference(options.run)
    if options.json:
        return print_json(summary(run) if config is None else configuration_summary(run, config))
    from research.report.terminal import configuration_view, console, leaderboard_view

    screen = console()
    screen.print(leaderboard_view(run, screen.width) if config is None else configuration_view(run, config))
    return 0


def report(argv: Sequence[str]) -> int:
    """`bea report`: write the report page of a run again; returns the exit status."""
    from research.report import write

    parser = parser_of("report", "Write the report page of a run again and print its path.")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument(
        "--acknowledge", action="append", default=[], metavar="FLAG", help="a flag that you have looked into"
    )
    options = parser.parse_args(list(argv))
    run, _ = reference(options.run)
    if options.acknowledge:
        run.acknowledge(options.acknowledge)
    path = write(run, run.report_path)
    if options.json:
        return print_json({"run": run.id, "report": str(path)})
    sys.stdout.write(f"{path}\n")
    return 0


def compare(argv: Sequence[str]) -> int:
    """`bea compare`: runs or configurations side by side; returns the exit status."""
    from research.report.comparison.differences import differences, heading, write_page
    from research.report.headline import first_lines

    parser = parser_of(
        "compare", "Differences between runs in configuration, data, code and measures, and a page that shows them."
    )
    parser.add_argument("runs", nargs="+", metavar="RUN[#CONFIG]")
    parser.add_argument("--no-page", action="store_true", help="print the table only; a page holds at most six runs")
    options = parser.parse_args(list(argv))
    if len(options.runs) < 2:
        raise UsageError("compare needs two runs", expected="RUN RUN...")
    pairs = [reference(text) for text in options.runs]
    parts = differences(pairs)
    page = None if options.no_page else write_page(pairs, parts)
    if options.json:
        verdicts = [list(first_lines(run)) for run, _ in pairs]
        return print_json({"runs": [run.id for run, _ in pairs], "verdicts": verdicts, **parts, "page": page})
    from rich.table import Table
    from rich.text import Text

    from research.report.terminal import console, setting
    from research.report.text import MEASURES, number

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for run, config in pairs:
        table.add_column(
            run.short + (f"#{config}" if config else ""), justify="right", overflow="ellipsis", no_wrap=True
        )
    for part, rows in parts.items():
        table.add_row(Text(part, style="bold"), *([""] * len(pairs)))
        for name, values in rows.items():
            cells = [MEASURES[name].text(value) if name in MEASURES else setting(value) for value in values]
            if part == "metrics" and name in ("configurations", "number"):
                cells = [("#" if name == "number" else "") + number(value) for value in values]
            table.add_row(Text(f"  {printable(heading(part, name), 60)}"), *(Text(cell) for cell in cells))
        if not rows:
            table.add_row(Text("  the same"), *([""] * len(pairs)))
    screen = console()
    screen.print(table)
    for run, _ in pairs:
        for line in first_lines(run):
            screen.print(Text(f"{run.short}  {line}"))
    if page is not None:
        sys.stdout.write(f"{page}\n")
    return 0


def _add_tag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="only runs with this tag")


def _list(options: argparse.Namespace) -> int:
    frame = headlines(tuple(options.tag))
    left_out = unreadable()
    page = _page(frame, left_out) if options.page else None
    if options.json:
        return print_json({"runs": frame.to_dicts(), "unreadable": left_out, "page": page})
    if page is not None:
        sys.stdout.write(f"{page}\n")
        return 0
    from rich.table import Table
    from rich.text import Text

    from research.report.terminal import console
    from research.report.text import count, listing

    screen = console()
    if frame.height:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for head, right in _COLUMNS.items():
            table.add_column(head, justify="right" if right else "left", no_wrap=True)
        for row in frame.iter_rows(named=True):
            table.add_row(*(Text(cell) for cell in _cells(row, max(20, screen.width - 75))))
        screen.print(table)
    elif options.tag:
        screen.print(f"no run has {listing([f'the tag {tag}' for tag in options.tag])}")
    elif not left_out:
        screen.print("no run yet: try `bea sweep data=sample experiment=sample`")
    told = {run: damage(run) for run in left_out}
    for line in filter(None, told.values()):
        screen.print(Text(line), soft_wrap=True)
    if others := [run[:12] for run in left_out if not told[run]]:
        words = f"{count(len(others), 'run')} cannot be read: {listing(others)}"
        screen.print(f"{words}; repeat the command, or `bea runs rm RUN`")
    return 0


def _page(frame: pl.DataFrame, left_out: Sequence[str]) -> Path:
    from research.report.index import write_index

    return write_index(frame, left_out)


#: columns of the list, and whether they are numbers
_COLUMNS: Final = {
    "run": False,
    "finished": False,
    "configs": True,
    "data": False,
    "verdict": False,
    "yield": True,
    "bets": True,
    "name or command": False,
}


def _cells(row: dict[str, Any], width: int) -> tuple[str, ...]:
    from research.report.text import number, percent

    said = " ".join(part for part in (row["name"], f"[{', '.join(row['tags'])}]" if row["tags"] else "") if part)
    return (
        row["run"][:12],
        row["finished_at"][:10],
        number(row["configurations"]),
        f"{row['first_date'][:4]}–{row['last_date'][:4]}",
        row["verdict"],
        percent(row["yield"]),
        number(row["bets"]),
        printable(said or row["command"].removeprefix("bea "), width),
    )


def _remove(options: argparse.Namespace) -> int:
    from research.tapes.cache import cache_folder, evict

    if not options.runs and not options.cache:
        raise UsageError("nothing to remove", expected="RUN..., or --cache")
    ids = list(dict.fromkeys(find(prefix) for prefix in options.runs))
    freed_bytes = sum(remove(run) for run in ids)
    n_tapes = 0
    if options.cache:
        before = folder_bytes(cache_folder()) if cache_folder().is_dir() else 0
        n_tapes = evict(options.keep_mb)
        freed_bytes += before - (folder_bytes(cache_folder()) if cache_folder().is_dir() else 0)
    if options.json:
        return print_json({"removed": ids, "tapes": n_tapes, "bytes": freed_bytes})
    sys.stdout.write(f"removed {len(ids)} runs and {n_tapes} tapes, {freed_bytes / 1e6:.1f} MB\n")
    return 0
