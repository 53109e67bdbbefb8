"""The numbers of cells that a file's rows may have."""

from __future__ import annotations

import pytest

from engine.errors import SourceError
from engine.source.widths import accepted_widths


def rows(*groups: tuple[int, int]) -> list[tuple[int, int]]:
    widths = [width for width, count in groups for _ in range(count)]
    return list(enumerate(widths, 2))


def test_a_header_without_unnamed_columns_has_one_width() -> None:
    assert accepted_widths(["a", "b"], rows((2, 10), (1, 4), (3, 4))) == {2}
    assert accepted_widths(["a", "b"], []) == {2}


def test_a_second_width_needs_unnamed_columns_and_many_rows() -> None:
    assert accepted_widths(["a", "b", ""], rows((3, 30), (2, 60))) == {2, 3}
    assert accepted_widths(["a", "b", ""], rows((3, 90), (2, 4))) == {3}
    assert accepted_widths(["a", "b", ""], rows((3, 4), (2, 90))) == {2}
    assert accepted_widths(["a", "", "b"], rows((3, 9), (2, 8))) == {3}


def test_most_rows_of_another_width_refuse_the_file() -> None:
    with pytest.raises(SourceError, match="expected 2 cells, as in the header, found 3 in 6 of 10 rows"):
        accepted_widths(["a", "b"], rows((2, 4), (3, 6)))
    assert accepted_widths(["a", "b"], rows((2, 5), (3, 5))) == {2}
