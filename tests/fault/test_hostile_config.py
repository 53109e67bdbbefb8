"""Hostile configurations: none of them can run code, import a module or read the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from research.commands.main import main
from research.config.compose import Composer
from research.sweeps.planner import plan_backtest, plan_sweep

pytestmark = pytest.mark.slow

_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)
)
#: content of an experiment file from somebody else
FILES = {
    "target": "# @package _global_\nstrategy:\n  _target_: os.system\n  _args_: ['touch {mark}']\n",
    "callbacks": (
        "# @package _global_\nhydra:\n  callbacks:\n    evil:\n      _target_: subprocess.check_output\n"
        "      args: [touch, '{mark}']\n"
    ),
    "logging": (
        "# @package _global_\nhydra:\n  job_logging:\n    version: 1\n    handlers:\n"
        "      evil: {{'()': os.system, command: 'touch {mark}'}}\n"
    ),
    "sweeper": "# @package _global_\nhydra:\n  sweeper:\n    _target_: hydra_plugins.evil.Sweeper\n",
    "launcher": "# @package _global_\nhydra:\n  launcher:\n    _target_: os.system\n",
    "searchpath": "# @package _global_\nhydra:\n  searchpath: ['pkg://evil']\n",
    "folder": "# @package _global_\nhydra:\n  run:\n    dir: '{mark}'\n  output_subdir: x\n  job:\n    chdir: true\n",
    "environment": "# @package _global_\nclv:\n  bookmaker: ${{oc.env:HOME}}\n",
    "decode": "# @package _global_\nseed: ${{oc.decode:'1'}}\n",
    "nested": "# @package _global_\nclv:\n  bookmaker: ${{${{clv.method}}:HOME}}\n",
    "defaults": "# @package _global_\ndefaults:\n  - override /strategy: ${{oc.env:HOME}}\n",
    "outside": "# @package _global_\ndefaults:\n  - override /strategy: ../../../../etc/passwd\n",
    "object": "# @package _global_\nseed: !!python/object/apply:os.system ['touch {mark}']\n",
    "bomb": _BOMB.replace("{", "{{").replace("}", "}}"),
    "depth": "# @package _global_\nsweep:\n  params: " + "[" * 3000 + "]" * 3000 + "\n",
    "binary": "\x00\x01\x02",
    "where": "# @package _global_\nsweep:\n  where: \"__import__('os').system('touch {mark}')\"\n",
    "params": "# @package _global_\nsweep:\n  params:\n    hydra.run.dir: '{mark},x'\n",
}
WORDS = (
    "+strategy._target_=os.system",
    "strategy={_target_:os.system}",
    "+hydra.callbacks.x._target_=os.system",
    "hydra/callbacks=evil",
    "hydra.sweeper._target_=evil.Sweeper",
    "hydra/launcher=joblib",
    "hydra.searchpath=[pkg://evil]",
    "hydra.run.dir=/tmp/evil",
    "hydra={run:{dir:x}}",
    "hydra/job_logging=default",
    "clv.bookmaker=${oc.env:HOME}",
    "clv.bookmaker='${oc.decode:x}'",
    "clv.bookmaker=${hydra:runtime.cwd}",
    "strategy=../../etc/passwd",
    "strategy=/etc/passwd",
    "strategy@hydra=value",
    "sweep.params={hydra.run.dir:x}",
)


@pytest.mark.parametrize(
    ("kind", "name"),
    # a backtest ignores the sweep group
    [(k, n) for k in ("backtest", "sweep") for n in FILES if k == "sweep" or n not in ("where", "params")],
)
def test_a_hostile_file_is_refused(name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    mark = tmp_path / "was_here"
    (tmp_path / "evil.py").write_text(f"open({str(mark)!r}, 'w')\n")
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "evil.yaml").write_text(FILES[name].format(mark=mark))
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(ConfigurationError) as caught:
        _plan(kind, ["experiment=evil", "data=sample"], tmp_path / "conf")
    assert "\n" not in caught.value.line()
    assert str(Path.home()) not in caught.value.line().replace(str(tmp_path), "")
    assert not mark.exists()
    assert not list(empty.iterdir())


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("kind", ["backtest", "sweep"])
def test_a_hostile_override_is_refused(word: str, kind: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([kind, "data=sample", word]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_options_that_lead_to_other_folders_are_refused(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--config-path", str(tmp_path)], ["--config-name", "evil"], ["--experimental-rerun", "x.pickle"]):
        assert main(["backtest", *words]) == 2
        assert "is not supported" in capsys.readouterr().err
    assert main(["backtest", "--config-dir", str(tmp_path / "absent")]) == 2


def test_a_primary_configuration_cannot_add_search_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from engine.paths import conf_dir

    shutil.copytree(conf_dir(), tmp_path / "conf")
    primary = tmp_path / "conf" / "backtest.yaml"
    primary.write_text(primary.read_text().replace("hydra:\n", "hydra:\n  searchpath: ['pkg://evil']\n"))
    monkeypatch.setattr("research.config.compose.conf_dir", lambda: tmp_path / "conf")
    with pytest.raises(ConfigurationError, match="searchpath is never honoured"):
        Composer("backtest")
    primary.write_text("hydra: [")
    with pytest.raises(ConfigurationError, match="not readable as YAML"):
        Composer("backtest")
    primary.write_text("x: " + "y" * 2_000_000)
    with pytest.raises(ConfigurationError, match="file too large"):
        Composer("backtest")


def _plan(kind: str, words: list[str], folder: Path) -> object:
    composer = Composer(kind, folder)
    return plan_backtest(composer, words) if kind == "backtest" else plan_sweep(composer, words)
