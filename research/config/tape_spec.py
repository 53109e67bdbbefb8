"""The slow part of a configuration: everything that changes the tape, one object a tape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError
from engine.paths import home, sample_store
from research.config.keys import FAST_STRATEGY, LATER


@dataclass(frozen=True)
class Slow:
    """What changes the tape: one object a tape.

    Attributes
    ----------
    store : str
        Folder of the store, absolute.
    universe : tuple of (str, tuple or str or None)
        The keys sports, competitions, seasons, first_date, last_date of the data group.
    decide_at, zone : str
    instants : tuple of str
    strategy : str
        Name of the strategy; `parameters` are its own, as pairs of name and value.
    commission_rates : tuple of (str, float)
    venues : tuple of (str, tuple)
        Terms of bookmakers, as pairs of name and pairs.
    later : tuple of (str, object)
        The keys of execution that need prices after the decision: delay, cash_out_*.
    clv_bookmaker, clv_method : str
    kelly : str
        How the tape's column of Kelly fractions is made: ``none``, ``shrunk``, ``market``, ``states``.
    rule : str or None
        File of a staking rule of the user's own; the tape itself is the same.
    fit_at : tuple of str
        ISO dates at which a strategy with a model is fitted; empty: it has none.
    """

    store: str
    universe: tuple[tuple[str, Any], ...]
    decide_at: str
    zone: str
    instants: tuple[str, ...]
    strategy: str
    parameters: tuple[tuple[str, Any], ...]
    commission_rates: tuple[tuple[str, float], ...]
    venues: tuple[tuple[str, Any], ...]
    later: tuple[tuple[str, Any], ...]
    clv_bookmaker: str
    clv_method: str
    kelly: str
    rule: str | None = None
    fit_at: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The content as plain values, without the path of the store: what its hash is of."""
        facts = asdict(self)
        del facts["store"], facts["rule"]  # the content counts, not where it is
        return facts


def slow_of(flat: Mapping[str, Any]) -> Slow:
    """The slow part of one configuration, given its dotted keys."""
    if flat["staking.name"] == "own" and flat.get("staking.file") is None:
        raise ConfigurationError(
            "no staking rule of your own", where="staking.file", todo="name the file of its function stake_minor"
        )
    own = {key.removeprefix("strategy."): value for key, value in flat.items() if key.startswith("strategy.")}
    names = ("sports", "competitions", "seasons", "first_date", "last_date")
    return Slow(
        store=str(store_path(flat["data.store"])),
        universe=tuple((name, _frozen(flat[f"data.{name}"])) for name in names),
        decide_at=flat["data.decide_at"],
        zone=flat["data.zone"],
        instants=tuple(flat["data.instants"]),
        strategy=flat["strategy.name"],
        parameters=tuple((k, _frozen(v)) for k, v in sorted(own.items()) if k not in (*FAST_STRATEGY, "name")),
        commission_rates=tuple(sorted(flat["execution.commission_rates"].items())),
        venues=_frozen(flat["execution.venues"]),
        later=tuple((name, flat[f"execution.{name}"]) for name in LATER),
        clv_bookmaker=flat["clv.bookmaker"],
        clv_method=flat["clv.method"],
        kelly=kelly_mode(flat["staking.name"]),
        rule=str(Path(flat["staking.file"]).expanduser().absolute()) if flat.get("staking.file") else None,
    )


def kelly_mode(staking: str) -> str:
    """Which column of Kelly fractions a staking rule reads."""
    if staking == "kelly_column":
        return "none"  # the strategy's own
    return staking.removeprefix("kelly_") if staking.startswith("kelly_") else "none"


def store_path(text: str | None) -> Path:
    """Folder of the store: null is the home's own, ``embedded:sample`` the sample's, a path is the current folder's."""
    if text is None:
        return home() / "data" / "store"
    if text == "embedded:sample":
        return sample_store()
    return Path(text).expanduser().absolute()


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    if isinstance(value, dict):
        return tuple(sorted((k, _frozen(v)) for k, v in value.items()))
    return value
