"""Mappings: small YAML files that describe the columns of a table. Each key is checked.

A mapping has one of two forms. **Wide**: each price has its own column, listed under `prices`. **Long**: each row is
one price, described under `long`. The keys are documented in `engine.source.mapping.keys`.
"""

from engine.source.mapping.find import archive_files, mapping_text, shipped_mappings
from engine.source.mapping.keys import Known, Line, Long, Mapping, NamedFile, Price, Text, When
from engine.source.mapping.parse import parse_mapping

__all__ = [
    "Known",
    "Line",
    "Long",
    "Mapping",
    "NamedFile",
    "Price",
    "Text",
    "When",
    "archive_files",
    "mapping_text",
    "parse_mapping",
    "shipped_mappings",
]
