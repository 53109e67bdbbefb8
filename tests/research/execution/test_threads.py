"""The number of Polars' threads changes no byte: neither of a store, nor of a tape, nor of a run.

All other tests give Polars one thread, since their queries are small, so an order of rows that depends on threads would
not be seen there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

#: ends of the paths of files that hold times: when a run was made, and when a file was last checked
TIMED = (".verified.json", "/report.html")
PLACES = ("store", "cache/tapes", "runs")
CODE = """
import sys
from research.commands.main import main
assert main(["data", "import", "football_data", *sys.argv[1:]]) == 0
sys.exit(main(["sweep", "strategy=value,consensus", "strategy.edge_min=0,0.02,0.04", "validation=walk_forward"]))
"""


def written(home: Path, files: list[Path], threads: int) -> dict[str, bytes]:
    """The files of the store, the tapes and the run after an import and a sweep, by path, but for those with times."""
    environment = os.environ | {"BEA_HOME": str(home), "POLARS_MAX_THREADS": str(threads)}
    subprocess.run([sys.executable, "-c", CODE, *map(str, files)], env=environment, check=True, capture_output=True)
    found = {}
    for place in PLACES:
        paths = [path for path in sorted((home / "data" / place).rglob("*")) if path.is_file()]
        assert paths, place
        found |= {str(path.relative_to(home)): path.read_bytes() for path in paths}
    timed = {path for path in found if path.endswith(TIMED) or (path.startswith("data/runs/") and "manifest" in path)}
    return {path: content for path, content in found.items() if path not in timed}


def test_threads_of_polars_change_no_byte(reference_dir: Path, tmp_path: Path) -> None:
    files = [reference_dir / "data" / "football_data" / name for name in ("E0_1819.csv", "E0_1920.csv")]
    one, four = (written(tmp_path / str(threads), files, threads) for threads in (1, 4))
    assert four.keys() == one.keys()
    assert [path for path in one if four[path] != one[path]] == []
