"""Names of configurations, parameters and reasons."""

from __future__ import annotations

from engine.kernel.codes import REASONS
from research.report.naming import REASON_WORDS, reason_name, settings


def test_a_configuration_is_named_by_the_keys_it_has() -> None:
    parameters = {"strategy.name": "value", "strategy.edge_min": 0.02, "strategy.odds_max": None, "risk": "off"}
    keys = ["risk", "strategy.name", "strategy.alpha", "strategy.edge_min", "strategy.odds_max"]
    assert settings(parameters, keys) == "risk off, strategy value, edge min 0.02, no odds max"
    assert settings({}, keys) == ""


def test_every_reason_has_words() -> None:
    assert set(REASONS) <= set(REASON_WORDS)
    assert reason_name("cash") == "no cash available" and reason_name("something_new") == "something new"
