"""`bea paper`: trade a promotion on paper."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError, printable
from research.commands.arguments import parser_of, print_json

if TYPE_CHECKING:
    from engine.logs.secrets import Secrets
    from research.trading.settings import LiveSettings
    from research.trading.setup import Trading

_ABOUT: Final = (
    "Trade a promotion on the paper venue: the same strategy, judgement and meaning of time and money as in its "
    "backtest. The start is a recovery: whatever an earlier run left behind is brought into order first. "
    "Ctrl-C finishes what is under way and ends. Settings of conf/live can be given as section.key=value."
)
SPEEDS: Final = {"max": 0.0, "1x": 1.0, "60x": 60.0, "3600x": 3600.0}


def main(argv: Sequence[str]) -> int:
    """Run `bea paper` with the words after it; returns the exit status."""
    parser = parser_of("paper", _ABOUT)
    parser.add_argument("name", metavar="NAME", help="a promotion, see `bea promotions`")
    parser.add_argument("settings", nargs="*", default=[], metavar="section.key=value", help="settings, see conf/live")
    parser.add_argument(
        "--feed", default="replay", metavar="replay|store|PATH|NAME",
        help="replay: the data of the backtest, to the bit; store: what the store holds today; PATH: a recording; "
        "NAME: a feed that listens to the world, shipped or your own",
    )  # fmt: skip
    parser.add_argument("--speed", choices=tuple(SPEEDS), default="max", help="of a replay (default: %(default)s)")
    for name, words in (("from", "only events that start on this day or later"), ("until", "and before this day")):
        parser.add_argument(f"--{name}", dest=f"{name}_day", type=date_of, metavar="DATE", help=words)
    parser.add_argument(
        "--wind-down", action="store_true",
        help="only settle what is open, also of a promotion that has expired, is demoted or no longer what it was",
    )  # fmt: skip
    options = parser.parse_intermixed_args(list(argv))  # settings may stand after options
    with ExitStack() as stack:
        trading = _composed(options, stack)
        stack.callback(trading.close)
        run(trading, as_json=options.json)
    return 0


def date_of(text: str) -> date:
    """A day such as 2024-09-01; raises UsageError for another text."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("not a date", expected="such as 2024-09-01", found=printable(text, 40)) from None


def _composed(options: Any, stack: ExitStack) -> Trading:
    from engine.promotion import load
    from research.adapters.by_name import feed_names
    from research.promotion.deployed import start
    from research.trading.history import REPLAY, Wish
    from research.trading.linking import surroundings
    from research.trading.settings import live_settings
    from research.trading.setup import compose
    from research.trading.sources import live_feed
    from research.trading.winding import to_settle

    listens = options.feed in feed_names()
    _check(options, listens)
    settings = live_settings(options.settings, [options.feed])
    load(options.name)  # before there is a log of its name
    secrets = start_logging(options.name, settings)
    wish = Wish(options.feed, SPEEDS[options.speed], options.from_day, options.until_day, listens=listens)
    if options.wind_down:
        deployed, wish = to_settle(options.name, settings, wish)
    else:
        deployed = start(options.name, time.time_ns(), with_store=options.feed == REPLAY)
    feed = (
        live_feed(options.feed, deployed, settings, surroundings(secrets, stack, ledger=settings.ledger))
        if listens
        else None
    )
    return compose(deployed, settings, wish, feed=feed)


def _check(options: Any, listens: bool) -> None:
    """Refuse words that do not go together."""
    from research.adapters.by_name import feed_names
    from research.trading.history import REPLAY, STORE

    bounded = bool(options.from_day or options.until_day)
    if listens and (bounded or SPEEDS[options.speed]):
        expected = f"none of them with --feed {options.feed}"
        raise UsageError("only a replay has days and a speed", where="--from, --until, --speed", expected=expected)
    if not listens and options.feed not in (REPLAY, STORE):
        if not Path(options.feed).exists():
            expected = f"{REPLAY}, {STORE}, {', '.join(feed_names())} or a recording"
            raise UsageError("no such feed", where="--feed", expected=expected, found=printable(options.feed, 60))
        if bounded:
            raise UsageError("a recording is played as a whole", where="--from, --until", expected="replay or store")
    if options.wind_down and bounded:
        raise UsageError("every open bet is settled", where="--from, --until", expected="nothing with --wind-down")


def start_logging(name: str, settings: LiveSettings) -> Secrets:
    """Start the log of a runner; what it must not show, for more to be added."""
    from engine.live.ledger.opening import database_url, ledger_path
    from engine.logs.secrets import Secrets, address_secrets, environment_secrets
    from engine.logs.setup import start as start_logs

    secrets = Secrets([*environment_secrets(os.environ), *address_secrets(database_url(settings.ledger))])
    for variable in settings.alerts.channels.values():
        secrets.register(*address_secrets(os.environ.get(variable, "")))
    start_logs(settings.logs, secrets, ledger_path(name).parent.parent / "logs" / f"{name}.log")
    return secrets


def run(trading: Trading, *, as_json: bool) -> None:
    """Run until the feed ends or somebody stops it, and show what happens."""
    from research.report.text import count
    from research.trading.screen import Screen

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: trading.runner.stop("a signal"))
    with Screen(trading.status, trading.view_every_ms, quiet=as_json) as screen:
        trading.runner.on_turn = screen.turn
        gc.freeze()  # a search for unused objects does not walk the whole history: 0.15 s, in the midst of a decision
        try:
            reason = trading.parts.run()
        finally:
            gc.unfreeze()
    if trading.unseen is not None:
        trading.unseen.end()
    if as_json:
        print_json({"stopped": reason, **asdict(trading.status())})
        return
    status = trading.status()
    left = count(len(status.open_bets), "bet")
    more = f"; {left} still open: again when the results are there" if status.winds_down and status.open_bets else ""
    sys.stdout.write(f"stopped: {printable(reason)}{more}\n")
