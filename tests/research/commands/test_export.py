"""A configuration of a run comes back: from its command, from an experiment file, and with `from=`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st

import research
from engine.errors import DataError, UsageError
from research.api import Run
from research.commands.main import main
from research.config.compose import Composer, flatten, quoted, resolved
from research.config.keys import counts
from research.records.export import Exported, expanded, export, hydra_value

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12).filter(
        lambda text: "${" not in text
    )
)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("null", "true", "false", "nan", "inf")
)


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)))
@settings(max_examples=25, deadline=None)
def test_hydra_reads_a_value_back(value: Any) -> None:
    override = OverridesParser.create().parse_override(f"key={hydra_value(value)}")
    assert override.value() == value


def of(run: Run, config: int) -> dict[str, Any]:
    """What counts of a configuration, by the manifest: an account of its own, beside the one of the export."""
    flat = run.parameters(config)
    return {key: flat[key] for key in flat if counts(key) and not key.startswith(("sweep.", "validation."))}


def test_every_configuration_comes_back(swept: Run) -> None:
    composer = Composer("backtest")
    for config in (1, 32):
        found = export(swept, config, composer)
        flat = flatten(resolved(composer.compose(quoted(found.words))))
        assert {key: flat[key] for key in of(swept, config)} == of(swept, config)
        assert "sweep" not in " ".join(found.words) and "validation" not in " ".join(found.words)


def test_from_gives_the_bets_of_the_configuration(
    swept: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = swept.best()
    single = research.backtest(f"from={swept.short}#{best}", "report=false")
    assert single.bets().equals(swept.bets(best)) and single.metrics(1) == swept.metrics(best)
    assert single.manifest["command"][:2] == ["bea", "backtest"]
    assert not any("from=" in word for word in single.manifest["command"]), "its command needs no other run"

    assert main(["export", f"{swept.short}#{best}"]) == 0
    words = shlex.split(capsys.readouterr().out)
    assert words[:2] == ["bea", "backtest"] and research.backtest(words[2:], "report=false").id == single.id
    assert main(["export", f"{swept.short}#{best}", "--yaml"]) == 0
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "kept.yaml").write_text(capsys.readouterr().out)
    kept = research.backtest("experiment=kept", "report=false", config_dir=tmp_path)
    assert kept.id == single.id
    assert main(["export", single.short, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["overrides"] == words[2:]


def test_words_beside_it_change_the_configuration(swept: Run) -> None:
    composer, kelly = (
        Composer("backtest"),
        next(config for config in range(1, 33) if swept.parameters(config)["staking.name"] == "kelly"),
    )
    words = expanded(composer, ["seed=3", f"from={swept.short}#{kelly}", "strategy.edge_min=0.5", "staking=flat"])
    flat = flatten(resolved(composer.compose(quoted(words))))
    assert (flat["strategy.edge_min"], flat["staking.name"], flat["seed"]) == (0.5, "flat", 3)
    assert flat["strategy.method"] == swept.parameters(kelly)["strategy.method"]
    assert [word for word in words if word.startswith("staking")] == ["staking=flat"]
    assert expanded(composer, ["seed=3"]) == ["seed=3"]


def test_what_cannot_be_meant_is_refused(swept: Run) -> None:
    composer, origin = Composer("backtest"), f"from={swept.short}#1"
    for words in ([origin, origin], [origin, "experiment=sample"]):
        with pytest.raises(UsageError, match="from= stands alone"):
            expanded(composer, words)
    with pytest.raises(UsageError, match="has 32 configurations: expected RUN#CONFIG"):
        expanded(composer, [f"from={swept.short}"])
    with pytest.raises(UsageError, match="1 to 32"):
        expanded(composer, [f"from={swept.short}#33"])


def test_a_configuration_that_would_come_back_as_another_is_refused(
    swept: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Exported, "words", property(lambda self: ["data=sample"]))
    with pytest.raises(DataError, match=r"cannot be written as overrides in data\.competitions"):
        export(swept, 1, Composer("backtest"))
