"""The command `bea`: help, exit statuses, one-line errors, JSON output, Tab completion."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from engine.errors import StoreError
from research.commands.main import explain, main
from research.commands.registry import COMMANDS, help_text

BEA = Path(sys.executable).parent / "bea"
HEAVY = ("polars", "numba", "numpy", "hydra", "jinja2", "sklearn", "vectorbt", "duckdb", "pyarrow", "pandas", "rich")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from research.commands.main import main; main(['--help'])\n"
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert done.stdout == help_text()


#: libraries of other commands, extras and notebooks
FOREIGN = (
    "pandas", "sklearn", "vectorbt", "sqlalchemy", "optuna", "lightgbm", "dask", "distributed", "fsspec", "duckdb",
    "matplotlib", "starlette", "httpx",
)  # fmt: skip


def test_a_sweep_with_its_page_imports_no_library_of_another_command(tmp_path: Path) -> None:
    words = ["sweep", "data=sample", "data.competitions=[SIM1]", "strategy.edge_min=0,0.03", "output=json"]
    code = (
        f"import sys; from research.commands.main import main; status = main({words})\n"
        f"print([m for m in {FOREIGN} if m in sys.modules], 'research.report.page' in sys.modules, file=sys.stderr)\n"
        "sys.exit(status)"
    )
    environment = {**os.environ, "BEA_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[] True"


def test_a_runner_has_one_thread_of_polars_unless_the_environment_says_otherwise() -> None:
    code = (
        "import sys; from research.commands.main import main; main(['paper', '--help'])\n"
        "import polars; print(polars.thread_pool_size(), file=sys.stderr)"
    )
    other = {name: value for name, value in os.environ.items() if name != "POLARS_MAX_THREADS"}
    for environment, threads in ((other, "1"), (other | {"POLARS_MAX_THREADS": "3"}, "3")):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert done.stderr.strip() == threads


def test_every_command_is_in_the_help_text_and_can_be_imported(capsys: pytest.CaptureFixture[str]) -> None:
    lines = help_text().splitlines()
    assert max(map(len, lines)) <= 120
    for command in COMMANDS.values():
        assert any(line.split()[:2] == ["bea", command.name] for line in lines)
        module, _, function = command.main.partition(":")
        assert callable(getattr(import_module(module), function))
        if command.name not in ("backtest", "sweep"):  # Hydra prints their help: below
            assert main([command.name, "--help"]) == 0
            assert capsys.readouterr().out.startswith(f"usage: bea {command.name} ")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["backtst"], 2, "did you mean backtest?"),
        (["show"], 2, "RUN"),
        (["show", "abc"], 2, "no run abc"),
        (["show", "../x"], 2, "not a run"),
        (["runs", "rm"], 2, "nothing to remove"),
        (["runs", "--cache"], 2, "runs rm --cache"),
        (["compare", "a"], 2, "two runs"),
        (["backtest", "strategy.edge_mn=1"], 2, "did you mean strategy.edge_min?"),
        (["backtest", "cluster=local"], 2, "bea backtest has no group cluster"),
        (["backtest", "strategy=valu"], 2, "did you mean value?"),
        (["backtest", "staking=flat,kelly"], 2, "bea sweep"),
        (["backtest", "staking.fraction=0.1"], 2, "kelly or kelly_column"),
        (["backtest", "strategy.edge_min=range(0,1"], 2, "at character 28"),
        (["backtest", "strategy.edge_min<1"], 2, "found '<'"),
        (["backtest", "-m"], 2, "bea sweep"),
        (["backtest", "--config-name", "x"], 2, "is not supported"),
        (["backtest", "--cfg", "all", "staking=x"], 2, "unknown option x"),
        (["backtest", "~staking"], 2, "no value for staking.name"),
        (["backtest", "data.first_date=yesterday"], 2, "a date such as"),
        (["backtest", "strategy.edge_min=0.5", "strategy.edge_max=0.1", "data=sample"], 2, "contradictory limits"),
        (["backtest", "output=yaml"], 2, "table, json"),
        (["backtest"], 1, "try data=sample"),
        (["sweep", "strategy.edge_min=interval(0,1)"], 2, "an interval has no values"),
        pytest.param(
            ["sweep", "strategy.edge_min=range(0,1.000001,0.000001)"], 2, "sweep.max=1000001", marks=pytest.mark.slow
        ),
        (["sweep", "sweep.where=strategy.edge_min>1"], 2, "no configuration is left"),
        (["-sc", "install=tcsh"], 2, "no completion for tcsh"),
        ([], 2, ""),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_status(
    words: list[str], status: int, message: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == status
    out, err = capsys.readouterr()
    if words:
        assert out == ""
        assert err.startswith("error: ")
        assert err.count("\n") == 1
    assert message in err


def test_errors_of_the_system_are_explained_in_one_line() -> None:
    assert explain(MemoryError())[0].startswith("not enough memory")
    assert explain(OSError(errno.ENOSPC, "No space left on device", "/x"))[0].startswith("the disk is full in /x")
    assert explain(PermissionError(errno.EACCES, "Permission denied", "/x"))[0].startswith(
        "no right to read or write in /x"
    )
    assert explain(StoreError("damaged", where="s"))[0] == "damaged in s"
    line, status = explain(ValueError("a\nb"))
    assert (line, status) == ("unexpected ValueError: a b; BEA_DEBUG=1 shows where", 1)


def test_bea_debug_raises_the_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_DEBUG", "1")
    with pytest.raises(StoreError):
        main(["backtest"])


def test_an_interrupt_prints_how_to_resume(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("research.commands.hydra.sweep", interrupted)
    assert main(["sweep"]) == 130
    assert capsys.readouterr().err == "interrupted; resume with the same command\n"
    monkeypatch.setattr("research.commands.runs.runs", interrupted)
    assert main(["runs"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.slow
def test_a_closed_pipe_is_no_error(home: Path) -> None:
    done = subprocess.run(
        f"{BEA} backtest --cfg job | head -1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == "data:\n"


@pytest.mark.slow
def test_json_output_is_one_document(home: Path) -> None:
    command = [str(BEA), "backtest", "data=sample", "output=json", "report=false"]
    done = subprocess.run(command, capture_output=True, text=True, env=None, timeout=120)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert set(document) >= {"run", "config", "data_hash", "metrics"}
    assert document["metrics"]["n_bets"] == document["metrics"]["reasons"]["placed"] > 0


def test_options_of_hydra_work(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--cfg", "job", "--package", "staking", "staking=kelly"]) == 0
    assert capsys.readouterr().out.startswith("# @package staking\nname: kelly\nfraction: 0.25\n")
    assert main(["sweep", "--cfg", "job", "strategy.edge_min=range(0,1,0.5)"]) == 0
    assert "strategy.edge_min: range(0,1,0.5)" in capsys.readouterr().out
    assert main(["backtest", "--help"]) == 0
    assert "staking=flat\n    one of flat, kelly," in capsys.readouterr().out
    assert main(["sweep", "--info", "defaults"]) == 0
    assert "staking" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert main(["--help"]) == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("bea swe", {"sweep"}),
        ("bea ", set(COMMANDS)),
        ("bea backtest stak", {"staking=", "staking."}),
        (
            "bea sweep staking=k",
            {
                "staking=kelly",
                "staking=kelly_column",
                "staking=kelly_market",
                "staking=kelly_shrunk",
                "staking=kelly_states",
            },
        ),
        ("bea backtest staking=kelly staking.fr", {"staking.fraction="}),
        (
            "bea sweep data=sample strategy.price=b",
            {"strategy.price=b365", "strategy.price=best", "strategy.price=bwin"},
        ),
        ("bea sweep data=sample strategy.fair=b365,pin", {"strategy.fair=b365,pinnacle"}),
        ("bea backtest data=sample strategy=consensus strategy.mean=m", {"strategy.mean=mean", "strategy.mean=max"}),
        ("bea backtest data=sample strategy.markets=[1x2,to", {"strategy.markets=[1x2,totals"}),
        (
            "bea backtest data=sample data.competitions=[SIM1,SIM2,",
            {f"data.competitions=[SIM1,SIM2,SIM{n}" for n in (1, 2, 3)},
        ),
        ("bea backtest data=sample clv.bookmaker=p", {"clv.bookmaker=pinnacle"}),
        ("bea backtest strategy.method=s", {"strategy.method=shin"}),
        ("bea backtest risk.one_per_market=", {"risk.one_per_market=true", "risk.one_per_market=false"}),
        ("bea backtest experiment=reference/kau", {"experiment=reference/kaunitz_0.05"}),
        ("bea backtest data=s", {"data=sample"}),
        ("bea data im", {"import"}),
        ("bea runs ", {"name", "tag", "note", "rm"}),
        ("bea show ", set()),
    ],
)
def test_completion(
    line: str, words: set[str], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMP_LINE", line)
    assert main(["-sc", "query=bash"]) == 0
    assert set(capsys.readouterr().out.split()) == words
    assert main(["backtest", "-sc", "install=bash"]) == 0
    assert "-sc query=bash" in capsys.readouterr().out
