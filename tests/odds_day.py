"""What the shared cache and the pace save on one day: ``python -m tests.odds_day``.

40 events of five competitions, three markets, two regions. A runner, a monitor and a notebook want the odds all day.
Once each of them asks the service by itself as often as the service reads prices; once they share the cache at the
pace of the settings. Both days are played over HTTP against the fake service, on a clock of the script.
"""

from __future__ import annotations

import argparse
import heapq
import os
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.clock import DAY_NS, HOUR_NS, SECOND_NS
from engine.live.adapters.the_odds_api import calls
from engine.live.adapters.the_odds_api.calls import Priced
from engine.live.adapters.the_odds_api.polling import age_most_ns
from engine.live.adapters.the_odds_api.settings import OddsApiSettings
from engine.live.ledger.settings import LedgerSettings
from tests.live.adapters.the_odds_api.service import START_NS, Notes, Service, serving
from tests.odds_server.world import Game, instant, interval_ns

SPORTS = ("soccer_epl", "soccer_spain_la_liga", "soccer_italy_serie_a", "basketball_nba", "icehockey_nhl")
#: starts of the matches of each competition, hours after midnight
KICK_OFFS = ((12.5, 15, 17.5), (13, 15.25, 20), (14, 17, 19.75), (19, 21.5), (18, 20.5))
CONSUMERS = 3
PRICED = Priced(("h2h", "spreads", "totals"), ("eu", "uk"))
_LOOK_NS = 10 * SECOND_NS


@dataclass
class Day:
    """Of one way to ask."""

    calls: int
    credits: int
    ages_s: list[float]


def games() -> list[Game]:
    """Forty events, eight of each competition, at the usual hours."""
    generator, found = random.Random(16), []
    midnight = START_NS - START_NS % DAY_NS + DAY_NS
    for sport, hours in zip(SPORTS, KICK_OFFS, strict=True):
        for number in range(8):
            name = f"{sport}{number}".encode().hex()[:32].ljust(32, "0")
            starts = midnight + round(generator.choice(hours) * HOUR_NS)
            found.append(Game(name, sport, f"{sport} home {number}", f"{sport} away {number}", starts))
    return found


def play(service: Service, shared: bool, folder: Path) -> Day:
    """One day of all consumers; at each look the runner's prices of the last hour before a start are aged."""
    clock, pace = service.clock, OddsApiSettings(credits_a_day=10**9)
    caches = [service.cache(LedgerSettings(), folder, 10**9) for _ in range(CONSUMERS)]
    clients = [service.client() for _ in range(CONSUMERS)]
    begin = START_NS - START_NS % DAY_NS + DAY_NS
    clock.reach(begin)
    due = [(begin, who, sport) for who in range(CONSUMERS) for sport in SPORTS]
    held: dict[str, list[object]] = {}
    ages: list[float] = []
    for now in range(begin, begin + DAY_NS, SECOND_NS):
        clock.reach(max(now, clock.wall_ns()))
        while due and due[0][0] <= now:
            _, who, sport = heapq.heappop(due)
            call = calls.odds(sport, PRICED)
            of_sport = [game for game in service.server.world.games if game.sport == sport]
            if shared:
                longest = age_most_ns([game.starts_ns for game in of_sport], now, pace)
                kept = caches[who].get(call, longest)
                value, again = kept.value, kept.received_ns + longest + 1
            else:
                value = clients[who].ask(call, Notes()).value
                again = now + min(interval_ns(game, now) for game in of_sport)
            held[sport] = value if who == 0 else held.get(sport, [])
            heapq.heappush(due, (max(again, now + SECOND_NS), who, sport))
        if (now - begin) % _LOOK_NS == 0:
            ages += _ages(held, now)
    return Day(service.server.calls, service.server.credits, ages)


def _ages(held: dict[str, list[object]], now: int) -> list[float]:
    """Ages of the prices of events that start within the hour, seconds."""
    found: list[float] = []
    for document in (document for documents in held.values() for document in documents):
        assert isinstance(document, dict)
        if 0 < instant(document["commence_time"]) - now <= HOUR_NS:
            found += [
                (now - instant(market["last_update"])) / SECOND_NS
                for book in document["bookmakers"] for market in book["markets"]
            ]  # fmt: skip
    return found


def compared() -> str:
    """The table of the page."""
    days: list[Day] = []
    for shared in (False, True):
        with tempfile.TemporaryDirectory() as folder, serving(games()) as service:
            os.environ["BEA_HOME"], service.timeout_s = folder, 10.0
            days.append(play(service, shared, Path(folder) / "raw"))
    rows = ["| | three by themselves | cache and pace | fewer |", "|---|---|---|---|"]
    for name in ("calls", "credits"):
        before, after = (getattr(day, name) for day in days)
        rows.append(f"| {name} | {before:,} | {after:,} | {100 * (1 - after / before):.1f} % |")
    for name, share in (("95 % of the ages in the last hour", 95), ("largest age in the last hour", 100)):
        before, after = (f"{np.percentile(day.ages_s, share):.0f} s" for day in days)
        rows.append(f"| {name} | {before} | {after} | |")
    return "\n".join(rows)


def main() -> None:
    """Print it."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    sys.stdout.write(compared() + "\n")


if __name__ == "__main__":
    main()
