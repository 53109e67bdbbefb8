"""Verdict, trials and flags of sweeps on real football prices, as the commands show them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import research
from engine.errors import UsageError
from research.api import Run
from research.commands.main import main
from research.inference.effective_trials import sidak_adjusted
from research.inference.multipliers import DRAWS
from research.records.leaks import path_of
from research.records.ledger_file import opened
from research.records.trials import Ledger
from research.verdict.judge import p_text
from tests.commands import answer
from tests.tapes import spec_of

pytestmark = pytest.mark.slow

WORDS = ["strategy.price=max", "strategy.complete_price=true", "report=false"]


@pytest.fixture(scope="module")
def there(reference_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with five seasons of a league."""
    home = tmp_path_factory.mktemp("home")
    files = [str(reference_dir / f"data/football_data/E0_{a:02}{a + 1:02}.csv") for a in range(12, 17)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(home))
        assert main(["data", "import", "football_data", *files]) == 0
    return home


@pytest.fixture(autouse=True)
def at_home(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(there))


def test_trials_grow_with_every_command_and_never_fall(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (there / "data" / "trials.sqlite").unlink(missing_ok=True)
    first = research.sweep([*WORDS, "strategy.edge_min=range(0,0.05,0.01)", "strategy.odds_max=3,null"])
    assert first.trials().raw == 10 and 1.0 <= first.trials().effective <= 10.0
    p_before = first.verdict()
    assert p_before is not None

    research.sweep([*WORDS, "strategy.edge_min=range(0,0.05,0.01)", "strategy.odds_max=3,null"])
    again = research.sweep([*WORDS, "strategy.edge_min=range(0,0.05,0.01)", "strategy.odds_max=3,null", "force=true"])
    assert again.trials() == first.trials(), "a stored result and --force add no trials"

    research.sweep([*WORDS, "strategy.edge_min=range(0.01,0.04,0.005)", "strategy.odds_max=3,5"])
    assert first.trials().raw == 10 + 12 - 3, "configurations tried before count once"
    research.backtest([*WORDS, "strategy.edge_min=0.033"])
    research.backtest([*WORDS, "strategy.edge_min=0.033", "data.seasons=[2012-2013]", "output=json"])
    assert first.trials().raw == 20, "the same configuration on some of the events is not another one"
    count = first.trials()
    found = answer(capsys, "trials", first.short, "--json")
    assert found["raw"] == count.raw == 20 and found["effective"] == count.effective
    assert [one["fresh"] for one in found["evaluations"]] == [1, 1, 9, 0, 10]
    assert all(one["overlap"] == 1.0 for one in found["evaluations"])

    runs = [one for one in research.runs()["run"] if one != first.id]
    assert main(["runs", "rm", *runs]) == 0
    assert first.trials() == count, "removing runs subtracts no trials"
    assert len(answer(capsys, "trials", "--json")["evaluations"]) == 5
    assert main(["trials"]) == 0 and main(["trials", first.short]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "21 trials by 5 commands" in printed
        and f"20 configurations were tried on the events of run {first.short}" in printed
    )


def test_the_verdict_is_made_when_it_is_read() -> None:
    run = research.sweep([*WORDS, "strategy.edge_min=range(0,0.05,0.01)", "strategy.odds_max=4,null"])
    found, verdict = run.findings, run.verdict()
    assert found is not None and verdict is not None and found.evidence.selected is not None
    assert [one.letter for one in verdict.conditions] == ["a", "b", "e", "c", "d"]
    before = verdict.condition("b").sentence
    ledger, (own,) = Ledger(), run.manifest["event_sets"]
    with opened(ledger.path) as connection:
        connection.execute("UPDATE vectors SET maxima = ?", (np.full(2 * DRAWS, 9.0, "<f4").tobytes(),))
    assert run.trials().effective == run.trials().raw, "never more than the raw number"
    after = run.verdict()
    assert after is not None and after.condition("b").sentence != before and not after.evidence
    assert ledger.count([own]).raw == run.trials().raw


def test_the_stored_path_matches_the_findings(capsys: pytest.CaptureFixture[str]) -> None:
    run = research.sweep([*WORDS, "strategy.edge_min=range(0,0.05,0.01)", "validation.bets_min=20", "staking=percent"])
    found = run.findings
    assert found is not None and found.out_of_sample is not None and len(found.windows) == 5
    bets, daily = run.path_bets(), run.path_daily()
    assert found.out_of_sample.bets == bets.height == sum(one.bets for one in found.windows) > 50
    assert bets["net_minor"].sum() == pytest.approx(daily["pnl_minor"].sum())
    assert found.out_of_sample.estimate == pytest.approx(bets["net_minor"].sum() / bets["stake_minor"].sum())
    assert set(bets["config"]) == {one.config for one in found.windows if one.bets}
    document = answer(capsys, "show", run.short, "--json")["verdict"]
    assert document["findings"]["outside"]["bets"] == bets.height and document["evidence"] is False
    assert {one["letter"] for one in document["conditions"]} == {"a", "b", "c", "d", "e"}
    assert document["trials_raw"] >= 5


@pytest.mark.parametrize("validation", ["none", "purged_kfold", "cpcv"])
def test_every_validation(validation: str) -> None:
    run = research.sweep([*WORDS, "strategy.edge_min=range(0,0.03,0.01)", f"validation={validation}"])
    found, verdict = run.findings, run.verdict()
    assert found is not None and verdict is not None
    if validation == "none":
        assert found.out_of_sample is None and not verdict.condition("c").holds and found.selected == run.best()
    else:
        assert found.paths is not None
        assert len(found.paths.metrics) == (1 if validation == "purged_kfold" else 5)
        assert found.paths.splits == (6 if validation == "purged_kfold" else 15)
    assert run.render().is_file()


def test_a_flag_costs_the_rank_until_it_is_acknowledged(capsys: pytest.CaptureFixture[str]) -> None:
    # maximum closing prices with an edge of 12 %: far above the line that CLV compares them with
    words = [*WORDS, "strategy.edge_min=0,0.2", "validation.bets_min=20", "strategy.fair=avg", "strategy.price=max"]
    run = research.sweep([*words, "strategy.odds_min=1.01,9"])
    pl.DataFrame({"config": [run.best()], "flag": ["clv"]}).write_parquet(run.folder / "flags.parquet")
    flagged = Run.open(run.id)
    worst = int(flagged.leaderboard()["config"][-1])
    assert flagged.flags().keys() == {"clv"} and flagged.unranked() == [worst] and flagged.best() != worst
    verdict = flagged.verdict()
    assert verdict is not None and not verdict.condition("d").holds and "clv" in verdict.condition("d").sentence
    assert main(["show", run.short]) == 0
    assert "Flagged: clv" in capsys.readouterr().out
    assert main(["report", run.short, "--acknowledge", "sharpe"]) == 2
    assert "no flag sharpe" in capsys.readouterr().err
    assert "--acknowledge clv" in flagged.render().read_text()
    assert main(["report", run.short, "--acknowledge", "clv"]) == 0
    seen = flagged.verdict()
    assert seen is not None and seen.condition("d").holds and flagged.unranked() == [] and flagged.best() == worst
    assert "(acknowledged)" in flagged.report_path.read_text()
    with pytest.raises(UsageError):
        flagged.acknowledge(["leak"])


def test_a_leak_flags_all_configurations_on_its_tape() -> None:
    run = research.sweep([*WORDS, "strategy.edge_min=0.01,0.04", "strategy.method=power"])
    assert "leak" not in run.flags()
    path = path_of(run.manifest["tapes"][0]["made_of"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"leaks": [{"column": "prob"}]}))
    try:
        assert run.flags().keys() == {"leak"} and run.unranked() == [1, 2]
    finally:
        path.unlink()


def test_trials_on_simulated_data_are_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    before = len(Ledger().evaluations())
    run = research.sweep(["data=sample", "strategy.edge_min=0,0.05", "report=false"])
    assert len(Ledger().evaluations()) == before and run.trials().raw == 2
    assert main(["trials", run.short]) == 0
    assert "simulated data, which are not counted" in " ".join(capsys.readouterr().out.split())


def test_a_backtest_has_evidence_and_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    research.sweep([*WORDS, "strategy.edge_min=range(0,0.05,0.01)", "strategy.odds_max=3,null"])
    run = research.backtest([*WORDS, "strategy.edge_min=0.021"])
    found, trials = run.findings, run.trials()
    assert run.verdict() is None and found is not None
    assert found.out_of_sample is None and found.evidence.selected is not None
    assert trials.raw > 10, "earlier sweeps count for a backtest too"
    alone, printed_p = found.evidence.selected.p_value, sidak_adjusted(found.evidence.p_selected, trials.effective)
    assert main(["show", run.short]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f"{trials.raw:,} trials on these events so far" in printed
    assert f"p {p_text(printed_p)} adjusted for them" in printed, "the larger of both series, as on the page"
    text = run.render().read_text()
    for words in (">This configuration<", "Deflated Sharpe", "Track record", "ROI in sample", "Fair closing odds"):
        assert words in text, words
    assert 'data-figure="drawdowns"' in text and 'data-figure="calibration"' in text
    assert "Profit:" not in text and 0.0 <= alone <= 1.0


def test_runs_of_earlier_versions_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    run = research.sweep([*WORDS, "strategy.edge_min=0.013,0.037"])
    manifest = json.loads((run.folder / "manifest.json").read_text())
    for tape in manifest["tapes"]:
        del tape["made_of"], tape["fit_at"]
    del manifest["event_sets"]
    for name in ("luck.json", "flags.parquet", "path_bets.parquet", "path_daily.parquet", "splits.parquet"):
        (run.folder / name).unlink()
    (run.folder / "manifest.json").write_text(json.dumps(manifest))
    old = Run.open(run.id)
    assert old.findings is None and old.verdict() is None and old.flags() == {}
    assert main(["show", run.short]) == 0 and main(["report", run.short]) == 0
    assert "not corrected for the search" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("flags.parquet", "a table of the run cannot be read"),
        ("path_bets.parquet", "a table of the run cannot be read"),
        ("splits.parquet", "a table of the run cannot be read"),
        ("luck.json", "the findings of the run cannot be read"),
        ("acknowledged.json", "the acknowledged flags cannot be read"),
    ],
)
def test_damaged_files_give_a_one_line_error(file: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = research.sweep([*WORDS, "strategy.edge_min=0.011,0.039", "force=true"])
    path = run.folder / file
    path.write_bytes(path.read_bytes()[:40] if path.is_file() else b"[")
    try:
        assert main(["report", run.short]) == 1
        printed = capsys.readouterr().err
        assert words in printed and printed.count("\n") == 1 and "unexpected" not in printed
    finally:
        path.unlink()


def test_a_leak_depends_on_strategy_and_data_only() -> None:
    from research.tapes.builder import Tapes

    def made_of(*words: str) -> str:
        return Tapes().made_of(spec_of(*words))

    assert made_of() == made_of("clv.method=multiplicative") == made_of("staking=kelly_market")
    assert len({made_of(), made_of("strategy.method=power"), made_of("data.seasons=[2013-2014]")}) == 3
