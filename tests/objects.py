"""Imports into a store on an object store that fails at random: ``python -m tests.objects --seeds 200``.

For each seed leagues are imported in turn by two machines, while a share of all requests is refused, answered with an
error of the server, or carried out without an answer. An import that fails is repeated, as a user does. At the end the
manifest must be that of a local store with the same imports. Then processes import at once, with a lost answer here and
there: each league must be in the store, and once.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from s3fs import S3FileSystem

from engine.errors import StoreError
from engine.store import Store, bucket
from tests.engine.store.batches import FakeBatch, league
from tests.object_server.server import Fault, Objects, environment, object_server
from tests.venue_server.wire import Delivery
from tests.wire_server.server import Heard

ADDRESS: Final = "s3://odds/history"
LEAGUES: Final = ("E0", "D1", "I1", "F1", "SP1", "N1")
_FAULTS: Final = (
    Fault(503, "SlowDown"),
    Fault(500, "InternalError"),
    Fault(delivery=Delivery.REFUSED),
    Fault(delivery=Delivery.DROPPED),
    Fault(delivery=Delivery.CUT),
    Fault(delivery=Delivery.SHORT),
)
_ATTEMPTS: Final = 50


def failing(objects: Objects, rng: random.Random, share: float, met: Counter[str]) -> None:
    """Let a share of all requests meet a fault."""

    def faulty(_: Heard) -> Fault | None:
        if rng.random() >= share:
            return None
        fault = rng.choice(_FAULTS)
        met[fault.code or fault.delivery.value] += 1
        return fault

    objects.faulty = faulty


def imported(batch: FakeBatch) -> int:
    """Import a batch, again until it succeeds; returns the number of attempts that failed."""
    for failed in range(_ATTEMPTS):
        try:
            Store.create_or_open(ADDRESS).apply([batch])
        except StoreError as error:
            assert "\n" not in str(error), error
            continue
        return failed
    raise AssertionError(f"{_ATTEMPTS} attempts failed")


def run(seed: int, folder: Path, met: Counter[str]) -> int:
    """One seed; returns the number of imports that had to be repeated. Raises AssertionError."""
    rng = random.Random(seed)
    names = rng.sample(LEAGUES, 3)
    batches, again = [league(name, 2021, 20) for name in names], 0
    objects = Objects()
    with object_server(objects) as server:
        os.environ.update(environment(server.url))
        S3FileSystem.clear_instance_cache()
        failing(objects, rng, rng.choice([0.05, 0.15, 0.3]), met)
        for number, batch in enumerate(batches):
            os.environ["BEA_HOME"] = str(folder / f"{seed}-{number % 2}")
            again += imported(batch)
        objects.faulty = lambda heard: None
        there = Store.open(ADDRESS)
        local = Store.create_or_open(folder / f"{seed}-local")
        for batch in batches:
            local.apply([batch])
        assert there.manifest.dump() == local.manifest.dump(), f"seed {seed}: another manifest"
        assert there.events().equals(local.events()), f"seed {seed}: other events"
        assert there.quotes().equals(local.quotes()), f"seed {seed}: other quotes"
    return again


def at_once(seed: int, folder: Path) -> int:
    """All leagues at once, each from a process of its own; returns the number of generations. Raises AssertionError."""
    objects, met = Objects(), Counter[str]()
    with object_server(objects) as server:
        failing(objects, random.Random(seed), 0.05, met)
        machines = []
        for name in LEAGUES:
            given = os.environ | environment(server.url) | {"BEA_HOME": str(folder / f"{seed}-{name}")}
            machines.append(subprocess.Popen([sys.executable, "-m", "tests.objects", "--import", name], env=given))
        assert [machine.wait() for machine in machines] == [0] * len(LEAGUES)
        objects.faulty = lambda heard: None
        os.environ.update(environment(server.url) | {"BEA_HOME": str(folder / f"{seed}-reader")})
        S3FileSystem.clear_instance_cache()
        store = Store.open(ADDRESS)
        wanted = sorted(league(name, 2021, 20).raw_sha256 for name in LEAGUES)
        assert sorted(one.raw_sha256 for one in store.manifest.imports) == wanted
        assert store.events().height == len(LEAGUES) * 20 and store.events()["event_id"].is_unique().all()
        return sum(key.startswith("history/manifest/") for key in objects.buckets["odds"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the seeds and print what was met."""
    parser = argparse.ArgumentParser(prog="python -m tests.objects", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of processes that import at once")
    parser.add_argument("--import", dest="name", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    bucket._WAITS_S = (0.0,) * len(bucket._WAITS_S)  # type: ignore[misc]
    if options.name:
        imported(league(options.name, 2021, 20))
        return 0
    met, again = Counter[str](), 0
    with tempfile.TemporaryDirectory(prefix="bea-objects-") as text:
        for seed in range(options.seeds):
            again += run(seed, Path(text), met)
        generations = [at_once(seed, Path(text)) for seed in range(options.rounds)]
    sys.stdout.write(
        f"{options.seeds} seeds: faults {dict(sorted(met.items()))}, {again} imports repeated; all equal\n"
    )
    sys.stdout.write(f"{options.rounds} rounds of {len(LEAGUES)} processes: generations {generations}; all in, once\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
