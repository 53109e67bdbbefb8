"""The guides to own code: their commands run, and their examples do what they say."""

from __future__ import annotations

import re
import shlex
import shutil
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from engine import Configuration
from engine.custom_rule import load
from engine.kernel.codes import Staking
from engine.tape import from_frame
from engine.twin import Twin
from research.commands.main import main
from tests.conftest import ROOT

RULES = ROOT / "examples" / "staking_rules"
#: a guide, and a text that its last command prints
SAID = {
    "source": "One configuration: 11 bets",
    "strategy": "One configuration: 633 bets",
    "model": "strategy=model strategy.artifact=",
}


def session(page: str) -> list[tuple[list[str], list[str]]]:
    """The commands of a guide's session, each with the lines below it."""
    text = (ROOT / "docs" / f"guide-{page}.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```console\n(.*?)^```", text, re.S | re.M)
    found: list[tuple[list[str], list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((shlex.split(line[2:]), []))
        else:
            found[-1][1].append(line)
    return found


@pytest.mark.parametrize("page", SAID)
def test_the_commands_of_a_guide_run(
    page: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    (home / "examples").symlink_to(ROOT / "examples")
    output = ""
    for words, lines in session(page):
        if words[:2] == ["mkdir", "-p"]:
            Path(words[2]).mkdir()
        elif words[0] == "cp":
            shutil.copy(words[1], words[2])
        else:
            assert words[0] == "bea" and main(words[1:]) == 0
            output = capsys.readouterr().out
            assert [line for line in lines if line not in output] == []
    assert SAID[page] in output


def walked(name: str, results: list[str], odds: float, config: Configuration) -> list[float]:
    """Stakes of a rule on bets of one day and competition, an hour apart, each settled half an hour after it."""
    hours = range(10, 10 + len(results))
    frame = pl.DataFrame(
        {
            "event": [str(hour) for hour in hours],
            "decided_at": [datetime(2024, 3, 1, hour) for hour in hours],
            "settled_at": [datetime(2024, 3, 1, hour, 30) for hour in hours],
            "odds": [odds] * len(results),
            "prob": [0.75] * len(results),
            "result": results,
        }
    )
    twin = Twin(from_frame(frame), config, 0, load(RULES / f"{name}.py")).walk()
    return [twin.bets[row].stake if row in twin.bets else 0.0 for row in range(len(results))]


def config(fraction: float) -> Configuration:
    """Own staking on 10,000.00 without any limit of the configuration."""
    return Configuration(staking=Staking.OWN, bankroll_minor=1_000_000.0, fraction=fraction)


def test_the_staking_rule_gives_the_stakes_of_mental_arithmetic() -> None:
    # edge and Kelly .5, the square root of it .7071; after the loss half of .05 * .7071 * 964,645
    assert walked("root_kelly", ["lose", "win"], 2.0, config(0.05)) == [35_355.0, 17_052.0]


def test_each_limit_of_the_risk_rule_bites() -> None:
    # Kelly asks for 5 %: 3 % of the equity may be open in a competition, then what 6 % of 1,060,900 leave of the day
    assert walked("careful", ["win", "win", "win"], 2.0, config(0.1)) == [30_000.0, 30_900.0, 2_754.0]
    # a loss of 3 % ends the day
    assert walked("careful", ["lose", "win"], 2.0, config(0.1)) == [30_000.0, 0.0]
    # below all limits it is the fraction of Kelly
    assert walked("careful", ["win"], 2.0, config(0.02)) == [10_000.0]
