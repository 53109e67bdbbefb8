"""Values that Tab offers after ``key=``: closed lists, and the names that the store has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from engine.errors import BeaError
from engine.schema import INSTANTS, SELECTIONS
from engine.store.manifest import Entry
from engine.store.store import Store
from research.config.compose import Composer, flatten, resolved
from research.config.keys import KEYS, METHODS
from research.config.tape_spec import store_place
from research.strategies.named import holds_bookmakers, words_for

#: names of the store by key: what they are of an entry of its manifest
_OF_STORE: Final[dict[str, Callable[[Entry], Collection[str]]]] = {
    "data.sports": lambda entry: (entry.sport,),
    "data.competitions": lambda entry: (entry.competition,),
    "data.seasons": lambda entry: (entry.season,),
    "strategy.markets": lambda entry: entry.markets,
    "clv.bookmaker": lambda entry: entry.bookmakers,
    "execution.cash_out_bookmaker": lambda entry: entry.bookmakers,
}


def value_candidates(composer: Composer, words: Sequence[str]) -> list[str] | None:
    """Completions of the last word, if it is a key with an equals sign; None for others, which Hydra completes.

    Parameters
    ----------
    composer : Composer
        Over the configuration of the command.
    words : sequence of str
        Words after the command; those before the last one choose the store and the options.
    """
    key, sign, value = words[-1].partition("=")
    if not sign or (key in composer.groups() and key != "experiment"):
        return None
    typed = value.replace("[", ",").rpartition(",")[2].strip()
    head = value[: len(value) - len(typed)]
    return [f"{key}={head}{one}" for one in _values(composer, words[:-1], key) if one.startswith(typed)]


def _values(composer: Composer, words: Sequence[str], key: str) -> list[str]:
    if key == "experiment":
        folders = [folder / key for folder in composer.folders]
        return sorted({p.relative_to(f).with_suffix("").as_posix() for f in folders for p in f.rglob("*.yaml")})
    flat = _flat(composer, words)
    fixed = _fixed(key, flat)
    if fixed:
        return fixed
    parameter, own = key.removeprefix("strategy."), flat.get("strategy.file") is not None
    if key.startswith("strategy.") and holds_bookmakers(parameter, own):
        return [*words_for(parameter), *_names(flat, lambda entry: entry.bookmakers)]
    return _names(flat, _OF_STORE[key]) if key in _OF_STORE else []


def _flat(composer: Composer, words: Sequence[str]) -> dict[str, Any]:
    """The configuration of the words typed so far; that of none if they are wrong or hold several values."""
    for tried in (list(words), [word for word in words if word.startswith(("data", "strategy="))], []):
        try:
            return flatten(resolved(composer.compose(tried)))
        except BeaError:
            continue
    return {}


def _fixed(key: str, flat: Mapping[str, Any]) -> list[str]:
    """Values of a closed list."""
    spec = KEYS.get(key)
    off = ["null"] if spec is not None and spec.off else []
    if spec is not None and (spec.choices or spec.kind == "flag"):
        return [*(spec.choices or ("true", "false")), *off]
    if isinstance(flat.get(key), bool):
        return ["true", "false"]
    lists = {
        "data.instants": INSTANTS,
        "strategy.method": METHODS,
        "strategy.selections": sorted({name for names in SELECTIONS.values() for name in names}),
        "data.decide_at": ("quote", "before_start:1h"),
    }
    return list(lists.get(key, ()))


def _names(flat: Mapping[str, Any], of: Callable[[Entry], Collection[str]]) -> list[str]:
    try:
        store = Store.open(store_place(flat.get("data.store")))
    except (BeaError, OSError):
        return []
    return sorted({name for entry in store.manifest.entries("quotes") for name in of(entry)})
