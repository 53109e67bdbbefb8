"""What the runbook says, done: ``python -m tests.deployment.drills [NAME...]``.

Each drill breaks a runner as the world does, runs the commands of the page in bash, word by word, and looks whether the
runner is whole again. `bea` is the real one, in processes of its own. Only words that a drill needs on this machine are
added to it: the end of a replay, the address of a server that plays the service.
"""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from engine.clock import DAY_NS, HOUR_NS, instant_ns
from engine.errors import LedgerError
from engine.live.clock import WorldClock
from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import ledger_path, look
from engine.promotion import load, publish
from tests.deployment.dockerfile import ROOT
from tests.live.venues.example_desk import DeskServer
from tests.odds_server.server import OddsServer
from tests.odds_server.world import Game, OddsWorld
from tests.promoted import WORDS, promoted
from tests.test_shells import blocks
from tests.venue_server.faults import FAULTS
from tests.wire_server.server import WireServer

RUNBOOK: Final = ROOT / "docs" / "runbook"
BEA: Final = Path(sys.executable).parent / "bea"
#: end of the replays
UNTIL: Final = ("--until", "2019-11-01")
_PATIENCE_S: Final = 60.0

#: a clock that is a day slow
_YESTERDAY: Final = """
import time
now_ns = time.time_ns
time.time_ns = lambda: now_ns() - 86_400 * 10**9
"""
_BEA: Final = """#!/bin/bash
more=()
if [[ -f {folder}/words.$1 && " $* " != *" --wind-down "* ]]; then mapfile -t more <{folder}/words.$1; fi
exec {bea} "$@" "${{more[@]}}"
"""


class Failed(Exception):
    """A drill did not end as its page says."""


@dataclass
class Machine:
    """A home with a promotion, and an operator who has `bea` and the runbook.

    Attributes
    ----------
    home, folder : Path
        The home, and where the operator's `bea` is.
    name : str
        Of the promotion.
    """

    home: Path
    folder: Path
    name: str = "demo"
    _started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "bea").write_text(_BEA.format(folder=self.folder, bea=BEA))
        (self.folder / "bea").chmod(0o755)

    def adds(self, command: str, words: Sequence[str]) -> None:
        """Add words to each call of a command from now on."""
        (self.folder / f"words.{command}").write_text("".join(f"{word}\n" for word in words))

    def environment(self) -> dict[str, str]:
        """Of the operator."""
        path = f"{self.folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        packages = f"{self.folder}:{os.environ.get('PYTHONPATH', '')}"
        return os.environ | {"PATH": path, "BEA_HOME": str(self.home), "PYTHONPATH": packages}

    def starts(self, *words: str, **streams: Any) -> subprocess.Popen[str]:
        """A command that goes on."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | streams
        self._started.append(subprocess.Popen([self.folder / "bea", *words], env=self.environment(), **streams))
        return self._started[-1]

    def ends(self) -> None:
        """Kill what goes on."""
        for process in self._started:
            process.kill()
            process.wait()

    def asks(self, *words: str) -> Any:
        """The JSON document of a command that succeeds."""
        done = self.starts(*words, "--json")
        out, err = done.communicate()
        if done.returncode:
            raise Failed(f"bea {' '.join(words)}: {err}")
        return json.loads(out)

    def does(self, page: str, block: int, words: Mapping[str, str] | None = None, status: int = 0) -> str:
        """Run a block of commands of a page, with its words in capitals replaced; what it printed."""
        text = blocks(RUNBOOK / f"{page}.md")[block].replace("demo", self.name)
        for word, value in (words or {}).items():
            text = text.replace(word, value)
        done = subprocess.run(
            ["bash", "-xeuo", "pipefail", "-c", text],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != status:
            raise Failed(f"{page}, block {block}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def entries(self) -> int:
        """Number of entries of the ledger; 0 while there is none."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BEA_HOME", str(self.home))
            try:
                with closing(look(self.name)) as ledger:
                    return ledger.state().number
            except LedgerError:
                return 0

    def dies_after(self, entries: int, then: Callable[[], object] = lambda: None) -> None:
        """Start a runner, and kill it once it has written so much; between the two something else may be done."""
        runner = self.starts("paper", self.name)
        _wait(lambda: self.entries() >= entries // 2 or runner.poll() is not None)
        then()
        _wait(lambda: self.entries() >= entries or runner.poll() is not None)
        runner.kill()
        runner.communicate()
        if runner.returncode == 0:
            raise Failed("the runner was through before it was killed")

    def result(self) -> tuple[Any, ...]:
        """What the session has come to: how many bets are over, and the money."""
        found = self.asks("status", self.name)
        money = tuple(found[key] for key in ("equity_minor", "reserved_minor", "open_minor"))
        return (found["runner"], sum(found["bets"].values()), *money, found["open_bets"], found["breakers"])


def _wait(met: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not met():
        if time.monotonic() > end:
            raise Failed(f"nothing happened for {_PATIENCE_S:.0f} s")
        time.sleep(0.002)


def _check(is_so: bool, words: str) -> None:
    if not is_so:
        raise Failed(words)


def prepared(folder: Path) -> tuple[Any, ...]:
    """Make the home that each drill gets a copy of; what an undisturbed session ends with."""
    base = folder / "base"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(base))
        (base / "strategies").mkdir(parents=True)
        shutil.copy(ROOT / "examples" / "strategies" / "level_draws.py", base / "strategies")
        promoted("demo", [*WORDS, "strategy=level_draws"], now_ns=time.time_ns())
    machine = Machine(shutil.copytree(base, folder / "undisturbed"), folder / "bin")
    machine.asks("paper", "demo", *UNTIL)
    return machine.result()


def copied(folder: Path, name: str, *, home: Path | None = None) -> Machine:
    """A machine with a copy of the prepared home."""
    machine = Machine(home or folder / name, folder / f"{name}.bin")
    shutil.copytree(folder / "base", machine.home, dirs_exist_ok=True)
    machine.adds("paper", UNTIL)
    return machine


def dead_process(folder: Path, undisturbed: tuple[Any, ...]) -> None:
    """The runner is killed in the middle of a day."""
    machine = copied(folder, "dead")
    machine.dies_after(60)
    said = machine.does("status", 0)
    _check("ended without a word" in said, said)
    _check(machine.result() == undisturbed, f"{machine.result()} after the restart, not {undisturbed}")


def full_disk(folder: Path, undisturbed: tuple[Any, ...]) -> None:
    """The cache has filled the disk; needs root, for a disk of its own."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], check=True)
    try:
        machine = copied(folder, "full", home=disk / "home")
        machine.dies_after(60)
        with (machine.home / "data" / "cache" / "fill").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        runner = machine.starts("paper", "demo")
        err = runner.communicate()[1]
        _check(runner.returncode == 1 and "disk" in err and "Traceback" not in err, f"{runner.returncode}: {err}")
        machine.does("ledger_failed", 0)
        _check(machine.result() == undisturbed, f"{machine.result()} after the restart, not {undisturbed}")
    finally:
        subprocess.run(["umount", disk], check=True)


def damaged_database(folder: Path, undisturbed: tuple[Any, ...]) -> None:
    """A part of the ledger's file is lost after the last copy was made."""
    machine = copied(folder, "damaged")

    def copy() -> None:
        subprocess.run([ROOT / "deploy" / "backup", "demo"], env=machine.environment(), capture_output=True, check=True)

    machine.dies_after(120, copy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(machine.home))
        path = ledger_path("demo")
    for part in (path, path.with_name(f"{path.name}-wal")):
        with part.open("r+b") as file:
            file.seek(4096)
            file.write(bytes(part.stat().st_size - 4096))
    verified = machine.starts("ledger", "verify", "demo")
    said = verified.communicate()
    _check(verified.returncode == 1, f"the damage is not seen: {said}")
    (kept,) = (machine.home / "data" / "ledger" / "backups").glob("demo-*")
    machine.does("ledger_failed", 1, {"COPY": kept.name})
    _check(machine.result() == undisturbed, f"{machine.result()} after the restart, not {undisturbed}")


def expired_promotion(folder: Path, undisturbed: tuple[Any, ...]) -> None:
    """The promotion has expired while bets are open."""
    machine = copied(folder, "expired")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(machine.home))
        demo = load("demo")
        closed = [gate["name"] for gate in demo.gates if not gate["passed"]]
        (machine.home / "promotions" / "demo.json").unlink()
        publish(replace(demo, created_ns=time.time_ns() - 9 * DAY_NS, expires_ns=time.time_ns() - HOUR_NS))
    (machine.folder / "sitecustomize.py").write_text(_YESTERDAY)
    machine.dies_after(60)
    (machine.folder / "sitecustomize.py").unlink()
    runner = machine.starts("paper", "demo")
    err = runner.communicate()[1]
    _check(runner.returncode != 0 and "expired" in err, err)
    machine.adds("promote", ["--acknowledge", f"{','.join(closed)}=a drill"])
    machine.does("promotion_expires", 0)
    found = machine.asks("status", "demo")
    _check(found["open_bets"] == [] and found["reserved_minor"] == 0, f"still open: {found['open_bets']}")
    machine.name = "demo-2"
    _check(machine.result() == undisturbed, f"{machine.result()} of the new promotion, not {undisturbed}")


@contextmanager
def _desk(folder: Path) -> Iterator[tuple[Machine, DeskServer]]:
    """A machine that may bet at the example of a venue, which runs in threads of this process."""
    machine = copied(folder, "unknown")
    machine.name = "money"
    machine.adds("paper", ["runner.poll_ms=1"])
    for kind in ("feeds", "venues"):
        shutil.copytree(ROOT / "examples" / kind, machine.home / kind)
    limits = {"real_money": True, "name": "desk", "account": "jane-doe", "currency": "EUR",
              "day_loss_minor": 50_000, "order_most_minor": 50_000}  # fmt: skip
    file = machine.folder / "real_money.yaml"
    file.write_text(yaml.safe_dump({"venue": limits}))
    file.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch, DeskServer(machine.folder / "venue.db", time.time_ns) as server:
        for name, value in (
            ("DESK_USERNAME", "jane-doe"),
            ("DESK_PASSWORD", "hunter2hunter2"),
            ("BEA_REAL_MONEY", file),
        ):
            patch.setenv(name, str(value))
        patch.setenv("BEA_HOME", str(machine.home))
        gate = {"name": "adapter", "expected": "", "found": "desk", "passed": True, "reason": ""}
        publish(replace(load("demo"), name="money", mode="live", gates=(gate,)))
        (machine.home / "live").mkdir()
        (machine.home / "live" / "desk.yaml").write_text(yaml.safe_dump({"address": server.url}))
        server.desk.venue.deposit("capital:1", 2_000_000)
        yield machine, server


def _at_the_desk(machine: Machine, server: DeskServer) -> None:
    """Link a match, hear its prices, and let a person start the runner at a terminal."""
    starts = (datetime.now(UTC) + timedelta(hours=12)).replace(microsecond=0)
    match = {"home": "Ajax", "away": "PSV", "starts": starts.isoformat()}
    prices = match | {"prices": {"desk": {"home": 2.6, "draw": 3.9, "away": 2.7}}}
    lines = [prices, {"end": True}]
    (machine.home / "odds.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    offered = {"id": "e1", "home": "Ajax", "away": "PSV", "starts_ns": instant_ns(starts), "competition": "a league"}
    server.events = [offered | {"1x2": {"home": "1", "draw": "X", "away": "2"}}]
    machine.asks("paper", "demo", "--feed", "lines")
    machine.asks("links", "desk", "propose")
    event = machine.asks("links", "desk")["links"][0]["link"]["ours"]["event_id"]
    machine.starts("links", "desk", "confirm", str(event), "--reason", "looked").communicate()
    ours, theirs = pty.openpty()
    os.write(ours, b"desk jane-doe\n")
    words = (
        "live",
        "money",
        "--venue",
        "desk",
        "--feed",
        "lines",
        "runner.resolve_most_s=1",
        "executor.attempts_most=1",
    )
    runner = machine.starts(*words, stdin=theirs)
    out, err = runner.communicate(timeout=_PATIENCE_S)
    os.close(ours)
    os.close(theirs)
    _check(runner.returncode == 0, f"{out}{err}")


def unknown_bet(folder: Path, undisturbed: tuple[Any, ...]) -> None:
    """An order has no answer, and the lists of the venue prove nothing."""
    with _desk(folder) as (machine, server):
        server.desk.inject(FAULTS["timeout_before"], times=10)
        server.desk.lists.cap = 0
        _at_the_desk(machine, server)
        said = machine.does("bet_unknown", 0, status=1)
        key = said.split("no answer yet: ")[1].split()[0]
        server.desk.heal()
        server.desk.lists.cap = 0  # the lists stay cut off: only a person can look
        machine.does("bet_unknown", 1, {"KEY": key})
        found = machine.asks("status", "money")
        _check(found["unknown_minor"] == 0 and found["bets"] == {"rejected": 1}, str(found["bets"]))


def exhausted_quota(folder: Path, undisturbed: tuple[Any, ...]) -> None:
    """The budget of credits of the day is too small for one call."""
    machine = copied(folder, "quota")
    clock, now_ns = WorldClock(), time.time_ns()
    games = [Game("a" * 32, "soccer_epl", "Arsenal", "Chelsea", now_ns + 3 * HOUR_NS)]
    with pytest.MonkeyPatch.context() as patch, WireServer(OddsServer(OddsWorld(games), clock)) as wire:
        clock.reach(now_ns)
        patch.setenv("BEA_ODDS_API_KEY", "key-of-the-test")
        machine.adds("paper", [f"the_odds_api.host={wire.url}", "the_odds_api.sports=soccer_epl", "runner.poll_ms=20"])
        words = ("--feed", "the_odds_api", "the_odds_api.credits_a_day=0", "breakers.service_failures=2")
        poor = machine.starts("paper", "demo", *words)
        tripped = _entries_of(machine, Kind.TRIPPED)
        try:
            _wait(lambda: tripped() > 0 or poor.poll() is not None)
        except Failed:
            machine.ends()
            raise
        _check(poor.poll() is None and not any("odds" in one.path.rpartition("/")[2] for one in wire.heard), "asked")
        page = threading.Thread(target=machine.does, args=("breaker_service", 0))
        page.start()
        poor.communicate(timeout=_PATIENCE_S)
        decided = _entries_of(machine, Kind.DECIDED)
        try:
            _wait(lambda: decided() > 0 or not page.is_alive())
        finally:
            machine.asks("stop", "demo")
            page.join(_PATIENCE_S)
        _check(decided() > 0, "no decision after the restart")


def _entries_of(machine: Machine, kind: Kind) -> Callable[[], int]:
    def count() -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BEA_HOME", str(machine.home))
            try:
                with closing(look(machine.name)) as ledger:
                    return sum(one.entry.kind is kind for one in ledger.entries())
            except LedgerError:
                return 0

    return count


Drill = Callable[[Path, tuple[Any, ...]], None]
DRILLS: Final[Mapping[str, Drill]] = {
    drill.__name__: drill
    for drill in (dead_process, full_disk, damaged_database, expired_promotion, unknown_bet, exhausted_quota)
}


def main(names: Sequence[str]) -> int:
    """Do the drills of these names, or all; exit status 1 if one fails."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="drills-") as name:
        folder = Path(name)
        undisturbed = prepared(folder)
        for one in names or DRILLS:
            begin = time.monotonic()
            try:
                DRILLS[one](folder, undisturbed)
                end = "the runner is whole again"
            except Failed as failure:
                failed, end = failed + 1, f"FAILED: {failure}"
            sys.stdout.write(f"{one}: {end} ({time.monotonic() - begin:.1f} s)\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
