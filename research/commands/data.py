"""The commands `bea data import | simulate | check | info`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import paths as settings
from engine.errors import BeaError, UsageError, printable

if TYPE_CHECKING:
    from engine.store import ImportSummary
    from engine.store.inspect import Finding

_TABLES = (".csv", ".txt", ".tsv", ".xls", ".xlsx")
_SHOWN = 12  # names a message lists
_ROWS = 40  # rows of a table on a terminal


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add `data` and its four commands to the parser of the command line."""
    parser = subparsers.add_parser("data", help="import, simulate, check and describe odds history")
    _add_commands(parser)
    return parser


def main(argv: list[str]) -> int:
    """Run `bea data` with its arguments; gives the exit status and prints errors in one line."""
    parser = argparse.ArgumentParser(prog="bea data", description="Odds history: import, simulate, check, describe.")
    _add_commands(parser)
    try:
        status = run(parser.parse_args(argv))
        sys.stdout.flush()
        return status
    except BeaError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)  # noqa: T201
        return error.exit_status
    except BrokenPipeError:  # the reader of our output, `head` say, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("error: interrupted; the old store is intact", file=sys.stderr)  # noqa: T201
        return 130


def run(arguments: argparse.Namespace) -> int:
    """Run the command that was parsed; raises `BeaError`."""
    status: int = arguments.data_command(arguments)
    return status


def _add_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    load = commands.add_parser("import", help="read files of a source into the store")
    load.add_argument("source", help="football_data, tennis_data, generic_csv, or a mapping that comes along")
    load.add_argument("paths", nargs="+", metavar="PATH", help="files, archives or folders")
    load.add_argument("--mapping", help="a mapping of generic_csv: a name that comes with the project, or a YAML file")
    load.add_argument("--again", action="store_true", help="read files again that the store knows")
    load.set_defaults(data_command=_import)
    make = commands.add_parser("simulate", help="make a simulated history in which the truth is known")
    make.add_argument("--seed", type=int, default=0)
    make.add_argument("--leagues", type=int, default=3, help="how many (SIM1, SIM2, ...)")
    make.add_argument("--seasons", type=int, default=5)
    make.add_argument("--first-season", type=int, default=2018)
    make.add_argument("--teams", type=int, default=18, help="of a league; an even number")
    make.add_argument("--bookmakers", nargs="+", metavar="NAME", help="some of the simulated ones")
    make.add_argument("--markets", nargs="+", metavar="NAME", help="some of 1x2, totals, asian_handicap")
    make.add_argument("--snapshots", type=int, default=0, help="timed quotes between opening and close")
    make.add_argument("--truth", metavar="DIR", help="write the true probabilities there")
    make.set_defaults(data_command=_simulate)
    look = commands.add_parser("check", help="verify every file and look for what is odd")
    look.set_defaults(data_command=_check)
    tell = commands.add_parser("info", help="what the store holds")
    tell.set_defaults(data_command=_info)
    for command in (load, make, look, tell):
        command.add_argument("--store", metavar="DIR", help="the store (default: data/store under the home)")
        command.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _store_path(arguments: argparse.Namespace) -> Path:
    return Path(arguments.store).expanduser() if arguments.store else settings.home() / "data" / "store"


def _import(arguments: argparse.Namespace) -> int:
    from engine.source import read
    from engine.store import Store

    store = Store.create_or_open(_store_path(arguments))
    known = frozenset[str]() if arguments.again else store.known()
    batches = read.read_files(arguments.source, arguments.paths, mapping=arguments.mapping, known=known)
    summary = store.apply(_watched(batches, _number(arguments.paths)), again=arguments.again)
    _report_import(arguments, store.root, summary)
    nothing = summary.files_read and not summary.counts["rows_kept"]
    return 1 if summary.refused or nothing or not (summary.files_read or summary.files_known) else 0


def _simulate(arguments: argparse.Namespace) -> int:
    from engine.simulator import simulate as simulator
    from engine.store import Store

    options: dict[str, Any] = {}
    if arguments.bookmakers:
        known = {book.name: book for book in simulator.DEFAULT_BOOKMAKERS}
        unknown = [name for name in arguments.bookmakers if name not in known]
        if unknown:
            raise UsageError(f"unknown bookmaker {unknown[0]!r}", where="--bookmakers", expected=", ".join(known))
        options["bookmakers"] = tuple(known[name] for name in arguments.bookmakers)
    if arguments.markets:
        options["markets"] = tuple(arguments.markets)
    if arguments.leagues < 1:
        raise UsageError("too few leagues", where="--leagues", expected="at least 1", found=str(arguments.leagues))
    wanted = simulator.SimulatorSettings(
        seed=arguments.seed,
        competitions=tuple(f"SIM{i + 1}" for i in range(arguments.leagues)),
        seasons=arguments.seasons,
        first_season=arguments.first_season,
        teams=arguments.teams,
        snapshots=arguments.snapshots,
        **options,
    )
    store = Store.create_or_open(_store_path(arguments))

    def batches() -> Iterator[Any]:
        for league in simulator.simulate_leagues(wanted):
            if arguments.truth:
                league.save_truth(Path(arguments.truth))
            yield from league.batches

    summary = store.apply(_watched(batches(), arguments.leagues * arguments.seasons))
    _report_import(arguments, store.root, summary)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from engine.store import Store
    from engine.store.inspect import check

    store = Store.open(_store_path(arguments))
    findings = check(store)
    damaged = any(f.level == "damage" for f in findings)
    if arguments.json:
        _print_json({"store": str(store.root), "damaged": damaged, "findings": [vars(f) for f in findings]})
    else:
        _say("damaged" if damaged else f"verified: {len(store.manifest.files)} files of {store.root}")
        _table("", ["level", "check", "count", "for example"], [_row(f) for f in findings])
    return int(damaged)


def _row(finding: Finding) -> list[object]:
    return [finding.level, finding.check, finding.count, finding.example]


def _info(arguments: argparse.Namespace) -> int:
    from engine.store import Store
    from engine.store.inspect import info

    facts = info(Store.open(_store_path(arguments)))
    if arguments.json:
        _print_json(facts)
        return 0
    _say(
        f"{facts['matches']} matches, {facts['prices']} prices "
        f"from {facts['first']} to {facts['last']} in {facts['store']}"
    )
    by: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for season in facts["seasons"]:
        by.setdefault((season["sport"], season["competition"]), []).append(season)
    rows = [
        [*key, len(s), sum(x["matches"] for x in s), sum(x["prices"] for x in s), min(x["first"] for x in s),
         max(x["last"] for x in s)]
        for key, s in by.items()
    ]  # fmt: skip
    _table("", ["sport", "competition", "seasons", "matches", "prices", "first", "last"], rows)
    for word in ("markets", "bookmakers", "instants", "known_at_basis", "starts_at_basis"):
        _say(f"{word}: {', '.join(facts[word])}")
    reasons = [[q["source"], q["kind"], q["reason"], q["count"]] for q in facts["quarantine"]]
    _table("quarantine", ["source", "kind", "reason", "count"], reasons)
    _say(f"withdrawn fixtures: {facts['withdrawn']}")
    return 0


def _report_import(arguments: argparse.Namespace, root: Path, summary: ImportSummary) -> None:
    from engine.store import Store

    counts = summary.counts
    kept = Store.create_or_open(root).manifest
    if arguments.json:
        _print_json({
            "store": str(root),
            "files": {"read": summary.files_read, "known": summary.files_known, "refused": len(summary.refused)},
            "refused": [{"file": name, "error": error} for name, error in summary.refused],
            "counts": counts,
            "events": {"new": summary.events_new, "again": summary.events_again},
            "quotes": {"new": summary.quotes_new, "again": summary.quotes_again},
            "withdrawn": summary.withdrawn,
            "new_names": sorted(summary.new_names),
            "changed": summary.changed,
            "store_rows": {t: sum(e.rows for e in kept.of(t)) for t in ("events", "quotes", "quarantine", "withdrawn")},
        })  # fmt: skip
        return
    for name, error in summary.refused:
        print(printable(f"refused: {error if name in error else f'{name}: {error}'}"), file=sys.stderr)  # noqa: T201
    _say(f"files: {summary.files_read} read, {summary.files_known} known already, {len(summary.refused)} refused")
    _say(
        f"rows: {counts['rows_read']} read = {counts['rows_kept']} kept + {counts['rows_quarantined']} quarantined"
        + (f" ({counts['rows_blank']} blank lines besides)" if counts["rows_blank"] else "")
    )
    _say(
        f"prices: {counts['prices_read']} read = {counts['prices_kept']} kept + {counts['prices_empty']} empty"
        f" + {counts['prices_quarantined']} quarantined; {counts['flags']} flagged and kept"
    )
    _say(
        f"store: {summary.events_new} new matches, {summary.events_again} again; "
        f"{summary.quotes_new} new prices, {summary.quotes_again} again; {root}"
    )
    _some(
        "withdrawn",
        [f"{w['competition']} {w['date']} {w['home']} - {w['away']}, now {w['moved_to']}" for w in summary.withdrawn],
    )
    _some("new names", sorted(summary.new_names))


def _some(title: str, lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        _say(f"{title}: {line}")
    if len(lines) > _SHOWN:
        _say(f"{title}: {len(lines) - _SHOWN} more (--json names all)")


def _number(given: Iterable[str]) -> int | None:
    """How many files these paths are; None where an archive or an unknown kind leaves it open."""
    number = 0
    for path in map(Path, given):
        files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
        if any(p.suffix.lower() not in _TABLES for p in files):
            return None
        number += len(files)
    return number


def _watched(batches: Iterable[Any], total: int | None) -> Iterator[Any]:
    """Pass batches on and show how far it is, on stderr: a bar on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        step = max(1, total // 10) if total else 50
        for done, batch in enumerate(batches, 1):
            yield batch
            if done % step == 0 and total != 1:
                print(f"imported {done}{f'/{total}' if total else ''} files", file=sys.stderr, flush=True)  # noqa: T201
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(batches, "importing", total=total, console=Console(stderr=True), transient=True)


def _say(text: str) -> None:
    print(printable(text))  # noqa: T201


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, default=str))  # noqa: T201


def _table(title: str, names: list[str], rows: list[list[object]]) -> None:
    if not rows:
        return
    cells = [[printable(c) for c in row] for row in rows]
    numeric = [all(isinstance(row[i], int) for row in rows) for i in range(len(names))]
    if not sys.stdout.isatty():
        for row in cells:
            print((f"{title}: " if title else "") + "\t".join(row))  # noqa: T201
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None)
    for name, number in zip(names, numeric, strict=True):
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in cells[:_ROWS]:
        table.add_row(*(Text(cell) for cell in row))  # Text: brackets in a foreign name are no markup
    Console().print(table)
    if len(cells) > _ROWS:
        _say(f"{len(cells) - _ROWS} more rows (--json names all)")
