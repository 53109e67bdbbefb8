"""`bea data fetch`: ask a source for prices of now or of the past, and keep its answers to be imported."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from datetime import date
from typing import Any, Final

from engine.clock import day_start, duration_ns
from engine.errors import UsageError
from engine.paths import home
from research.commands.arguments import add_json, check_sport, described, print_json
from research.commands.paper import date_of
from research.commands.tables import print_line

_ABOUT: Final = (
    "ask a source for prices: of now, with scores, or with --from as they were. Each answer is kept below "
    "data/raw/NAME, and a call that may exceed the budget of the day is not sent"
)
#: snapshots of one command, at most
_MOST: Final = 100_000


def add(subcommands: Any) -> None:
    """Add `bea data fetch`."""
    parser: argparse.ArgumentParser = described(subcommands, "fetch", _ABOUT)
    parser.add_argument("name", metavar="NAME", help="the_odds_api, or a feed of your own with open_history")
    parser.add_argument("settings", nargs="*", default=[], metavar="section.key=value", help="settings, see conf/live")
    parser.add_argument("--sport", default="football", help="(default: %(default)s)")
    parser.add_argument("--competition", action="append", default=[], metavar="NAME", help="only this one; repeatable")
    parser.add_argument("--market", action="append", default=[], metavar="NAME", help="only this one; repeatable")
    parser.add_argument("--from", dest="first", type=date_of, metavar="DATE", help="snapshots from this day (UTC) on")
    parser.add_argument("--until", dest="last", type=date_of, metavar="DATE", help="and before this day")
    parser.add_argument("--every", default="1d", metavar="SPAN", help="between snapshots, as 6h (default: %(default)s)")
    parser.add_argument("--estimate", action="store_true", help="only say how many calls there are, and what they cost")
    add_json(parser)
    parser.set_defaults(run=run)


def instants(first: date | None, last: date | None, every: str) -> list[int]:
    """The instants of snapshots, UTC nanoseconds; none without dates.

    >>> [at // 3600_000_000_000 for at in instants(date(1970, 1, 1), date(1970, 1, 2), "8h")]
    [0, 8, 16]
    """
    if first is None and last is None:
        return []
    if first is None or last is None or last <= first:
        raise UsageError("not a span of days", where="--from, --until", expected="two days, the later one last")
    step_ns = duration_ns(every, "--every")
    start, end = day_start(first, "UTC"), day_start(last, "UTC")
    if not step_ns or (end - start) // step_ns > _MOST:
        raise UsageError("too many snapshots", where="--every", expected=f"at most {_MOST:,}", found=every)
    return list(range(start, end, step_ns))


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit status."""
    from engine.live.adapters.registry import Coverage
    from engine.logs.secrets import Secrets, environment_secrets
    from research.adapters.by_name import open_history
    from research.trading.linking import surroundings
    from research.trading.settings import live_settings

    check_sport(options.sport)
    at = instants(options.first, options.last, options.every)
    settings = live_settings(options.settings, [options.name])
    coverage = Coverage(options.sport, tuple(options.competition), tuple(options.market))
    folder, lines = home() / "data" / "raw" / options.name, list[str]()
    with ExitStack() as stack:
        around = surroundings(Secrets(environment_secrets(os.environ)), stack, ledger=settings.ledger)
        history = open_history(options.name, settings.of(options.name), coverage, at, around)
        plan = {"calls": history.calls, "credits_most": history.credits_most}
        if not options.json:
            print_line(f"{history.calls:,} calls, at most {history.credits_most:,} credits")
        for line in () if options.estimate else history.fetch():
            lines.append(line)
            if not options.json:
                print_line(line)
    if options.json:
        return print_json({**plan, "answers": lines, "folder": str(folder)})
    if lines:
        print_line(f"kept below {folder}; read them with: bea data import {options.name} {folder}")
    return 0
