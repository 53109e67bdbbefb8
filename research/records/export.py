"""A configuration of a run as overrides or as an experiment file, and `from=RUN#CONFIG`, which starts from one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from engine.errors import ConfigurationError, DataError, UsageError
from research.config.compose import Composer, flatten, quoted, resolved
from research.config.keys import complete, counts
from research.records.run import RunRecord

#: groups that name their option in a key
_NAMED: Final = ("strategy", "model", "staking")
#: the other groups; the option with the fewest differences is written
_OTHERS: Final = ("data", "risk", "execution", "clv")
_VALIDATION: Final = "validation"
#: groups that are always written
_SAID: Final = ("data", "strategy", "staking")
#: texts that Hydra reads as they are
_BARE: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)
_NO_TEXT: Final = ("null", "true", "false", "nan", "inf")
_WORD: Final = "from="


@dataclass(frozen=True)
class Exported:
    """What makes a configuration: options of groups, and the keys whose values are not those of the options.

    Attributes
    ----------
    title : str
        ``configuration 17 of run 3f2a...``.
    options : mapping of str to str
    values : mapping of str to object
        By dotted key.
    """

    title: str
    options: Mapping[str, str]
    values: Mapping[str, Any]

    @property
    def words(self) -> list[str]:
        """Overrides, as a shell would hand them over."""
        chosen = [f"{group}={option}" for group, option in self.options.items()]
        return [*chosen, *(f"{key}={hydra_value(value)}" for key, value in self.values.items())]

    @property
    def yaml(self) -> str:
        """An experiment file: ``experiment=NAME`` if it is ``experiment/NAME.yaml`` in a folder of `--config-dir`."""
        tree: dict[str, Any] = {}
        for key, value in self.values.items():
            branch, parts = tree, key.split(".")
            for part in parts[:-1]:
                branch = branch.setdefault(part, {})
            branch[parts[-1]] = value
        defaults = [{f"override /{group}": option} for group, option in self.options.items()]
        text = yaml.safe_dump({"defaults": defaults} | tree, sort_keys=False, allow_unicode=True, width=120)
        return f"# @package _global_\n# {self.title[0].upper()}{self.title[1:]}.\n{text}"


def hydra_value(value: Any) -> str:
    """A value in the grammar of Hydra's overrides.

    >>> hydra_value({"a": [1, None, "it's"], "b": True})
    "{a:[1,null,'it\\\\'s'],b:true}"
    """
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}:{hydra_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(hydra_value, value))}]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    if _BARE.fullmatch(value) and value.lower() not in _NO_TEXT:
        return value
    # backslashes count double before a quote only, the closing one included
    return "'" + re.sub(r"(\\+)$", r"\1\1", re.sub(r"(\\*)'", r"\1\1\\'", value)) + "'"


def export(run: RunRecord, config: int | None, composer: Composer) -> Exported:
    """What makes a configuration of a run, over the configuration files as they are now.

    How runs are read and shown (`sweep`, `output`, `validation`) is left out; the validation stays where a model is
    fitted, since it says on which days.

    Parameters
    ----------
    run : RunRecord
    config : int or None
        Its number; None only where the run has one configuration.
    composer : Composer
        Over the configuration `backtest` or `sweep`.

    Raises
    ------
    UsageError
        No number, and the run has several configurations.
    ConfigurationError
        The strategy or an option is not there any more.
    DataError
        The configuration cannot be written so that it comes back as it was.
    """
    if config is None and len(run) != 1:
        raise UsageError(f"run {run.short} has {len(run):,} configurations", expected="RUN#CONFIG")
    number = config or 1
    fitted = bool(run.tape(number).get("fit_at"))
    wanted = {key: value for key, value in complete(run.parameters(number)).items() if _kept(key, fitted)}
    options = {group: wanted[f"{group}.name"] for group in _NAMED if wanted.get(f"{group}.name")}
    if fitted:
        options[_VALIDATION] = wanted[f"{_VALIDATION}.name"]
    options |= {group: _nearest(composer, group, options, wanted) for group in _OTHERS}
    usual = _values(composer, [f"{group}={option}" for group, option in options.items()])
    default: Mapping[str, Any] = composer.compose([]).hydra.runtime.choices
    chosen = {group: option for group, option in options.items() if group in _SAID or default.get(group) != option}
    values = {key: value for key, value in wanted.items() if key not in usual or usual[key] != value}
    found = Exported(f"configuration {number} of run {run.id}", chosen, values)
    back = _values(composer, found.words)
    for key, value in wanted.items():
        if back.get(key, value if key not in back and value is None else ...) != value:
            raise DataError(
                "the configuration cannot be written as overrides",
                where=key,
                expected=str(value),
                found=str(back.get(key)),
            )
    return found


def expanded(composer: Composer, words: Sequence[str]) -> list[str]:
    """Overrides with the word ``from=RUN#CONFIG`` replaced by those of that configuration; other words go before it.

    A word for a group replaces all that the configuration says about the group.

    Raises
    ------
    UsageError
        Several such words, or one beside an experiment.
    """
    origins = [word for word in words if word.startswith(_WORD)]
    if not origins:
        return list(words)
    rest = [word for word in words if not word.startswith(_WORD)]
    keys = {re.split(r"[=@]", word.lstrip("+~"))[0].strip() for word in rest}
    if len(origins) > 1 or "experiment" in keys:
        raise UsageError("from= stands alone", expected="one from=RUN#CONFIG, and no experiment", found=" ".join(words))
    run, config = reference(origins[0].removeprefix(_WORD))
    groups = keys & {*_NAMED, *_OTHERS, _VALIDATION}
    found = export(run, config, composer)
    options = {group: option for group, option in found.options.items() if group not in keys}
    values = {
        key: value for key, value in found.values.items() if key not in keys and key.partition(".")[0] not in groups
    }
    return [*Exported(found.title, options, values).words, *rest]


def reference(text: str) -> tuple[RunRecord, int | None]:
    """``RUN`` or ``RUN#CONFIG`` as a run and the number of a configuration.

    Raises
    ------
    UsageError
        No such run or configuration.
    """
    prefix, mark, config = text.partition("#")
    if mark and not config.isdecimal():
        raise UsageError(f"{text} is no configuration", expected="RUN#NUMBER")
    run = RunRecord.open(prefix)
    number = int(config) if mark else None
    if number is not None:
        run.metrics(number)
    return run, number


def _kept(key: str, fitted: bool) -> bool:
    if key.startswith(("sweep.", "cluster.")):
        return False
    if key.startswith(f"{_VALIDATION}."):
        return fitted
    return counts(key) or key in ("data.store", "strategy.file")


def _values(composer: Composer, words: Sequence[str]) -> dict[str, Any]:
    return complete(flatten(resolved(composer.compose(quoted(words)))))


def _nearest(composer: Composer, group: str, options: Mapping[str, str], wanted: Mapping[str, Any]) -> str:
    """The option of a group that has the fewest differences; of equals the default one, then the first by name."""
    known = composer.options(group)
    if len(known) == 1:
        return known[0]
    words = [f"{name}={option}" for name, option in options.items()]
    best = ""
    fewest = len(wanted) + 1
    for option in sorted(known, key=lambda one: (one != "default", one)):
        try:
            values = _values(composer, [*words, f"{group}={option}"])
        except ConfigurationError:
            continue  # an option file of the user that is wrong, or lacks a key
        differing = sum(values.get(key) != value for key, value in wanted.items() if key.startswith(f"{group}."))
        if differing < fewest:
            best, fewest = option, differing
    return best
