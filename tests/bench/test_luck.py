"""The benchmark of the statistics of luck runs. No test asserts a speed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.bench import luck


@pytest.mark.slow
def test_rows_of_small_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(luck, "JOBS", {name: luck.JOBS[name] for name in ("pbo", "walk_forward")})
    out = tmp_path / "luck.json"
    assert luck.main(["--configurations", "40", "--days", "200", "--repeat", "2", "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert [row["name"] for row in result] == ["pbo", "walk_forward"]
    assert all(row["seconds"] > 0 and row["peak_mb"] >= row["beside_returns_mb"] >= 0 for row in result)
    shown = capsys.readouterr()
    assert "40 configurations, 200 days" in shown.out and "12,870 splits" in shown.out and "pbo" in shown.err


@pytest.mark.parametrize("name", luck.JOBS)
def test_every_job_does_what_its_description_says(name: str) -> None:
    make, words, _ = luck.JOBS[name]
    returns = luck.returns_of(60, 300)
    assert returns.shape == (300, 60) and returns.flags.f_contiguous and returns.dtype == np.float32
    result = make(returns)()
    if name == "pbo":
        assert 0.0 <= result <= 1.0  # type: ignore[operator]
    if name == "cpcv":
        choices, paths = result  # type: ignore[misc]
        assert (len(choices), len(paths)) == (45, 36) and "45 splits and 36 paths" in words
    if name == "walk_forward":
        assert len(result) == 9  # type: ignore[arg-type]
