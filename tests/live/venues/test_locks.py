"""Locks on real money: each one alone keeps real orders from leaving, and the refusal lists everything that lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from engine.errors import ConfigurationError
from engine.live.account import VenueAccount
from engine.live.venues.locks import Locked, Permit, RealMoney, Wanted, read_real_money, unlock
from engine.logs.secrets import Secrets
from engine.promotion import Promotion

FILE: Final = {
    "real_money": True, "name": "betfair", "account": "jane-doe", "currency": "GBP", "day_loss_minor": 5_000,
    "order_most_minor": 1_000,
}  # fmt: skip
GATES: Final = (
    {"name": "adapter", "expected": "", "found": "betfair", "passed": True, "reason": ""},
    {"name": "pbo", "expected": "", "found": "0.3", "passed": False, "reason": "few trials"},
)
NAMES: Final = ("BEA_USER", "BEA_PASSWORD")
ENVIRONMENT: Final = {"BEA_USER": "jane-doe", "BEA_PASSWORD": "hunter2hunter2"}


def promotion(**values: Any) -> Promotion:
    fields: dict[str, Any] = {
        "name": "demo", "mode": "live", "run": "r", "configuration": 1, "settings": {}, "seed": 1, "currency": "GBP",
        "zone": "UTC", "fit_at": (), "hashes": {}, "verdict": {}, "bands": {}, "gates": GATES, "created_ns": 0,
        "expires_ns": 1,
    }  # fmt: skip
    return Promotion(**fields | values)


WANTED: Final = Wanted(promotion(), "betfair", "GBP", "BEA_USER", NAMES)


def written(folder: Path, mode: int = 0o600, **values: Any) -> Path:
    """The file of a user; a value of None leaves its key out."""
    venue = {name: value for name, value in (FILE | values).items() if value is not None}
    path = folder / "real_money.yaml"
    path.write_text(yaml.safe_dump({"venue": venue}))
    path.chmod(mode)
    return path


def asked(path: Path, wanted: Wanted = WANTED, says: str = "betfair jane-doe", **environment: str) -> Permit:
    """The permit, where a person types `says`."""

    def confirm(lines: Sequence[str], words: str) -> bool:
        shown.extend(lines)
        return says == words

    shown.clear()
    return unlock(wanted, {"BEA_REAL_MONEY": str(path)} | ENVIRONMENT | environment, Secrets(), confirm)


#: what the person of `asked` was shown
shown: list[str] = []


def test_with_everything_there_and_a_person_that_says_yes_it_is_open(tmp_path: Path) -> None:
    assert asked(written(tmp_path)) == Permit(RealMoney("betfair", "jane-doe", "GBP", 5_000, 1_000))
    assert shown == [
        "REAL MONEY: demo bets at betfair, account jane-doe",
        "at most 10.00 GBP an order, at most 50.00 GBP lost a day",
        "acknowledged gate pbo: few trials",
    ]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"promotion": promotion(mode="paper")}, "passed the gates of paper, not those of live"),
        ({"promotion": promotion(gates=GATES[1:])}, "the gate adapter was not asked, not betfair"),
        ({"promotion": promotion(gates=({**GATES[0], "found": "pinnacle"},))}, "found pinnacle, not betfair"),
        ({"promotion": promotion(gates=({**GATES[0], "passed": False, "reason": "why"},))}, "the gate adapter found"),
        ({"promotion": promotion(gates=(GATES[0], {**GATES[1], "reason": ""}))}, "the gate pbo is closed"),
        ({"currency": "EUR"}, "the account has EUR, the ledger GBP"),
        ({"venue": "pinnacle"}, "it allows betfair, not pinnacle"),
        ({"credentials": (*NAMES, "BEA_KEY")}, "BEA_KEY is neither in the environment nor in the keyring"),
    ],
)
def test_each_lock_alone_keeps_it_shut(broken: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(Locked, match=words):
        asked(written(tmp_path), replace(WANTED, **broken))
    assert not shown, "nobody is asked while something lacks"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"real_money": False}, "venue.real_money: true"), ({"real_money": "yes"}, "venue.real_money: true"),
        ({"real_money": None}, "venue.real_money: true"), ({"account": "joe"}, "account is not the one of BEA_USER"),
        ({"account": 7}, "account: expected a text"), ({"account": None}, "wrong keys"), ({"odds": 2}, "wrong keys"),
        ({"currency": "EUR"}, "its limits are in EUR, the ledger in GBP"), ({"name": "pinnacle"}, "allows pinnacle"),
        ({"day_loss_minor": 0}, "day_loss_minor"), ({"day_loss_minor": None}, "wrong keys"),
        ({"order_most_minor": 9.5}, "order_most_minor"), ({"order_most_minor": True}, "order_most_minor"),
        ({"mode": 0o640}, "expected mode 600 of user"), ({"mode": 0o604}, "expected mode 600 of user"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_right_keeps_it_shut(values: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(Locked, match=words):
        asked(written(tmp_path, **values))


def test_a_file_in_a_repository_keeps_it_shut(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "deep").mkdir()
    with pytest.raises(ConfigurationError, match="it lies in a repository"):
        read_real_money(written(tmp_path / "deep"))
    (outside := tmp_path.parent / f"{tmp_path.name}-link").symlink_to(tmp_path / "deep" / "real_money.yaml")
    with pytest.raises(ConfigurationError, match="it lies in a repository"):
        read_real_money(outside)


@pytest.mark.parametrize("text", ["", "venue", "venue: {", "- venue", "venue: [real_money]"])
def test_a_file_of_another_form_keeps_it_shut(text: str, tmp_path: Path) -> None:
    (path := tmp_path / "real_money.yaml").write_text(text)
    path.chmod(0o600)
    with pytest.raises(Locked, match=r"\(1\) file: "):
        asked(path)


def test_the_account_is_shown_as_the_venue_states_it_and_its_currency_counts(tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def start(currency: str) -> Permit:
        environment = {"BEA_REAL_MONEY": str(written(tmp_path))} | ENVIRONMENT
        account = VenueAccount("Jane Doe", currency, 123_456)
        return unlock(WANTED, environment, Secrets(), lambda lines, words: not asked.append([*lines]), lambda: account)

    start("GBP")
    assert asked[0][2] == "the venue says: Jane Doe, 1,234.56 GBP free"
    with pytest.raises(Locked, match="currency: the account has EUR, the ledger GBP"):
        start("EUR")
    assert len(asked) == 1


@pytest.mark.parametrize("says", ["", "yes", "betfair", "betfair jane", "Betfair jane-doe"])
def test_other_words_of_the_person_keep_it_shut(says: str, tmp_path: Path) -> None:
    with pytest.raises(Locked, match="confirmation: a person must type"):
        asked(written(tmp_path), says=says)
    assert shown


def test_one_refusal_lists_everything_that_lacks_and_no_secret(tmp_path: Path) -> None:
    wanted = replace(WANTED, promotion=promotion(mode="paper"), currency="EUR", credentials=(*NAMES, "BEA_KEY"))
    with pytest.raises(Locked) as raised:
        asked(tmp_path / "none.yaml", wanted)
    said = str(raised.value)
    lacks = ("promotion:", "file: no file", "login: BEA_KEY", "currency:")
    assert all(f"({number}) {lack}" in said for number, lack in enumerate(lacks, 1))
    assert len(said.splitlines()) == 1 and "hunter2" not in said and raised.value.exit_status == 1


def test_without_the_variable_it_is_the_file_in_the_folder_of_the_user(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(Locked, match=f"no file in {tmp_path}/.config/betting-expert-advisor/real_money.yaml"):
        unlock(WANTED, ENVIRONMENT, Secrets(), lambda lines, words: True)
