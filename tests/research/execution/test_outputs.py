"""A flagged configuration is set aside: the others are judged, and it still counts as tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import research
from research.api import Run
from research.commands.main import main
from research.execution import outputs
from research.records.leaks import path_of
from research.verdict.findings import LUCK, WITH_FLAGGED

pytestmark = pytest.mark.slow

WORDS = [
    "data=sample", "data.competitions=[SIM1]", "strategy.edge_min=range(0,0.05,0.01)",
    "strategy.method=power,shin", "validation.bets_min=20", "force=true",
]  # fmt: skip


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def at_home(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(there))


@pytest.fixture(scope="module")
def plain(there: Path) -> dict[str, Any]:
    """Findings of the sweep in which nothing is flagged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(there))
        found = research.sweep([*WORDS, "report=false"]).findings
    assert found is not None and found.selected is not None and found.set_aside == ()
    return found.plain()


def flag(monkeypatch: pytest.MonkeyPatch, configs: list[int]) -> None:
    """Flag these configurations by their closing line value."""

    def flags(measures: Any, moments: Any) -> dict[str, Any]:
        return {"clv": np.isin(np.arange(1, len(measures.n_bets) + 1), configs)}

    monkeypatch.setattr(outputs, "implausible_flags", flags)


def test_the_others_are_judged(
    plain: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    best = plain["picked"]
    flag(monkeypatch, [best])
    run = research.sweep([*WORDS])
    found, verdict = run.findings, run.verdict()
    assert found is not None and verdict is not None
    assert found.set_aside == (best,) and run.set_aside() == {best: ("clv",)}
    assert found.selected not in (None, best) and best not in {window.config for window in found.windows}
    assert best not in {row + 1 for row in found.evidence.survivors}
    assert verdict.condition("d").holds and "1 flagged configuration is set aside" in verdict.condition("d").sentence
    before = plain["evidence"]
    assert found.evidence.configurations == before["configurations"] == 10
    assert found.evidence.effective == before["effective"] and run.trials().raw == 10, "it counts as tried"
    assert found.evidence.p_consistent >= before["p_consistent"]
    assert run.leaderboard()["config"][-1] == best

    assert main(["show", run.short]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    method = run.parameters(best)["strategy.method"]
    assert "Set aside: 1 configuration with a flag is neither selected nor judged" in printed
    assert f"#{best}, clv (" in printed and f"method {method}" in printed
    text = run.report_path.read_text(encoding="utf-8")
    assert "<b>Set aside.</b>" in text and f"#{best}, clv (" in text
    assert main(["show", run.short, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)["verdict"]
    assert document["set_aside"] == [{"config": best, "flags": ["clv"]}] and document["flags"] == ["clv"]
    chosen, betting = document["selected"], run.daily(found.selected).filter(run.daily(found.selected)["n_bets"] > 0)
    assert chosen["config"] == found.selected and document["bankrupt"] == []
    assert chosen["settings"]["strategy.edge_min"] == run.parameters(found.selected)["strategy.edge_min"]
    assert [chosen["first_bet"], chosen["last_bet"]] == [str(betting["date"][0]), str(betting["date"][-1])]

    stored = (run.folder / LUCK).read_bytes()
    again = research.sweep([*WORDS, "report=false"])
    assert (again.folder / LUCK).read_bytes() == stored, "the same sweep sets the same ones aside"


def test_an_acknowledged_flag_brings_it_back(plain: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    best = plain["picked"]
    flag(monkeypatch, [best])
    run = research.sweep([*WORDS, "report=false"])
    run.acknowledge(["clv"])
    found, verdict = run.findings, run.verdict()
    assert (
        found is not None
        and verdict is not None
        and json.loads(json.dumps(found.plain())) == json.loads(json.dumps(plain))
    )
    assert run.set_aside() == {} and verdict.condition("d").holds
    assert run.path_bets().height == found.out_of_sample.bets  # type: ignore[union-attr]
    assert run.splits().height == found.evidence.overfitting.splits  # type: ignore[union-attr]
    assert Run.open(run.id).render().is_file()


def test_nothing_is_left_to_judge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    flag(monkeypatch, list(range(1, 11)))
    run = research.sweep(WORDS)
    found, verdict = run.findings, run.verdict()
    assert found is not None and verdict is not None and not verdict.evidence
    assert found.selected is None and len(found.set_aside) == 10
    assert "Every configuration that bet carries a flag" in run.report_path.read_text(encoding="utf-8")
    assert main(["show", run.short]) == 0
    assert "and 7 more" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("flagged", "holds"), [(5, True), (6, False)])
def test_a_fault_that_most_share_is_no_exception(flagged: int, holds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    flag(monkeypatch, list(range(1, flagged + 1)))
    run = research.sweep([*WORDS, "report=false"])
    verdict, found = run.verdict(), run.findings
    assert verdict is not None and found is not None and found.evidence.betting == 10 - flagged
    assert verdict.condition("d").holds is holds


def test_hits_beyond_fair_odds_are_looked_for_until_none_is_found(
    plain: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # the first two configurations that are selected have too many hits, the next has not
    asked: list[int] = []
    real = outputs.flags_by_bets

    def flags(target: Path) -> Any:
        stored = outputs.pl.read_parquet(target / outputs.BETS, columns=["config"])["config"][0]
        asked.append(int(stored))
        hit = asked[:2] if len(asked) >= 2 else asked
        return (
            real(target)
            .clear()
            .vstack(outputs.pl.DataFrame({"config": hit, "flag": ["hit_rate"] * len(hit)}, schema=outputs.FLAG_SCHEMA))
        )

    monkeypatch.setattr(outputs, "flags_by_bets", flags)
    run = research.sweep([*WORDS, "report=false"])
    assert asked[0] == plain["picked"] and len(set(asked)) == 3
    assert set(run.set_aside()) == set(asked[:2]) and run.findings.selected == asked[2]  # type: ignore[union-attr]
    assert run.verdict().condition("d").holds  # type: ignore[union-attr]


def test_a_tape_with_a_recorded_leak_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    run = research.sweep([*WORDS, "report=false"])
    tape = run.manifest["tapes"][0]
    path = path_of(tape["made_of"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"leaks": [{"column": "prob"}]}))
    try:
        verdict = run.verdict()
        assert verdict is not None and not verdict.condition("d").holds, "found after the run: it was judged"
        again = research.sweep([*WORDS, "report=false"])
        assert list(again.set_aside()) == list(range(tape["first_config"], tape["last_config"] + 1))
        verdict = again.verdict()
        assert verdict is not None and verdict.condition("d").holds
    finally:
        path.unlink()
    assert (again.folder / WITH_FLAGGED).is_dir()


@pytest.mark.parametrize("validation", ["none", "purged_kfold", "cpcv"])
def test_every_validation_sets_aside(validation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [*WORDS, f"validation={validation}", "report=false"]
    first = research.sweep(words).findings
    assert first is not None and first.selected is not None
    flag(monkeypatch, [first.selected])
    run = research.sweep(words)
    found = run.findings
    assert found is not None and found.set_aside == (first.selected,) and found.selected != first.selected
    assert run.render().is_file()
