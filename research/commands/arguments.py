"""Command-line parser shared by the commands that are not Hydra applications, and their JSON output."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from typing import Any, NoReturn

from engine.errors import UsageError, nearest_name, printable, unknown_name
from engine.files import json_line
from research.commands.streams import takes


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError, so that its errors are one line like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with argparse's message."""
        raise UsageError(message, todo=f"see `{self.prog} --help`")


def parser_of(command: str, about: str) -> Parser:
    """A parser with ``--json``.

    Parameters
    ----------
    command : str
        Name as typed after `bea`.
    about : str
        Description for ``--help``.
    """
    parser = Parser(prog=f"bea {command}", description=about)
    add_json(parser)
    return parser


def described(subcommands: Any, name: str, words: str) -> argparse.ArgumentParser:
    """Add a command whose line in the list of commands is also the first of its own help.

    Parameters
    ----------
    subcommands : object
        Of `argparse.ArgumentParser.add_subparsers`.
    name : str
    words : str
        What it does, without a capital letter and a full stop.
    """
    parser: argparse.ArgumentParser = subcommands.add_parser(
        name, help=words, description=f"{words[0].upper()}{words[1:]}."
    )
    return parser


def check_sport(name: str, where: str = "--sport") -> None:
    """Refuse a misspelt sport before anybody is asked for it. A sport that is like no known one passes.

    Raises
    ------
    ConfigurationError
        With the sport that was meant.
    """
    from engine.betting.sport import OTHER, SPORTS, sport_of

    known = [one for sport in SPORTS for one in sport.names]
    if sport_of(name) is OTHER and nearest_name(name, known) is not None:
        raise unknown_name("sport", printable(name, 60), known, where=where)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON document to stdout and nothing else")


def user_name() -> str:
    """Who gives the command, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the user of a container often has no name
        return "unknown"


def print_json(value: Any) -> int:
    """Print a value to stdout as one line of JSON (`engine.files.json_line`); returns exit status 0.

    Letters that stdout cannot show are escaped, so that the document stays whole.
    """
    line = json_line(value)
    sys.stdout.write((line if takes(line) else json.dumps(json.loads(line))) + "\n")
    return 0
