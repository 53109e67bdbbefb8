"""All configurations of a sweep, from overrides of the command line and `sweep.params` of a file.

A *branch* is one combination of options of the groups. Hydra composes it once. Every other key with several values is
an *axis* of the branch: its values become a column of the plan, and Hydra does not compose them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf

from engine.errors import ConfigurationError
from research.config.compose import WHOLE, Composer, flatten, group_option, quoted, resolved
from research.config.guard import check_overrides
from research.config.keys import KEYS, SINGLE, checked, complete
from research.config.mistakes import translate, unknown_key
from research.sweeps.grammar import Word, read
from research.sweeps.plan import Branch, Plan, plan_of


def expand(composer: Composer, words: Sequence[str]) -> Plan:
    """The plan of a sweep.

    Parameters
    ----------
    composer : Composer
        Over the primary configuration ``sweep``.
    words : sequence of str
        Overrides of the command line.

    Raises
    ------
    ConfigurationError
        A key that no branch has, an unreadable override, a value of the wrong type, no combination left, or more than
        `sweep.max` combinations.
    """
    typed = _Overrides.parse(composer, words)
    branches: list[Branch] = []
    requested = {word.key for word in typed.leaves}
    used: set[str] = set()
    known: set[str] = set()
    for outer in typed.combinations():
        config = composer.compose(typed.passed + outer)
        params = _params(composer, config, typed)
        requested |= {word.key for word in params.leaves}
        for inner in params.combinations():
            composed = composer.compose(typed.passed + outer + inner) if inner else config.copy()
            leaves = typed.leaves + params.leaves
            written = composer.written(typed.passed + outer + inner) | {word.key for word in leaves}
            branch, keys = _branch(composed, leaves, written)
            branch.choices.update(typed.choices(outer) | params.choices(inner))
            used |= keys
            known |= set(branch.base)
            branches.append(branch)
    for key in sorted(requested - used):
        if key in KEYS:
            raise composer.belongs_elsewhere(key)
        raise unknown_key(
            key, known | set(composer.groups()), "any branch of the sweep" if len(branches) > 1 else "the configuration"
        )
    return plan_of(branches)


@dataclass
class _Overrides:
    """Overrides by kind: options of groups, values of keys, and those that are passed to Hydra unchanged."""

    groups: list[Word] = field(default_factory=list)
    leaves: list[Word] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, composer: Composer, words: Sequence[str]) -> _Overrides:
        sorted_words = cls()
        last: dict[str, Word] = {}
        overrides = composer.parse(quoted(words))
        check_overrides(overrides)
        for override in overrides:
            options = composer.options(override.key_or_group) if "." not in override.key_or_group else []
            word = read(override, options)
            if not word.plain:
                sorted_words.passed.append(word.text)
                continue
            if word.key.startswith("sweep.params"):
                raise ConfigurationError(f"{word.text} belongs in a file", todo="write key=values here")
            if len(word.values) > 1 and any(word.key.startswith(prefix) for prefix in SINGLE):
                raise ConfigurationError(f"{word.key} has one value for the whole sweep", found=word.text)
            last.pop(word.key, None)
            last[word.key] = word  # the last override of a key wins
        for word in last.values():
            is_group = word.key in composer.groups() or "/" in word.key
            (sorted_words.groups if is_group else sorted_words.leaves).append(word)
        for word in sorted_words.groups:
            for value in word.values:
                if value is not None and not word.key.startswith("hydra"):
                    group_option(composer, word.key, value)
        return sorted_words

    def combinations(self) -> Iterator[list[str]]:
        """Every combination of options, as overrides for Hydra; the last group varies fastest."""
        axes = [[f"{word.key}={'null' if value is None else value}" for value in word.values] for word in self.groups]
        return map(list, itertools.product(*axes))

    def choices(self, combination: list[str]) -> dict[str, str]:
        """Group to option of a combination, for the groups that are swept."""
        swept = {word.key for word in self.groups if len(word.values) > 1}
        pairs = (word.split("=", 1) for word in combination)
        return {group: option for group, option in pairs if group in swept}


def _params(composer: Composer, config: DictConfig, typed: _Overrides) -> _Overrides:
    """`sweep.params` of a composed file as further overrides, without the keys of the command line."""
    params = OmegaConf.to_container(config.sweep.params, resolve=False) if "sweep" in config else {}
    if not isinstance(params, dict):
        raise ConfigurationError("wrong value", where="sweep.params", expected="keys and values")
    taken = {word.key for word in typed.groups + typed.leaves}
    words = [f"{key}={_in_grammar(value)}" for key, value in params.items() if key not in taken]
    overrides = _Overrides.parse(composer, words)
    if overrides.passed:
        raise ConfigurationError(
            f"{overrides.passed[0]} is not allowed here", where="sweep.params", expected="key: values"
        )
    return overrides


def _in_grammar(value: Any) -> str:
    """A value of a YAML file in Hydra's grammar. Texts are taken as they are, and a list is a choice."""
    if isinstance(value, list):
        return "choice(" + ",".join(_in_grammar(item) for item in value) + ")"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def _branch(config: DictConfig, leaves: Sequence[Word], written: frozenset[str]) -> tuple[Branch, set[str]]:
    """A branch with its axes, and the keys of `leaves` that it has."""
    present = [word for word in leaves if _exists(config, word.key)]
    for word in present:  # single values first, so that plain references to them resolve
        if len(word.values) == 1:
            _assign(config, word)
    axes: dict[str, Word] = {}
    for word in (_whole(config, word) for word in present if len(word.values) > 1):
        if word.key in axes:
            raise ConfigurationError(f"{word.key} is swept twice", found=word.text, todo="write whole values")
        axes[word.key] = word
    _refuse_references(config, axes)
    base = complete(flatten(resolved(config)))
    columns = {}
    for key, word in axes.items():
        values: dict[str, Any] = {}
        for value in word.values:
            converted = checked(key, value)
            values.setdefault(repr(converted), converted)
        if len(values) == 1:  # one value in several spellings
            (base[key],) = values.values()
        else:
            columns[key] = tuple(values.values())
    return Branch(base, columns, written=written), {word.key for word in present}


def _whole(config: DictConfig, word: Word) -> Word:
    """The word; if its key is a term of a mapping that is one value, with whole mappings in place of the terms."""
    head, _, term = word.key.rpartition(".")
    if head not in WHOLE:
        return word
    value = OmegaConf.to_container(OmegaConf.select(config, head))
    terms = value if isinstance(value, dict) else {}
    return Word(head, tuple({**terms, term: each} for each in word.values), word.text, word.plain)


def _exists(config: DictConfig, key: str) -> bool:
    if key == "hydra" or key.startswith("hydra."):
        return False
    head, _, tail = key.rpartition(".")
    try:
        parent = OmegaConf.select(config, head) if head else config
    except Exception as error:
        raise translate(error) from error
    return isinstance(parent, DictConfig) and tail in parent and not _is_tree(parent, tail, key)


def _is_tree(parent: DictConfig, tail: str, key: str) -> bool:
    if OmegaConf.is_missing(parent, tail) or OmegaConf.is_interpolation(parent, tail):
        return False
    return isinstance(parent[tail], DictConfig) and key not in WHOLE


def _assign(config: DictConfig, word: Word) -> None:
    try:
        OmegaConf.set_struct(config, False)
        OmegaConf.update(config, word.key, word.values[0], merge=True)
    except Exception as error:
        raise translate(error) from error


def _refuse_references(config: DictConfig, axes: Mapping[str, Word]) -> None:
    """Raise for a value that refers to a swept key: the reference would always give the value of the file."""
    tree = OmegaConf.to_container(config, resolve=False)
    assert isinstance(tree, dict)
    tree.pop("hydra", None)
    for key, value in flatten({str(name): part for name, part in tree.items()}).items():
        for axis in axes:
            if isinstance(value, str) and f"${{{axis}}}" in value.replace(" ", ""):
                raise ConfigurationError(f"{key} refers to the swept key {axis}", todo=f"sweep {key} itself too")
