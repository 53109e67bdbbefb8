"""`bea promote`: freeze a configuration of a run for trading, or sign changed code that makes the same bets."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError, printable
from engine.files import plain
from research.commands.arguments import parser_of, print_json, user_name
from research.commands.tables import print_line

if TYPE_CHECKING:
    from engine.live.ledger.entries import Recorded
    from engine.promotion import Promotion
    from research.promotion.gates import Gate
    from research.promotion.settings import PromotionSettings

_ABOUT: Final = (
    "Freeze a configuration of a run for trading: settings, the hashes of data and code, the verdict, and the bands "
    "that the future must stay in. Every gate of conf/promotion must be open. A failed one can be acknowledged with a "
    "reason, which is shown wherever the promotion is. With --renew, the code has changed since: the bets are "
    "replayed, and if every bit is the same, the new code is signed."
)

_LAST: Final = "last"
_RUN: Final = f"a run, or {_LAST}: the one that finished last; default configuration: the selected one"


def promote(argv: Sequence[str]) -> int:
    """Run `bea promote` with the words after it; returns the exit status."""
    parser = parser_of("promote", _ABOUT)
    parser.add_argument("run", nargs="?", metavar="RUN[#CONFIG]", help=_RUN)
    parser.add_argument("--name", required=True, help="name of the promotion and of its ledger")
    parser.add_argument("--to", choices=("paper", "live"), default="paper", help="which gates it must pass")
    words = "open failed gates, their names with commas between; the reason is recorded"
    parser.add_argument("--acknowledge", action="append", default=[], metavar='GATE="REASON"', help=words)
    parser.add_argument("--currency", help="of the ledger, three letters; default: conf/promotion")
    parser.add_argument("--paper", metavar="NAME", help="with --to live: the promotion that was traded on paper")
    parser.add_argument("--renew", action="store_true", help="sign changed code after it made the same bets")
    options = parser.parse_args(list(argv))
    if options.renew:
        if options.run or options.acknowledge:
            raise UsageError("--renew takes a name only", found=" ".join(argv), todo="bea promote --renew --name NAME")
        return _renew(options.name, as_json=options.json)
    if not options.run:
        raise UsageError("no run", expected="RUN or RUN#CONFIG", todo="see `bea runs`")
    return _promote(options)


def _promote(options: Any) -> int:
    from research.commands.promotions import described, lines, print_gates
    from research.promotion.freeze import Wanted, prepare
    from research.promotion.freeze import promote as write
    from research.promotion.settings import read_settings

    settings = read_settings(options.to)
    currency = str(options.currency or settings.currency).upper()
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise UsageError("not a currency", where="--currency", expected="three letters such as EUR", found=currency)
    wanted = Wanted(options.name, settings, currency, _reasons(options.acknowledge))
    run, config = _opened(options.run)
    more = _paper_gates(options.paper, settings, run.parameters(config)) if options.to == "live" else ()
    prepared = prepare(run, config, wanted, more)
    if prepared.closed:
        if options.json:
            print_json({"promoted": False, "gates": [gate.plain() for gate in prepared.gates]})
        else:
            print_gates([gate.plain() for gate in prepared.gates])
    promotion = write(prepared, wanted, time.time_ns())
    if options.json:
        return print_json({"promoted": True, **described(promotion, promotion.created_ns)})
    print_gates(promotion.gates)
    print_line("promoted")
    for line in lines(promotion):
        print_line(line)
    return 0


def _paper_gates(name: str | None, settings: PromotionSettings, parameters: Mapping[str, Any]) -> tuple[Gate, ...]:
    """The gates between paper and money, from the ledger of the promotion that was traded on paper."""
    from research.promotion.freeze import frozen_settings
    from research.promotion.paper_time import paper_gates

    wanted = plain(frozen_settings(parameters))
    if name is None:
        return paper_gates(settings.gates, None, wanted, None, None)
    from engine.live.ledger.opening import look
    from engine.promotion import load
    from research.config.live import ledger_settings
    from research.promotion.paper_time import paper_time

    promotion = load(name)
    with closing(look(name, settings=ledger_settings())) as ledger:
        entries = list(ledger.entries())
    same = promotion.settings == wanted
    return paper_gates(
        settings.gates, promotion, wanted, paper_time(entries), _unexplained(promotion, entries) if same else None
    )


def _unexplained(promotion: Promotion, entries: Sequence[Recorded]) -> int | None:
    """Differences that drift finds no cause for; None where nothing was decided yet."""
    from research.drift.drift import drift_of
    from research.promotion.deployed import deploy

    if not any(one.entry.kind == "decided" for one in entries):
        return None
    return drift_of(deploy(promotion), entries).unexplained


def _opened(text: str) -> tuple[Any, int]:
    """The run and the number of the configuration: the selected one where none is named, else the best."""
    from research.records.folder import complete
    from research.records.run import RunRecord

    prefix, _, number = text.partition("#")
    run = RunRecord.open(next(iter(complete()), prefix) if prefix == _LAST else prefix)
    if number:
        if not number.isdigit():
            raise UsageError("not a configuration", found=printable(text), expected="RUN#NUMBER, such as 1f3a#12")
        return run, int(number)
    selected = None if run.findings is None else run.findings.selected
    return run, selected or run.best()


def _reasons(words: Sequence[str]) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for word in words:
        named, sign, reason = word.partition("=")
        if not sign:
            raise UsageError("no reason", where=f"--acknowledge {printable(word)}", expected='GATE="reason"')
        reasons |= dict.fromkeys((name.strip() for name in named.split(",")), reason.strip().strip("\"'"))
    return reasons


def _renew(name: str, *, as_json: bool) -> int:
    from research.promotion.renew import renew

    renewal = renew(name, user_name(), time.time_ns())
    if as_json:
        return print_json({"name": name, "bets": renewal.bets, "hashes": renewal.hashes})
    if not renewal.hashes:
        print_line(f"nothing to renew: the code is what was promoted, and its {renewal.bets:,} bets are the same")
        return 0
    print_line(f"renewed {name}: today's code makes the same {renewal.bets:,} bets, every bit of them")
    print_line(f"signed: {', '.join(sorted(renewal.hashes))}")
    return 0
