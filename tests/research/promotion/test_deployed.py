"""A promotion turned back into what trades."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import BeaError, PromotionError
from engine.promotion import load
from research.promotion import deployed, hashes
from research.promotion.deployed import deploy, spec_of, start
from research.promotion.hashes import code_hashes
from research.promotion.proof import replayed, stored_bets
from research.promotion.renew import renew
from research.records.run import RunRecord
from research.tapes.builder import Tapes
from tests.promoted import NOW_NS, WORDS, promoted

ROOT = Path(__file__).resolve().parents[3]


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


#: makes the example read its probability from a file beside it
READS = (
    ("import dataclass\n", "import dataclass\nfrom pathlib import Path\n"),
    (
        "    def requires(",
        "    def artifacts(self) -> dict[str, Path]:\n"
        "        return {'prior': Path(__file__).with_name('prior.txt')}\n\n"
        "    def requires(",
    ),
    ("pl.lit(self.prob)", "pl.lit(float(self.artifacts()['prior'].read_text()))"),
)


def test_a_missing_or_edited_strategy_of_the_user_or_a_file_that_it_reads_is_one_line(home: Path) -> None:
    path = home / "strategies" / "level_draws.py"
    path.parent.mkdir()
    text = (ROOT / "examples" / "strategies" / path.name).read_text()
    for old, new in READS:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)
    prior = path.with_name("prior.txt")
    prior.write_text("0.28")
    promotion = promoted("own", [*WORDS, "strategy=level_draws"])
    assert promotion.settings["strategy.file"] == str(path)
    assert start("own", NOW_NS).strategy.name == "level_draws"
    spec = start("own", NOW_NS).spec
    keys, made = [Tapes().key(spec)], [Tapes().made_of(spec)]
    assert renew("own", "ann", NOW_NS).hashes == {}
    path.write_text((ROOT / "examples" / "strategies" / path.name).read_text())  # the same bets, from no file
    with pytest.raises(PromotionError, match=r"prior is not what was promoted .*found nothing"):
        renew("own", "ann", NOW_NS)
    path.write_text(text)
    prior.write_text("0.29")
    keys.append(Tapes().key(spec))
    made.append(Tapes().made_of(spec))
    assert len(set(keys)) == len(set(made)) == 2  # no tape of the other probability is taken from the cache
    with pytest.raises(PromotionError, match=r"prior is not what was promoted .* put the artifact back; "):
        start("own", NOW_NS)
    with pytest.raises(PromotionError, match="prior is not what was promoted"):
        renew("own", "ann", NOW_NS)
    prior.unlink()
    with pytest.raises(
        BeaError, match=r"artifact prior of strategy level_draws is missing .*prior\.txt.* put the file back"
    ):
        start("own", NOW_NS)
    prior.write_text("0.28")
    path.write_text(text + "\n# another line\n")
    with pytest.raises(PromotionError, match=r"not what was promoted .*hash of (code|strategy): expected"):
        start("own", NOW_NS)
    path.unlink()
    with pytest.raises(BeaError, match="level_draws"):
        start("own", NOW_NS)
    path.write_text(text)
    assert start("own", NOW_NS).promotion.digest == promotion.digest


def test_a_staking_rule_of_the_user_has_a_hash_of_its_own(promoted_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "root_kelly.py"
    shutil.copy(ROOT / "examples" / "staking_rules" / path.name, path)
    spec = spec_of(load("demo").settings)
    before = code_hashes(replace(spec, rule=str(path)))
    assert "rule" in before and "rule" not in code_hashes(spec)
    path.write_text(path.read_text().replace("0.5", "0.4"))
    after = code_hashes(replace(spec, rule=str(path)))
    assert {name for name in before if before[name] != after[name]} == {"rule"}
    path.unlink()
    with pytest.raises(BeaError, match="root_kelly"):
        code_hashes(replace(spec, rule=str(path)))
