"""Races with a living runner: the kill switch against its sends, and a runner that stands still beyond its lease.

python -m tests.races --kills 1000      nothing is sent after the commit of a kill
    python -m tests.races --pauses 100      SIGSTOP beyond the lease, another takes over, SIGCONT: nothing is sent twice
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    os.environ |= {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

from engine.errors import Fenced, LedgerError
from engine.live.judgement.warm import warm
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import ledger_path, look
from engine.live.ledger.settings import LedgerSettings
from engine.logs.secrets import Secrets
from engine.logs.setup import LogSettings, start
from tests.live.running import scene

#: many bets
_EDGE = -0.2
#: a lease that a test can wait for
_SHORT = LedgerSettings(lease_ttl_ms=1500, takeover_margin_ms=300, renew_after_ms=50, poll_ms=20)
#: crash points within a transaction: a process that stands still there locks the database for all others
_INSIDE = ("receipt.inside_commit", "settlement.between_rows")
#: starts of a runner that loses its lease
_STARTS = 5
#: exit status of a runner that found its lease gone
_FENCED = 3


def child(act: Callable[[], None]) -> int:
    """Run something in a child of this process; its number."""
    number = os.fork()
    if number:
        return number
    status = 70
    try:
        act()
        status = 0
    except Fenced:
        status = _FENCED
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def killed_again_and_again(home: Path, data: Path) -> None:
    """Trade; while the kill switch is set, wait between two instants."""
    os.environ["BEA_HOME"] = str(home)
    with ExitStack() as stack:
        parts = scene.opened(scene.History.read(data), stack, edge_min=_EDGE)

        def wait() -> None:
            while parts.room.breakers.killed:
                time.sleep(0.0005)
                parts.runner._obey()

        parts.runner.on_turn = wait
        parts.runner.run()


def race(home: Path, data: Path, races: int, generator: np.random.Generator) -> dict[str, int]:
    """Kill and resume one runner again and again; how often, and what was sent after a kill."""
    os.environ["BEA_HOME"] = str(home)
    number = child(lambda: killed_again_and_again(home, data))
    done = late = 0
    while done < races and not os.waitpid(number, os.WNOHANG)[0]:
        if not ledger_path(scene.NAME).exists():
            time.sleep(0.01)
            continue
        with suppress(LedgerError), closing(look(scene.NAME)) as ledger:
            while done < races and not ledger.state().number:
                time.sleep(0.005)
            while done < races:
                time.sleep(float(generator.uniform(0.0, 0.03)))
                ledger.control(Command.KILL, person="race", reason="race")
                after = ledger.state().number
                time.sleep(0.01)
                late += sum(one.entry.kind is Kind.SENT for one in ledger.entries(after))
                ledger.control(Command.RESUME, person="race", reason="race")
                done += 1
                if os.waitpid(number, os.WNOHANG)[0]:
                    return {"races": done, "sent_after_a_kill": late}
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
    return {"races": done, "sent_after_a_kill": late}


def trade(home: Path, data: Path, probe: Callable[[str], None]) -> None:
    """Trade the scene with a short lease, every request on record."""
    os.environ["BEA_HOME"] = str(home)
    with ExitStack() as stack:
        parts = scene.opened(
            scene.History.read(data), stack, settings=_SHORT, edge_min=_EDGE, probe=probe, hasty=True,
            around=scene.Around(log=home / "sent"),
        )  # fmt: skip
        parts.runner.run()


def pause(home: Path, data: Path, generator: np.random.Generator) -> dict[str, int]:
    """Stop a runner somewhere, let a second one take over, and wake the first one up."""
    home.mkdir()
    after, passed = int(generator.integers(5, 200)), [0]

    def stop(name: str) -> None:
        if name in _INSIDE:
            return
        passed[0] += 1
        if passed[0] == after:
            os.kill(os.getpid(), signal.SIGSTOP)

    first = child(lambda: trade(home, data, stop))
    if not os.WIFSTOPPED(os.waitpid(first, os.WUNTRACED)[1]):
        return {"not_stopped": 1}
    for _ in range(_STARTS):  # on a busy machine the second one may lose its lease, too: then it is started again
        second = child(lambda: trade(home, data, lambda name: None))
        status = os.waitstatus_to_exitcode(os.waitpid(second, 0)[1])
        if status != _FENCED:
            break
    os.kill(first, signal.SIGCONT)
    woken = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    requests = Counter(line.split()[1] for line in (home / "sent").read_text().splitlines())
    return {
        "double": sum(n > 1 for n in requests.values()),
        "not_fenced": int(woken != _FENCED),
        "failed": int(status != 0),
        "requests": requests.total(),
    }


def main() -> int:
    """Run the races that are asked for; exit status 1 if one was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.races")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--pauses", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start(LogSettings(console_level="off"), Secrets())
    generator, found = np.random.default_rng(options.seed), Counter[str]()
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        os.waitpid(child(lambda: scene.History.cut(60, folder)), 0)  # polars must not have worked where processes fork
        warm(scene.rules(_EDGE))
        days = 0
        while found["races"] < options.kills:
            found.update(race(folder / f"kill{days}", folder, options.kills - found["races"], generator))
            days += 1
        for day in range(options.pauses):
            found.update({"pauses": 1, **pause(folder / f"pause{day}", folder, generator)})
    line = json.dumps({"seed": options.seed, **found})
    sys.stdout.write(f"{line}\n")
    return int(any(found[name] for name in ("sent_after_a_kill", "double", "not_fenced", "failed")))


if __name__ == "__main__":
    sys.exit(main())
