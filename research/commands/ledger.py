"""`bea ledger`: verify, export, backup, restore, migrate and show ledgers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.commands.arguments import add_json, described, parser_of, print_json
from research.config.live import ledger_settings

if TYPE_CHECKING:
    from engine.live.ledger.sql import SqlStore
    from engine.live.ledger.verify import Verification

_ABOUT = "Ledgers of paper and live trading: check them, copy them, bring them back (docs/ledger.md)."


def main(argv: Sequence[str]) -> int:
    """Run `bea ledger` with the words after it; returns the exit status."""
    parser = parser_of("ledger", _ABOUT)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = _command(commands, "verify", "check every hash, number and sum; exit status 1 if anything was changed")
    check.add_argument("--head", default="", metavar="HASH", help="a hash noted earlier, which an entry must have")
    check.set_defaults(run=_verify)
    for name, words in (
        ("export", "write a ledger as lines of JSON"),
        ("backup", "copy a ledger, also while a runner writes"),
    ):
        copier = _command(commands, name, words)
        copier.add_argument("file", nargs="?", metavar="FILE", help="default: beside the ledger")
        copier.set_defaults(run=_copy)
    back = described(commands, "restore", "make a ledger of a backup or an export; it must be adopted before it bets")
    back.add_argument("file", metavar="FILE", help="of `bea ledger backup` or `export`")
    back.add_argument("name", metavar="NAME", help="of the ledger that is made; it must be free")
    add_json(back)
    back.set_defaults(run=_restore)
    _command(commands, "migrate", "bring a ledger of an older schema up to date").set_defaults(run=_migrate)
    show = described(commands, "show", "list ledgers, or the last entries of one")
    show.add_argument("name", metavar="NAME", nargs="?", help="default: list all ledgers")
    show.add_argument("--last", type=int, default=20, metavar="N", help="entries that are shown, default 20")
    add_json(show)
    show.set_defaults(run=_show)
    options = parser.parse_args(list(argv))
    status: int = options.run(options)
    return status


def _command(commands: Any, name: str, words: str) -> argparse.ArgumentParser:
    parser = described(commands, name, words)
    parser.add_argument("name", metavar="NAME", help="a ledger, see `bea ledger show`")
    add_json(parser)
    return parser


def _store(name: str) -> SqlStore:
    from engine.live.clock import SystemClock
    from engine.live.ledger.opening import open_store

    return open_store(name, ledger_settings(), SystemClock())


def _verify(options: argparse.Namespace) -> int:
    from engine.live.ledger.verify import verify

    with closing(_store(options.name)) as store:
        found = verify(store.sessions, options.name, options.head)
    if options.json:
        print_json({"ledger": options.name, **_as_document(found)})
    else:
        faults = [fault.line() for fault in found.faults]
        sys.stdout.write("\n".join(faults or _good(found)) + "\n")
    return int(bool(found.faults))


def _as_document(found: Verification) -> dict[str, Any]:
    from dataclasses import asdict

    return {"good": not found.faults, **asdict(found)}


def _good(found: Verification) -> list[str]:
    from research.report.text import count

    rows = f"{count(found.entries, 'entry', 'entries')} and {count(found.controls, 'control row')}"
    lines = [f"Good: {rows}, the head is {found.head}."]
    lines += [f"  {name:<11}{total:>16,}" for name, total in found.totals.items() if total]
    if found.restored:
        lines.append("Restored from a backup and not adopted yet: nothing is sent (bea reconcile --adopt).")
    return lines


def _copy(options: argparse.Namespace) -> int:
    from engine.live.ledger.backup import backup, export
    from engine.live.ledger.opening import ledger_path

    with closing(_store(options.name)) as store:
        write = export if options.command == "export" else backup
        suffix = "db" if write is backup and store.sessions.sqlite else "jsonl"
        folder = ledger_path(options.name).parent / "backups"
        path = Path(options.file) if options.file else folder / f"{options.name}-{store.state().number}.{suffix}"
        state = write(store.sessions, options.name, path)
    if options.json:
        return print_json({"ledger": options.name, "file": path, "entries": state.number, "head": state.hash})
    sys.stdout.write(f"{path}\n")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from engine.live.ledger.backup import restore

    found = restore(Path(options.file), options.name, settings=ledger_settings())
    if options.json:
        return print_json({"ledger": options.name, **_as_document(found)})
    sys.stdout.write("\n".join(_good(found)) + "\n")
    return 0


def _migrate(options: argparse.Namespace) -> int:
    from engine.live.ledger.migrate import migrate

    before, after = migrate(options.name, settings=ledger_settings())
    if options.json:
        return print_json({"ledger": options.name, "before": before, "after": after})
    words = f"brought from schema {before} to {after}" if before != after else f"has schema {after} already"
    sys.stdout.write(f"{options.name} {words}\n")
    return 0


def _show(options: argparse.Namespace) -> int:
    from engine.live.ledger.opening import ledger_names, look

    settings = ledger_settings()
    if options.name is None:
        names = ledger_names(settings)
        if options.json:
            return print_json({"ledgers": names})
        sys.stdout.write("".join(f"{name}\n" for name in names) or "no ledger yet: bea paper NAME makes one\n")
        return 0
    with closing(look(options.name, settings=settings)) as ledger:
        state = ledger.state()
        rows = list(ledger.entries(max(0, state.number - max(0, options.last))))
    if options.json:
        entries = [
            {"number": row.number, "kind": row.entry.kind, "key": row.entry.key, "at_ns": row.entry.at_ns}
            | {"body": dict(row.entry.body)}
            for row in rows
        ]
        return print_json({"ledger": options.name, "head": state.hash, "holder": state.holder, "entries": entries})
    _print_entries(rows)
    return 0


def _print_entries(rows: Sequence[Any]) -> None:
    from datetime import UTC, datetime

    from engine.errors import printable
    from engine.live.ledger.entries import ACCOUNTS

    for row in rows:
        money = ", ".join(
            f"{name} {getattr(row.entry.money, name):+,}" for name in ACCOUNTS if getattr(row.entry.money, name)
        )
        instant = datetime.fromtimestamp(row.entry.at_ns // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
        line = f"{row.number:>8}  {instant}  {row.entry.key}" + (f"  {money}" if money else "")
        sys.stdout.write(printable(line, 160) + "\n")
