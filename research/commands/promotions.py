"""`bea promotions` and `bea demote`: what is frozen, what happened to it since, and its end."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from engine.errors import BeaError, PromotionError, UsageError
from engine.promotion import DEMOTED, Change, Promotion, add_change, history, iso, load, names, promotion_path
from engine.promotion.bands import end_shown
from engine.promotion.frozen import hint_to_settle
from research.commands.arguments import parser_of, print_json, user_name
from research.commands.tables import print_line, print_table

_ABOUT = (
    "All promotions, or one with its gates, bands and history. Gates that failed and were acknowledged are shown with "
    "their reasons."
)
_DAY_NS = 86_400_000_000_000


def main(argv: Sequence[str]) -> int:
    """Run `bea promotions` with the words after it; returns the exit status: 1 if one of them cannot be used as it is.

    An expired or demoted promotion can be read, and is no failure; an edited one is.
    """
    parser = parser_of("promotions", _ABOUT)
    parser.add_argument("name", nargs="?", metavar="NAME", help="show one in full")
    options = parser.parse_args(list(argv))
    now_ns = time.time_ns()
    if options.name:
        promotion = load(options.name)
        if options.json:
            return print_json(described(promotion, now_ns))
        _print_one(promotion, now_ns)
        return 0
    return _all(now_ns, as_json=options.json)


def demote(argv: Sequence[str]) -> int:
    """Run `bea demote` with the words after it; returns the exit status."""
    parser = parser_of("demote", "End a promotion: no runner starts with it any more. Its ledger stays as it is.")
    parser.add_argument("name", metavar="NAME", help="a promotion, see `bea promotions`")
    parser.add_argument("--reason", required=True, help="why; it is recorded and shown")
    options = parser.parse_args(list(argv))
    if not options.reason.strip():
        raise UsageError("no reason", where="--reason", todo='write --reason "why"')
    promotion, now_ns = load(options.name), time.time_ns()
    add_change(promotion, Change(DEMOTED, now_ns, user_name(), options.reason.strip(), {}))
    if options.json:
        return print_json(described(promotion, now_ns))
    print_line(
        f"demoted {promotion.name}: {options.reason.strip()}; `bea stop {promotion.name}` ends a runner that trades "
        f"it, {hint_to_settle(promotion.name)}"
    )
    return 0


def _state(promotion: Promotion, changes: Sequence[Change], now_ns: int) -> str:
    """``active``, ``demoted``, ``expired``, or ``of the future`` where the clock is before its creation."""
    if any(change.kind == DEMOTED for change in changes):
        return "demoted"
    if now_ns < promotion.created_ns:
        return "of the future"
    return "expired" if now_ns >= promotion.expires_ns else "active"


def described(promotion: Promotion, now_ns: int) -> dict[str, Any]:
    """A promotion with its state and history as one document."""
    changes = history(promotion)
    head = {
        "state": _state(promotion, changes, now_ns),
        "acknowledged": promotion.acknowledged,
        "bets_on": bets_on(promotion),
    }
    return head | {"history": [asdict(one) for one in changes]} | promotion.content() | {"digest": promotion.digest}


def _all(now_ns: int, *, as_json: bool) -> int:
    documents, rows, faults = list[dict[str, Any]](), list[list[object]](), 0
    for name in names():
        try:
            promotion = load(name)
            documents.append(described(promotion, now_ns))
            rows.append(_row(promotion, documents[-1]["state"]))
        except PromotionError as error:
            faults += 1
            documents.append({"name": name, "state": "refused", "error": error.line()})
            rows.append([name, "", "refused", "", "", error.line()])
    if as_json:
        print_json({"promotions": documents})
        return int(bool(faults))
    if not rows:
        print_line("no promotion yet: `bea promote RUN --name NAME` makes one")
    print_table("", ["name", "to", "state", "run", "until", "acknowledged"], rows)
    return int(bool(faults))


def _row(promotion: Promotion, state: str) -> list[object]:
    return [
        promotion.name,
        promotion.mode,
        state,
        f"{promotion.run[:12]}#{promotion.configuration}",
        iso(promotion.expires_ns)[:10],
        ", ".join(promotion.acknowledged),
    ]


def _print_one(promotion: Promotion, now_ns: int) -> None:
    for line in lines(promotion):
        print_line(line)
    changes = history(promotion)
    left = (promotion.expires_ns - now_ns) // _DAY_NS
    print_line(f"state {_state(promotion, changes, now_ns)}" + (f", {left} days left" if left >= 0 else ""))
    for change in changes:
        print_line(f"{iso(change.at_ns)} {change.kind} by {change.person}: {change.reason}")
    print_line("")
    print_gates(promotion.gates)
    print_line("")
    print_line(f"bands over {promotion.bands['days']} days, from {promotion.bands['reference']['basis']}:")
    print_table("", ["measure", "backtest", "after 10 days", "30 days", "the last day"], _bands(promotion.bands))


def bets_on(promotion: Promotion) -> dict[str, Any]:
    """What a feed must bring: sports, competitions, markets and bookmakers (None: all) of the strategy.

    Where the strategy cannot be loaded, `error` says why.
    """
    from research.promotion.deployed import deploy

    try:
        inputs = deploy(promotion, with_store=False).inputs
    except BeaError as error:
        return {"error": error.line()}
    seen = inputs.visible
    found = {
        "sports": seen.sports,
        "competitions": seen.competitions,
        "markets": seen.markets,
        "bookmakers": seen.bookmakers,
    }
    return {"strategy": inputs.strategy.name, **found}


def _bets_on_line(found: Mapping[str, Any]) -> str:
    if "error" in found:
        return f"what it bets on cannot be said: {found['error']}"
    parts = [
        f"{name} {', '.join(found[name] or ('all',))}" for name in ("markets", "bookmakers", "competitions", "sports")
    ]
    return f"strategy {found['strategy']}: {'; '.join(parts)}"


def lines(promotion: Promotion) -> list[str]:
    """What a reader must know of a promotion: where it comes from, until when it holds, what was acknowledged."""
    return [
        f"{promotion.name}: to {promotion.mode}, run {promotion.run[:12]}#{promotion.configuration}, "
        f"{promotion.currency}, until {iso(promotion.expires_ns)}",
        _bets_on_line(bets_on(promotion)),
        *(f"acknowledged {name}: {reason}" for name, reason in promotion.acknowledged.items()),
        f"digest {promotion.digest}",
        str(promotion_path(promotion.name)),
    ]


def print_gates(gates: Sequence[Any]) -> None:
    """Print a table of gates: name, state, what was expected and what was found.

    Parameters
    ----------
    gates : sequence of mapping
        As `engine.promotion.Promotion.gates` holds them.
    """
    rows: list[list[object]] = [
        [
            gate["name"],
            "passed" if gate["passed"] else "acknowledged" if gate["reason"] else "closed",
            gate["expected"],
            gate["found"],
        ]
        for gate in gates
    ]
    print_table("", ["gate", "state", "expected", "found"], rows)


def _bands(bands: Any) -> list[list[object]]:
    rows: list[list[object]] = []
    for name, band in bands["measures"].items():
        days = [min(day, bands["days"]) - 1 for day in (10, 30, bands["days"])]
        ends = [_span(name, band["lower"][day], band["upper"][day]) for day in days]
        rows.append([name, _value(bands["reference"][name]), *ends])
    return rows


def _span(name: str, lower: float | None, upper: float | None) -> str:
    high = _value(None if upper is None else end_shown(name, upper))
    return f"up to {high}" if lower is None else f"{_value(lower)} to {high}"


def _value(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"
