"""`bea status`, `bea kill`, `bea resume` and `bea stop`: from another process, without the lease of the runner."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from engine.errors import LedgerError, PromotionError, UsageError, printable
from engine.live.ledger.control import Command
from research.commands.arguments import parser_of, print_json, user_name

if TYPE_CHECKING:
    from engine.live.ledger.chained import ChainedLedger
    from engine.live.running.status import Status

_RESUME: Final = (
    "End the kill switch, or a breaker that only a person ends. The runner takes it into the ledger with your name and "
    "the reason."
)


def status(argv: Sequence[str]) -> int:
    """`bea status`: what a runner does, or did last; returns the exit status."""
    parser = parser_of("status", "What a runner does now, or did last: it is read from the ledger, with or without it.")
    parser.add_argument("name", nargs="?", metavar="NAME", help="a ledger; default: all of them, one line each")
    options = parser.parse_args(list(argv))
    names = [options.name] if options.name else _names()
    found = [status_of(name) for name in names]
    if options.json:
        return print_json(asdict(found[0]) if options.name else {"ledgers": [asdict(one) for one in found]})
    from research.report.status import first_line, rendered
    from research.report.terminal import console

    screen = console()
    if options.name or len(found) == 1:
        screen.print(rendered(found[0], screen.width))
    elif not found:
        screen.print("no ledger yet: `bea promote`, then `bea paper NAME`")
    else:
        for one in found:
            screen.print(first_line(one, time.time_ns()))
    return 0


def kill(argv: Sequence[str]) -> int:
    """`bea kill`: nothing is sent any more; returns the exit status."""
    parser = parser_of(
        "kill", "Set the kill switch of a ledger: once this command has ended, nothing is sent any more."
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="a ledger; default: the only one")
    parser.add_argument("--reason", default="no reason given", help="why; it is recorded")
    parser.add_argument("--person", default="", help="default: the name of the user")
    options = parser.parse_args(list(argv))
    return _control(Command.KILL, options, "the kill switch is set: nothing is sent until `bea resume`")


def resume(argv: Sequence[str]) -> int:
    """`bea resume`: end the kill switch or a breaker; returns the exit status."""
    parser = parser_of("resume", _RESUME)
    parser.add_argument("name", nargs="?", metavar="NAME", help="a ledger; default: the only one")
    parser.add_argument("--breaker", default="", help="its name as `bea status` shows it; default: the kill switch")
    parser.add_argument("--reason", required=True, help="why it may end")
    parser.add_argument("--person", default="", help="default: the name of the user")
    options = parser.parse_args(list(argv))
    if options.breaker == "kill":  # as the status calls the switch
        options.breaker = ""
    if options.breaker:
        _check_breaker(_only(options.name), options.breaker)
    what = options.breaker or "the kill switch"
    return _control(Command.RESUME, options, f"{printable(what)} ends when the runner has read this")


def stop(argv: Sequence[str]) -> int:
    """`bea stop`: ask a runner to end; returns the exit status."""
    parser = parser_of("stop", "Ask a runner to finish what is under way and end, as Ctrl-C does.")
    parser.add_argument("name", nargs="?", metavar="NAME", help="a ledger; default: the only one")
    parser.add_argument("--reason", default="no reason given", help="why; it is recorded")
    parser.add_argument("--person", default="", help="default: the name of the user")
    options = parser.parse_args(list(argv))
    return _control(Command.STOP, options, "the runner ends after what is under way")


def status_of(name: str) -> Status:
    """The status of a ledger, folded from its entries without its lease."""
    from engine.live.clock import SystemClock
    from engine.live.running.watch import Watch
    from research.config.live import ledger_settings

    with closing(Watch(name, ledger_settings(), SystemClock())) as watch:
        watch.refresh()
        return watch.status(_acknowledged(name))


def _acknowledged(name: str) -> tuple[str, ...]:
    from engine.promotion import load

    try:
        return tuple(f"{gate}: {reason}" for gate, reason in load(name).acknowledged.items())
    except PromotionError:  # a start says what is wrong with it; the ledger can be read without
        return ()


def _opened(name: str) -> ChainedLedger:
    from engine.live.ledger.opening import look
    from research.config.live import ledger_settings

    return look(name, settings=ledger_settings())


def _names() -> list[str]:
    from engine.live.ledger.opening import ledger_names
    from research.config.live import ledger_settings

    return ledger_names(ledger_settings())


def _only(name: str | None) -> str:
    if name:
        return name
    names = _names()
    if not names:
        raise LedgerError("no ledger yet", todo="`bea paper NAME` makes one")
    if len(names) > 1:
        raise UsageError("which ledger", expected="NAME", found=", ".join(names))
    return names[0]


def _check_breaker(name: str, breaker: str) -> None:
    """Refuse a name that no tripped breaker of the ledger has: a slip would leave the one that was meant open."""
    tripped = [line.name for line in status_of(name).breakers if line.tripped]
    if breaker not in tripped:
        expected = ", ".join(tripped) or "no breaker is tripped"
        raise UsageError("no such breaker is tripped", where="--breaker", expected=expected, found=printable(breaker))


def _control(command: Command, options: Any, words: str) -> int:
    name = _only(options.name)
    subject = getattr(options, "breaker", "")
    with closing(_opened(name)) as ledger:
        if command is Command.STOP and not ledger.state().holder:
            words = "no runner trades it"
        row = ledger.control(command, subject=subject, person=options.person or user_name(), reason=options.reason)
    if options.json:
        return print_json({"ledger": name, **asdict(row)})
    sys.stdout.write(f"{name}: {words}\n")
    return 0
