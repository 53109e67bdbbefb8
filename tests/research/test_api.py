"""The names of `research`: what Tab shows, overrides in every form, comparisons."""

from __future__ import annotations

from pathlib import Path

import pytest

import engine
import research
from engine.errors import UsageError
from research.api import words_of

BASE = ("data=sample", "strategy.edge_min=0.05", "report=false")


def test_tab_shows_the_names_that_there_are() -> None:
    assert dir(research) == ["Comparison", "Run", "backtest", "compare", "open_run", "runs", "sweep"]
    assert all(getattr(research, name) is not None for name in dir(research))
    assert all(getattr(engine, name) is not None for name in dir(engine)) and "backtest" in dir(engine)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("a=b", "c=d"), ["a=b", "c=d"]),
        ((["a=b", "c=d"],), ["a=b", "c=d"]),
        ((("a=b",), "c=d"), ["a=b", "c=d"]),
        (("a=b c=d\n  e.f=g",), ["a=b", "c=d", "e.f=g"]),
        (("sweep.where=a.b<0.5 and c==1", "x=1"), ["sweep.where=a.b<0.5 and c==1", "x=1"]),
        (("x=range(0, 1, 0.1) execution.venues={b365: {limit_minor: 5}, max: {}} y=1",),
         ["x=range(0, 1, 0.1)", "execution.venues={b365: {limit_minor: 5}, max: {}}", "y=1"]),
        (("data=sample \"strategy.edge_min=range(0,1,0.5)\" 'a=b c=d'",),
         ["data=sample", "strategy.edge_min=range(0,1,0.5)", "a=b c=d"]),
        (("a=b +c=d ~e ++f=1",), ["a=b", "+c=d", "~e", "++f=1"]),
        (("strategy.file='my files/a b=c.py'",), ["strategy.file='my files/a b=c.py'"]),
        (("", []), []),
    ],
)  # fmt: skip
def test_overrides_may_be_several_texts_one_text_or_a_list(overrides: tuple[str, ...], words: list[str]) -> None:
    assert words_of(overrides) == words


@pytest.mark.slow
def test_every_form_is_the_same_run(home: Path) -> None:
    one = research.backtest(*BASE)
    assert research.backtest(list(BASE)).id == research.backtest(" ".join(BASE)).id == one.id
    swept = research.sweep("data=sample", "strategy.edge_min=0.05,0.1", "report=false")
    assert len(swept) == 2
    comparison = research.compare(one, swept)
    assert comparison.names == [one.short, swept.short] and repr(comparison).startswith("<Comparison of ")
    named = comparison.table().filter(part="metrics")["name"].to_list()
    assert named[0] == "configurations of the run" and "turnover" in named and "<table" in comparison._repr_html_()
    assert not [name for name in named if "minor" in name], "amounts are shown in money"
    other = research.compare(one.short, f"{swept.short}#2", (swept, 1))
    assert other.table().columns == ["part", "name", one.short, f"{swept.short}#2", f"{swept.short}#1"]
    assert other.table().filter(name="strategy.edge_min").row(0)[2:] == ("0.05", "0.1", "0.05")
    assert comparison.render().read_text(encoding="utf-8").startswith("<!doctype html>")
    assert len(set(research.compare(one, one).table().columns)) == 4
    with pytest.raises(UsageError, match="two runs"):
        research.compare(one)
    with pytest.raises(UsageError, match="has no configuration 9"):
        research.compare(one, f"{swept.short}#9")
