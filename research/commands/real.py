"""`bea live`: trade a promotion with real money, once every lock is open."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError, printable, unknown_name
from research.commands.arguments import parser_of
from research.commands.paper import run, start_logging

if TYPE_CHECKING:
    from research.trading.setup import Trading

_ABOUT: Final = (
    "Trade a promotion with real money. Every lock must be open: a promotion of the live gates, the file of its owner, "
    "credentials, one currency, and your yes at the terminal; what lacks is listed. --dry-run shows the requests that "
    "would be sent and keeps nothing. Settings of conf/live can be given as section.key=value."
)


def main(argv: Sequence[str]) -> int:
    """Run `bea live` with the words after it; returns the exit status."""
    parser = parser_of("live", _ABOUT)
    parser.add_argument("name", metavar="NAME", help="a promotion, see `bea promotions`")
    parser.add_argument("settings", nargs="*", default=[], metavar="section.key=value", help="settings, see conf/live")
    parser.add_argument("--venue", required=True, metavar="NAME", help="betfair, pinnacle or your own")
    parser.add_argument("--feed", metavar="NAME", help="a feed that listens to the world (default: that of the venue)")
    parser.add_argument("--dry-run", action="store_true", help="show each request that would be sent; nothing is kept")
    parser.add_argument(
        "--wind-down", action="store_true",
        help="only settle what is open, also of a promotion that may be traded no more; nothing is sent",
    )  # fmt: skip
    options = parser.parse_intermixed_args(list(argv))
    if options.dry_run and options.wind_down:
        raise UsageError("nothing is sent in either", where="--dry-run, --wind-down", expected="one of them")
    with ExitStack() as stack:
        trading = _composed(options, stack)
        stack.callback(trading.close)
        run(trading, as_json=options.json)
    return 0


def _composed(options: Any, stack: ExitStack) -> Trading:
    from engine.promotion import load
    from research.promotion.deployed import start
    from research.trading.history import Wish
    from research.trading.linking import surroundings
    from research.trading.settings import live_settings
    from research.trading.setup import compose
    from research.trading.sources import live_feed, locked_venue, shown_venue
    from research.trading.winding import to_settle

    feed_name = _feed_name(options)
    settings = live_settings(options.settings, [options.venue, feed_name])
    load(options.name)  # before there is a log of its name
    secrets = start_logging(options.name, settings)
    wish, sends = Wish(feed_name, listens=True), not (options.dry_run or options.wind_down)
    if options.wind_down:
        deployed, wish = to_settle(options.name, settings, wish)
    else:
        deployed = start(options.name, time.time_ns(), with_store=False)
    around = surroundings(secrets, stack, dry_run=not sends, ledger=settings.ledger)
    venue: Any
    if sends:
        venue = locked_venue(options.venue, deployed, settings, around, stack, _confirmed)
    else:
        venue = shown_venue(options.venue, deployed, settings, around, stack)
    feed = live_feed(feed_name, deployed, settings, around)
    return compose(deployed, settings, wish, feed=feed, venue=venue)


def _feed_name(options: Any) -> str:
    """The feed that is asked for, or that of the venue; raises UsageError where there is none."""
    from research.adapters.by_name import feed_names, venue_names

    if options.venue not in venue_names():
        raise unknown_name("venue", printable(options.venue, 60), venue_names(), where="--venue")
    name = options.feed or options.venue
    if not options.feed and name not in feed_names():
        raise UsageError(
            "the venue has no feed", where=f"--venue {name}", expected=f"--feed with one of {', '.join(feed_names())}"
        )
    if name not in feed_names():
        raise unknown_name("feed", printable(name, 60), feed_names(), where="--feed")
    return str(name)


def _confirmed(lines: Sequence[str], words: str) -> bool:
    """Whether a person at the terminal has read the lines and typed the words."""
    if not sys.stdin.isatty():
        return False
    sys.stdout.write("".join(f"{printable(line, 400)}\n" for line in lines))
    sys.stdout.write(f"type '{printable(words, 200)}' to bet with real money: ")
    sys.stdout.flush()
    return sys.stdin.readline().strip() == words
