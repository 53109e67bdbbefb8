"""The same bytes whatever carries a sweep out: ``python -m tests.cluster [--kills 20] [--seed 1]``.

Prints a line for each way: threads, worker processes, a Dask cluster, workers that are killed, each task carried out
twice, a scheduler that is killed and a command that goes on afterwards. Ends with status 1 if one differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from research.config.keys import counts
from tests.cluster.dask_processes import ROOT, Cluster, cluster

WORDS: Final = (
    "sweep", "data=sample", "strategy=value,consensus", "strategy.edge_min=range(0,0.1,0.001)", "report=false",
    "output=json",
)  # fmt: skip
BLOCK: Final = 4
#: what of a manifest tells when and how, not what
HOW: Final = ("finished_at", "duration_s", "peak_memory_bytes", "command", "target", "vector_bits")


def main() -> int:
    """Run all ways; 1 if one gives other bytes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        proof = Proof(Path(folder), random.Random(options.seed))
        proof.ways()
        proof.local_kills(options.kills)
        proof.dask_kills(options.kills)
        proof.scheduler_killed()
    return 0 if len(proof.found) == 1 else 1


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Proof:
    """One home, in which the same sweep is computed again and again.

    Parameters
    ----------
    folder : Path
    random : random.Random
        Chooses workers to kill, and moments.
    """

    def __init__(self, folder: Path, random: random.Random) -> None:
        self.folder, self.random, self.found = folder, random, set[str]()
        self.runs, self.work = folder / "home" / "data" / "runs", folder / "home" / "data" / "runs" / ".work"

    def ways(self) -> None:
        """Threads and workers."""
        for threads in (1, 2):
            self.same(f"none, {threads} threads", self.sweep(f"sweep.threads={threads}"))
        for workers in (1, 2, 4):
            self.same(f"local, {workers} workers", self.sweep("cluster=local", f"cluster.workers={workers}"))
        for target in ("x86-64-v2", "x86-64-v3"):
            words = ("cluster=local", "cluster.workers=2", f"cluster.target={target}")
            self.same(f"local, 2 workers, {target}", self.sweep(*words, NUMBA_CPU_NAME=target, NUMBA_CPU_FEATURES=""))
        self.same("local, each task twice", self.sweep("cluster=local", "cluster.workers=2", before=("twice",)))
        for workers in (1, 2, 4):
            with cluster(self.folder / f"dask{workers}", workers) as there:
                words = ("cluster=dask", f"cluster.address={there.address}", f"cluster.workers={workers}")
                self.same(f"dask, {workers} workers", self.sweep(*words))

    def local_kills(self, kills: int) -> None:
        """Kill local workers at random moments, in as many sweeps as it takes."""
        left = kills
        while left:
            process = self.sweep("cluster=local", "cluster.workers=2", "cluster.retries=50")
            left -= self.kill_while(process, left, lambda process=process: _kill_one_of(process.pid, self.random))
            self.same(f"local, {kills - left} workers killed so far", process)

    def dask_kills(self, kills: int) -> None:
        """Kill workers of Dask at random moments, and start others."""
        left = kills
        while left:
            with cluster(self.folder / f"killed{left}", 2) as there:
                words = ("cluster=dask", f"cluster.address={there.address}", "cluster.retries=50")
                process = self.sweep(*words)

                def kill(there: Cluster = there) -> bool:
                    there.kill_worker(self.random.randrange(2))
                    there.start_worker()
                    return True

                left -= self.kill_while(process, left, kill)
                self.same(f"dask, {kills - left} workers killed so far", process)

    def scheduler_killed(self) -> None:
        """Kill the scheduler in the middle; the command says so, and goes on with another cluster."""
        with cluster(self.folder / "first", 2) as there:
            process = self.sweep("cluster=dask", f"cluster.address={there.address}", "cluster.wait_s=5")
            while len(list(self.work.glob("*/units/*.unit"))) < 5 and process.poll() is None:
                time.sleep(0.02)
            there.kill_scheduler()
            _, errors = process.communicate(timeout=120)
        kept = len(list(self.work.glob("*/units/*.unit")))
        say(f"dask, scheduler killed: status {process.returncode}, {kept} units kept: {errors.strip()}")
        assert process.returncode == 1 and "repeat the command" in errors, errors
        with cluster(self.folder / "second", 2) as there:
            process = self.sweep("cluster=dask", f"cluster.address={there.address}", force=False)
            self.same("dask, gone on with another scheduler", process)

    def sweep(
        self, *words: str, before: tuple[str, ...] = (), force: bool = True, **variables: str
    ) -> subprocess.Popen[str]:
        """Start the sweep."""
        every = (*before, str(BLOCK), *WORDS, *words, f"force={str(force).lower()}")
        environment = os.environ | {"BEA_HOME": str(self.runs.parent.parent), "PYTHONPATH": str(ROOT)} | variables
        return subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.sweep", *every], cwd=ROOT, env=environment, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def kill_while(self, process: subprocess.Popen[str], most: int, kill: Callable[[], bool]) -> int:
        """Kill at random moments until a sweep ends; how many were killed."""
        killed = 0
        while process.poll() is None and killed < most:
            time.sleep(self.random.uniform(0.2, 2.5))
            if process.poll() is None:
                killed += kill()
        return killed

    def same(self, way: str, process: subprocess.Popen[str]) -> None:
        """Wait for a sweep and print the hash of its run."""
        started = time.monotonic()
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, (way, errors)
        (run,) = [path for path in self.runs.iterdir() if not path.name.startswith(".")]
        digest = content(run)
        self.found.add(digest)
        say(f"{way}: {digest} ({time.monotonic() - started:.1f} s)")


def content(run: Path) -> str:
    """Hash of all files of a run but its page, and of what its manifest says besides times."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(run.rglob("*")):
        if path.is_dir():
            continue
        data = path.read_bytes()
        if path.name == "manifest.json":
            manifest = {key: value for key, value in json.loads(data).items() if key not in HOW}
            manifest["code"] = manifest["code"]["sources"]  # a commit in between changes the others
            for branch in manifest["branches"]:
                branch["base"] = {key: value for key, value in branch["base"].items() if counts(key)}
            data = json.dumps(manifest).encode()
        digest.update(path.relative_to(run).as_posix().encode() + data)
    return digest.hexdigest()


def _kill_one_of(command: int, random: random.Random) -> bool:
    """Kill a worker process of a command; False if it has none at the moment."""
    children = Path(f"/proc/{command}/task/{command}/children")
    workers = list[int]()
    for thread in Path(f"/proc/{command}/task").glob("*/children") if children.exists() else ():
        for pid in thread.read_text().split():
            if b"research.cluster.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                workers.append(int(pid))
    if not workers:
        return False
    os.kill(random.choice(sorted(workers)), signal.SIGKILL)
    return True


if __name__ == "__main__":
    sys.exit(main())
