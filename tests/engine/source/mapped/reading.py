"""Reads small texts with a mapping, and checks that the counts add up."""

from __future__ import annotations

from datetime import date

from engine.source import generic_csv
from engine.source.batch import Parsed
from engine.source.mapping import mapping_text, parse_mapping
from engine.source.quarantine import Origin

TODAY = date(2026, 11, 1)


def read(raw: bytes | str, mapping: str, name: str = "x.csv") -> Parsed:
    """Read a text; `mapping` is the text of a mapping, or the name of a shipped one."""
    data = raw.encode() if isinstance(raw, str) else raw
    text = mapping if "\n" in mapping else mapping_text(mapping)[0]
    parsed = generic_csv.read(data, Origin("generic_csv", name, "0" * 64), TODAY, parse_mapping(text, "m"))
    assert parsed.counts.add_up and parsed.counts.prices_kept == parsed.quotes.height
    assert parsed.quotes.join(parsed.events, on="event_id", how="anti").is_empty()
    return parsed
