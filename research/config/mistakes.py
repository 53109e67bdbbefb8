"""Mistakes on a command line, each as one line: the nearest known name, and the errors of Hydra in plain words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from engine.errors import BeaError, ConfigurationError


def nearest(name: str, names: Iterable[str]) -> str:
    """Advice on an unknown name: the most similar known name, or all known names if none is similar and there are few.

    >>> nearest("stakng", ["staking", "risk"])
    'did you mean staking?'
    """
    known = sorted(set(names))
    like = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if not like:  # the last part is known in another group: edge_min for strategy.edge_min
        tail = name.rsplit(".", 1)[-1]
        tails = {key.rsplit(".", 1)[-1]: key for key in reversed(known)}
        like = [tails[last] for last in difflib.get_close_matches(tail, list(tails), n=1, cutoff=0.75)]
    if like:
        return f"did you mean {like[0]}?"
    return f"one of {', '.join(known)}" if 0 < len(known) <= 12 else ""


def unknown_key(key: str, keys: Iterable[str], where: str = "the configuration") -> ConfigurationError:
    """The error for a key that the configuration does not have."""
    return ConfigurationError(f"unknown key {key}", where=where, todo=nearest(key, keys))


def unknown_option(group: str, option: str, options: Sequence[str]) -> ConfigurationError:
    """The error for an option of a group without a file."""
    advice = nearest(option, options)
    advice = advice if advice.startswith("did") else ""
    listed = ", ".join(sorted(options)) if len(options) <= 12 else f"one of {len(options)}"
    return ConfigurationError(
        f"unknown option {option}", where=f"group {group}", expected=listed or "no option at all", todo=advice
    )


def translate(error: BaseException, keys: Iterable[str] = ()) -> BeaError:
    """An error of Hydra or OmegaConf as a BeaError of one line.

    Parameters
    ----------
    error : BaseException
        As raised by Hydra.
    keys : iterable of str
        All keys of the configuration; the error names the nearest one.
    """
    if isinstance(error, BeaError):
        return error
    if type(error).__name__ == "OverrideParseException":
        return _unreadable(str(getattr(error, "override", "")), str(error))
    if isinstance(error, RecursionError):
        return ConfigurationError("the configuration is nested too deeply")
    messages = [str(error)] + ([str(error.__cause__)] if error.__cause__ else [])
    text = "\n".join(messages)
    for pattern, make in _PATTERNS:
        if match := re.search(pattern, text, re.DOTALL):
            translated: BeaError = make(match, list(keys))
            return translated
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    return ConfigurationError(first.strip().rstrip(".:"))


def _unreadable(word: str, message: str) -> BeaError:
    """The error for an override that Hydra cannot parse, with the position where it stopped."""
    first = [line for line in message.splitlines() if line.strip() and not line.startswith("Error parsing")]
    why = first[0] if first else ""
    if "while evaluating" in why:
        return ConfigurationError(f"cannot read {word!r}", found=why.split(": ", 1)[-1])
    if "missing EQUAL" in why:
        return ConfigurationError(f"cannot read {word!r}", expected="key=value", found="no = sign")
    quoted = re.search(r"input '(?P<token>.*?)'(?: expecting .*)?$", why)
    token = quoted["token"].replace("<EOF>", "") if quoted else ""
    if quoted:
        at = word.rfind(token) + (len(token) if "no viable" in why else 0)
    else:
        caret = next((line for line in first if line.strip() == "^"), "")
        at = len(caret) - 1 - len("LexerNoViableAltException: ") if caret else len(word)
    at = min(max(at, 0), len(word))
    found = repr(word[at]) if at < len(word) else "the end"
    return ConfigurationError(
        f"cannot read {word!r} at character {at + 1}",
        expected="key=value in Hydra's grammar",
        found=found,
        todo="close what is open, or quote a value that holds ()[]{}=,<> or spaces",
    )


def _override(match: re.Match[str], keys: list[str]) -> BeaError:
    full = re.search(r"full_key: (\S+)", match.string)
    key = full[1] if full and match["key"].endswith(full[1]) else match["key"]
    return unknown_key(key, keys)


def _option(match: re.Match[str], keys: list[str]) -> BeaError:
    group, _, option = match["path"].rpartition("/")
    listed = match.string.partition("Available options in")[2].partition(":")[2]
    options = [line.strip() for line in listed.splitlines() if re.fullmatch(r"\t\S+", line)]
    return unknown_option(group or "conf", option, options)


_PATTERNS = (
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
