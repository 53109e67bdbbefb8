"""Canonical JSON and the key of promotions."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from engine.errors import PromotionError
from engine.promotion.signing import (
    canonical,
    canonical_digest,
    is_signed,
    key_path,
    signature,
    signing_key,
)


@pytest.fixture()
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key's file in a folder of its own; nothing is there yet."""
    monkeypatch.setenv("BEA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BEA_PROMOTION_KEY", str(tmp_path / "keys" / "promotion.key"))
    return tmp_path / "keys" / "promotion.key"


def test_equal_values_have_one_text() -> None:
    assert canonical({"b": [1, 2.5, None], "a": "é"}) == r'{"a":"\u00e9","b":[1,2.5,null]}'
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})
    with pytest.raises(ValueError, match=r"not JSON compliant"):
        canonical({"a": float("nan")})


def test_digest_and_signature_are_those_of_the_library() -> None:
    text = b'{"a":1}'
    assert canonical_digest({"a": 1}) == hashlib.blake2b(text, digest_size=16).hexdigest()
    key = b"k" * 32
    assert signature({"a": 1}, key) == hmac.new(key, text, hashlib.sha256).hexdigest()
    assert is_signed({"a": 1}, signature({"a": 1}, key), key)
    assert not is_signed({"a": 2}, signature({"a": 1}, key), key)
    assert not is_signed({"a": 1}, None, key)


def test_the_key_is_made_once_for_its_owner_alone(key_file: Path) -> None:
    with pytest.raises(PromotionError, match=r"there is no key"):
        signing_key()
    key = signing_key(create=True)
    assert len(key) == 32
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert signing_key(create=True) == signing_key() == key
    assert [path.name for path in key_file.parent.iterdir()] == ["promotion.key"]


def test_a_key_that_others_may_read_or_that_is_damaged_is_refused(key_file: Path) -> None:
    signing_key(create=True)
    key_file.chmod(0o640)
    with pytest.raises(PromotionError, match=r"others may read the key .* expected 0600, found 0640"):
        signing_key()
    key_file.chmod(0o600)
    key_file.write_bytes(key_file.read_bytes()[:-3])
    with pytest.raises(PromotionError, match=r"the key is damaged .* found 62 bytes"):
        signing_key()


def test_the_key_never_lies_beside_what_it_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    monkeypatch.setenv("BEA_PROMOTION_KEY", str(tmp_path / "promotions" / "key"))
    with pytest.raises(PromotionError, match=r"beside what it signs"):
        key_path()
    monkeypatch.delenv("BEA_PROMOTION_KEY")
    monkeypatch.setenv("BEA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert key_path() == tmp_path / "config" / "bea" / "promotion.key"
