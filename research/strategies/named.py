"""The bookmakers that the parameters of a strategy name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, is_dataclass
from typing import Any, Final

import yaml

from engine.errors import nearest_name
from engine.paths import conf_dir
from research.strategies.books import BEST, CONSENSUS

#: parameters of the built-in strategies that hold a bookmaker or several
_BUILT_IN: Final = ("fair", "fair_bookmakers", "price", "price_bookmakers", "mean", "bookmaker", "bookmakers")
#: parameters of any strategy that hold bookmakers: these names, and those that end in one of them after an underscore
_ENDINGS: Final = ("bookmaker", "bookmakers")
#: words that a parameter takes in place of a bookmaker
_WORDS: Final = {
    "fair": (CONSENSUS,),
    "market_bookmaker": (CONSENSUS,),
    "price": (BEST,),
    "mean": ("mean",),
    "bookmaker": (BEST,),
}
#: how similar a free text must be to the name of a bookmaker to be a slip of it: b356 and b365 are 0.75
_SLIP: Final = 0.75
_ANY_WORD: Final = tuple(word for words in _WORDS.values() for word in words)


def named_bookmakers(strategy: Any, known: Collection[str], own: bool) -> dict[str, tuple[str, ...]]:
    """Bookmakers that a strategy is told by name: parameter to names.

    A strategy of the user can have any parameters. Those called ``bookmaker``, ``bookmakers`` or ``..._bookmaker(s)``
    count, and those whose value its `requires` asks for, and texts that are a known bookmaker but for the case of
    letters. Where the default of a parameter is a known bookmaker, a text that resembles one counts too. What it
    requires beyond its parameters stands under ``requires``.

    Parameters
    ----------
    strategy : Strategy or Learner
    known : collection of str
        Bookmakers of the store.
    own : bool
        Whether it is a strategy of the user.
    """
    if (gated := getattr(strategy, "gated", None)) is not None:  # a strategy around another one names none of its own
        groups = named_bookmakers(gated, known, not type(gated).__module__.startswith("research.")).values()
        return {"base_parameters": tuple(dict.fromkeys(name for group in groups for name in group))}
    values = {field.name: _texts(getattr(strategy, field.name)) for field in _fields(strategy)}
    defaults = {field.name: _texts(field.default) for field in _fields(strategy)}
    required = tuple(name for name in strategy.requires().bookmakers or () if name not in _ANY_WORD)
    folded = {name.casefold() for name in known}
    named: dict[str, tuple[str, ...]] = {}
    unused = getattr(strategy, "unused", ())
    for parameter, texts in values.items():
        if parameter in unused:
            continue
        if holds_bookmakers(parameter, own):
            words = _ANY_WORD if own else _WORDS.get(parameter, ())
            names = tuple(text for text in texts if text not in words)
        elif own:
            alike = bool(folded.intersection(text.casefold() for text in defaults.get(parameter, ())))
            names = tuple(
                text
                for text in texts
                if text in required or text.casefold() in folded or (alike and nearest_name(text, known, _SLIP))
            )
        else:
            continue
        if names:
            named[parameter] = names
    covered = {name for names in named.values() for name in names}
    rest = tuple(name for name in required if name not in covered)
    return named | {"requires": rest} if rest else named


def resembling(strategy: Any, known: Collection[str]) -> dict[str, tuple[str, str]]:
    """Parameters with a text that resembles a known bookmaker and is none: parameter to the text and that bookmaker."""
    found: dict[str, tuple[str, str]] = {}
    for field in _fields(strategy):
        for text in _texts(getattr(strategy, field.name)):
            if text not in known and text not in _ANY_WORD and (near := nearest_name(text, known, _SLIP)):
                found.setdefault(field.name, (text, near))
    return found


def shipped_defaults(name: str) -> dict[str, Any]:
    """Values of the group `strategy` for a built-in strategy, as its file has them; empty without a file."""
    path = conf_dir() / "strategy" / f"{name}.yaml"
    if not path.is_file():
        return {}
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content


def _fields(strategy: Any) -> tuple[Any, ...]:
    return fields(strategy) if is_dataclass(strategy) else ()


def holds_bookmakers(parameter: str, own: bool) -> bool:
    """Whether a parameter of a strategy, built-in or `own` of the user, is called like one that holds bookmakers."""
    if parameter in _ENDINGS or parameter.endswith(tuple(f"_{ending}" for ending in _ENDINGS)):
        return True
    return not own and parameter in _BUILT_IN


def words_for(parameter: str) -> tuple[str, ...]:
    """Words that a parameter of a built-in strategy takes in place of a bookmaker."""
    return _WORDS.get(parameter, ())


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, tuple | list) else (value,)
    return tuple(item for item in values if isinstance(item, str))
