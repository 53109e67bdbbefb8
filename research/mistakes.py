"""Mistakes of a command line as one line: the nearest right name, and Hydra's own errors translated."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from engine.errors import BeaError, ConfigurationError


def nearest(name: str, names: Iterable[str]) -> str:
    """The right name that looks most like a wrong one, as advice; all of them where few and none is like it.

    >>> nearest("stakng", ["staking", "risk"])
    'did you mean staking?'
    """
    known = sorted(set(names))
    like = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if not like:  # the right last part under another head: edge_min for strategy.edge_min
        tail = name.rsplit(".", 1)[-1]
        tails = {key.rsplit(".", 1)[-1]: key for key in reversed(known)}
        like = [tails[found] for found in difflib.get_close_matches(tail, list(tails), n=1, cutoff=0.75)]
    if like:
        return f"did you mean {like[0]}?"
    return f"one of {', '.join(known)}" if 0 < len(known) <= 12 else ""


def unknown_key(key: str, keys: Iterable[str], where: str = "the configuration") -> ConfigurationError:
    """The error of a key that no part of the configuration has."""
    return ConfigurationError(f"unknown key {key}", where=where, todo=nearest(key, keys))


def unknown_option(group: str, option: str, options: Sequence[str]) -> ConfigurationError:
    """The error of a group's option for which there is no file."""
    advice = nearest(option, options)
    listed = ", ".join(sorted(options)) if len(options) <= 12 else f"one of {len(options)}"
    return ConfigurationError(
        f"unknown option {option}", where=f"group {group}", expected=listed or "no option at all", todo=advice
    )


def translate(error: BaseException, keys: Iterable[str] = ()) -> BeaError:
    """Hydra's or OmegaConf's error as one of ours.

    Parameters
    ----------
    error : BaseException
        As Hydra raised it.
    keys : iterable of str
        All keys of the configuration, among which the nearest is looked for.
    """
    if isinstance(error, BeaError):
        return error
    if isinstance(error, RecursionError):
        return ConfigurationError("the configuration is nested too deeply")
    messages = [str(error)] + ([str(error.__cause__)] if error.__cause__ else [])
    text = "\n".join(messages)
    for pattern, make in _PATTERNS:
        if match := re.search(pattern, text, re.DOTALL):
            found: BeaError = make(match, list(keys))
            return found
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    return ConfigurationError(first.strip().rstrip(".:"))


def _parse(match: re.Match[str], keys: list[str]) -> BeaError:
    word, why = match["word"], match["why"].strip().splitlines()[0]
    at = re.search(r"at(?: input)?:? '(?P<token>[^']*)'|input '(?P<other>[^']*)'", why)
    token = ((at["token"] or at["other"]) if at else "").replace("<EOF>", "")
    place = word.find(token) if token and token in word else len(word)
    end = place + (len(token) if "no viable" in why and token in word else 1)
    column = min(end, len(word) + 1)
    return ConfigurationError(
        f"cannot read {word!r} at character {column}",
        expected="key=value in Hydra's grammar",
        found=repr(token) if token else "the end of the word",
        todo="quote a value that holds ()[]{}=, or spaces: key='\"a (b)\"'",
    )


def _override(match: re.Match[str], keys: list[str]) -> BeaError:
    full = re.search(r"full_key: (\S+)", match.string)
    key = full[1] if full and match["key"].endswith(full[1]) else match["key"]
    return unknown_key(key, keys)


def _option(match: re.Match[str], keys: list[str]) -> BeaError:
    group, _, option = match["path"].rpartition("/")
    listed = match.string.partition("Available options in")[2].partition(":")[2]
    options = [line.strip() for line in listed.splitlines() if line.strip() and "=" not in line]
    return unknown_option(group or "conf", option, options)


_PATTERNS = (
    (r"Error parsing override '(?P<word>.*?)'\n(?P<why>.*)", _parse),
    (r"Could not override '(?P<key>[^']*)'", _override),
    (
        r"Could not append to config.*\n?.*'(?P<key>[^']*)'",
        lambda m, k: ConfigurationError(f"{m['key']} is there already", todo="leave out the +"),
    ),
    (r"Could not delete.*'(?P<key>[^']*)'", lambda m, k: unknown_key(m["key"].lstrip("~"), k)),
    (r"Could not find '(?P<path>[^']*)'", _option),
    (r"Unsupported interpolation type (?P<name>\S+)", lambda m, k: _resolver(m["name"])),
    (r"Interpolation key '(?P<key>[^']*)' not found", lambda m, k: unknown_key(m["key"], k, "an interpolation")),
    (r"Key '(?P<key>[^']*)' is not in struct", _override),
    (
        r"You must specify '(?P<group>[^']*)'",
        lambda m, k: ConfigurationError(f"group {m['group']} has no option", todo=f"{m['group']}=<option>"),
    ),
)


def _resolver(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"interpolation ${{{name}:...}} is never honoured",
        expected="plain references such as ${staking.fraction}",
        todo="write the value itself",
    )
