"""Try the project on another Python than the current one: ``python -m scripts.second_python``.

Looks for Python 3.12 and 3.13 on PATH and among the versions of pyenv. With the newest it makes a fresh environment,
installs the project at the pinned versions, and runs a small sweep over the sample. Without one it prints that it
skips, and exits with 0. It writes to a temporary folder only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.13", "3.12")
SWEEP = ("sweep", "data=sample", "strategy=value", "strategy.edge_min=range(0,0.05,0.01)", "output=json")


def interpreter() -> tuple[str, str] | None:
    """Version and path of the newest other Python that starts, or None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for version in VERSIONS:
        if sys.version_info[:2] == tuple(int(part) for part in version.split(".")):
            continue
        for path in (shutil.which(f"python{version}"), *sorted(pyenv.glob(f"versions/{version}*/bin/python"))):
            if path and subprocess.run([path, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0:
                return version, str(path)
    return None


def main() -> int:
    """Install and sweep on the second Python; gives the exit status."""
    chosen = interpreter()
    if chosen is None:
        print(f"no second Python ({' or '.join(VERSIONS)}) on this machine: skipped")
        return 0
    version, path = chosen
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "venv" / "bin" / "python"
        subprocess.run([path, "-m", "venv", python.parent.parent], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", ROOT / "constraints.txt", "-e", ROOT], check=True)
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"BEA_HOME": folder}
        command = [python.parent / "bea", *SWEEP]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    rows = len(json.loads(done.stdout)["leaderboard"])
    print(f"Python {version}: installed, swept the sample, {rows} rows, {time.monotonic() - begin:.0f} s")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
