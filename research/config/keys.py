"""The keys of the configuration: their types, and which ones are slow.

A slow key changes the tape: data, instant of decision, strategy, closing odds, commission rates. A fast key is a number
of the kernel; the table of `engine.kernel.params` declares it. `checked` checks one value at a time, so that a sweep
checks each distinct value once instead of each configuration.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from engine.errors import ConfigurationError
from engine.kernel.parameter import Parameter, hundredth
from engine.kernel.params import PARAMETERS
from engine.kernel.width import COMMON
from research.config.mistakes import nearest, unknown_key

Kind = Literal[
    "number", "whole", "flag", "text", "texts", "date", "duration", "rates", "venues", "unresolved", "params", "files"
]


@dataclass(frozen=True)
class Key:
    """The values that a key of the configuration may have.

    Attributes
    ----------
    kind : Kind
        Type of the value.
    off : bool
        Whether null is allowed (no limit, no restriction).
    choices : tuple of str
        The texts that are allowed; empty: any.
    slow : bool
        Whether it changes the tape.
    counts : bool
        Whether it is part of the identity of a run (paths and outputs are not).
    """

    kind: Kind
    off: bool = False
    choices: tuple[str, ...] = ()
    slow: bool = False
    counts: bool = True


METHODS: Final = ("multiplicative", "additive", "power", "odds_ratio", "shin", "goto")


def _of_table(parameter: Parameter) -> Key:
    kinds: dict[str, Kind] = {"choice": "text", "number": "number", "whole": "whole", "flag": "flag"}
    return Key(
        kind=kinds.get(parameter.kind, "duration"), off=parameter.null is not None, choices=tuple(parameter.words)
    )


#: the fast keys, as the table of the kernel declares them
FAST: Final = {key: _of_table(parameter) for parameter in PARAMETERS for key in parameter.keys}
STAKINGS: Final = FAST["staking.name"].choices


def _fast(group: str) -> dict[str, Key]:
    return {key: spec for key, spec in FAST.items() if key.rpartition(".")[0] == group}


KEYS: Final[dict[str, Key]] = {
    "data.store": Key("text", off=True, slow=True, counts=False),
    "data.sports": Key("texts", off=True, slow=True),
    "data.competitions": Key("texts", off=True, slow=True),
    "data.seasons": Key("texts", off=True, slow=True),
    "data.first_date": Key("date", off=True, slow=True),
    "data.last_date": Key("date", off=True, slow=True),
    "data.decide_at": Key("text", slow=True),
    "data.instants": Key("texts", slow=True),
    "data.zone": Key("text", slow=True),
    "data.memory_mb": Key("whole", counts=False),
    "strategy.name": Key("text", slow=True),
    "strategy.file": Key("text", off=True, slow=True, counts=False),
    **_fast("strategy"),
    **_fast("staking"),
    "staking.file": Key("text", off=True, slow=True),
    **_fast("risk"),
    **_fast("execution"),
    "execution.commission_rates": Key("rates", slow=True),
    "execution.venues": Key("venues", slow=True),
    "execution.unresolved": Key("unresolved", slow=True),
    "execution.delay": Key("duration", off=True, slow=True),
    "execution.recordings": Key("files", off=True, slow=True),
    "execution.starting_price": Key("flag", slow=True),
    "execution.cash_out_profit_frac": Key("number", off=True, slow=True),
    "execution.cash_out_loss_frac": Key("number", off=True, slow=True),
    "execution.cash_out_before_start": Key("duration", off=True, slow=True),
    "execution.cash_out_bookmaker": Key("text", off=True, slow=True),
    "clv.bookmaker": Key("text", slow=True),
    "clv.method": Key("text", choices=METHODS, slow=True),
    "validation.name": Key("text", choices=("none", "walk_forward", "purged_kfold", "cpcv")),
    "validation.folds": Key("whole"),
    "validation.folds_by": Key("text", choices=("time", "season", "count")),
    "validation.train_folds": Key("whole", off=True),
    "validation.test_folds": Key("whole"),
    "validation.embargo": Key("duration"),
    "validation.metric": Key("text", choices=("sharpe", "growth", "yield")),
    "validation.metric_min": Key("number", off=True),
    "validation.bets_min": Key("whole"),
    "validation.refit": Key("text", choices=("fold", "1d", "season"), slow=True),
    **_fast(""),
    "seed": Key("whole"),
    "output": Key("text", choices=("table", "json"), counts=False),
    "force": Key("flag", counts=False),
    "report": Key("flag", counts=False),
    "sweep.params": Key("params", counts=False),
    "sweep.where": Key("text", off=True, counts=False),
    "sweep.max": Key("whole", counts=False),
    "sweep.order": Key("text"),
    "sweep.bets_min": Key("whole"),
    "sweep.top": Key("whole"),
    "sweep.days": Key("flag"),
    "sweep.threads": Key("whole", off=True, counts=False),
    "cluster.name": Key("text", choices=("none", "local", "dask"), counts=False),
    "cluster.workers": Key("whole", off=True, counts=False),
    "cluster.address": Key("text", off=True, counts=False),
    "cluster.target": Key("text", off=True, choices=tuple(COMMON), counts=False),
    "cluster.retries": Key("whole", counts=False),
    "cluster.wait_s": Key("whole", counts=False),
}
#: least values of whole numbers
_LEAST: Final = {
    **dict.fromkeys(("sweep.top", "sweep.max", "sweep.bets_min", "seed", "cluster.retries"), 0),
    **dict.fromkeys(("sweep.threads", "cluster.workers", "cluster.wait_s"), 1),
}
#: keys, and groups of keys, that cannot be swept
SINGLE: Final = ("data.store", "data.memory_mb", "output", "force", "report", "sweep.", "validation.", "cluster.")
#: groups whose options have keys of their own: parameters of a dataclass
_OPEN_GROUPS: Final = ("strategy.", "model.")
#: the fast keys of a strategy, without its name in front
FAST_STRATEGY: Final = tuple(key.removeprefix("strategy.") for key in _fast("strategy"))


#: keys of execution that need prices after the decision
LATER: Final = ("delay", "cash_out_profit_frac", "cash_out_loss_frac", "cash_out_before_start", "cash_out_bookmaker")


#: keys that make no other trial in the ledger: they select the events
_NO_TRIAL: Final = ("data.sports", "data.competitions", "data.seasons", "data.first_date", "data.last_date")


def is_tried(key: str) -> bool:
    """Whether two values of a key are two trials on the same events.

    Those of closing odds and validation are not, except for the days on which a model is fitted.
    """
    if key == "validation.refit":
        return True
    return counts(key) and key not in _NO_TRIAL and not key.startswith(("clv.", "validation.", "sweep."))


def is_slow(key: str) -> bool:
    """Whether a key changes the tape. All parameters that only a strategy or a model has do."""
    return KEYS[key].slow if key in KEYS else key.startswith(_OPEN_GROUPS)


def counts(key: str) -> bool:
    """Whether a key is part of the identity of a run."""
    return KEYS[key].counts if key in KEYS else True


def checked(key: str, value: Any) -> Any:
    """The value of a key in its canonical form: a date as ISO text, a single name as a list.

    Raises
    ------
    ConfigurationError
        The key is unknown (the error names the nearest one), or the value has another type.
    """
    spec = KEYS.get(key)
    if spec is None:
        if key.startswith(_OPEN_GROUPS) and key.count(".") == 1:
            return value  # the dataclass of the strategy, or of the model, checks it
        raise unknown_key(key, KEYS)
    if value is None:
        if spec.off:
            return None
        expected = "void or open" if spec.kind == "unresolved" else f"a {spec.kind}"
        raise _wrong(key, expected, "null")
    result = _CHECKS[spec.kind](key, value)
    if spec.choices and result not in spec.choices:
        advice = nearest(str(result), spec.choices)
        raise ConfigurationError(
            "unknown value", where=key, expected=", ".join(spec.choices), found=str(result), todo=advice
        )
    return result


#: keys that came after the first ledgers, with the values that they then have. At that value a key is left out of the
#: hash of a trial, so that a configuration of before keeps its hash; an option file of before may lack the key.
ADDED: Final[dict[str, Any]] = {
    "execution.unresolved": {"after": "7d", "settle": "void"},
    "validation.refit": "fold",
    "sweep.bets_min": 0,
    "execution.recordings": None,
    "execution.starting_price": False,
}

#: where a command has no group `cluster`, or a run is older than it; no trial depends on these
_NO_CLUSTER: Final[dict[str, Any]] = {
    "cluster.name": "none",
    "cluster.workers": None,
    "cluster.address": None,
    "cluster.target": None,
    "cluster.retries": 3,
    "cluster.wait_s": 60,
}

#: the same for keys of single strategies, by the strategy's name
ADDED_TO_STRATEGIES: Final[dict[tuple[str, str], Any]] = {
    ("flat_all", "strategy.skip_suspect"): False,
    ("favourite_longshot", "strategy.skip_suspect"): False,
}

#: keys that an option of a group may lack
_OPTIONAL: Final = (
    "strategy.file",
    *(key for key in KEYS if key.startswith("staking.") and key != "staking.name"),
)


def complete(flat: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with all values checked; raises ConfigurationError for a wrong value or a missing key."""
    values = {key: checked(key, value) for key, value in flat.items()}
    values |= {key: value for key, value in (ADDED | _NO_CLUSTER).items() if key in KEYS and key not in values}
    for key in KEYS:
        if key not in values and key not in _OPTIONAL:
            raise ConfigurationError(f"no value for {key}", todo=f"choose an option of {key.split('.')[0]} that has it")
    return values


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise _wrong(key, "a number", value)
    return float(value)


def _whole(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value != int(value):
        raise _wrong(key, "a whole number", value)
    if abs(value) >= 2**53:
        raise _wrong(key, "a whole number below 2^53", value)
    if key in _LEAST and value < _LEAST[key]:
        raise _wrong(key, f"a number of at least {_LEAST[key]}", value)
    return int(value)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, "true or false", value)
    return value


def _text(key: str, value: Any) -> str:
    if isinstance(value, bool | dict | list) or value == "":
        raise _wrong(key, "a text", value)
    return str(value)


def _texts(key: str, value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    if not items or any(isinstance(item, bool | dict | list | type(None)) for item in items):
        raise _wrong(key, "a list of names, or null for all", value)
    return [str(item) for item in items]


def _files(key: str, value: Any) -> list[str]:
    return [str(Path(name).expanduser().absolute()) for name in _texts(key, value)]


def _date(key: str, value: Any) -> str:
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _wrong(key, "a date such as 2015-08-01", value) from None


def _duration(key: str, value: Any) -> str:
    from engine.clock import duration_ns

    duration_ns(_text(key, value), key)
    return str(value).strip()


def _rates(key: str, value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise _wrong(key, "rates by bookmaker such as {betfair_exchange: 0.02}", value)
    rates = {str(name): _number(f"{key}.{name}", rate) for name, rate in sorted(value.items())}
    for name, rate in rates.items():
        if not 0 <= rate < 1:
            raise _wrong(f"{key}.{name}", "a fraction from 0 to below 1", rate, hundredth(rate))
    return rates


def _venues(key: str, value: Any) -> dict[str, dict[str, Any]]:
    from engine.tape.terms import check_venues

    if not isinstance(value, dict) or not all(isinstance(terms, dict) for terms in value.values()):
        raise _wrong(key, "terms by bookmaker such as {betfair_exchange: {ladder: true, commission_rate: 0.02}}", value)
    check_venues(value)
    return {str(name): dict(terms) for name, terms in sorted(value.items())}


def _params(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(key, 'keys and values such as {strategy.edge_min: "range(0,0.1,0.01)"}', value)
    return {str(name): values for name, values in value.items()}


def _unresolved(key: str, value: Any) -> dict[str, str]:
    from engine.tape.unresolved import AFTER, OPEN, VOID, Unresolved

    terms = {"settle": value} if isinstance(value, str) else value
    if not isinstance(terms, dict) or not set(terms) <= {"after", "settle"}:
        raise _wrong(key, "void, open, or terms such as {after: 7d, settle: void}", value)
    rule = Unresolved(**{name: str(term) for name, term in terms.items()})
    return {"after": AFTER if rule.settle == OPEN else rule.after.strip(), "settle": rule.settle or VOID}


_CHECKS: Final = {
    "number": _number,
    "whole": _whole,
    "flag": _flag,
    "text": _text,
    "texts": _texts,
    "files": _files,
    "date": _date,
    "duration": _duration,
    "rates": _rates,
    "venues": _venues,
    "unresolved": _unresolved,
    "params": _params,
}


def _wrong(key: str, expected: str, found: Any, todo: str = "") -> ConfigurationError:
    text = str(found)
    return ConfigurationError(
        "wrong value", where=key, expected=expected, found=text if len(text) < 60 else text[:57] + "...", todo=todo
    )
