"""The environment of the peers: temporary, pinned, made by the benchmark, never part of the project."""

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
    """The environment cannot be made. The message gives the reason in one line."""


def default_folder() -> Path:
    """A folder below the system's temporary folder, named by a hash of the pins and the Python version."""
    key = REQUIREMENTS.read_bytes() + sys.version.encode()
    return Path(tempfile.gettempdir()) / f"bea-bench-{hashlib.sha256(key).hexdigest()[:12]}"


def peers_python(folder: Path, timeout: float = 900.0) -> Path:
    """The interpreter of the peers' environment, which is installed if it is missing.

    Every pin of ``peers.txt`` is installed without its dependencies. The list is complete, except that most
    dependencies of penaltyblog are left out (its backtest needs only numpy, pandas and tqdm).

    Raises
    ------
    Unavailable
    """
    python = folder / "bin" / "python"
    marker = folder / "complete"
    if marker.exists() and marker.read_bytes() == REQUIREMENTS.read_bytes():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    sys.stderr.write(f"installing the peers into {folder}, once, a minute or two\n")
    try:
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--retries", "1", "--requirement", str(REQUIREMENTS)]
        process = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(_line(str(error))) from error
    if process.returncode:
        raise Unavailable(_line(process.stderr))
    marker.write_bytes(REQUIREMENTS.read_bytes())
    return python


def _line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1][:200]
