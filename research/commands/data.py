"""The commands `bea data import | fetch | simulate | check | pairs | info`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError, printable, unknown_name
from engine.paths import home, home_and_origin, is_address
from research.commands import fetch
from research.commands.arguments import Parser, add_json, described, print_json
from research.commands.tables import print_line, print_list, print_table

if TYPE_CHECKING:
    from engine.store import ImportSummary, Store

#: suffixes of files that hold exactly one table
_TABLE_SUFFIXES: Final = (".csv", ".txt", ".tsv", ".xls", ".xlsx")


def main(argv: Sequence[str]) -> int:
    """Run `bea data` with the words after it; returns the exit status."""
    options = parser().parse_args(list(argv))
    status: int = options.run(options)
    return status


def parser() -> Parser:
    """The parser of `bea data` with its subcommands."""
    whole = Parser(prog="bea data", description="Odds history: import, simulate, check, describe.")
    subcommands = whole.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
    importer = subcommands.add_parser(
        "import",
        help="read files of a source into the store",
        description="Read files of a source into the store. Files that it holds already are not read again. A row or a "
        "cell that cannot be read is kept in quarantine and counted.",
        epilog="for example: bea data import football_data E0.csv E1.csv",
    )
    importer.add_argument(
        "source",
        help="football_data (football-data.co.uk), tennis_data (tennis-data.co.uk), betfair_history "
        "(Betfair files and recordings), generic_csv (any table, with "
        "--mapping), or a shipped mapping; a wrong name lists all",
    )
    importer.add_argument("paths", nargs="+", metavar="PATH", help="files, archives or folders")
    importer.add_argument("--mapping", help="mapping for generic_csv: the name of a shipped one, or a YAML file")
    importer.add_argument("--again", action="store_true", help="read files again that are already in the store")
    importer.set_defaults(run=_import)
    simulator = _add_simulate(subcommands)
    simulator.set_defaults(run=_simulate)
    fetch.add(subcommands)
    mapper = described(subcommands, "map", "look at a file and write a first mapping for it, with questions")
    mapper.add_argument("file", metavar="FILE", help="a table, a JSON document, or an archive (its first file)")
    mapper.add_argument("--output", metavar="YAML", help="write the mapping to this new file (default: the terminal)")
    mapper.set_defaults(run=_map)
    checker = described(subcommands, "check", "verify every file of the store and list what looks odd")
    checker.set_defaults(run=_check)
    matcher = described(subcommands, "pairs", "list matches, names and competitions that may stand twice")
    matcher.set_defaults(run=_pairs)
    describer = described(
        subcommands, "info", "list competitions, seasons, bookmakers, dates and the quarantine of the store"
    )
    describer.set_defaults(run=_info)
    for subcommand in (importer, simulator, checker, matcher, describer):
        subcommand.add_argument(
            "--store",
            metavar="DIR",
            help="the store: a folder, or s3://BUCKET/PREFIX (default: data/store in BEA_HOME)",
        )
        add_json(subcommand)
    return whole


def _add_simulate(subcommands: Any) -> argparse.ArgumentParser:
    """Add `bea data simulate`; every number has its default in the help."""
    simulator = described(subcommands, "simulate", "generate a history whose true probabilities are known")
    simulator.add_argument("--seed", type=int, default=0, help="seed of all random numbers")
    simulator.add_argument("--leagues", type=int, default=3, help="number of leagues: SIM1, SIM2, ...")
    simulator.add_argument("--seasons", type=int, default=5, help="number of seasons")
    simulator.add_argument("--first-season", type=int, default=2018, help="year in which the first begins")
    simulator.add_argument("--teams", type=int, default=18, help="teams in a league, an even number")
    simulator.add_argument(
        "--bookmakers", nargs="+", metavar="NAME", help="only these simulated bookmakers (default: all)"
    )
    simulator.add_argument(
        "--markets", nargs="+", metavar="NAME", help="only these of 1x2, totals, asian_handicap (default: all)"
    )
    simulator.add_argument("--snapshots", type=int, default=0, help="timed quotes of a match between opening and close")
    simulator.add_argument("--truth", metavar="DIR", help="also write the true probabilities to this folder")
    for action in simulator._actions:
        if isinstance(action.default, int) and not isinstance(action.default, bool):
            action.help = f"{action.help} (default: %(default)s)"
    return simulator


def _store_place(options: argparse.Namespace) -> Path | str:
    if options.store and is_address(options.store):
        return str(options.store)
    return Path(options.store).expanduser() if options.store else home() / "data" / "store"


class _Passes:
    """The batches of an import, read anew at each pass over them."""

    def __init__(self, read: Callable[[], Iterable[Any]], total: int | None) -> None:
        self._read, self._total = read, total

    def __iter__(self) -> Iterator[Any]:
        return _with_progress(self._read(), self._total)


def _import(options: argparse.Namespace) -> int:
    from engine.source import read
    from engine.source.folders import unread_files
    from engine.store import Store

    store = Store.create_or_open(_store_place(options))
    known = frozenset[str]() if options.again else store.known()
    reading = partial(read.read_files, options.source, options.paths, mapping=options.mapping, known=known)
    summary = store.apply(_Passes(reading, _file_count(options.paths)), again=options.again)
    _report_import(options, store, summary)
    unread = unread_files(options.source, options.paths, options.mapping)
    if unread and not options.json:
        print_line(f"not read, of another kind: {unread}")
    nothing_kept = summary.files_read and not summary.counts["rows_kept"]
    if nothing_kept and not options.json:
        print("nothing was kept: the files have no row that can be read", file=sys.stderr)  # noqa: T201
    nothing_read = not (summary.files_read or summary.files_known)
    if summary.known_empty and not options.json:
        names = ", ".join(printable(name, 60) for name in summary.known_empty[:3])
        count = f"{len(summary.known_empty):,} of the known files"
        print(f"nothing of {count} was kept when they were read (--again reads them): {names}", file=sys.stderr)  # noqa: T201
    return int(bool(summary.refused or nothing_kept or nothing_read or summary.known_empty))


def _simulate(options: argparse.Namespace) -> int:
    from engine.simulator import simulate as simulator
    from engine.store import Store

    chosen: dict[str, Any] = {}
    if options.bookmakers:
        known = {book.name: book for book in simulator.DEFAULT_BOOKMAKERS}
        unknown = [name for name in options.bookmakers if name not in known]
        if unknown:
            raise unknown_name("bookmaker", unknown[0], known, where="--bookmakers")
        chosen["bookmakers"] = tuple(known[name] for name in options.bookmakers)
    if options.markets:
        chosen["markets"] = tuple(options.markets)
    if options.leagues < 1:
        raise UsageError("too few leagues", where="--leagues", expected="at least 1", found=str(options.leagues))
    settings = simulator.SimulatorSettings(
        seed=options.seed,
        competitions=tuple(f"SIM{i + 1}" for i in range(options.leagues)),
        seasons=options.seasons,
        first_season=options.first_season,
        teams=options.teams,
        snapshots=options.snapshots,
        **chosen,
    )
    store = Store.create_or_open(_store_place(options))

    def batches() -> Iterator[Any]:
        for league in simulator.simulate_leagues(settings):
            if options.truth:
                league.save_truth(Path(options.truth))
            yield from league.batches

    summary = store.apply(_Passes(batches, options.leagues * options.seasons))
    _report_import(options, store, summary)
    return 0


def _map(options: argparse.Namespace) -> int:
    from engine.files import write_bytes
    from engine.source.draft import draft_mapping

    source = Path(options.file).expanduser()
    if not source.is_file():
        raise UsageError("no such file", where=options.file, expected="a table, a JSON document or an archive")
    text = draft_mapping(source)
    if not options.output:
        for line in text.splitlines():
            print_line(line)
        return 0
    target = Path(options.output).expanduser()
    if target.exists():
        raise UsageError("the file exists", where=options.output, todo="give another name, or remove it")
    if not target.parent.is_dir():
        raise UsageError("no such folder", where=str(target.parent))
    write_bytes(target, text.encode())
    questions = sum("# ?" in line for line in text.splitlines())
    print_line(f"{target}: {questions} questions (lines with ?); import with --mapping {target}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from engine.store import Store
    from engine.store.inspect import check
    from research.commands import closes
    from research.commands.pairs import outdated

    store = Store.open(_store_place(options))
    findings, closing = check(store), list[dict[str, Any]]()
    damaged = any(finding.level == "damage" for finding in findings)
    if not damaged:
        findings += outdated(store.events())
        closing = closes.documents(closes.calibrations(store, closes.default_method()))
    if options.json:
        found = [vars(finding) for finding in findings]
        print_json({"store": store.place, "damaged": damaged, "findings": found, "closing": closing})
    else:
        print_line("damaged" if damaged else f"verified: {len(store.manifest.files)} files of {store.place}")
        print_table("", ["level", "check", "count", "for example"], [[*vars(finding).values()] for finding in findings])
        print_table(closes.TITLE, list(closes.NAMES), closes.table(closing))
        print_list("closing line not calibrated", closes.doubts(closing))
    return int(damaged)


def _pairs(options: argparse.Namespace) -> int:
    import yaml

    from engine.store import Store
    from engine.store.pairs import find_pairs
    from research.commands import pairs

    store = Store.open(_store_place(options))
    found = find_pairs(store.events())
    if options.json:
        print_json({"store": store.place, **pairs.document(found)})
        return 0
    print_line(f"{pairs.count_text(found)} in {store.place}")
    for title, names, rows in pairs.tables(found):
        print_table(title, names, rows)
    for name, content in pairs.suggestions(found).items():
        print_line(f"if they are one, write into {home() / 'aliases' / name} and import the files again:")
        for line in yaml.safe_dump(content, allow_unicode=True, width=1000).splitlines():
            print_line(line)
    return 0


def _info(options: argparse.Namespace) -> int:
    from engine.store import Store
    from engine.store.inspect import info

    folder, origin = home_and_origin()
    facts = {"home": str(folder)} | info(Store.open(_store_place(options)))
    if options.json:
        print_json(facts)
        return 0
    print_line(f"home: {folder} ({origin})")
    print_line(
        f"{facts['matches']:,} matches, {facts['prices']:,} prices "
        f"from {facts['first']} to {facts['last']} in {facts['store']}"
    )
    competitions: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for season in facts["seasons"]:
        competitions.setdefault((season["sport"], season["competition"]), []).append(season)
    rows = [
        [
            *competition,
            len(seasons),
            sum(season["matches"] for season in seasons),
            sum(season["prices"] for season in seasons),
            min(season["first"] for season in seasons),
            max(season["last"] for season in seasons),
        ]
        for competition, seasons in competitions.items()
    ]
    print_table("", ["sport", "competition", "seasons", "matches", "prices", "first", "last"], rows)
    for name in ("markets", "bookmakers", "instants", "known_at_basis", "starts_at_basis"):
        print_line(f"{name}: {', '.join(facts[name])}")
    reasons = [[row["source"], row["kind"], row["reason"], row["count"]] for row in facts["quarantine"]]
    print_table("quarantine", ["source", "kind", "reason", "count"], reasons)
    print_line(f"withdrawn fixtures: {facts['withdrawn']}")
    return 0


def _report_import(options: argparse.Namespace, store: Store, summary: ImportSummary) -> None:
    from engine.store.near_names import near_names
    from engine.store.pairs import pairs_of_import
    from engine.store.reasons import sorted_reasons
    from research.commands import pairs, reasons

    counts, why = summary.counts, sorted_reasons(summary.reasons)
    partitions = summary.partitions if summary.changed else set[tuple[str, str, str]]()
    doubles, near = pairs_of_import(store, partitions), near_names(store, summary.new_names, partitions)
    if options.json:
        print_json(_import_document(store, summary) | {"near_names": near, "may_be_the_same": pairs.lines(doubles)})
        return
    for name, error in summary.refused:
        print(printable(f"refused: {error if name in error else f'{name}: {error}'}"), file=sys.stderr)  # noqa: T201
    print_line(
        f"files: {summary.files_read:,} read, {summary.files_known:,} known already, {len(summary.refused):,} refused"
    )
    print_line(
        f"rows: {counts['rows_read']:,} read = {counts['rows_kept']:,} kept"
        f" + {counts['rows_quarantined']:,} quarantined"
        + (f" (and {counts['rows_blank']:,} blank lines)" if counts["rows_blank"] else "")
    )
    print_line(
        f"prices: {counts['prices_read']:,} read = {counts['prices_kept']:,} kept + {counts['prices_empty']:,} empty"
        f" + {counts['prices_quarantined']:,} quarantined; {counts['flags']:,} flagged and kept"
    )
    for line in reasons.lines(why):
        print_line(line)
    print_line(
        f"store: {summary.events_new:,} new matches, {summary.events_again:,} again; "
        f"{summary.quotes_new:,} new prices, {summary.quotes_again:,} again; {store.place}"
    )
    if summary.quotes_removed:
        print_line(f"{summary.quotes_removed} prices removed: their files do not give them as they are read now")
    if summary.quotes_left:
        print_line(
            f"{summary.quotes_left} prices of matches read again are not in their file as it is read now: another file"
            " gave them, or an earlier reading (a new store has none of these)"
        )
    print_list(
        "withdrawn",
        [
            f"{w['competition']} {w['date']} {w['home']} - {w['away']}, now {w.get('replaced_by') or w['moved_to']}"
            for w in summary.withdrawn
        ],
    )
    print_list("new names", [pairs.new_name(name, near) for name in sorted(summary.new_names)])
    print_list("result changed", summary.results_changed)
    print_list("may be the same", pairs.lines(doubles))
    if doubles.matches.height:
        print_line(f"{pairs.count_text(doubles)} (bea data pairs lists them)")


def _import_document(store: Store, summary: ImportSummary) -> dict[str, Any]:
    """The facts of an import for --json."""
    from engine.store.reasons import sorted_reasons

    counts, manifest = summary.counts, store.manifest
    tables = ("events", "quotes", "quarantine", "withdrawn")
    return {
        "store": store.place,
        "files": {"read": summary.files_read, "known": summary.files_known, "refused": len(summary.refused)},
        "known_empty": summary.known_empty,
        "refused": [{"file": name, "error": error} for name, error in summary.refused],
        "counts": counts,
        "reasons": [vars(reason) for reason in sorted_reasons(summary.reasons)],
        "events": {"new": summary.events_new, "again": summary.events_again},
        "quotes": {
            "new": summary.quotes_new,
            "again": summary.quotes_again,
            "removed": summary.quotes_removed,
            "left": summary.quotes_left,
        },
        "withdrawn": summary.withdrawn,
        "results_changed": summary.results_changed,
        "new_names": sorted(summary.new_names),
        "changed": summary.changed,
        "store_rows": {table: sum(entry.rows for entry in manifest.entries(table)) for table in tables},
    }


def _file_count(paths: Iterable[str]) -> int | None:
    """Number of files under some paths; None if an archive or an unknown suffix leaves it open."""
    count = 0
    for path in map(Path, paths):
        files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
        if any(p.suffix.lower() not in _TABLE_SUFFIXES for p in files):
            return None
        count += len(files)
    return count


def _with_progress(batches: Iterable[Any], total: int | None) -> Iterator[Any]:
    """Yield the batches and show progress on stderr: a bar on a terminal, a line now and then elsewhere."""
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
