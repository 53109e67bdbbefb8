"""Mappings: small YAML files that describe the columns of a table. Each key is checked.

A mapping has one of three forms. **Wide**: each price has its own column, listed under `prices`. **Long**: each row is
one price, described under `long`. **Without prices**: `prices` is an empty list, for fixtures and results. With
`records` the file is a JSON document. The keys are documented in `engine.source.mapping.keys`.
"""

from engine.source.mapping.find import archive_files, mapping_text, reads_json, shipped_mappings
from engine.source.mapping.keys import (
    FurtherScore,
    Known,
    Line,
    Long,
    Mapping,
    NamedFile,
    Price,
    Records,
    Score,
    Text,
    When,
)
from engine.source.mapping.parse import parse_mapping

__all__ = [
    "FurtherScore",
    "Known",
    "Line",
    "Long",
    "Mapping",
    "NamedFile",
    "Price",
    "Records",
    "Score",
    "Text",
    "When",
    "archive_files",
    "mapping_text",
    "parse_mapping",
    "reads_json",
    "shipped_mappings",
]
