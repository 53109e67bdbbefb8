"""`bea promote`, `bea promotions` and `bea demote` as a user meets them."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.errors import PromotionError
from engine.live.ledger.entries import Entry, Kind
from engine.live.ledger.opening import open_ledger
from engine.promotion import history, load, promotion_path
from research.commands import promotions
from research.commands.main import main
from research.promotion import hashes, renew
from research.promotion.proof import bets_path, first_difference, stored_bets
from research.promotion.renew import renew as renewed
from research.promotion.settings import read_settings
from research.records.run import RunRecord
from research.trading.history import opened_entry
from tests.promoted import NOW_NS, own_copy


@pytest.fixture()
def own_home(shared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shared home that a test may change."""
    return own_copy(shared_home, tmp_path, monkeypatch)


def run_id() -> str:
    """The run that the shared promotion comes from."""
    return load("demo").run


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The JSON document that was printed."""
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def test_a_refusal_lists_every_gate_and_ends_with_one(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["promote", run_id()[:8], "--name", "new"]) == 1
    printed = capsys.readouterr()
    rows = [line.split("\t") for line in printed.out.splitlines()]
    assert len(rows) == 15 and {row[1] for row in rows} == {"passed", "closed"}
    assert "gates are closed: found verdict, out_of_sample_bets" in printed.err
    assert main(["promote", run_id()[:8], "--name", "new", "--json"]) == 1
    assert document(capsys)["promoted"] is False
    assert not promotion_path("new").exists() and not bets_path("new").exists()


def test_acknowledged_gates_are_shown_wherever_the_promotion_is(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = load("demo").acknowledged
    words = [f'--acknowledge={first}="for the demo"', f"--acknowledge={','.join(others)}=for the demo"]
    assert main(["promote", "last", "--name", "new", "--currency", "gbp", *words]) == 0
    assert "acknowledged simulated: for the demo" in capsys.readouterr().out
    assert (load("new").currency, load("new").run) == ("GBP", load("demo").run)
    assert load("new").acknowledged == dict.fromkeys([first, *others], "for the demo")
    assert main(["promotions"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[:3] for line in lines] == [["demo", "paper", "active"], ["new", "paper", "active"]]
    assert all("simulated" in line for line in lines)
    assert main(["promotions", "new"]) == 0
    shown = capsys.readouterr().out
    assert "acknowledged verdict: for the demo" in shown and "state active, 90 days" in shown
    assert "fill_rate" in shown
    assert main(["promotions", "new", "--json"]) == 0
    assert document(capsys)["acknowledged"]["simulated"] == "for the demo"
    assert main(["promote", run_id(), "--name", "new", *words]) == 1
    assert "there is a promotion new already" in capsys.readouterr().err
    assert stored_bets(load("new")).height == stored_bets(load("demo")).height


def test_a_band_of_fills_ends_at_one_where_it_is_shown() -> None:
    ends = {"lower": [0.9] * 30, "upper": [1.04] * 30}
    reference = {"basis": "folds", "fill_rate": 0.97, "bets_a_day": 0.97}
    bands = {"days": 30, "reference": reference, "measures": {"fill_rate": ends, "bets_a_day": ends}}
    shown = promotions._bands(bands)
    assert [row[2:] for row in shown] == [["0.9 to 1"] * 3, ["0.9 to 1.04"] * 3]


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--name", "x"], 2, "no run"),
        (["000000000000", "--name", "x"], 2, "no run 000000000000"),
        (["RUN", "--name", "X"], 1, "not a name"),
        (["RUN#2", "--name", "x"], 2, "has no configuration 2"),
        (["RUN#one", "--name", "x"], 2, "not a configuration"),
        (["RUN", "--name", "x", "--currency", "EURO"], 2, "not a currency"),
        (["RUN", "--name", "x", "--acknowledge", "verdict"], 2, 'expected GATE="reason"'),
        (["RUN", "--name", "x", "--acknowledge", "verdit=why"], 2, "did you mean verdict?"),
        (["RUN", "--name", "x", "--to", "money"], 2, "invalid choice"),
        (["RUN", "--name", "x", "--renew"], 2, "--renew takes a name only"),
        (["--name", "x", "--renew"], 1, "no promotion x"),
    ],
)
def test_wrong_words_are_one_line(
    own_home: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, line: str
) -> None:
    assert main(["promote", *(word.replace("RUN", run_id()) for word in words)]) == status
    printed = capsys.readouterr()
    assert line in printed.err and printed.err.count("\n") == 1 and not printed.out


def test_a_clock_before_the_promotion_is_seen(
    own_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    created = load("demo").created_ns
    monkeypatch.setattr("time.time_ns", lambda: created - 1)
    assert main(["promotions", "demo", "--json"]) == 0
    assert document(capsys)["state"] == "of the future"
    monkeypatch.setattr("time.time_ns", lambda: created)
    assert main(["promotions", "demo", "--json"]) == 0
    assert document(capsys)["state"] == "active"


def test_a_demotion_is_shown_and_final(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demote", "demo", "--reason", " "]) == 2
    assert main(["demote", "demo", "--reason", "no edge left", "--json"]) == 0
    assert document(capsys)["state"] == "demoted"
    assert main(["promotions"]) == 0
    assert capsys.readouterr().out.split("\t")[2] == "demoted"
    assert main(["demote", "demo", "--reason", "again"]) == 1
    assert "is demoted" in capsys.readouterr().err
    assert history(load("demo"))[0].reason == "no edge left"


def test_an_edited_promotion_is_listed_as_refused(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = promotion_path("demo")
    path.write_text(path.read_text().replace('"currency":"EUR"', '"currency":"USD"'))
    assert main(["promotions"]) == 1
    assert "refused" in capsys.readouterr().out
    assert main(["promotions", "--json"]) == 1
    assert document(capsys)["promotions"][0]["state"] == "refused"
    assert main(["promotions", "demo"]) == 1
    assert "was edited" in capsys.readouterr().err


def test_changed_code_is_signed_after_the_same_bets(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", "--renew", "--name", "demo"]) == 0
    assert "nothing to renew" in capsys.readouterr().out and history(load("demo")) == ()
    monkeypatch.setattr(hashes, "source_hash", lambda: "0" * 16)
    digest = load("demo").digest
    assert main(["promote", "--renew", "--name", "demo", "--json"]) == 0
    assert document(capsys)["hashes"] == {"kernel": "0" * 16}
    assert load("demo").digest == digest
    assert main(["promote", "--renew", "--name", "demo"]) == 0
    assert "nothing to renew" in capsys.readouterr().out


def test_other_bets_are_not_signed(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    promotion, bets = load("demo"), stored_bets(load("demo"))
    assert first_difference(bets, RunRecord.open(promotion.run).bets(1)) == ""
    original = renew.replayed

    def changed(*words: Any, **more: Any) -> Any:
        path = original(*words, **more)
        prob = path.bets["prob"].to_list()
        prob[4] = math.nextafter(prob[4], 1.0)
        other = path.bets.with_columns(prob=pl.Series(prob))
        assert not path.bets["prob"].equals(other["prob"])
        return type(path)(other, path.daily, path.reasons, path.row_reasons)

    monkeypatch.setattr(renew, "replayed", changed)
    with pytest.raises(
        PromotionError, match=rf"makes other bets than promotion demo: found bet 5 of {bets.height}, prob"
    ):
        renewed("demo", "ann", NOW_NS)
    monkeypatch.undo()
    assert first_difference(bets, bets.head(3)) == f"{bets.height} bets before, 3 now"


def test_bets_that_were_exchanged_are_found(own_home: Path) -> None:
    path = bets_path("demo")
    pl.read_parquet(path).with_columns(pl.col("stake_minor") + 1).write_parquet(path)
    with pytest.raises(PromotionError, match="the bets of the promotion are other ones"):
        stored_bets(load("demo"))
    path.write_bytes(b"x")
    with pytest.raises(PromotionError, match="cannot be read"):
        stored_bets(load("demo"))


def test_money_asks_for_time_on_paper_and_a_replay_gives_none(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = load("demo")
    with contextlib.closing(open_ledger("demo", opened_entry(demo))) as ledger:
        ledger.append([Entry(Kind.STARTED, f"started:{ledger.epoch}", 0, body={"feed": "replay", "is_live": False})])
    for words, days, drift in (
        (["--paper", "demo"], "0.00 days", "not measured"),
        ([], "not measured: name the promotion that was traded on paper with --paper", ""),
    ):
        assert main(["promote", demo.run, "--name", "money", "--to", "live", "--json", *words]) == 1
        gates = {gate["name"]: gate for gate in document(capsys)["gates"]}
        assert len(gates) == 20 and not any(
            gates[f"paper_{name}"]["passed"] for name in ("days", "bets", "gap", "drift")
        )
        assert gates["paper_days"]["found"] == days and gates["paper_drift"]["found"].startswith(drift)
    why = [f"--acknowledge={name}=why" for name in gates if name not in read_settings("live").never_acknowledged]
    assert main(["promote", demo.run, "--name", "money", "--to", "live", "--paper", "demo", *why]) == 1
    closed = capsys.readouterr().err
    assert (
        "6 of 20 gates are closed: found simulated, paper_days, paper_bets, paper_gap, paper_drift, adapter;" in closed
    )
    assert main(["promote", demo.run, "--name", "money", "--to", "live", "--paper", "none"]) == 1
    assert "no promotion none" in capsys.readouterr().err
