"""`bea links`: which of our selections is which at a venue, proposed by the program and confirmed by a person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError, printable
from research.commands.arguments import check_sport, parser_of, print_json, user_name
from research.commands.tables import print_line, print_table

if TYPE_CHECKING:
    from engine.live.linking.store import LinkStore

_ABOUT: Final = (
    "Links between our events and those of a venue. propose: ask the venue what it offers and keep what is clear; "
    "confirm: a person has looked, real money may go there; reject: not this one, and do not propose it again. "
    "Paper trading takes proposed links too, real money only confirmed ones."
)
ACTS: Final = ("list", "propose", "confirm", "reject")


def main(argv: Sequence[str]) -> int:
    """Run `bea links` with the words after it; returns the exit status."""
    parser = parser_of("links", _ABOUT)
    parser.add_argument("venue", metavar="VENUE", help="betfair, pinnacle or your own")
    parser.add_argument("act", nargs="?", default="list", choices=ACTS, help="default: list")
    parser.add_argument(
        "words", nargs="*", default=[], metavar="EVENT|section.key=value",
        help="our event ids, to confirm or reject; settings of the venue, to propose",
    )  # fmt: skip
    parser.add_argument("--reason", default="", help="why it is confirmed or rejected; it is recorded")
    parser.add_argument("--person", default="", help="default: the name of the user")
    parser.add_argument("--sport", default="football", help="of what is proposed")
    parser.add_argument("--competition", action="append", default=[], metavar="NAME", help="only this one; repeatable")
    parser.add_argument("--market", action="append", default=[], metavar="NAME", help="only this one; repeatable")
    parser.add_argument("--days", type=int, default=7, help="events that start within so many days")
    options = parser.parse_intermixed_args(list(argv))
    options.settings = [word for word in options.words if "=" in word]
    options.events = [_event(word) for word in options.words if "=" not in word]
    _check(options)
    from engine.live.clock import SystemClock
    from engine.live.linking.store import open_links
    from research.config.live import ledger_settings

    with closing(open_links(ledger_settings(), SystemClock())) as store:
        if options.act == "propose":
            return _propose(options, store)
        if options.act != "list":
            return _decide(options, store)
        return _list(options, store)


def _event(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise UsageError("not the id of an event", expected="a whole number", found=printable(word, 40),
                         todo="see `bea links VENUE`") from None  # fmt: skip


def _check(options: Any) -> None:
    from engine.errors import unknown_name
    from research.adapters.by_name import venue_names

    if options.venue not in venue_names():
        raise unknown_name("venue", printable(options.venue, 60), venue_names(), where="bea links VENUE")
    decides = options.act in ("confirm", "reject")
    if decides and not options.events:
        todo = f"see `bea links {options.venue}`"
        raise UsageError("which events", where=options.act, expected="EVENT ...", todo=todo)
    if options.events and not decides:
        raise UsageError("events are confirmed or rejected", where=options.act, expected="no EVENT")
    if options.settings and options.act != "propose":
        raise UsageError("settings are those of a venue that is asked", where=options.act, expected="no setting")
    check_sport(options.sport)
    if options.days < 1:
        raise UsageError("not a number of days", where="--days", expected="1 or more", found=str(options.days))


def _decide(options: Any, store: LinkStore) -> int:
    from engine.live.linking.store import State

    state = State.CONFIRMED if options.act == "confirm" else State.REJECTED
    count = store.decide(options.venue, options.events, state, options.person or user_name(), options.reason)
    if options.json:
        return print_json({"venue": options.venue, "events": options.events, "state": state, "links": count})
    print_line(f"{options.venue}: {count} {'link' if count == 1 else 'links'} {state}")
    left = len(store.links(options.venue, State.PROPOSED))
    if left:
        print_line(f"{left} more are proposed and wait for a person: `bea links {options.venue}`")
    return 0


def _propose(options: Any, store: LinkStore) -> int:
    from engine.live.adapters.registry import Coverage
    from research.trading.linking import propose_links
    from research.trading.settings import live_settings

    coverage = Coverage(options.sport, tuple(options.competition), tuple(options.market))
    settings = live_settings(options.settings, [options.venue])
    proposal, put = propose_links(options.venue, coverage, settings, store, days=options.days)
    if options.json:
        return print_json({"venue": options.venue, **asdict(put), "refused": [asdict(one) for one in proposal.refused]})
    print_line(
        f"{options.venue}: {put.new} new links, {put.same} as before, {put.replaced} replaced, {put.rejected} rejected "
        f"before, {len(put.withheld)} withheld, {len(proposal.refused)} refused"
    )
    print_table("not linked", ["event", "name", "reason"],
                [[one.event, one.name, one.reason] for one in (*put.withheld, *proposal.refused)])  # fmt: skip
    return 0


def _list(options: Any, store: LinkStore) -> int:
    from engine.promotion import iso

    found = store.links(options.venue)
    if options.json:
        rows = [{**asdict(one), "link": {"ours": one.link.ours._asdict(), "theirs": one.link.theirs._asdict(),
                                         "score": one.link.score}} for one in found]  # fmt: skip
        return print_json({"venue": options.venue, "links": rows})
    events: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for one in found:
        events[one.link.ours.event_id, one.link.theirs.event].append(one)
    if not events:
        print_line(f"no link yet: `bea links {options.venue} propose`")
    table: list[list[object]] = []
    for (event, theirs), parts in events.items():
        states = Counter(one.state for one in parts)
        said = ", ".join(f"{count} {state}" for state, count in states.items())
        who = "; ".join(sorted({f"{one.person}: {one.reason}" for one in parts if one.person}))
        table.append([str(event), parts[0].name, iso(parts[0].starts_ns), theirs,
                     f"{min(one.link.score for one in parts):.2f}", said, who])  # fmt: skip
    print_table("", ["event", "name", "starts", "id there", "score", "selections", "said by"], table)
    return 0
