"""`bea reconcile`: the ledger against the venue, without a runner."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

from engine.errors import UsageError, printable
from research.commands.arguments import parser_of, print_json, user_name

_ABOUT: Final = (
    "Compare a ledger with its venue while no runner trades it: look up bets without an answer, and read the whole "
    "account. The exit status is 1 if a person must look at something."
)


def main(argv: Sequence[str]) -> int:
    """Run `bea reconcile` with the words after it; returns the exit status."""
    parser = parser_of("reconcile", _ABOUT)
    parser.add_argument("name", metavar="NAME", help="a promotion, see `bea promotions`")
    parser.add_argument("--adopt", action="store_true", help="take over bets that the ledger does not know")
    parser.add_argument(
        "--resolve", metavar="KEY", help="say what became of a bet that has no answer, or waits for one"
    )
    parser.add_argument("--to", choices=("placed", "rejected"), help="what became of it")
    parser.add_argument("--odds", type=float, default=0.0, help="of a placed bet")
    parser.add_argument("--matched-minor", type=int, default=0, help="of a placed bet: at risk, in minor units")
    parser.add_argument("--bet-id", default="", help="of a placed bet, as the venue shows it")
    parser.add_argument("--reason", default="", help="why; needed with --adopt and --resolve")
    parser.add_argument("--person", default="", help="default: the name of the user")
    options = parser.parse_args(list(argv))
    if (options.adopt or options.resolve) and not options.reason.strip():
        raise UsageError("a reason is needed", where="--reason", todo="it is kept in the ledger")
    if bool(options.resolve) != bool(options.to):
        raise UsageError("--resolve and --to belong together", expected="--resolve KEY --to placed|rejected")
    return _reconcile(options)


def _reconcile(options: Any) -> int:
    from engine.live.clock import WorldClock
    from engine.live.execution.reckoning import reckon, take_over
    from engine.live.execution.reconcile import Reconciler

    with ExitStack() as stack:
        trading = _opened(options.name, stack)
        stack.callback(trading.close)
        room = trading.parts.room
        room.journal.load()
        clock = room.executor.clock
        if isinstance(clock, WorldClock):  # a replay: its world stands at the last entry
            clock.reach(max(0, room.journal.book.latest_ns))
        ledger, person = room.journal.ledger, options.person or user_name()
        if options.resolve:
            _resolve(room.executor, options, person)
        found = reckon(room.executor, Reconciler(room.executor), ledger)
        if options.adopt:
            taken = take_over(room.executor, ledger, found, person=person, reason=options.reason).adopted
            found = replace(reckon(room.executor, Reconciler(room.executor), ledger), adopted=taken)
        return _told(found, as_json=options.json)


def _opened(name: str, stack: ExitStack) -> Any:
    """The promotion's runner, also of one that has ended; at a real venue it can only read."""
    from engine.promotion import load
    from research.commands.paper import start_logging
    from research.promotion.deployed import deploy
    from research.trading.history import PAPER, STORE, Wish
    from research.trading.linking import surroundings
    from research.trading.settings import live_settings
    from research.trading.setup import compose
    from research.trading.sources import Silent, shown_venue, venue_of_ledger

    deployed, name_of_venue = deploy(load(name)), venue_of_ledger(name, live_settings())
    if name_of_venue == PAPER:
        return compose(deployed, live_settings(), Wish(STORE))
    settings = live_settings((), [name_of_venue])
    around = surroundings(start_logging(name, settings), stack, dry_run=True)
    venue = shown_venue(name_of_venue, deployed, settings, around, stack)
    return compose(deployed, settings, Wish(STORE, settles=()), feed=Silent(), venue=venue)


def _resolve(executor: Any, options: Any, person: str) -> None:
    from engine.live.execution.resolution import resolve
    from engine.live.venue import Outcome, Receipt

    receipt = Receipt(
        options.resolve,
        options.bet_id,
        Outcome(options.to),
        odds=options.odds,
        matched_minor=options.matched_minor if options.to == "placed" else 0,
    )
    venue, now = executor.venue.profile.name, executor.clock.wall_ns()
    resolve(executor.journal, venue, receipt, person=person, reason=options.reason, at_ns=now)


def _told(found: Any, *, as_json: bool) -> int:
    findings = found.findings
    if as_json:
        print_json(
            {
                "agrees": found.agrees,
                "failed": findings.failed,
                "unknown": list(found.unknown),
                "intended": list(found.intended),
                "strangers": [receipt.key for receipt in findings.strangers],
                "external": [bet.venue_bet_id for bet in findings.external],
                "difference_minor": findings.difference_minor,
                "adopted": list(found.adopted),
                "restored": found.restored,
            }
        )
        return 0 if found.agrees else 1
    lines = [f"the account could not be read: {findings.failed}"] if findings.failed else []
    lines += [f"no answer yet: {key}" for key in found.unknown]
    lines += [f"at the venue and not in the ledger: {receipt.key}" for receipt in findings.strangers]
    lines += [f"not ours: bet id {bet.venue_bet_id}, {bet.at_risk_minor} at risk" for bet in findings.external]
    lines += [f"the balance differs by {findings.difference_minor:+d} minor units"] if findings.difference_minor else []
    lines += [f"taken over: {key}" for key in found.adopted]
    lines += ["restored from a backup and not adopted: nothing is sent (--adopt)"] if found.restored else []
    lines += [f"waits to be sent by the next start: {key}" for key in found.intended]
    lines += ["ledger and venue agree"] if found.agrees else []
    sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")
    return 0 if found.agrees else 1
