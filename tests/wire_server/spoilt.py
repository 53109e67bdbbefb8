"""Answers that are spoilt: fields that are missing, of another kind or swapped, and bytes that are cut or changed."""

from __future__ import annotations

import copy
import json
import random
from typing import Any, Final

#: what a field may hold instead
_ODD: Final = (
    None, "", "x", "TIMEOUT", "SUCCESS", "FAILURE", -1, 0, 0.5, 1, 10**25, 1e300, -1e300, 1e-300, True, False, [], {},
    [None], [[]], {"status": "SUCCESS"}, "\u202e", "9" * 5_000, "2016-13-45T99:99:99Z",
)  # fmt: skip
_WHOLE: Final = (
    b"", b"null", b"[]", b"{}", b"0", b'""', b"<html><body>Please wait</body></html>", b"[" * 100_000, b"\xff\xfe",
    b"NaN", b'{"a":1e999}', b"true",
)  # fmt: skip


def spoilt(content: bytes, generator: random.Random) -> bytes:
    """An answer that is not as it was sent: mostly still JSON, with one to three fields that are not as documented."""
    kind = generator.random()
    if kind < 0.05:
        return generator.choice(_WHOLE)
    if kind < 0.25:
        return _bytes(content, generator)
    value = json.loads(content)
    for _ in range(generator.randint(1, 3)):
        value = _field(value, generator)
    return json.dumps(value).encode()


def _bytes(content: bytes, generator: random.Random) -> bytes:
    """Bytes that are cut off, changed, doubled or taken out."""
    start = generator.randrange(len(content))
    end = min(len(content), start + generator.randint(1, 40))
    what = generator.randrange(4)
    if what == 0:
        return content[:start]
    if what == 1:
        return content[:start] + bytes(generator.randrange(256) for _ in range(end - start)) + content[end:]
    if what == 2:
        return content[:end] + content[start:]
    return content[:start] + content[end:]


def _field(value: Any, generator: random.Random) -> Any:
    """The value with one of its fields spoilt."""
    value = copy.deepcopy(value)
    places = list(_places(value))
    if not places:
        return generator.choice(_ODD)
    holder, name = generator.choice(places)
    what = generator.randrange(6)
    if what == 0:
        del holder[name]
    elif what == 1:
        other, other_name = generator.choice(places)
        holder[name] = copy.deepcopy(other[other_name])
    elif what == 2 and isinstance(holder, list):
        holder.insert(name, copy.deepcopy(holder[name]))
    elif what == 3 and isinstance(holder, dict):
        holder[f"{name}s"] = holder.pop(name)
    else:
        holder[name] = copy.deepcopy(generator.choice(_ODD))
    return value


def _places(value: Any) -> Any:
    """All fields, as their holder and their name or index."""
    names = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in list(names):
        yield value, name
        yield from _places(value[name])
