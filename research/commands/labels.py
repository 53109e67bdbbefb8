"""`bea runs name`, `tag` and `note`: what a person says about a run."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from engine.errors import UsageError
from engine.files import exclusive
from research.commands.arguments import add_json, described, print_json
from research.records.folder import complete, run_folder, runs_folder
from research.records.labels import Labels, read_labels, write_labels
from research.records.run import RunRecord


def add_labels(commands: Any) -> None:
    """Add the three commands to those of `bea runs`."""
    name = _command(commands, "name", "give a run a name that stands for its id in every command")
    name.add_argument("name", nargs="?", default="", metavar="NAME", help="without it: remove the name")
    tag = _command(commands, "tag", "add tags to a run")
    tag.add_argument("tags", nargs="+", metavar="TAG")
    tag.add_argument("--remove", action="store_true", help="remove them instead")
    note = _command(commands, "note", "write a note about a run, in place of the one before")
    note.add_argument("words", nargs="*", metavar="TEXT", help="without it: remove the note")


def _command(commands: Any, name: str, words: str) -> argparse.ArgumentParser:
    parser = described(commands, name, words)
    parser.add_argument("run", metavar="RUN")
    add_json(parser)
    parser.set_defaults(run_command=label)
    return parser


def label(options: argparse.Namespace) -> int:
    """Carry out one of the three commands; returns the exit status."""
    run = RunRecord.open(options.run)
    with exclusive(runs_folder() / ".labels.lock", None):  # two commands at once would give one name to two runs
        labels = _changed(options, run.id, read_labels(run.folder))
        write_labels(run.folder, labels)
    if options.json:
        return print_json({"run": run.id, **asdict(labels)})
    sys.stdout.write(f"{run.short}  {line(labels)}\n")
    return 0


def _changed(options: argparse.Namespace, run: str, labels: Labels) -> Labels:
    if options.action == "tag":
        return labels.untagged(options.tags) if options.remove else labels.tagged(options.tags)
    if options.action == "note":
        return labels.noted(" ".join(options.words))
    named = labels.named(options.name)
    for other in complete():
        if named.name and other != run and read_labels(run_folder(other)).name == named.name:
            raise UsageError(f"run {other[:12]} has the name {named.name}", todo=f"bea runs name {other[:12]}")
    return named


def line(labels: Labels) -> str:
    """Labels in one line: ``early_value  [kelly, 2024]  first try``."""
    parts = (labels.name, f"[{', '.join(labels.tags)}]" if labels.tags else "", labels.note)
    return "  ".join(part for part in parts if part) or "no name, tag or note"
