"""The command `bea`: which word does what, and how a failure is told. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Sequence

from engine.errors import BeaError, UsageError, printable

HELP = """usage: bea COMMAND ...

  bea backtest [group=option] [key=value]      one configuration: metrics, bets, report
  bea sweep [group=a,b] [key=range(0,1,0.1)]   many configurations: leaderboard, report
  bea data import|simulate|check|info ...      odds history in and out of the store
  bea runs [rm RUN...]                         what was run; remove runs, or the cache of tapes
  bea show RUN[#CONFIG]                        leaderboard of a run, or one configuration of it
  bea report RUN                               write the report page again, print its path
  bea compare RUN RUN...                       differences in configuration, data, code and metrics
  bea leakage [group=option] [key=value]       does a decision know what only came later?
  bea trials [RUN]                             how many configurations were ever tried, or stand behind a run

`bea COMMAND --help` tells more. backtest and sweep are Hydra applications: --cfg job, --info, experiment=NAME,
output=json. The others take --json. Tab completion: eval "$(bea -sc install=bash)" (or zsh, fish).
BEA_HOME names the folder of your data and runs; BEA_DEBUG=1 shows the traceback of a failure.
"""

_Main = Callable[[list[str]], int]


def _hydra(kind: str) -> _Main:
    def run(words: list[str]) -> int:
        from research.commands.hydra import run_application

        return run_application(kind, words)

    return run


def _data(words: list[str]) -> int:
    from research.commands.data import main as data_main

    return int(data_main(words) or 0)


def _trials(words: list[str]) -> int:
    from research.commands.trials import main as trials_main

    return trials_main(words)


def _leakage(words: list[str]) -> int:
    from research.commands.leakage import run_leakage

    return run_leakage(words)


def _runs(name: str) -> _Main:
    def run(words: list[str]) -> int:
        from research.commands.runs import run_command

        return run_command(name, words)

    return run


COMMANDS: dict[str, _Main] = {
    "backtest": _hydra("backtest"),
    "sweep": _hydra("sweep"),
    "data": _data,
    "runs": _runs("runs"),
    "show": _runs("show"),
    "report": _runs("report"),
    "compare": _runs("compare"),
    "leakage": _leakage,
    "trials": _trials,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run `bea`; gives its exit status: 0, 1 for a failure, 2 for a wrong command, 130 where it was interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _dispatch(words)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _close_stdout()
        return 0
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:
        again = "; resume with the same command" if words[:1] in (["sweep"], ["backtest"]) else ""
        _say(f"interrupted{again}")
        return 130
    except BaseException as error:
        if os.environ.get("BEA_DEBUG") == "1":
            raise
        line, status = explain(error)
        _say(f"error: {line}")
        return status


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(HELP)
        return 0 if words else 2
    if words[0] == "--version":
        from importlib.metadata import version

        sys.stdout.write(f"bea {version('betting-expert-advisor')}\n")
        return 0
    if words[0] in ("-sc", "--shell-completion"):
        from research.commands.completion import complete

        return complete(words[1:])
    if words[0] not in COMMANDS:
        from research.config.mistakes import nearest

        raise UsageError(f"unknown command {words[0]}", todo=nearest(words[0], COMMANDS))
    return COMMANDS[words[0]](words[1:])


def explain(error: BaseException) -> tuple[str, int]:
    """A failure in one line, and the exit status.

    >>> explain(MemoryError())
    ('not enough memory; narrow the sweep or the data, or use fewer sweep.threads', 1)
    """
    if isinstance(error, BeaError):
        return error.line(), error.exit_status
    if isinstance(error, MemoryError):
        return "not enough memory; narrow the sweep or the data, or use fewer sweep.threads", 1
    text = " ".join(str(error).split())
    if isinstance(error, OSError):
        place = f" in {error.filename}" if error.filename else ""
        if error.errno == errno.ENOSPC or "No space left" in text:
            return f"the disk is full{place}; free some space and repeat the command", 1
        if isinstance(error, PermissionError):
            return f"no right to read or write{place}; change the rights, or set BEA_HOME to a folder of yours", 1
        return f"{error.strerror or text}{place}", 1
    if "No space left" in text:
        return "the disk is full; free some space and repeat the command", 1
    short = text if len(text) <= 300 else text[:297] + "..."
    return f"unexpected {type(error).__name__}: {short}; BEA_DEBUG=1 shows where", 1


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(" ".join(printable(line).split()) + "\n")
        sys.stderr.flush()


def _close_stdout() -> None:
    """The reader has gone: give the interpreter nothing to complain about at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
