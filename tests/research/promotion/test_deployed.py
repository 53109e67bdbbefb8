"""A promotion turned back into what trades."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PromotionError
from engine.promotion import load
from research.promotion import deployed, hashes
from research.promotion.deployed import deploy, spec_of, start
from research.promotion.proof import replayed, stored_bets
from research.records.run import RunRecord
from tests.promoted import NOW_NS, promoted


def test_what_is_deployed_bets_what_the_run_bet(promoted_home: Path) -> None:
    one = start("demo", NOW_NS)
    run = RunRecord.open(one.promotion.run)
    assert one.strategy.name == "value"
    assert one.params.bankroll_minor == run.parameters(1)["bankroll_minor"]
    assert (one.seed, one.spec.zone, one.inputs.delay_ns) == (0, "UTC", 0)
    assert spec_of(one.settings) == one.spec
    path = replayed(one.spec, one.settings)
    assert path.bets.equals(run.bets(1).select(path.bets.columns))
    assert stored_bets(one.promotion).height == path.bets.height > 100


def test_code_and_data_that_moved_are_refused(promoted_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "data_hash", lambda spec: "0" * 32)
    with pytest.raises(PromotionError, match="data is not what was promoted"):
        start("demo", NOW_NS)
    assert start("demo", NOW_NS, with_store=False).promotion.name == "demo"
    monkeypatch.undo()
    monkeypatch.setenv("BEA_HOME", str(promoted_home))
    monkeypatch.setattr(hashes, "source_hash", lambda: "0" * 16)
    with pytest.raises(PromotionError, match=r"hash of kernel: .* --renew --name demo"):
        start("demo", NOW_NS)
    with pytest.raises(PromotionError, match="has expired"):
        start("demo", NOW_NS + 91 * 86_400_000_000_000)


def test_a_name_is_promoted_once(promoted_home: Path) -> None:
    with pytest.raises(PromotionError, match="there is a promotion demo already"):
        promoted("demo")
    assert deploy(load("demo")).promotion.digest == load("demo").digest
