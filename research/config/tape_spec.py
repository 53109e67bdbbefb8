"""What of a configuration changes its tape: one frozen object a tape, made of plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from engine.errors import ConfigurationError
from engine.paths import home, is_address, sample_store
from engine.schema import CLOSE
from research.config.keys import FAST_STRATEGY, LATER

#: keys of the strategy group that are no parameters of the strategy
_NO_PARAMETER = (*FAST_STRATEGY, "name", "file")
#: fields that name files: their content counts, not their place
_PLACES = ("store", "rule", "strategy_file", "recordings")
#: fields that say where a value comes from, not what it is
_ORIGINS = ("written",)


@dataclass(frozen=True)
class TapeSpec:
    """The slow part of a configuration.

    Attributes
    ----------
    store : str
        Folder of the store, absolute, or its address on an object store.
    universe : tuple of (str, tuple or str or None)
        The keys sports, competitions, seasons, first_date, last_date of the data group.
    decide_at, zone : str
    instants : tuple of str
        Kinds of quote that the strategy may see.
    strategy : str
        Name of the strategy.
    parameters : tuple of (str, object)
        The strategy's own parameters, sorted by name.
    commission_rates : tuple of (str, float)
    venues : tuple of (str, tuple)
        Terms of bookmakers, as pairs of name and pairs.
    unresolved : tuple of (str, str)
        Fields of `engine.tape.unresolved.Unresolved`, as pairs.
    later : tuple of (str, object)
        The keys of execution that need prices after the decision: delay, cash_out_*.
    clv_bookmaker, clv_method : str
    kelly : str
        How the tape's column of Kelly fractions is made: ``none``, ``shrunk``, ``market``, ``states``.
    rule : str or None
        File of the user's staking rule; it does not change the tape.
    strategy_file : str or None
        File of the user's strategy; None: a built-in one.
    fit_at : tuple of str
        ISO dates at which a strategy with a model is fitted; empty: it has no model.
    recordings : tuple of str
        Files and folders with recorded books of an exchange, absolute; empty: none.
    starting_price : bool
        Orders that they fill wait for the starting price.
    written : tuple of str
        Keys that the user set, also to their defaults; sorted.
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
    strategy_file: str | None = None
    fit_at: tuple[str, ...] = ()
    unresolved: tuple[tuple[str, str], ...] = (("after", "7d"), ("settle", "void"))
    recordings: tuple[str, ...] = ()
    starting_price: bool = False
    written: tuple[str, ...] = ()

    @property
    def closes_seen(self) -> bool:
        """Whether decisions know closing prices, so that nobody could have placed the bets."""
        return CLOSE in self.instants

    def facts(self) -> dict[str, Any]:
        """What a tape's key is made of: all values but the places of files."""
        left_out = _PLACES + _ORIGINS + (() if self.starting_price else ("starting_price",))
        return {name: value for name, value in asdict(self).items() if name not in left_out}

    def describe(self) -> dict[str, Any]:
        """All values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_description(cls, values: Mapping[str, Any]) -> Self:
        """The specification that `describe` described, also after a way through JSON."""
        return cls(**{field.name: _frozen(values[field.name]) for field in fields(cls) if field.name in values})


def tape_spec_of(flat: Mapping[str, Any], written: Collection[str] = ()) -> TapeSpec:
    """The slow part of one configuration.

    Parameters
    ----------
    flat : mapping
        Its dotted keys, complete and checked (`research.config.keys.complete`).
    written : collection of str
        Keys that the user set.

    Raises
    ------
    ConfigurationError
        ``staking=own`` without a file.
    """
    if flat["staking.name"] == "own" and flat.get("staking.file") is None:
        raise ConfigurationError(
            "no staking rule of your own", where="staking.file", todo="name the file of its function stake_minor"
        )
    strategy = {key.removeprefix("strategy."): value for key, value in flat.items() if key.startswith("strategy.")}
    universe = ("sports", "competitions", "seasons", "first_date", "last_date")
    strategy |= _model_of(flat)
    return TapeSpec(
        store=store_place(flat["data.store"]),
        universe=tuple((name, _frozen(flat[f"data.{name}"])) for name in universe),
        decide_at=flat["data.decide_at"],
        zone=flat["data.zone"],
        instants=tuple(flat["data.instants"]),
        strategy=strategy["name"],
        parameters=tuple((k, _frozen(v)) for k, v in sorted(strategy.items()) if k not in _NO_PARAMETER),
        commission_rates=tuple(sorted(flat["execution.commission_rates"].items())),
        venues=_frozen(flat["execution.venues"]),
        later=tuple((name, flat[f"execution.{name}"]) for name in LATER),
        clv_bookmaker=flat["clv.bookmaker"],
        clv_method=flat["clv.method"],
        kelly=kelly_mode(flat["staking.name"]),
        rule=_staking_file(flat.get("staking.file")),
        strategy_file=_absolute(strategy.get("file")),
        unresolved=_frozen(flat["execution.unresolved"]),
        recordings=tuple(flat.get("execution.recordings") or ()),
        starting_price=bool(flat.get("execution.starting_price")),
        written=tuple(sorted(written)),
    )


def _model_of(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The group ``model`` as two parameters of the strategy: the name, and the parameters by name."""
    model = {key.removeprefix("model."): value for key, value in flat.items() if key.startswith("model.")}
    return {"model": model.pop("name"), "model_parameters": model} if model else {}


def kelly_mode(staking: str) -> str:
    """Which column of Kelly fractions a staking rule reads."""
    if staking == "kelly_column":
        return "none"  # the strategy's own
    return staking.removeprefix("kelly_") if staking.startswith("kelly_") else "none"


def store_place(text: str | None) -> str:
    """Folder or address of the store: null is the home's own, ``embedded:sample`` the sample's; else as given.

    A path is absolute afterwards. An address such as ``s3://bucket/prefix`` has no slash at its end.
    """
    if text is None:
        return str(home() / "data" / "store")
    if text == "embedded:sample":
        return str(sample_store())
    return text.rstrip("/") if is_address(text) else str(Path(text).expanduser().absolute())


def staking_path(text: str) -> Path:
    """File of the user's staking rule: a path, or the name of one in ``BEA_HOME/staking_rules``."""
    path = Path(text).expanduser()
    for place in (home() / "staking_rules" / path.name, home() / "staking_rules" / f"{path.name}.py"):
        if not path.is_file() and path.name == text and place.is_file():
            return place
    return path.absolute()


def _staking_file(text: str | None) -> str | None:
    return str(staking_path(text)) if text else None


def _absolute(text: str | None) -> str | None:
    return str(Path(text).expanduser().absolute()) if text else None


def _frozen(value: Any) -> Any:
    """Lists as tuples, mappings as sorted pairs, so that the value can be hashed."""
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return tuple(sorted((name, _frozen(item)) for name, item in value.items()))
    return value
