"""`bea compare`: the table on stdout, the page and its path, and what is compared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import research
from engine.errors import UsageError
from research.api import Run
from research.commands.main import main
from research.records.folder import complete, runs_folder
from research.report.comparison.differences import differences, page_path, write_page
from research.report.comparison.pairs import pairs_of
from research.report.comparison.sides import gather

pytestmark = pytest.mark.slow

SWEEP = ("data=sample", "strategy.edge_min=0,0.01,0.02", "staking=flat,kelly", "report=false", "validation.bets_min=20")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """A home with two sweeps and two backtests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(tmp_path_factory.mktemp("home")))
        yield {
            "wide": research.sweep(SWEEP),
            "narrow": research.sweep([*SWEEP, "strategy.edge_min=0.005,0.015", "staking=flat"]),
            "value": research.backtest(["data=sample", "report=false"]),
            "sim1": research.backtest(["data=sample", "data.competitions=[SIM1]", "report=false"]),
        }


@pytest.fixture()
def out(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return capsys


def test_stdout_has_the_table_and_then_the_path_of_the_page(
    there: dict[str, Run], out: pytest.CaptureFixture[str]
) -> None:
    names = [there["value"].short, there["sim1"].short]
    assert main(["compare", *names]) == 0
    lines = out.readouterr().out.splitlines()
    assert [line.strip() for line in lines if not line.startswith(" ")][:3] == ["configuration", "data", "code"]
    path = Path(lines[-1])
    assert path == runs_folder() / ".compare" / f"{names[0]}-{names[1]}.html" and path.is_file()
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and text.count("data.competitions") >= 1
    assert main(["compare", *names, "--no-page"]) == 0
    assert out.readouterr().out.splitlines() == lines[:-1]


def test_json_names_the_page_if_there_is_one(there: dict[str, Run], out: pytest.CaptureFixture[str]) -> None:
    words = ["compare", f"{there['wide'].short}#2", there["narrow"].short, there["value"].short, "--json"]
    assert main(words) == 0
    found = json.loads(out.readouterr().out)
    assert set(found) == {"runs", "verdicts", "configuration", "data", "code", "metrics", "page"}
    assert Path(found["page"]).is_file() and Path(found["page"]).name.startswith(f"{there['wide'].short}.2-")
    assert main([*words, "--no-page"]) == 0
    assert json.loads(out.readouterr().out) == found | {"page": None}


def test_comparison_pages_are_not_listed_as_runs(there: dict[str, Run]) -> None:
    before = complete()
    path = write_page(
        [(there["wide"], None), (there["value"], None)], differences([(there["wide"], None), (there["value"], None)])
    )
    assert complete() == before and path.parent.name == ".compare"
    assert [one.name for one in path.parent.iterdir() if one.name.endswith(".tmp")] == []


def test_the_same_runs_give_the_same_bytes(there: dict[str, Run]) -> None:
    made: list[tuple[Run, int | None]] = [(there["wide"], None), (there["narrow"], None)]
    first = write_page(made, differences(made)).read_bytes()
    assert write_page(made, differences(made)).read_bytes() == first


def test_two_to_six_runs(there: dict[str, Run], out: pytest.CaptureFixture[str]) -> None:
    wide = there["wide"]
    six: list[tuple[Run, int | None]] = [(wide, number) for number in range(1, 7)]
    text = write_page(six, differences(six)).read_text(encoding="utf-8")
    assert "6 runs side by side" in text and ("of 15 pairs" in text or "No two of these 6" in text)
    with pytest.raises(UsageError, match=r"too many runs for a page.*expected 6 at most, found 7.*--no-page"):
        write_page([*six, (wide, None)], {})
    seven = [f"{wide.short}#{1 + k % 6}" for k in range(7)]
    assert main(["compare", *seven]) == 2 and "--no-page" in out.readouterr().err
    assert main(["compare", *seven, "--no-page"]) == 0


def test_sweeps_are_compared_by_their_out_of_sample_paths_and_configurations_by_their_bets(
    there: dict[str, Run],
) -> None:
    wide, narrow = there["wide"], there["narrow"]
    of = gather([(wide, None), (narrow, None)], differences([(wide, None), (narrow, None)]))
    assert of.out_of_sample and of.sides[0].verdict is not None
    pair = pairs_of(of, out_of_sample=True)[0]
    bets = [run.path_bets() for run in (wide, narrow)]
    assert pair.common == bets[0].join(bets[1], on="event_id", how="semi")["event_id"].n_unique()
    total = [frame.join(other, on="event_id", how="semi") for frame, other in (bets, bets[::-1])]
    yields = [frame["net_minor"].sum() / frame["stake_minor"].sum() for frame in total]
    assert pair.ratios["yield"].difference.estimate == pytest.approx(yields[0] - yields[1], abs=1e-12)
    named = gather([(wide, 2), (narrow, None)], {})
    assert not named.out_of_sample and named.sides[0].path_bets is None and named.sides[0].out_of_sample is not None
    assert named.sides[0].configuration.config == 2 and named.sides[1].configuration.config == narrow.best()
    own = pairs_of(named, out_of_sample=False)[0]
    assert own.ratios["yield"].common + own.ratios["yield"].first_only == wide.bets(2)["event_id"].n_unique()


def test_a_run_without_its_rows_in_the_store_is_still_compared(
    there: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(there["wide"].folder, tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    for tape in manifest["tapes"]:
        tape["rows_hash"] = "0" * 32
    manifest["chosen"] = []
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    of = gather([(Run(tmp_path / "run"), 1), (there["value"], None)], {})
    assert of.sides[0].missing.startswith("the store does not hold the rows of this run any more")
    assert of.sides[0].configuration.bets.is_empty() and pairs_of(of, out_of_sample=False)[0].common == 0
    from research.report.comparison.page import page

    assert "No path (A)" in page(of)


def test_the_path_names_runs_and_configurations(there: dict[str, Run]) -> None:
    wide = there["wide"]
    assert page_path([(wide, None), (wide, 3)]).name == f"{wide.short}-{wide.short}.3.html"


def test_measures_of_the_page_are_those_of_the_runs(there: dict[str, Run]) -> None:
    made: list[tuple[Run, int | None]] = [(there["value"], None), (there["sim1"], None)]
    text = write_page(made, differences(made)).read_text(encoding="utf-8")
    for run, _ in made:
        metrics = run.metrics()
        assert f"<td>{metrics['n_bets']:,}</td>" in text
        assert f"{100 * metrics['yield']:.2f}%".replace("-", "\u2212") in text
    events = [set(run.bets()["event_id"]) for run, _ in made]
    assert f"{len(events[0] & events[1])} events that both bet on" in text
    assert isinstance(there["value"].bets()["event_id"].dtype, pl.Int64)


def test_what_the_sweeps_tried_is_told_though_the_best_is_the_same(there: dict[str, Run]) -> None:
    wide, narrow = there["wide"], there["narrow"]
    rows = differences([(wide, None), (narrow, None)])["configuration"]
    assert rows["strategy.edge_min tried"] == ["0, 0.01, 0.02", "0.005, 0.015"]
    assert rows["staking.name tried"] == ["flat, kelly", "flat"]
    assert differences([(wide, None), (wide, 1)])["configuration"].keys().isdisjoint({"strategy.edge_min tried"})


def test_both_verdicts_of_each_run_follow_the_table(there: dict[str, Run], out: pytest.CaptureFixture[str]) -> None:
    wide, value = there["wide"], there["value"]
    assert main(["compare", wide.short, value.short, "--no-page"]) == 0
    told = " ".join(out.readouterr().out.split())
    for run in (wide, value):
        assert all(f"{run.short} {line}" in told for line in run.first_lines())
    assert len(wide.first_lines()) == 2 and len(value.first_lines()) == 1
    assert main(["compare", wide.short, value.short, "--no-page", "--json"]) == 0
    assert json.loads(out.readouterr().out)["verdicts"] == [list(wide.first_lines()), list(value.first_lines())]
