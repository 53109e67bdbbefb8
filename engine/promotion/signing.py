"""Canonical JSON, and signatures with a key that is kept outside of the project's folders.

The key is 32 random bytes in ``$XDG_CONFIG_HOME/bea/promotion.key`` (``~/.config/bea/promotion.key``); the environment
variable ``BEA_PROMOTION_KEY`` names another file. Only its owner may read it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from engine.errors import PromotionError
from engine.files import write_once
from engine.paths import home

_BYTES: Final = 32
_VARIABLE: Final = "BEA_PROMOTION_KEY"


def canonical(value: Any) -> str:
    """The one JSON form of a plain value: sorted keys, no spaces, ASCII; ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical_digest(value: Any) -> str:
    """BLAKE2b over the canonical JSON of a plain value, 32 hexadecimal digits."""
    return hashlib.blake2b(canonical(value).encode("ascii"), digest_size=16).hexdigest()


def key_path() -> Path:
    """File of the key.

    Raises
    ------
    PromotionError
        It lies in the folder of the user's data: beside what it signs it would protect nothing.
    """
    chosen = os.environ.get(_VARIABLE)
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "bea"
    path = (Path(chosen).expanduser() if chosen else folder / "promotion.key").absolute()
    if home() in path.resolve().parents:
        raise PromotionError(
            "the key lies beside what it signs",
            where=str(path),
            expected=f"a file outside of {home()}",
            todo=f"name another file in {_VARIABLE}",
        )
    return path


def signing_key(*, create: bool = False) -> bytes:
    """The key, 32 bytes.

    Parameters
    ----------
    create : bool
        Whether to create a missing one, readable by its owner alone. Two processes that do so get the same key.

    Raises
    ------
    PromotionError
        There is none, others may read it, or it is damaged.
    """
    path = key_path()
    if create and not path.exists():
        _create(path)
    try:
        with path.open("rb") as file:
            status, text = os.fstat(file.fileno()), file.read()
    except FileNotFoundError:
        raise PromotionError(
            "there is no key to check promotions with",
            where=str(path),
            todo=f"put back the key that signed them, or name its file in {_VARIABLE}",
        ) from None
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise PromotionError(
            "others may read the key", where=str(path), expected="0600", found=f"{mode:04o}", todo=f"chmod 600 {path}"
        )
    with suppress(ValueError):
        if len(key := bytes.fromhex(text.decode("ascii").strip())) == _BYTES:
            return key
    raise PromotionError(
        "the key is damaged",
        where=str(path),
        expected=f"{2 * _BYTES} hexadecimal digits",
        found=f"{len(text)} bytes",
        todo="put back the one that signed your promotions",
    )


def signature(value: Any, key: bytes) -> str:
    """HMAC-SHA256 over the canonical JSON of a plain value, 64 hexadecimal digits."""
    return hmac.new(key, canonical(value).encode("ascii"), hashlib.sha256).hexdigest()


def is_signed(value: Any, signed: object, key: bytes) -> bool:
    """Whether `signed` is the signature of a value; compared in constant time."""
    return isinstance(signed, str) and hmac.compare_digest(signature(value, key).encode(), signed.encode())


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_once(path, secrets.token_hex(_BYTES).encode("ascii") + b"\n", mode=0o600, exists_ok=True)
