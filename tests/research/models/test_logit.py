"""Parameters of the multinomial logit of features."""

from __future__ import annotations

import pytest

from engine.errors import ConfigurationError
from research.models import made


def test_parameters_out_of_range_and_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown parameter 'rigde' in model.*; did you mean ridge"):
        made("logit", {"rigde": 1.0})
    with pytest.raises(
        ConfigurationError, match=r"unknown feature 'elos' in features of model logit: .*did you mean elo"
    ):
        made("logit", {"features": ("elos",)})
    with pytest.raises(ConfigurationError, match=r"value out of range in model logit, ridge: expected above 0"):
        made("logit", {"ridge": 0.0})
