"""Write the table of fast parameters into the documentation: ``python -m scripts.parameters``."""

from __future__ import annotations

from pathlib import Path

from research.config.parameter_help import parameter_table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "parameters.md"
#: the table is the part of the page from here on
MARK = "<!-- from here on written by `python -m scripts.parameters` -->\n\n"


def page() -> str:
    """The page with the current table."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + parameter_table()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
