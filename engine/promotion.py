"""A promotion: one backtested configuration, frozen for trading with everything that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Promotion:
    """The content of ``promotions/NAME.json``. All values are plain JSON.

    Attributes
    ----------
    name : str
    mode : str
        ``paper`` or ``live``: which gates it passed.
    run, configuration : str, int
        Where it comes from.
    settings : mapping
        Every key of the configuration by dotted name, as `research.config.keys.complete` gives them.
    seed : int
        Of random rejections.
    currency : str
    zone : str
        Time zone of the calendar days.
    hashes : mapping of str to str
        data, kernel, strategy (source), package version, and each model artifact.
    verdict : mapping
        Both verdicts with their evidence, and the trials behind them.
    bands : mapping
        What the future must stay in (`research.promotion.bands`): by measure, lower and upper bound by day.
    gates : tuple of mapping
        Each gate: name, expected, found, passed, and the reason with which a failed one was acknowledged.
    created_ns, expires_ns : int
        UTC nanoseconds.
    digest : str
        32 hexadecimal digits over the canonical JSON of all other fields.
    """

    name: str
    mode: str
    run: str
    configuration: int
    settings: Mapping[str, Any]
    seed: int
    currency: str
    zone: str
    hashes: Mapping[str, str]
    verdict: Mapping[str, Any]
    bands: Mapping[str, Any]
    gates: tuple[Mapping[str, Any], ...]
    created_ns: int
    expires_ns: int
    digest: str
