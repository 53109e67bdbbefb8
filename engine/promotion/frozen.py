"""A promotion: one backtested configuration, frozen for trading with everything that it rests on.

``promotions/NAME.json`` is never changed: its digest is part of the key of every bet. What happens to a promotion later
(a renewal, a demotion) is a signed line in ``promotions/NAME.history.json``.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from engine.errors import PromotionError
from engine.files import exclusive, write_bytes, write_once
from engine.paths import home
from engine.promotion.signing import canonical, canonical_digest, is_signed, signature, signing_key

SCHEMA: Final = 1
MODES: Final = ("paper", "live")
RENEWED: Final = "renewed"
DEMOTED: Final = "demoted"
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?")  # every one is the name of a ledger, too
#: names of the hashes that only a change of data moves; a renewal does not sign them again
DATA_HASHES: Final = ("data", "bets")


@dataclass(frozen=True)
class Promotion:
    """The content of ``promotions/NAME.json``. All values are plain JSON.

    Attributes
    ----------
    name : str
    mode : str
        ``paper`` or ``live``: which gates it passed.
    run, configuration : str, int
        Where it comes from.
    settings : mapping
        Every key of the configuration by dotted name, as `research.config.keys.complete` gives them.
    seed : int
        Of random rejections.
    currency : str
    zone : str
        Time zone of the calendar days.
    fit_at : tuple of str
        ISO dates at which the backtest fitted the strategy's model; empty: it has none.
    hashes : mapping of str to str
        ``data`` (rows of the store), ``bets`` (what the backtest bet), ``kernel``, ``strategy`` and ``code`` (sources),
        ``rule`` (the user's staking rule), ``version.*`` (of this package and its libraries), ``artifact.*``.
    verdict : mapping
        Both verdicts with their evidence, and the trials behind them.
    bands : mapping
        What the future must stay in (`research.promotion.bands`): by measure, lower and upper bound by day.
    gates : tuple of mapping
        Each gate: name, expected, found, passed, and the reason with which a failed one was acknowledged.
    created_ns, expires_ns : int
        UTC nanoseconds.
    digest : str
        32 hexadecimal digits over the canonical JSON of all other fields.
    """

    name: str
    mode: str
    run: str
    configuration: int
    settings: Mapping[str, Any]
    seed: int
    currency: str
    zone: str
    fit_at: tuple[str, ...]
    hashes: Mapping[str, str]
    verdict: Mapping[str, Any]
    bands: Mapping[str, Any]
    gates: tuple[Mapping[str, Any], ...]
    created_ns: int
    expires_ns: int
    digest: str = ""

    def content(self) -> dict[str, Any]:
        """Everything that is signed but the digest, as plain JSON."""
        plain = {"schema": SCHEMA, **asdict(self)}
        del plain["digest"]
        return plain | {"fit_at": list(self.fit_at), "gates": [dict(gate) for gate in self.gates]}

    @property
    def acknowledged(self) -> dict[str, str]:
        """Gates that failed and were acknowledged: reason by name."""
        return {str(gate["name"]): str(gate["reason"]) for gate in self.gates if not gate["passed"]}


@dataclass(frozen=True)
class Change:
    """What happened to a promotion after it was made.

    Attributes
    ----------
    kind : str
        ``renewed`` or ``demoted``.
    at_ns : int
        UTC nanoseconds.
    person, reason : str
    hashes : mapping of str to str
        Of a renewal: the hashes that hold from now on.
    """

    kind: str
    at_ns: int
    person: str
    reason: str
    hashes: Mapping[str, str]


def promotions_folder() -> Path:
    """Folder of all promotions, ``BEA_HOME/promotions``."""
    return home() / "promotions"


def promotion_path(name: str) -> Path:
    """File of a promotion; raises PromotionError for a text that is no name."""
    if not _NAME.fullmatch(name):
        raise PromotionError(
            "not a name",
            expected="at most 40 lower-case letters, digits, - and _, a letter or digit at both ends",
            found=repr(name[:60]),
        )
    return promotions_folder() / f"{name}.json"


def names() -> list[str]:
    """Names of all promotions, sorted; demoted and expired ones too."""
    found = (path.name.removesuffix(".json") for path in promotions_folder().glob("*.json"))
    return sorted(name for name in found if _NAME.fullmatch(name))


def publish(promotion: Promotion) -> Promotion:
    """Write a promotion with its digest and signature; returns it with the digest.

    Raises
    ------
    PromotionError
        There is one of that name already: a name is used once.
    """
    path, key = promotion_path(promotion.name), signing_key(create=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = promotion.content()
    document = content | {"digest": canonical_digest(content)}
    try:
        write_once(path, _signed(document, key))
    except FileExistsError:
        raise _taken(promotion.name, path) from None
    return load(promotion.name)


def check_free(name: str) -> None:
    """Raise PromotionError where there is a promotion of this name, or for a text that is no name."""
    path = promotion_path(name)
    if path.exists():
        raise _taken(name, path)


def _taken(name: str, path: Path) -> PromotionError:
    return PromotionError(
        f"there is a promotion {name} already",
        where=str(path),
        todo="choose another name: a name is used once, also after a demotion",
    )


def _signed(document: dict[str, Any], key: bytes) -> bytes:
    """A document with its signature, as a file holds it (`_document`)."""
    return canonical(document | {"hmac": signature(document, key)}).encode("ascii") + b"\n"


def load(name: str) -> Promotion:
    """A promotion whose digest and signature are right.

    Raises
    ------
    PromotionError
        There is none, it was edited, it was signed with another key, or it is of a newer schema.
    """
    path = promotion_path(name)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        known = ", ".join(names()[:12])
        raise PromotionError(
            f"no promotion {name}", where=str(path.parent), expected=known, todo="make one with `bea promote`"
        ) from None
    document = _document(raw, path)
    if int(document.get("schema", 0)) > SCHEMA:
        raise PromotionError(
            "the promotion is of a newer version of bea",
            where=str(path),
            expected=f"schema {SCHEMA}",
            found=f"schema {document['schema']}",
            todo="upgrade bea",
        )
    signed = document.pop("hmac", None)
    found = canonical_digest({key: value for key, value in document.items() if key != "digest"})
    if found != document.get("digest"):
        raise _edited(path, f"the digest '{document.get('digest')}'", f"'{found}'")
    if not is_signed(document, signed, signing_key()):
        raise _edited(path, "a signature of this machine's key", "another one")
    if document["name"] != name:
        raise _edited(path, f"the name {name}", f"the name {document['name']}")
    values = {field.name: document[field.name] for field in fields(Promotion)}
    return Promotion(**values | {"gates": tuple(values["gates"]), "fit_at": tuple(values["fit_at"])})


def _document(raw: bytes, path: Path) -> dict[str, Any]:
    """A canonical JSON document; raises PromotionError where a byte is another."""
    try:
        document = json.loads(raw)
        canonical_text = canonical(document).encode("ascii") + b"\n"
    except ValueError:
        raise _edited(path, "canonical JSON", "no JSON") from None
    if canonical_text != raw or not isinstance(document, dict):
        raise _edited(path, "canonical JSON", "another form")
    return document


def _edited(path: Path, expected: str, found: str) -> PromotionError:
    return PromotionError(
        "the promotion was edited, or signed with another key",
        where=str(path),
        expected=expected,
        found=found,
        todo="put back the original, or promote again under another name",
    )


def history(promotion: Promotion) -> tuple[Change, ...]:
    """Renewals and demotion of a promotion, in order.

    Raises
    ------
    PromotionError
        The history was edited, or belongs to another promotion.
    """
    path = _history_path(promotion.name)
    if not path.is_file():
        return ()
    document = _document(path.read_bytes(), path)
    signed = document.pop("hmac", None)
    if not is_signed(document, signed, signing_key()):
        raise _edited(path, "a signature of this machine's key", "another one")
    if document["promotion"] != promotion.digest:
        raise _edited(path, f"the history of {promotion.digest}", f"that of {document['promotion']}")
    return tuple(Change(**change) for change in document["changes"])


def add_change(promotion: Promotion, change: Change) -> None:
    """Append a line to the history of a promotion.

    Raises
    ------
    PromotionError
        It is demoted, or another process is changing it.
    """
    path = _history_path(promotion.name)
    with changing(promotion.name):
        before = history(promotion)
        check_active(promotion, before)
        changes = [asdict(one) | {"hashes": dict(one.hashes)} for one in (*before, change)]
        document = {"promotion": promotion.digest, "changes": changes}
        write_bytes(path, _signed(document, signing_key()), durable=True)


@contextmanager
def changing(name: str) -> Iterator[None]:
    """The files of a promotion for this process alone; PromotionError while another one changes them."""
    path = promotion_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    busy = PromotionError(f"promotion {name} is being changed by another process", todo="try again")
    with exclusive(path.with_name(f".{name}.lock"), busy):
        yield


def _history_path(name: str) -> Path:
    return promotions_folder() / f"{name}.history.json"


def hashes_in_force(promotion: Promotion) -> dict[str, str]:
    """The hashes of a promotion with those that renewals have signed since."""
    hashes = dict(promotion.hashes)
    for change in history(promotion):
        hashes |= change.hashes
    return hashes


def check_active(promotion: Promotion, changes: tuple[Change, ...]) -> None:
    """Raise PromotionError if one of the changes is a demotion."""
    for change in changes:
        if change.kind == DEMOTED:
            raise PromotionError(
                f"promotion {promotion.name} is demoted",
                found=f"{iso(change.at_ns)}, by {change.person}: {change.reason}",
                todo=f"promote again under another name; {hint_to_settle(promotion.name)}",
            )


def hint_to_settle(name: str) -> str:
    """What to do about the open bets of a promotion that is refused, as a part of a line."""
    return f"`bea paper {name} --wind-down` settles its open bets"


def is_artifact(name: str) -> bool:
    """Whether the name of a hash is that of a file which the strategy reads."""
    return name.startswith("artifact.")


def iso(ns: int) -> str:
    """An instant as text, UTC, to the second.

    >>> iso(0)
    '1970-01-01 00:00:00Z'
    """
    return dt.datetime.fromtimestamp(ns // 1_000_000_000, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
