"""`bea runs`, `show`, `report` and `compare`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from engine.errors import UsageError, printable
from research.api import reference
from research.commands.arguments import parser_of, print_json
from research.records.folder import find, folder_bytes, remove
from research.records.summary import configuration_summary, listing, summary


def runs(argv: Sequence[str]) -> int:
    """`bea runs`: list or remove runs; returns the exit status."""
    parser = parser_of(
        "runs", "List complete runs, newest first. `bea runs rm RUN...` removes runs, `bea runs rm --cache` the tapes."
    )
    parser.add_argument("action", nargs="?", choices=["rm"], help="remove runs")
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--cache", action="store_true", help="with rm: remove the cache of tapes")
    parser.add_argument(
        "--keep-mb", type=int, default=0, metavar="MB", help="with rm --cache: keep this much of it, newest first"
    )
    options = parser.parse_args(list(argv))
    if options.action == "rm":
        return _remove(options)
    if options.cache:
        raise UsageError("--cache belongs to rm", todo="bea runs rm --cache")
    return _list(options)


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


def _list(options: argparse.Namespace) -> int:
    frame = listing()
    if options.json:
        return print_json({"runs": frame.to_dicts()})
    from rich.table import Table
    from rich.text import Text

    from research.report.terminal import console
    from research.report.text import number

    screen = console()
    if not frame.height:
        screen.print("no run yet: try `bea sweep data=sample experiment=sample`")
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("run", "finished", "configs", "data", "command"):
        table.add_column(head, justify="right" if head == "configs" else "left", no_wrap=True)
    width = max(20, screen.width - 62)
    for row in frame.iter_rows(named=True):
        cells = (
            row["run"][:12],
            row["finished_at"][:16],
            number(row["configurations"]),
            f"{row['first_date'][:4]}–{row['last_date'][:4]}",
            printable(row["command"], width),
        )
        table.add_row(*(Text(cell) for cell in cells))
    screen.print(table)
    return 0


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
