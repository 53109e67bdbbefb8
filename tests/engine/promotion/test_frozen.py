"""Promotions on disk: signed, never overwritten, and refused in one line where something is not as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import PromotionError
from engine.promotion import (
    DEMOTED,
    RENEWED,
    Change,
    Promotion,
    add_change,
    check,
    check_feed,
    hashes_in_force,
    history,
    load,
    names,
    promotion_path,
    publish,
)
from engine.promotion.signing import canonical, canonical_digest, signature, signing_key

NOW = 1_735_689_600_000_000_000
DAY = 86_400_000_000_000
HASHES = {"data": "d", "bets": "b", "kernel": "k", "strategy": "s"}
GATE = {"name": "simulated", "expected": "recorded odds", "found": "simulator", "passed": False, "reason": "a demo"}


def sample(name: str = "demo") -> Promotion:
    """A promotion that is not written yet."""
    settings = {"bankroll_minor": 100_000, "data.decide_at": "quote"}
    return Promotion(
        name, "paper", "r" * 32, 3, settings, 0, "EUR", "UTC", (), HASHES, {}, {}, (GATE,), NOW, NOW + 90 * DAY
    )


@pytest.fixture()
def promotion(home: Path) -> Promotion:
    """A promotion in a home of its own."""
    return publish(sample())


def test_what_is_written_is_read(promotion: Promotion) -> None:
    assert replace(promotion, digest="") == sample()
    assert promotion.acknowledged == {"simulated": "a demo"}
    document = json.loads(promotion_path("demo").read_text())
    del document["hmac"], document["digest"]
    assert promotion.digest == canonical_digest(document)
    assert names() == ["demo"]


def test_a_name_is_used_once_and_holds_no_path(promotion: Promotion) -> None:
    before = promotion_path("demo").read_bytes()
    with pytest.raises(PromotionError, match=r"there is a promotion demo already"):
        publish(replace(sample(), currency="USD"))
    assert promotion_path("demo").read_bytes() == before
    for name in ("../demo", "", "Demo", "a" * 41, ".demo", "demo.json", "demo-"):
        with pytest.raises(PromotionError, match=r"not a name"):
            promotion_path(name)
    with pytest.raises(PromotionError, match=r"no promotion other .* expected demo"):
        load("other")


def test_a_home_without_a_promotion_is_told_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    with pytest.raises(PromotionError) as caught:
        load("other")
    assert str(caught.value) == f"no promotion other in {tmp_path / 'promotions'}; make one with `bea promote`"


def test_every_changed_byte_is_found(promotion: Promotion) -> None:
    path = promotion_path("demo")
    original = path.read_bytes()
    for place in range(len(original)):
        path.write_bytes(original[:place] + bytes([original[place] ^ 1]) + original[place + 1 :])
        with pytest.raises(PromotionError, match=r"edited|newer version"):
            load("demo")
    for other in (original + b" ", original[:-1], original.replace(b":", b": ", 1), b"[]\n", b'{"a":1,"a":2}\n'):
        path.write_bytes(other)
        with pytest.raises(PromotionError, match=r"edited"):
            load("demo")
    path.write_bytes(original)
    assert load("demo") == promotion


def test_a_right_digest_without_the_key_is_no_signature(promotion: Promotion) -> None:
    path = promotion_path("demo")
    content = {**promotion.content(), "expires_ns": NOW + 900 * DAY}
    document = content | {"digest": canonical_digest(content)}
    path.write_text(canonical(document | {"hmac": signature(document, b"another key of 32 bytes ........")}) + "\n")
    with pytest.raises(PromotionError, match=r"expected a signature of this machine's key"):
        load("demo")


def test_a_file_under_another_name_and_a_newer_schema_are_refused(promotion: Promotion) -> None:
    promotion_path("copy").write_bytes(promotion_path("demo").read_bytes())
    with pytest.raises(PromotionError, match=r"expected the name copy, found the name demo"):
        load("copy")
    content = {**promotion.content(), "schema": 2}
    document = content | {"digest": canonical_digest(content)}
    text = canonical(document | {"hmac": signature(document, signing_key())}) + "\n"
    promotion_path("demo").write_text(text)
    with pytest.raises(PromotionError, match=r"newer version of bea .* found schema 2"):
        load("demo")


def test_time_and_hashes_are_checked(promotion: Promotion) -> None:
    check(promotion, NOW, HASHES)
    check(promotion, NOW + 90 * DAY - 1, {"kernel": "k", "strategy": "s"})
    with pytest.raises(PromotionError, match=r"has expired: expected a time before 2025-04-01 00:00:00Z"):
        check(promotion, NOW + 90 * DAY, HASHES)
    with pytest.raises(PromotionError, match=r"is of the future"):
        check(promotion, NOW - 1, HASHES)
    with pytest.raises(PromotionError, match=r"code is not .* hash of kernel: expected k, found other; .*--renew"):
        check(promotion, NOW, HASHES | {"kernel": "other"})
    with pytest.raises(PromotionError, match=r"data is not what was promoted .* hash of data"):
        check(promotion, NOW, HASHES | {"data": "other"})
    with pytest.raises(PromotionError, match=r"hash of strategy: expected s, found nothing"):
        check(promotion, NOW, {"kernel": "k"})
    with pytest.raises(PromotionError, match=r"hash of rule: expected nothing, found new"):
        check(promotion, NOW, HASHES | {"rule": "new"})


def test_a_renewal_signs_new_hashes_and_leaves_the_digest(promotion: Promotion) -> None:
    add_change(promotion, Change(RENEWED, NOW + 1, "ann", "1,179 bets are the same", {"kernel": "new"}))
    assert hashes_in_force(promotion) == HASHES | {"kernel": "new"}
    check(load("demo"), NOW, HASHES | {"kernel": "new"})
    assert load("demo").digest == promotion.digest
    with pytest.raises(PromotionError, match=r"expected new, found k"):
        check(promotion, NOW, HASHES)


def test_a_demotion_is_final_and_stays(promotion: Promotion) -> None:
    add_change(promotion, Change(DEMOTED, NOW, "ann", "no edge left", {}))
    with pytest.raises(PromotionError, match=r"is demoted: found 2025-01-01 00:00:00Z, by ann: no edge left"):
        check(promotion, NOW, HASHES)
    with pytest.raises(PromotionError, match=r"is demoted"):
        add_change(promotion, Change(RENEWED, NOW, "ann", "", {}))
    assert [change.kind for change in history(promotion)] == [DEMOTED]
    assert names() == ["demo"]


def test_an_edited_history_and_that_of_another_promotion_are_refused(promotion: Promotion) -> None:
    add_change(promotion, Change(DEMOTED, NOW, "ann", "no edge left", {}))
    path = promotion_path("demo").with_name("demo.history.json")
    text = path.read_text()
    path.write_text(text.replace("no edge left", "no edge"))
    with pytest.raises(PromotionError, match=r"edited"):
        history(promotion)
    path.write_text(text)
    with pytest.raises(PromotionError, match=r"expected the history of ffff"):
        history(replace(promotion, digest="ffff"))


def test_bands_never_rest_on_days_after_the_promotion(home: Path) -> None:
    own = publish(replace(sample("own"), bands={"reference": {"until_ns": NOW}}))
    check(own, NOW, HASHES)
    later = publish(replace(sample("later"), bands={"reference": {"until_ns": NOW + 1}}))
    with pytest.raises(PromotionError, match="rest on days after it was made"):
        check(later, NOW, HASHES)


def test_assumed_times_are_for_replays_only(promotion: Promotion) -> None:
    gate = GATE | {"name": "decision_times"}
    assumed = replace(promotion, gates=(gate,))
    check_feed(assumed, is_live=False)
    check_feed(promotion, is_live=True)
    check_feed(replace(assumed, gates=(gate | {"passed": True},)), is_live=True)
    with pytest.raises(PromotionError, match="expected a replay, found a live feed"):
        check_feed(assumed, is_live=True)
