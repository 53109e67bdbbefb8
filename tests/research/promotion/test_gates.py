"""Gates: what was not measured fails, a failed gate opens by a reason alone, and some open by none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import research
from engine.errors import ConfigurationError, PromotionError, UsageError
from engine.files import write_json
from engine.promotion import load
from research.api import Run
from research.inference.sharpe import deflated_sharpe, min_track_record, moments
from research.promotion.freeze import Prepared, Wanted, prepare, promote
from research.promotion.gates import Gate, acknowledge, adapter_gate
from research.promotion.proof import stored_bets
from research.promotion.settings import GateSettings, PromotionSettings, read_settings
from research.records.leaks import path_of
from tests.promoted import NOW_NS

SWEEP = ("data=sample", "data.competitions=[SIM1]", "strategy.edge_min=0,0.03", "staking=flat,kelly", "report=false")
NAMES = (
    "verdict", "out_of_sample_bets", "out_of_sample_days", "dsr", "pbo", "spa", "track_record", "price", "clv",
    "drawdown", "flags", "leaks", "decision_times", "simulated", "cash_out",
)  # fmt: skip


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A sweep of four configurations in a home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(tmp_path_factory.mktemp("gates")))
        yield research.sweep(list(SWEEP))


def found(prepared: Prepared) -> dict[str, Gate]:
    """The gates by name."""
    return {gate.name: gate for gate in prepared.gates}


def wanted(reasons: dict[str, str] | None = None, mode: str = "paper") -> Wanted:
    """A promotion that is asked for."""
    return Wanted("other", read_settings(mode), "EUR", reasons or {})


def test_every_gate_says_what_it_expected_and_found(swept: Run) -> None:
    gates = found(prepare(swept, 1, wanted()))
    assert tuple(gates) == NAMES
    findings = swept.findings
    assert findings is not None
    verdict = swept.verdict()
    assert verdict is not None
    selected = findings.selected or swept.best()
    assert gates["verdict"].passed == (verdict.evidence and findings.selected == 1)
    other = next(number for number in range(1, 5) if number != selected)
    assert not found(prepare(swept, other, wanted()))["verdict"].passed
    returns = swept.daily(1)["return_frac"].to_numpy()
    sample = moments(returns)
    dsr = deflated_sharpe(sample, swept.trials().effective, 1.0 / (sample.n - 1))
    assert gates["dsr"].passed == (dsr >= 0.95) and gates["dsr"].found.startswith(f"{100 * dsr:.1f}%")
    assert gates["track_record"].passed == (min_track_record(sample) <= len(returns))
    assert gates["spa"].passed == (findings.evidence.p_all <= verdict.levels.main)
    assert gates["drawdown"].passed == (swept.metrics(1)["max_drawdown_frac"] <= 0.25)
    assert (gates["simulated"].passed, gates["simulated"].found) == (False, "simulator")
    assert gates["flags"].passed and gates["decision_times"].passed and gates["cash_out"].passed


def test_out_of_sample_are_the_folds_for_which_earlier_days_selected_it(swept: Run) -> None:
    findings = swept.findings
    assert findings is not None and findings.windows
    for config in range(1, 5):
        prepared = prepare(swept, config, wanted())
        windows = [(one.first, one.last) for one in findings.windows if one.config == config]
        dates = swept.bets(config)["decided_at"].dt.date().cast(pl.String)
        bets = sum(int(dates.is_between(first, last).sum()) for first, last in windows)
        assert prepared.candidate.reference.bets.height == bets
        assert len(prepared.candidate.reference.days) > 0
        assert found(prepared)["out_of_sample_bets"].passed == (bets >= 300)


def test_the_leak_finder_must_have_run_and_found_none(swept: Run) -> None:
    made_of = swept.manifest["tapes"][0]["made_of"]
    assert found(prepare(swept, 1, wanted()))["leaks"].found.startswith("not measured")
    path = path_of(made_of)
    path.parent.mkdir(parents=True, exist_ok=True)
    cases = (({"judged": True, "leaks": []}, True), ({"judged": False, "leaks": []}, False))
    for document, passed in (*cases, ({"judged": True, "leaks": ["one"]}, False)):
        write_json(path, document)
        assert found(prepare(swept, 1, wanted()))["leaks"].passed is passed
    path.unlink()


def test_a_closed_gate_keeps_the_promotion_out_and_nothing_is_written(swept: Run, tmp_path: Path) -> None:
    prepared = prepare(swept, 1, wanted())
    with pytest.raises(PromotionError, match=r"of 15 gates are closed: found .*simulated.*--acknowledge GATE="):
        promote(prepared, wanted(), NOW_NS)
    closed = {gate.name: "why" for gate in prepared.closed}
    for missing in closed:
        some = wanted({name: reason for name, reason in closed.items() if name != missing})
        with pytest.raises(PromotionError, match=rf"1 of 15 gates are closed: found {missing};"):
            promote(prepare(swept, 1, some), some, NOW_NS)
    whole = replace(wanted(closed), name="new")
    with pytest.raises(PromotionError, match="the backtest reaches into the future"):
        promote(prepare(swept, 1, whole), whole, NOW_NS - 365 * 86_400_000_000_000)
    promotion = promote(prepare(swept, 1, whole), whole, NOW_NS)
    assert promotion.acknowledged == closed
    assert promotion.verdict["money"]["trials_raw"] == swept.trials().raw == 4
    assert promotion.settings["strategy.edge_min"] == swept.parameters(1)["strategy.edge_min"]
    late = prepare(swept, 1, replace(whole, name="late"))
    late = replace(late, path=replace(late.path, bets=late.path.bets.head(1)))
    with pytest.raises(PromotionError, match="there is a promotion new already"):
        promote(late, whole, NOW_NS)
    assert stored_bets(load("new")).height == swept.bets(1).height  # not those of the one that came too late
    last = swept.bets(1)["settled_at"].cast(pl.Int64).max()
    assert promotion.bands["reference"]["until_ns"] >= last > 0  # type: ignore[operator]
    assert promotion.bands["reference"]["basis"].endswith(("selected the configuration", "none of them out of sample"))


def test_reasons_are_for_gates_that_there_are_and_some_open_by_none() -> None:
    gates = [Gate("verdict", "evidence", "none", False), Gate("simulated", "recorded", "simulator", False)]
    opened = acknowledge(gates, {"verdict": " why "}, ())
    assert [gate.is_open for gate in opened] == [True, False] and opened[0].reason == "why"
    with pytest.raises(UsageError, match=r"unknown gate verdit .* did you mean verdict\?"):
        acknowledge(gates, {"verdit": "why"}, ())
    with pytest.raises(UsageError, match="no reason in --acknowledge verdict"):
        acknowledge(gates, {"verdict": "  "}, ())
    with pytest.raises(PromotionError, match=r"no reason opens the gate simulated .* found simulator"):
        acknowledge(gates, {"simulated": "why"}, ("simulated",))
    passed = [replace(gates[0], passed=True)]
    assert acknowledge(passed, {"verdict": "why"}, ("verdict",))[0].reason == ""


def test_money_needs_more_than_paper(swept: Run) -> None:
    live = read_settings("live")
    assert set(live.never_acknowledged) >= {"simulated", "decision_times", "cash_out", "paper_days", "paper_drift"}
    with pytest.raises(PromotionError, match="no reason opens the gate simulated"):
        prepare(swept, 1, wanted({"simulated": "why"}, "live"))


VENUES = {"betfair": ("betfair_exchange", "betfair_ex_uk"), "pinnacle": ("pinnacle",)}


@pytest.mark.parametrize(
    ("bookmakers", "found", "passed"),
    [
        (["pinnacle"], "pinnacle", True), (["betfair_ex_uk", "betfair_exchange"], "betfair", True),
        (["pinnacle", "b365"], "b365: no adapter, pinnacle: pinnacle", False),
        (["max"], "max: an aggregate", False), (["pinnacle", "avg"], "avg: an aggregate, pinnacle: pinnacle", False),
        (["pinnacle", "betfair_exchange"], "betfair_exchange: betfair, pinnacle: pinnacle", False),
        ([], "no bookmaker", False),
    ],
)  # fmt: skip
def test_every_bookmaker_must_be_sold_at_one_venue_with_an_adapter(
    bookmakers: list[str], found: str, passed: bool
) -> None:
    gate = adapter_gate(bookmakers, VENUES)
    assert (gate.name, gate.found, gate.passed) == ("adapter", found, passed)


def test_the_gate_of_the_adapter_is_asked_for_money_and_opens_by_no_reason(swept: Run) -> None:
    gates = found(prepare(swept, 1, wanted(mode="live")))
    assert "no adapter" in gates["adapter"].found and not gates["adapter"].passed
    with pytest.raises(PromotionError, match="no reason opens the gate adapter"):
        prepare(swept, 1, wanted({"adapter": "why"}, "live"))


def test_bets_that_are_closed_early_are_not_traded(home: Path) -> None:
    words = ["data=sample", "data.competitions=[SIM1]", "execution.cash_out_before_start=1h", "report=false"]
    run = research.backtest(words)
    gate = found(prepare(run, 1, wanted()))["cash_out"]
    assert (gate.passed, gate.found) == (False, "execution.cash_out_before_start")
    with pytest.raises(PromotionError, match="no reason opens the gate cash_out"):
        prepare(run, 1, wanted({"cash_out": "why"}))
    run.manifest["data"]["known_at_basis"] = ["assumed"]
    assert not found(prepare(run, 1, wanted()))["decision_times"].passed
    backtest = found(prepare(run, 1, wanted()))
    assert all("not measured" in backtest[name].found for name in ("verdict", "pbo", "spa", "clv"))


def test_a_run_of_other_code_or_another_store_is_not_promoted(swept: Run) -> None:
    other = Run(swept.folder)
    other.manifest["tapes"][0]["rows_hash"] = "0" * 32
    with pytest.raises(PromotionError, match="does not hold the rows of the run any more"):
        prepare(other, 1, wanted())
    changed = Run(swept.folder)
    changed.bets = lambda config=None: Run.bets(swept, config).with_columns(pl.col("odds") + 1e-9)  # type: ignore[method-assign]
    stored = changed.chosen[0]
    with pytest.raises(PromotionError, match=r"does not make the bets of the run .* found bet 1 of \d+, odds: "):
        prepare(changed, stored, wanted())


def test_settings_are_checked_key_by_key(tmp_path: Path) -> None:
    text = "currency: EUR\nexpires_days: 30\ngates: {bets_min: 1, days_min: 1, dsr_min: 0.9, pbo_max: 1, clv_min: 0,"
    path = tmp_path / "paper.yaml"
    path.write_text(text + " drawdown_max_frac: 1}\n")
    settings = read_settings("paper", tmp_path)
    assert settings == PromotionSettings("paper", "EUR", 30, settings.bands, GateSettings(1, 1, 0.9, 1, 0, 1), ())
    assert settings.bands.days == 30 and math.isclose(settings.bands.false_alarm_frac, 0.05)
    for line, words in (
        (" drawdown_max: 1}", r"unknown key 'drawdown_max' in paper.yaml: gates: .* did you mean drawdown_max_frac"),
        ("}", "a key is missing in paper.yaml: gates"),
        (" drawdown_max_frac: true}", "wrong value in paper.yaml: gates.drawdown_max_frac"),
        (" drawdown_max_frac: some}", "expected a number, found 'some'"),
        (" drawdown_max_frac: -1}", "expected a number, found -1"),
    ):
        path.write_text(text + line + "\n")
        with pytest.raises(ConfigurationError, match=words):
            read_settings("paper", tmp_path)
