"""The locks on real money: what must all be there before an order goes to a real venue.

A promotion that passed the gates of live trading, a file of its owner outside every repository, the credentials, one
currency, and a person who says yes at the start. What lacks is listed at once, in one refusal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import yaml

from engine.errors import BeaError, ConfigurationError, printable
from engine.live.account import VenueAccount
from engine.live.wire.credentials import credential
from engine.logs.secrets import Secrets
from engine.promotion import Promotion

#: the environment variable that names another file
VARIABLE: Final = "BEA_REAL_MONEY"
_DEFAULT: Final = "~/.config/betting-expert-advisor/real_money.yaml"
#: of the file: for its owner only
_OTHERS: Final = 0o077
#: the gate that says at which venue a promotion can bet
GATE: Final = "adapter"


class Locked(BeaError):
    """Real money stays locked."""


@dataclass(frozen=True)
class RealMoney:
    """The content of the file, below ``venue``. Money is in whole minor units of `currency`.

    Attributes
    ----------
    name : str
        Of the venue.
    account : str
        The user name with which the credentials log in.
    currency : str
        Of the account and of the ledger.
    day_loss_minor : int
        No day loses more, bets that are open counted as lost.
    order_most_minor : int
        No order has more at risk.
    """

    name: str
    account: str
    currency: str
    day_loss_minor: int
    order_most_minor: int


@dataclass(frozen=True)
class Wanted:
    """A start with real money.

    Attributes
    ----------
    promotion : Promotion
        Loaded, so its signature is right.
    venue : str
    currency : str
        That the settings of the venue state for the account.
    account : str
        Name of the credential that is the user name of the account; empty: the venue has none.
    credentials : tuple of str
        Names of all credentials of the venue.
    """

    promotion: Promotion
    venue: str
    currency: str
    account: str
    credentials: tuple[str, ...]


@dataclass(frozen=True)
class Permit:
    """That every lock is open: only `unlock` makes one, and only with one is an order sent."""

    limits: RealMoney


def real_money_path(environment: Mapping[str, str]) -> Path:
    """The file that allows real money: that of ``BEA_REAL_MONEY``, or the one in the user's configuration folder."""
    return Path(environment.get(VARIABLE) or _DEFAULT).expanduser()


def read_real_money(path: Path) -> RealMoney:
    """Read the file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ConfigurationError
        It is not there, lies in a repository, can be read by others, has another key, or does not say true.
    """
    try:
        found = path.resolve(strict=True)
        status = found.stat()
        text = found.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise ConfigurationError("no file", where=str(path), todo="docs/live.md shows one") from None
    if repository := next((folder for folder in found.parents if (folder / ".git").exists()), None):
        raise ConfigurationError("it lies in a repository", where=str(path), found=str(repository))
    if status.st_mode & _OTHERS or status.st_uid != os.getuid():
        mode = f"mode {status.st_mode & 0o777:o} of user {status.st_uid}"
        raise ConfigurationError(
            "others can get at it", where=str(path), expected=f"mode 600 of user {os.getuid()}", found=mode
        )
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigurationError("it is no YAML", where=str(path)) from None
    return _checked(content, str(path))


def _checked(content: Any, where: str) -> RealMoney:
    venue = content.get("venue") if isinstance(content, dict) else None
    names = [field.name for field in fields(RealMoney)]
    if not isinstance(venue, dict) or set(venue) - {"real_money", *names} or set(names) - set(venue):
        found = ", ".join(map(str, venue)) if isinstance(venue, dict) else "no such section"
        expected = f"venue with real_money, {', '.join(names)}"
        raise ConfigurationError("wrong keys", where=where, expected=expected, found=printable(found, 120))
    if venue.get("real_money") is not True:
        raise ConfigurationError("it does not allow real money", where=where, expected="venue.real_money: true")
    for name in names[:3]:
        if not isinstance(venue[name], str) or not venue[name].strip():
            raise ConfigurationError("wrong value", where=f"{where}: venue.{name}", expected="a text")
    for name in names[3:]:
        if type(venue[name]) is not int or venue[name] < 1:
            raise ConfigurationError(
                "wrong value", where=f"{where}: venue.{name}", expected="whole minor units, 1 or more"
            )
    return RealMoney(**{name: venue[name] for name in names})


def unlock(
    wanted: Wanted,
    environment: Mapping[str, str],
    secrets: Secrets,
    confirm: Callable[[Sequence[str], str], bool],
    account: Callable[[], VenueAccount | None] = lambda: None,
) -> Permit:
    """Open every lock, the person's last.

    Parameters
    ----------
    wanted : Wanted
    environment : mapping
        Of the process.
    secrets : Secrets
        Takes the credentials in.
    confirm : callable
        Gets the lines that a person must read, and the words that say yes; whether they were typed.
    account : callable
        Asked once everything else is there: the account as the venue states it; None where it states none.

    Raises
    ------
    Locked
        With everything that lacks.
    """
    lacks = [*_of_promotion(wanted)]
    limits: RealMoney | None = None
    try:
        limits = read_real_money(real_money_path(environment))
    except ConfigurationError as error:
        lacks.append(f"file: {error}")
    user, missing = _credentials(wanted, environment, secrets)
    lacks += [f"login: {name} is neither in the environment nor in the keyring" for name in missing]
    if limits is not None:
        lacks += _differences(wanted, limits, user)
    if wanted.currency != wanted.promotion.currency:
        lacks.append(f"currency: the account has {wanted.currency}, the ledger {wanted.promotion.currency}")
    if lacks or limits is None:
        raise _locked(lacks)
    stated = account()
    if stated is not None and stated.currency != limits.currency:
        raise _locked([f"currency: the account has {printable(stated.currency, 8)}, the ledger {limits.currency}"])
    if not confirm(confirmation(wanted, limits, stated), phrase(limits)):
        raise _locked(["confirmation: a person must type the names of venue and account at the start"])
    return Permit(limits)


def confirmation(wanted: Wanted, limits: RealMoney, stated: VenueAccount | None = None) -> list[str]:
    """What a person reads before real money is bet: venue, account, limits, and the gates that a reason opened."""
    promotion, money = wanted.promotion, limits.currency
    lines = [
        f"REAL MONEY: {promotion.name} bets at {limits.name}, account {limits.account}",
        f"at most {limits.order_most_minor / 100:,.2f} {money} an order, "
        f"at most {limits.day_loss_minor / 100:,.2f} {money} lost a day",
    ]
    if stated is not None:
        lines.append(f"the venue says: {printable(stated.name, 80)}, {stated.balance_minor / 100:,.2f} {money} free")
    lines += [f"acknowledged gate {gate}: {reason}" for gate, reason in promotion.acknowledged.items()]
    return lines


def phrase(limits: RealMoney) -> str:
    """The words that say yes."""
    return f"{limits.name} {limits.account}"


def _of_promotion(wanted: Wanted) -> list[str]:
    promotion = wanted.promotion
    if promotion.mode != "live":
        return [f"promotion: {promotion.name} passed the gates of {promotion.mode}, not those of live"]
    gates = {str(gate["name"]): gate for gate in promotion.gates}
    closed = [name for name, gate in gates.items() if not gate["passed"] and not str(gate["reason"]).strip()]
    lacks = [f"promotion: the gate {name} is closed" for name in closed]
    gate = gates.get(GATE)
    if gate is None or not gate["passed"] or gate["found"] != wanted.venue:
        found = "was not asked" if gate is None else f"found {printable(gate['found'], 60)}"
        lacks.append(f"promotion: the gate {GATE} {found}, not {wanted.venue}")
    return lacks


def _credentials(wanted: Wanted, environment: Mapping[str, str], secrets: Secrets) -> tuple[str, list[str]]:
    """The user name of the account, and the names of credentials that are nowhere."""
    user, missing = "", []
    for name in wanted.credentials:
        try:
            value = credential(name, environment, secrets)
        except ConfigurationError:
            missing.append(name)
            continue
        if name == wanted.account:
            user = value
    return user, missing


def _differences(wanted: Wanted, limits: RealMoney, user: str) -> list[str]:
    lacks = []
    if limits.name != wanted.venue:
        lacks.append(f"file: it allows {printable(limits.name, 40)}, not {wanted.venue}")
    if user and limits.account != user:
        lacks.append(f"file: its account is not the one of {wanted.account}")
    if limits.currency != wanted.promotion.currency:
        lacks.append(
            f"file: its limits are in {printable(limits.currency, 8)}, the ledger in {wanted.promotion.currency}"
        )
    return lacks


def _locked(lacks: Sequence[str]) -> Locked:
    listed = "; ".join(f"({number}) {lack}" for number, lack in enumerate(lacks, 1))
    return Locked("real money stays locked", found=listed, todo="docs/live.md, Real money, says how each lock opens")
