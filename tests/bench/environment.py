"""The throw-away environment of the peers: pinned, made by the benchmark itself, never part of the project."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("peers.txt")


class Unavailable(Exception):
    """The environment cannot be made; the message says why, in one line."""


def default_folder() -> Path:
    """A folder under the system's temporary one, named after the pins and the Python."""
    key = REQUIREMENTS.read_bytes() + sys.version.encode()
    return Path(tempfile.gettempdir()) / f"bea-bench-{hashlib.sha256(key).hexdigest()[:12]}"


def peers_python(folder: Path, timeout: float = 900.0) -> Path:
    """The interpreter of the peers' environment; installs it where it is not there.

    Every pin of ``peers.txt`` is installed as it is, without asking for what it depends on: the list is complete, and
    the dependencies that penaltyblog names are left out (its backtest needs numpy, pandas and tqdm alone).

    Raises
    ------
    Unavailable
    """
    python = folder / "bin" / "python"
    done = folder / "complete"
    if done.exists() and done.read_bytes() == REQUIREMENTS.read_bytes():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    sys.stderr.write(f"installing the peers into {folder}, once, a minute or two\n")
    try:
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--retries", "1", "--requirement", str(REQUIREMENTS)]
        found = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(_line(str(error))) from error
    if found.returncode:
        raise Unavailable(_line(found.stderr))
    done.write_bytes(REQUIREMENTS.read_bytes())
    return python


def _line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1][:200]
