"""Feeds and venues by name: those of this version, and those in files of the user.

``BEA_HOME/feeds/NAME.py`` has a function ``open_feed(settings, coverage, around)``, ``BEA_HOME/venues/NAME.py``
``open_venue(settings, directory, around)`` and ``open_catalogue(settings, coverage, around)``. They are those of
`engine.live.adapters.registry`. A class ``Settings``, a frozen dataclass, is read from ``live/NAME.yaml`` and words
such as ``NAME.key=value``. ``BOOKMAKERS``, ``ACCOUNT`` and ``CREDENTIALS`` of a venue are the fields of its `Terms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

from engine.errors import ConfigurationError, printable, unknown_name
from engine.live.adapters import registry
from engine.live.adapters.registry import FEEDS, TERMS, Around, Coverage, History, Terms
from engine.live.feed import Feed
from engine.live.linking.contract import Directory
from engine.live.linking.propose import Offered
from engine.live.venue import Venue
from engine.paths import home
from research.user_file import FEEDS as FEED_FILES
from research.user_file import VENUES as VENUE_FILES
from research.user_file import call_function, load_module, refuse_shipped_name, user_files

#: what a file of a venue may say of it, and of which form it is
_WORDS: Final = {"BOOKMAKERS": tuple, "ACCOUNT": str, "CREDENTIALS": tuple}


def feed_names() -> list[str]:
    """Names of all feeds that listen to the world."""
    return [*FEEDS, *_own(FEED_FILES)]


def venue_names() -> list[str]:
    """Names of all real venues."""
    return [*TERMS, *_own(VENUE_FILES)]


def terms_of(venue: str) -> Terms:
    """What is known of a venue before it is opened.

    Raises
    ------
    UsageError
        There is no such venue.
    ConfigurationError
        The file of the user fails, or says it in another form.
    """
    if venue in TERMS:
        return TERMS[venue]
    path = _file(VENUE_FILES, venue)
    module = load_module(path)
    said = {name: getattr(module, name) for name in _WORDS if hasattr(module, name)}
    for name, value in said.items():
        texts = value if _WORDS[name] is tuple else (value,)
        if not isinstance(value, _WORDS[name]) or not all(isinstance(text, str) and text for text in texts):
            expected = "a tuple of names" if _WORDS[name] is tuple else "a name"
            raise ConfigurationError(f"wrong value of {name}", where=str(path), expected=expected,
                                     found=printable(repr(value), 60))  # fmt: skip
    return Terms(said.get("BOOKMAKERS", (venue,)), said.get("ACCOUNT", ""), said.get("CREDENTIALS", ()))


def settings_class(name: str) -> type | None:
    """The class of settings in the user's file of a feed or venue; None: it has none, or it is none of the user's."""
    for kind in (FEED_FILES, VENUE_FILES):
        if name in _own(kind):
            found: type | None = getattr(load_module(_file(kind, name)), "Settings", None)
            return found
    return None


def open_feed(name: str, settings: Any, coverage: Coverage, around: Around) -> Feed:
    """As `engine.live.adapters.registry.open_feed`, and the user's.

    Raises
    ------
    ConfigurationError
        The file of the user fails.
    """
    if name in FEEDS:
        return registry.open_feed(name, settings, coverage, around)
    return cast(Feed, _opened(FEED_FILES, name, "open_feed", settings, coverage, around))


def open_history(name: str, settings: Any, coverage: Coverage, instants_ns: Sequence[int], around: Around) -> History:
    """As `engine.live.adapters.registry.open_history`, and the user's; errors as `open_feed`."""
    if name in FEEDS:
        return registry.open_history(name, settings, coverage, instants_ns, around)
    if name not in feed_names():
        raise unknown_name("feed", printable(name, 60), feed_names(), where="bea data fetch NAME")
    return cast(History, _opened(FEED_FILES, name, "open_history", settings, coverage, instants_ns, around))


def open_venue(name: str, settings: Any, directory: Directory, around: Around) -> Venue:
    """As `engine.live.adapters.registry.open_venue`, and the user's; errors as `open_feed`."""
    if name in TERMS:
        return registry.open_venue(name, settings, directory, around)
    return cast(Venue, _opened(VENUE_FILES, name, "open_venue", settings, directory, around))


def open_catalogue(name: str, settings: Any, coverage: Coverage, around: Around) -> Sequence[Offered]:
    """As `engine.live.adapters.registry.open_catalogue`, and the user's; errors as `open_feed`."""
    if name in TERMS:
        return registry.open_catalogue(name, settings, coverage, around)
    return cast(Sequence[Offered], _opened(VENUE_FILES, name, "open_catalogue", settings, coverage, around))


def _own(kind: str) -> dict[str, Path]:
    files, shipped = user_files(kind, [home()]), {FEED_FILES: FEEDS, VENUE_FILES: TERMS}[kind]
    for name in sorted(set(files) & set(shipped)):
        refuse_shipped_name(files[name])
    return files


def _file(kind: str, name: str) -> Path:
    files = _own(kind)
    if name not in files:
        what, known = ("feed", feed_names()) if kind == FEED_FILES else ("venue", venue_names())
        raise unknown_name(what, printable(name, 60), known, where=f"--{what}")
    return files[name]


def _opened(kind: str, name: str, function: str, *given: Any) -> object:
    return call_function(_file(kind, name), function, "docs/live.md names the guide", *given)
