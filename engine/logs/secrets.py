"""Secrets taken out of text: those that are known by value, and whatever looks like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

#: what stands in place of a secret
HIDDEN: Final = "[secret]"
#: a value shorter than this is no secret by value: it would tear holes into every text
SHORTEST: Final = 6

_NAMES: Final = (
    r"pass(?:word|wd|phrase)?|pwd|secret|client[_-]?secret|token|access[_-]?token|refresh[_-]?token|api[_-]?key|apikey"
    r"|app[_-]?key|authorization|proxy-authorization|x-authentication|x-application|x-api-key|session(?:[_-]?(?:id|token))?"
    r"|set-cookie|cookie|ssoid|signature|hmac|private[_-]?key|credentials?"
)
#: names of environment variables whose values are secrets
_VARIABLE: Final = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(_|$)", re.I)
_PATTERNS: Final = (
    # user:password@host of any address
    (
        re.compile(r"(?P<head>\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@:\"']{0,200}:[^\s/@\"']{0,400}@", re.I),
        rf"\g<head>{HIDDEN}@",
    ),
    # addresses of alert channels carry their secret in the path; that of a scheduler is a host and a port
    (
        re.compile(
            r"(?P<head>\b(?!https?:|file:|postgres(?:ql)?(?:\+\w+)?:|sqlite:|jsons?://(?:127\.|localhost)"
            r"|(?:tcp|tls)://[\w.:\[\]-]+(?:[\s\"'<>,;)]|$))[a-z][a-z0-9+]{2,20}://)"
            r"[^\s\"'<>\\]+",
            re.I,
        ),
        rf"\g<head>{HIDDEN}",
    ),
    (re.compile(r"(?P<head>/bot)\d{5,}:[\w-]{10,}"), rf"\g<head>{HIDDEN}"),
    (re.compile(r"(?P<head>hooks\.slack\.com/services/)[\w/-]+", re.I), rf"\g<head>{HIDDEN}"),
    (re.compile(r"(?P<head>\b(?:Bearer|Basic|Digest|Token)\s+)[\w.~+/=:-]{6,}", re.I), rf"\g<head>{HIDDEN}"),
    # "name": "a value with spaces"
    (
        re.compile(
            rf"(?P<head>(?:\b|_)(?:{_NAMES})\\?[\"']?\s*(?:=|:|=>)\s*b?(?P<sign>\\?[\"']))(?!\[secret\])"
            r"(?:(?!(?P=sign)).)+",
            re.I,
        ),
        rf"\g<head>{HIDDEN}",
    ),
    # name=value, name: value, ?name=value
    (
        re.compile(
            rf"(?P<head>(?:\b|_)(?:{_NAMES})\\?[\"']?\s*(?:=|:|=>)\s*(?:b?\\?[\"'])?)(?!\[secret\])"
            r"(?P<value>[^\s\"'&,;)}\]\\]{1,})",
            re.I,
        ),
        rf"\g<head>{HIDDEN}",
    ),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), HIDDEN),
)


class Secrets:
    """Values that no text may hold. Filled at the start; a value that is registered later counts from then on.

    Parameters
    ----------
    values : iterable of str
        Passwords, tokens, keys. Those of fewer than `SHORTEST` characters are left out.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.register(*values)

    def register(self, *values: str) -> None:
        """Take in secrets, in each form in which they can come to stand in a text."""
        for value in values:
            if len(value) >= SHORTEST:
                self._values |= _forms(value)
        if self._values:
            longest_first = sorted(self._values, key=lambda value: (-len(value), value))
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def clean(self, text: str) -> str:
        """The text without secrets: registered values first, then passwords of addresses, tokens and named values.

        >>> Secrets(["hunter2!"]).clean("login with hunter2! at https://me:abc@host/x?token=123")
        'login with [secret] at https://[secret]@host/x?token=[secret]'
        """
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


def environment_secrets(environment: Mapping[str, str]) -> list[str]:
    """Values of the environment variables that hold secrets by their name, such as ``VENUE_API_KEY``."""
    return [value for name, value in environment.items() if value and _VARIABLE.search(name)]


def address_secrets(address: str) -> list[str]:
    """What must be hidden of an address: its password, and for an alert channel every part of its path.

    >>> address_secrets("postgresql://me:pass-word@host/base")
    ['pass-word']
    >>> address_secrets("tgram://123456:ABCDEFG/987654321")
    ['123456:ABCDEFG', '987654321']
    """
    scheme, sign, rest = address.partition("://")
    if not sign:
        return []
    user, at, _ = rest.partition("@")
    found = [user.partition(":")[2]] if at and ":" in user else []
    if scheme.split("+")[0] not in ("postgresql", "postgres", "sqlite", "http", "https"):
        found += [part for part in re.split(r"[/?&=@]", rest) if len(part) >= SHORTEST]
    return list(dict.fromkeys(part for part in found if part))


def _forms(value: str) -> set[str]:
    raw = value.encode("utf-8", "surrogateescape")
    forms = {value, quote(value, safe=""), quote(value), quote_plus(value)}
    forms |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1], repr(raw)[2:-1]}
    forms |= {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), raw.hex()}
    return {form for form in forms if len(form) >= SHORTEST}
