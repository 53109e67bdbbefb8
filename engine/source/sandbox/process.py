"""Parsing outside files in a child process, so that no file can bring down this process or the machine.

One child parses many files. If it crashes, hangs, or uses too much memory, it is stopped and the file is refused with
a message. A new child continues with the next file.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import polars as pl

from engine.errors import SourceError
from engine.schema import EVENTS, OPTIONAL_EVENTS, QUARANTINE, QUOTES
from engine.source.batch import Counts, Parsed

_PACKAGES: Final = Path(__file__).resolve().parents[3]
_TICK_SECONDS: Final = 0.05
_MESSAGE_LENGTH: Final = 160
_SCHEMAS: Final = {"events": EVENTS, "quotes": QUOTES, "quarantine": QUARANTINE}


@dataclass(frozen=True)
class Limits:
    """Limits for parsing one file: resident memory, wall time and processor time."""

    memory_bytes: int = 2 * 1024**3
    wall_seconds: float = 120.0
    cpu_seconds: int = 120


class Child:
    """A process that parses one file at a time.

    Parameters
    ----------
    limits : Limits
    module : str
        The module that it runs. Tests pass misbehaving ones.
    """

    def __init__(self, limits: Limits | None = None, module: str = "engine.source.sandbox.worker") -> None:
        self.limits = limits or Limits()
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="bea-read-"))

    def read(self, request: dict[str, Any]) -> Parsed:
        """Parse one file in the child.

        Parameters
        ----------
        request : dict with path, name, source, reader, sha256, today (ISO), mapping (text) and mapping_name

        Raises
        ------
        SourceError
            The reader refused the structure of the file, crashed, or exceeded a limit.
        """
        message = {
            **request,
            "out": str(self._folder),
            "memory_bytes": self.limits.memory_bytes,
            "cpu_seconds": self.limits.cpu_seconds,
        }
        reply = self._ask(json.dumps(message).encode() + b"\n")
        refused = reply.get("refused")
        if refused is not None:
            facts = {name: str(refused.get(name, "")) for name in ("expected", "found", "todo")}
            where = str(refused.get("where") or request["name"])
            raise SourceError(str(refused.get("what", "")), where=where, **facts)
        counts = Counts(**{**reply["counts"], "new_names": tuple(reply["counts"]["new_names"])})
        events, quotes, quarantine = (self._frame(name, request["name"]) for name in _SCHEMAS)
        return Parsed(events, quotes, quarantine, counts, bool(reply["depends_on_today"]))

    def close(self) -> None:
        """Stop the process and remove its folder."""
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _frame(self, name: str, file: str) -> pl.DataFrame:
        path = self._folder / f"{name}.arrow"
        try:
            frame = pl.read_ipc(path.read_bytes())
        except (OSError, pl.exceptions.PolarsError) as error:
            raise SourceError(
                "the reader returned a file that cannot be read", where=file, found=str(error)[:80]
            ) from error
        finally:
            path.unlink(missing_ok=True)
        allowed = {k: v for k, v in OPTIONAL_EVENTS.items() if name == "events" and k in frame.columns}
        if dict(frame.schema) != dict(pl.Schema({**_SCHEMAS[name], **allowed})):
            raise SourceError("the reader returned the wrong columns", where=file)
        return frame

    def _ask(self, line: bytes) -> dict[str, Any]:
        process = self._started()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = self._wait(process)
        except BrokenPipeError:
            answer = b""
        if isinstance(answer, str):
            self._stop()
            return {"refused": {"what": answer}}
        try:
            reply = json.loads(answer)
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            reply = {"refused": {"what": f"the reader crashed ({self._exit_message()})"}}
            self._stop()
        return reply

    def _wait(self, process: subprocess.Popen[bytes]) -> bytes | str:
        """The child's answer as bytes, empty if it exited; a text names the limit that it exceeded."""
        assert process.stdout is not None
        deadline = time.monotonic() + self.limits.wall_seconds
        parts = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if selector.select(_TICK_SECONDS):
                    part = os.read(process.stdout.fileno(), 1 << 16)
                    parts += part
                    if not part:
                        return b""
                    if parts.endswith(b"\n"):
                        return parts
                if time.monotonic() > deadline:
                    return f"reading takes longer than {self.limits.wall_seconds:g} s"
                if _resident_bytes(process.pid) > self.limits.memory_bytes:
                    return f"reading takes more than {self.limits.memory_bytes / 1024**2:.0f} MB of memory"

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in _stop)
        paths = [str(_PACKAGES), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in paths if p),
            "POLARS_MAX_THREADS": "1",
            "RAYON_NUM_THREADS": "1",
            "PYTHONUTF8": "1",
            "PYTHONIOENCODING": "utf-8",  # one of the user would hold for the child's messages too
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
        )
        return self._process

    def _exit_message(self) -> str:
        """Exit status of the child and the last line that it wrote to stderr."""
        process, errors = self._process, self._errors
        status = None
        if process is not None:
            try:
                status = process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                status = None
        text = ""
        if errors is not None:
            errors.seek(0)
            lines = errors.read().decode("utf-8", "replace").strip().splitlines()
            text = lines[-1][:_MESSAGE_LENGTH] if lines else ""
        return f"status {status}" + (f": {text}" if text else "")

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
            try:
                process.wait(timeout=0.0 if process.poll() is not None else 1.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None


def _resident_bytes(pid: int) -> int:
    """Resident memory of a process in bytes; 0 where the system does not report it."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
