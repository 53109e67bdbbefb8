"""The command `bea`: dispatch, and errors in one line. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import sys
from collections.abc import Sequence
from typing import Final

from engine.errors import BeaError, UsageError, printable
from research.commands.registry import COMMANDS, help_text
from research.commands.streams import prepare

#: objects made before the garbage collector looks: most of a command's stay until its end, and each look takes time
_COLLECT_AFTER: Final = 50_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run `bea`.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after `bea`. By default those of this process.

    Returns
    -------
    int
        Exit status: 0, 1 for a failure, 2 for a wrong command, 130 after an interrupt.
    """
    if argv is None:
        prepare()
        gc.set_threshold(_COLLECT_AFTER, 20, 20)
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
        command = COMMANDS.get(words[0]) if words else None
        advice = f"; {command.interrupted}" if command is not None and command.interrupted else ""
        _print_error(f"interrupted{advice}")
        return 130
    except BaseException as error:
        if os.environ.get("BEA_DEBUG") == "1":
            raise
        line, status = explain(error)
        _print_error(f"error: {line}")
        return status


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(help_text())
        return 0 if words else 2
    if words[0] == "--version":
        from importlib.metadata import version

        sys.stdout.write(f"bea {version('betting-expert-advisor')}\n")
        return 0
    if words[0] in ("-sc", "--shell-completion"):
        from research.commands.completion import complete

        return complete(words[1:])
    command = COMMANDS.get(words[0])
    if command is None:
        from research.config.mistakes import nearest

        raise UsageError(f"unknown command {words[0]}", todo=nearest(words[0], COMMANDS))
    _start_logs()
    _choose_target(words)
    return command.run(words[1:])


def _choose_target(words: Sequence[str]) -> None:
    """Set the target of compiled code before anything loads the compiler; a wrong one is told where it is read."""
    key = "cluster.target="
    for word in words:
        if word.startswith(key):
            from engine.kernel.width import COMMON, choose

            if (target := word.removeprefix(key)) in COMMON:
                choose(target)


def _start_logs() -> None:
    """Warnings of every library on stderr, without secrets; a runner adds its file and its settings."""
    from engine.logs.secrets import Secrets, environment_secrets
    from engine.logs.setup import LogSettings, start

    start(LogSettings(), Secrets(environment_secrets(os.environ)))


def explain(error: BaseException) -> tuple[str, int]:
    """An error as one line, and the exit status.

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
    return f"unexpected {type(error).__name__}: {printable(text, 300)}; BEA_DEBUG=1 shows where", 1


def _print_error(line: str) -> None:
    from engine.logs.secrets import Secrets, environment_secrets

    line = Secrets(environment_secrets(os.environ)).clean(line)
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(" ".join(printable(line).split()) + "\n")
        sys.stderr.flush()


def _close_stdout() -> None:
    """Point stdout at nothing, so that the interpreter does not complain at exit about a reader that has left."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
