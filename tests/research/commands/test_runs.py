"""Runs: stored and opened again, shown, compared and removed, on the command line and from Python."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import research
from engine.backtesting.measures import METRICS
from engine.errors import ConfigurationError, DataError, UsageError
from engine.files import plain, write_json
from research.api import Run
from research.commands.completion import candidates
from research.commands.main import main
from research.execution.progress import Lines, Silence, progress_for, seconds
from research.records import folder
from research.records.identity import commit, versions
from research.records.results import TableWriter, ranked
from research.report import is_current
from research.report.terminal import html, setting
from research.report.text import MEASURES
from research.tapes.cache import cache_folder, evict
from tests.research.commands.conftest import SWEEP

ROOT = Path(__file__).resolve().parents[3]


def json_of(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(list(words)) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.slow
def test_the_same_inputs_open_the_stored_run(swept: Run) -> None:
    stamp = (swept.folder / "manifest.json").stat().st_mtime_ns
    assert research.sweep([*SWEEP, "sweep.threads=1", "output=json"]).id == swept.id
    assert (swept.folder / "manifest.json").stat().st_mtime_ns == stamp
    assert research.sweep([*SWEEP, "force=true"]).id == swept.id
    again = (swept.folder / "manifest.json").stat().st_mtime_ns
    assert again > stamp
    assert main(["sweep", *SWEEP, "--force"]) == 0
    assert (swept.folder / "manifest.json").stat().st_mtime_ns > again


@pytest.mark.slow
def test_daily_pnl_of_every_configuration_can_be_stored(swept: Run) -> None:
    with pytest.raises(DataError, match=r"holds no P&L by day .*; repeat it with sweep.days=true"):
        swept.days()
    run = research.sweep([*SWEEP, "sweep.days=true"])
    assert run.id != swept.id
    results, seen = run.results, 0
    for tape in range(4):
        of_tape = results.filter(tape=tape).sort("config")
        days = run.days(tape)
        assert days.shape[0] == of_tape.height and days.dtype == np.float32
        assert np.allclose(days.sum(axis=1, dtype=np.float64), of_tape["pnl_minor"].to_numpy(), rtol=1e-6, atol=1.0)
        seen += int(np.count_nonzero(days))
    assert seen > 100
    best = int(run.leaderboard()["config"][0])
    row = results.filter(config=best).row(0, named=True)
    place = best - results.filter(tape=row["tape"])["config"].min()
    wanted = run.daily(best)["pnl_minor"].to_numpy().astype(np.float32)
    assert (run.days(row["tape"])[place] == wanted).all()


def test_the_manifest_names_the_inputs_of_a_run(swept: Run) -> None:
    manifest = swept.manifest
    assert manifest["command"][:2] == ["bea", "sweep"]
    assert manifest["counts"] == {
        "configurations": 32,
        "dropped": 0,
        "tapes": 4,
        "in_lanes": 0,
    }  # eight a tape: too few
    assert manifest["data"]["known_at_basis"] == ["recorded"]
    assert len(manifest["data"]["hash"]) == 32
    assert manifest["code"]["sources"]
    assert manifest["versions"] == versions()
    assert manifest["peak_memory_bytes"] > 1e7
    assert manifest["vector_bits"] in (0, 128, 256, 512)
    assert commit() is None or re.fullmatch(r"[0-9a-f]{40}", str(commit()))


def test_tables_of_a_run(swept: Run) -> None:
    assert len(swept) == 32
    assert swept.results["config"].to_list() == list(range(1, 33))
    board = swept.leaderboard()
    assert board["roi"].is_sorted(descending=True)
    assert set(swept.axes) >= {"risk", "strategy.edge_min", "strategy.method", "data.seasons"}
    assert [c for c in board.columns if c in METRICS] == list(METRICS)
    assert swept.chosen == board["config"][:2].to_list()
    assert swept.leaderboard(3, "max_drawdown_frac")["max_drawdown_frac"].is_sorted()
    for config in (swept.best(), int(board["config"][-1])):  # one stored, one replayed
        bets, daily, metrics = swept.bets(config), swept.daily(config), swept.metrics(config)
        assert bets.height == metrics["n_bets"] == metrics["reasons"]["placed"]
        assert bets["stake_minor"].sum() == metrics["turnover_minor"]
        assert daily["pnl_minor"].sum() == metrics["pnl_minor"]
        assert swept.reasons(config)["count"].sum() == metrics["n_opportunities"]
        flat = swept.parameters(config)
        row = swept.results.row(config - 1, named=True)
        assert flat["strategy.method"] == row["strategy.method"]
        assert flat["data.seasons"] in (None, ["2019-2020"])
    with pytest.raises(UsageError, match="1 to 32"):
        swept.bets(33)
    with pytest.raises(ConfigurationError, match="did you mean roi"):
        swept.leaderboard(order="roj")
    assert "32 configurations" in repr(swept)


def test_a_sweep_and_a_backtest_agree(swept: Run) -> None:
    config = swept.best()
    flat = swept.parameters(config)
    seasons = "null" if flat["data.seasons"] is None else "[2019-2020]"
    single = research.backtest(
        [
            "data=sample", "data.competitions=[SIM1]", f"data.seasons={seasons}", f"staking={flat['staking.name']}",
            f"risk={swept.results['risk'][config - 1]}", f"strategy.edge_min={flat['strategy.edge_min']}",
            f"strategy.method={flat['strategy.method']}", "report=false",
        ]
    )  # fmt: skip
    assert single.metrics(1) == swept.metrics(config)
    assert single.bets().equals(swept.bets(config))


def test_bets_of_a_changed_store_are_an_error(swept: Run, tmp_path: Path) -> None:
    worst = int(swept.leaderboard()["config"][-1])
    manifest = json.loads((swept.folder / "manifest.json").read_text())
    for tape in manifest["tapes"]:
        tape["rows_hash"] = "0" * 32
    shutil.copytree(swept.folder, tmp_path / "copy")
    write_json(tmp_path / "copy" / "manifest.json", manifest)
    with pytest.raises(DataError, match="does not hold the rows"):
        Run(tmp_path / "copy").bets(worst)
    (tmp_path / "copy" / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        Run(tmp_path / "copy")


def test_commands_on_runs(swept: Run, capsys: pytest.CaptureFixture[str]) -> None:
    runs = json_of(capsys, "runs", "--json")["runs"]
    assert isinstance(runs, list)
    assert len(runs) == 2 + len(folder.complete()) - 2
    shown = json_of(capsys, "show", swept.id[:9], "--json")
    assert shown["n_configurations"] == 32
    one = json_of(capsys, "show", f"{swept.short}#5", "--json")
    assert one["number"] == 5
    assert one["metrics"] == plain({k: swept.metrics(5)[k] for k in one["metrics"]})  # type: ignore[union-attr]
    found = json_of(capsys, "compare", f"{swept.short}#1", f"{swept.short}#32", "--json")
    assert "strategy.edge_min" in found["configuration"]  # type: ignore[operator]
    assert found["data"] == {}
    for words in (
        ["runs"],
        ["show", swept.short],
        ["show", f"{swept.short}#5"],
        ["compare", f"{swept.short}#1", f"{swept.short}#2"],
    ):
        assert main(words) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines
        text = [
            line.rstrip() for line in lines if not line.startswith(str(folder.runs_folder()))
        ]  # a path is never broken
        assert max(map(len, text)) <= 100 or words[0] == "show"
    for words in (["show", f"{swept.short}#99"], ["show", f"{swept.short}#x"], ["compare", swept.short]):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith("error: ")
    assert swept.short in candidates("bea show ")


def test_the_leaderboard_on_a_terminal(swept: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", swept.short]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = " ".join(" ".join(lines[: lines.index("")]).split())
    assert told.startswith("Profit: not proved. ") and "32 trials on these events so far, equivalent to " in told
    assert "Best of 32 configurations by ROI:" in told and "not corrected for the search" in told
    head = next(line for line in lines if line.strip().startswith("#"))
    assert {"risk", "seasons", "method", "edge_min", "staking"} <= set(head.split()), "all that was swept"
    assert all(len(line.rstrip()) <= 100 for line in lines if not line.startswith("report"))
    rows = [line for line in lines[lines.index(head) :] if re.match(r"\s*\d+  (off|default)", line)]
    assert len(rows) == 12
    page = html(swept)
    assert page.count("<tr>") == 13
    assert "<strong>Profit: not proved. " in page and "<strong>Price: " in page and "Best of 32" in page
    profit, price = swept.first_lines()
    assert profit in told and price in told and told.index(profit) < told.index(price)
    assert profit.startswith("Profit: not proved. ") and price.startswith("Price: ")
    assert "could hardly have been seen; in a single test, one below " in profit
    assert swept.__rich__() is not None
    assert swept._repr_html_() == page


def test_numbers_have_the_same_form_everywhere(swept: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"{swept.short}#5"]) == 0
    shown = capsys.readouterr().out
    metrics = swept.metrics(5)
    for name, measure in MEASURES.items():
        line = next(line for line in shown.splitlines() if line.startswith(f"{measure.name} "))
        assert line.removeprefix(measure.name).strip() == measure.text(metrics[name])
    assert "\N{REPLACEMENT CHARACTER}" not in shown


def test_runs_and_the_cache_can_be_removed(
    home_with_runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(home_with_runs, tmp_path / "home")
    monkeypatch.setenv("BEA_HOME", str(tmp_path / "home"))
    runs = folder.complete()
    removed = json_of(capsys, "runs", "rm", runs[0][:10], "--cache", "--json")
    assert removed["removed"] == [runs[0]]
    assert folder.complete() == runs[1:]
    assert not list(cache_folder().glob("*.arrow"))
    assert main(["runs", "rm", runs[1]]) == 0
    assert main(["runs"]) == 0
    assert "no run" in capsys.readouterr().out or len(runs) > 2


def test_the_cache_drops_the_least_recently_used_tapes(home: Path) -> None:
    cache_folder().mkdir(parents=True)
    for age, name in enumerate("abc"):
        path = cache_folder() / f"{name}.arrow"
        path.write_bytes(bytes(600_000))
        import os

        os.utime(path, (1_000 - age, 1_000 - age))
    assert evict(1, keep=cache_folder() / "c.arrow") == 2
    assert [p.name for p in cache_folder().iterdir()] == ["c.arrow"]


def test_a_run_is_found_by_the_start_of_its_id(home: Path) -> None:
    for name in ("abc1", "abd2"):
        folder.run_folder(name).mkdir(parents=True)
        write_json(folder.run_folder(name) / "manifest.json", {"x": float("nan"), "y": (1, 2)})
    assert folder.find("abc") == "abc1"
    with pytest.raises(UsageError, match="start of 2 runs"):
        folder.find("ab")
    with pytest.raises(UsageError, match="not a run"):
        folder.find("../abc1")
    assert json.loads((folder.run_folder("abc1") / "manifest.json").read_text()) == {"x": None, "y": [1, 2]}
    assert research.runs().height == 0


def test_the_list_has_verdict_and_yield(swept: Run, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["run"]: row for row in json_of(capsys, "runs", "--json")["runs"]}  # type: ignore[attr-defined]
    row, path = rows[swept.id], swept.path_bets()
    verdict = swept.verdict()
    assert verdict is not None and row["verdict"] == ("evidence" if verdict.evidence else "not proved")
    assert row["bets"] == path.height > 0
    assert row["yield"] == pytest.approx(path["net_minor"].sum() / path["stake_minor"].sum(), rel=1e-12)
    assert row["yield_low"] is None or row["yield_low"] < row["yield"] < row["yield_high"]
    single = next(row for row in rows.values() if row["kind"] == "backtest")
    bets = research.open_run(single["run"]).bets(1)
    assert single["verdict"] == "in sample" and single["price"] is None and single["bets"] == bets.height
    assert single["yield"] == pytest.approx(bets["pnl_minor"].sum() / bets["stake_minor"].sum(), rel=1e-9)
    assert research.runs()["run"].to_list() == list(rows)


def test_a_run_that_cannot_be_read_is_named(
    home_with_runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(home_with_runs / "data" / "runs", tmp_path / "data" / "runs")
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    first, second, *_ = sorted(folder.complete(), key=lambda run: len(research.open_run(run)))
    (folder.run_folder(first) / "manifest.json").write_text("{}")
    (folder.run_folder(second) / "results.parquet").write_bytes(b"")
    (folder.run_folder(second) / "luck.json").write_text("[")
    document = json_of(capsys, "runs", "--json")
    assert document["unreadable"] == [first]
    damaged = next(row for row in document["runs"] if row["run"] == second)  # type: ignore[attr-defined]
    assert damaged["verdict"] == "unreadable" and damaged["yield"] is None
    assert main(["runs"]) == 0
    assert f"1 run cannot be read: {first[:12]}; repeat the command, or " in " ".join(capsys.readouterr().out.split())


def test_settings_as_text() -> None:
    assert setting(None) == "–"
    assert setting(True) == "yes"


def test_the_bytes_of_a_table_do_not_depend_on_the_parts_written(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": range(70_000), "b": ["x"] * 70_000})
    for name, size in (("one", 70_000), ("many", 999)):
        with TableWriter(tmp_path / name) as writer:
            for low in range(0, frame.height, size):
                writer.add(frame.slice(low, size))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "many").read_bytes()
    results = pl.DataFrame({"config": [1, 2, 3], "n_bets": [0, 5, 5], "roi": [0.0, -0.1, None]})
    assert ranked(results, "roi")["config"].to_list() == [2, 3, 1]


def test_configurations_with_few_bets_are_ranked_after_the_others() -> None:
    bets, roi = [0, 3, 99, 100, 400, 400, 7], [0.0, 0.9, 0.5, 0.1, -0.2, 0.3, None]
    results = pl.DataFrame({"config": range(1, 8), "n_bets": bets, "roi": roi})
    assert ranked(results, "roi")["config"].to_list() == [2, 3, 6, 4, 5, 7, 1]
    by_hand = sorted(  # enough bets, any bets, the measure with none last, the number
        range(1, 8),
        key=lambda c: (bets[c - 1] < 100, bets[c - 1] == 0, 1e9 if roi[c - 1] is None else -roi[c - 1], c),
    )
    assert ranked(results, "roi", bets_min=100)["config"].to_list() == by_hand == [6, 4, 5, 2, 3, 7, 1]
    assert ranked(results, "roi", 2, [6], 100)["config"].to_list() == [4, 5]


def test_the_leaderboard_of_a_run_keeps_to_the_fewest_bets(swept: Run, capsys: pytest.CaptureFixture[str]) -> None:
    counts = swept.results["n_bets"].sort().to_list()
    fewest = counts[-4]
    run = research.sweep([*SWEEP, f"sweep.bets_min={fewest}"])
    board, plain = run.leaderboard(), swept.leaderboard()
    kept = plain.filter(pl.col("n_bets") >= fewest)["config"].to_list()
    assert run.id != swept.id and 0 < len(kept) < 32 and plain["config"].to_list()[: len(kept)] != kept
    rest = plain.filter(pl.col("n_bets") < fewest)["config"].to_list()
    assert board["config"].to_list() == kept + rest and set(kept[:2]) <= set(run.chosen)
    assert main(["show", run.short]) == 0
    assert f"by ROI among those with at least {fewest:,} bets:" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(ConfigurationError, match=r"sweep\.bets_min"):
        research.sweep([*SWEEP, "sweep.bets_min=-1"])


def test_progress_is_printed_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(every_s=0.0)
    lines.begin("sweep", 100, 20)
    lines.step(30)
    lines.end()
    assert re.match(r"sweep: 50 / 100, [\d,]+/s, \d+ s left\n", capsys.readouterr().err)
    Silence().say("nothing")
    assert isinstance(progress_for(), Lines)
    assert (seconds(5), seconds(100), seconds(600), seconds(9_000), seconds(float("inf"))) == (
        "5 s",
        "100 s",
        "10 min",
        "2.5 h",
        "unknown time",
    )


def test_progress_is_a_bar_on_a_terminal() -> None:
    from research.execution.progress import Bar

    class Terminal:
        def isatty(self) -> bool:
            return True

    bar = progress_for(Terminal())
    assert isinstance(bar, Bar)
    with bar:
        bar.begin("sweep", 10)
        bar.step(4)
        bar.say("[bold]plain[/bold]")


@pytest.mark.slow
def test_examples_of_the_documentation(home: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL)
    assert len(blocks) == 5
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    run = names["run"]
    assert isinstance(run, Run)
    assert len(run) == 10
    assert names["again"].id == run.id  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_page_of_other_code_is_written_again(home: Path) -> None:
    """A changed chart does not change the id of a run, so the stored run gets a page of the present code."""
    words = ["data=sample", "data.competitions=[SIM1]"]
    run = research.backtest(words)
    whole = run.report_path.read_bytes()
    assert is_current(run.report_path)
    run.report_path.write_bytes(whole.replace(whole.rstrip()[-20:], b"0" * 16 + b" -->"))
    assert not is_current(run.report_path) and not is_current(run.folder / "none.html")
    assert research.backtest(words).id == run.id
    assert run.report_path.read_bytes() == whole


@pytest.mark.parametrize("text", ["4 GB", "-1", "1.5", "²"])
def test_a_size_of_the_cache_that_is_none_is_refused_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("BEA_CACHE_MB", text)
    with pytest.raises(ConfigurationError, match=r"BEA_CACHE_MB of the environment: expected whole megabytes"):
        evict()
    monkeypatch.setenv("BEA_CACHE_MB", "")
    assert evict() == 0


@pytest.mark.parametrize("words", [["paper", "nobody"], ["live", "nobody", "--venue", "betfair"]])
def test_a_promotion_that_is_not_there_leaves_no_log(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(words) == 1
    assert "nobody" in capsys.readouterr().err and not list(home.rglob("*.log"))
