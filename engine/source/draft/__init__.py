"""A first mapping for a file: what its columns seem to be, and questions where the file does not say."""

from engine.source.draft.write import draft_mapping

__all__ = ["draft_mapping"]
