"""Adapters by name: what there is not is refused in one line, what there is gets what it was opened with."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from engine.errors import UsageError
from engine.live.adapters import registry
from engine.live.adapters.betfair.login import KEY, PASSWORD, USER
from engine.live.adapters.registry import FEEDS, TERMS, VENUES, Around, Coverage
from engine.live.clock import SystemClock
from engine.live.linking.contract import Links
from engine.logs.secrets import Secrets
from engine.schema import AGGREGATES


def around() -> Around:
    return Around(os.environ, Secrets(), SystemClock(), Path(), print, dry_run=True, at_end=lambda close: close)


@pytest.mark.parametrize(("name", "words"), [("betfare", "betfair"), ("", "betfair, pinnacle")])
def test_an_unknown_venue_names_those_there_are(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        registry.open_venue(name, None, Links([]), around())


def test_the_odds_api_is_no_venue() -> None:
    with pytest.raises(UsageError, match="expected betfair, pinnacle"):
        registry.open_venue("the_odds_api", None, Links([]), around())


def test_each_adapter_is_a_package_here() -> None:
    folder = Path(registry.__file__).parent
    assert {path.parent.name for path in folder.glob("*/__init__.py")} == set(FEEDS) | set(VENUES)


def test_each_venue_says_what_is_sold_there_and_which_credentials_it_takes() -> None:
    assert set(TERMS) == set(VENUES)
    for terms in TERMS.values():
        assert terms.bookmakers and terms.account in terms.credentials
    assert TERMS["betfair"].credentials == (USER, PASSWORD, KEY) and TERMS["betfair"].account == USER
    sold = [name for terms in TERMS.values() for name in terms.bookmakers]
    assert len(sold) == len(set(sold)) and not set(sold) & set(AGGREGATES)


def test_a_factory_gets_settings_coverage_and_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("engine.live.adapters.betfair.open")
    module.open_feed = lambda *given: given  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(registry, "find_spec", lambda name: name == module.__name__)
    given = ({"a": 1}, Coverage("football", ("E0",)), around())
    assert registry.open_feed("betfair", *given) == given
    with pytest.raises(UsageError, match="betfair has no venue"):
        registry.open_venue("betfair", None, Links([]), around())
