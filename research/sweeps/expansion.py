"""All configurations of a sweep, from the words of the command line and the `sweep.params` of a file.

A *branch* is one choice of an option in every group; it is composed by Hydra once. Everything else is an *axis* of
the branch: its values are put into the composed tree in-process, as columns, and never composed.
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
        A key in no branch, an unreadable word, a value of the wrong type, no combination left, or more than
        `sweep.max` of them.
    """
    given = _Given.parse(composer, words)
    branches: list[Branch] = []
    met: set[str] = set()
    wanted = {word.key for word in given.leaves}
    known: set[str] = set()
    for outer in given.combinations():
        config = composer.compose(given.passed + outer)
        params = _params(composer, config, given)
        wanted |= {word.key for word in params.leaves}
        for inner in params.combinations():
            words_of = given.passed + outer + inner
            whole = composer.compose(words_of) if inner else config.copy()
            branch, keys = _branch(whole, given.leaves + params.leaves)
            branch.choices.update(given.choices(outer) | params.choices(inner))
            met |= keys
            known |= set(branch.base)
            branches.append(branch)
    for key in sorted(wanted - met):
        if key in KEYS:
            raise composer.belongs_elsewhere(key)
        raise unknown_key(
            key, known | set(composer.groups()), "any branch of the sweep" if len(branches) > 1 else "the configuration"
        )
    return plan_of(branches)


@dataclass
class _Given:
    """Words sorted by what they are: group axes, leaf keys, and those that Hydra gets as they are."""

    groups: list[Word] = field(default_factory=list)
    leaves: list[Word] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, composer: Composer, words: Sequence[str]) -> _Given:
        made = cls()
        last: dict[str, Word] = {}
        overrides = composer.parse(quoted(words))
        check_overrides(overrides)
        for override in overrides:
            options = composer.options(override.key_or_group) if "." not in override.key_or_group else []
            word = read(override, options)
            if not word.plain:
                made.passed.append(word.text)
                continue
            if word.key.startswith("sweep.params"):
                raise ConfigurationError(f"{word.text} belongs in a file", todo="say key=values here")
            if len(word.values) > 1 and any(word.key.startswith(one) for one in SINGLE):
                raise ConfigurationError(f"{word.key} has one value a sweep", found=word.text)
            last.pop(word.key, None)
            last[word.key] = word  # the last word of a key holds
        for word in last.values():
            is_group = word.key in composer.groups() or "/" in word.key
            (made.groups if is_group else made.leaves).append(word)
        for word in made.groups:
            for value in word.values:
                if value is not None and not word.key.startswith("hydra"):
                    group_option(composer, word.key, value)
        return made

    def combinations(self) -> Iterator[list[str]]:
        """Every choice of options, as words for Hydra, the last group fastest."""
        axes = [[f"{w.key}={'null' if v is None else v}" for v in w.values] for w in self.groups]
        return map(list, itertools.product(*axes))

    def choices(self, combination: list[str]) -> dict[str, str]:
        """Group and option of each word of a combination, of groups that are swept over."""
        swept = {word.key for word in self.groups if len(word.values) > 1}
        pairs = (word.split("=", 1) for word in combination)
        return {group: option for group, option in pairs if group in swept}


def _params(composer: Composer, config: DictConfig, given: _Given) -> _Given:
    """`sweep.params` of a composed file as further words; those of the command line win."""
    written = OmegaConf.to_container(config.sweep.params, resolve=False) if "sweep" in config else {}
    if not isinstance(written, dict):
        raise ConfigurationError("wrong value", where="sweep.params", expected="keys and values")
    taken = {word.key for word in given.groups + given.leaves}
    words = [f"{key}={_grammar(value)}" for key, value in written.items() if key not in taken]
    made = _Given.parse(composer, words)
    if made.passed:
        raise ConfigurationError(f"{made.passed[0]} has no place here", where="sweep.params", expected="key: values")
    return made


def _grammar(value: Any) -> str:
    """A value of a YAML file in Hydra's grammar: a text is grammar already, a list is a choice."""
    if isinstance(value, list):
        return "choice(" + ",".join(_grammar(one) for one in value) + ")"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def _branch(config: DictConfig, leaves: Sequence[Word]) -> tuple[Branch, set[str]]:
    """A branch with its own axes, and which of the wanted keys it has."""
    here = [word for word in leaves if _exists(config, word.key)]
    for word in here:  # single values first, so that plain references to them resolve
        if len(word.values) == 1:
            _assign(config, word)
    axes = {word.key: word for word in here if len(word.values) > 1}
    _refuse_references(config, axes)
    base = complete(flatten(resolved(config)))
    columns = {}
    for key, word in axes.items():
        values: dict[str, Any] = {}
        for value in word.values:
            made = checked(key, value)
            values.setdefault(repr(made), made)
        if len(values) == 1:  # the same value in two spellings is no axis
            (base[key],) = values.values()
        else:
            columns[key] = tuple(values.values())
    return Branch(base, columns), {word.key for word in here}


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
    """A value that refers to a swept key would keep the value of the file: refuse it."""
    tree = OmegaConf.to_container(config, resolve=False)
    assert isinstance(tree, dict)
    tree.pop("hydra", None)
    for key, value in flatten({str(k): v for k, v in tree.items()}).items():
        for axis in axes:
            if isinstance(value, str) and f"${{{axis}}}" in value.replace(" ", ""):
                raise ConfigurationError(f"{key} refers to the swept key {axis}", todo=f"sweep {key} itself too")
