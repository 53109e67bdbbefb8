"""How many cells a row of a file may have: as many as its header, empty ones counted.

A row that lost or gained a cell has its values under the names of others, also where its last cells are empty. So the
raw number of cells is compared, not the number of filled ones. Columns without a name at the end of the header are the
one exception: a row may omit them if many rows of the file do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from engine.errors import SourceError

#: Rows of a width that omits unnamed columns: as many, and as large a share, make it a form of the file.
_ROWS_OF_A_FORM: Final = 5
_SHARE_OF_A_FORM: Final = 0.1


def accepted_widths(header: Sequence[str], rows: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Numbers of cells with which a row fits.

    Parameters
    ----------
    header : trimmed names, empty for an unnamed column
    rows : line and number of cells of each row that has text

    Raises
    ------
    SourceError
        Most rows have another number of cells.
    """
    width = len(header)
    named = max((i + 1 for i, name in enumerate(header) if name), default=0)
    counts = Counter(n for _, n in rows)
    most = max(_ROWS_OF_A_FORM, _SHARE_OF_A_FORM * len(rows))
    forms = {n for n in range(named, width + 1) if counts[n] >= most or 2 * counts[n] >= max(1, len(rows))}
    widths = frozenset(forms or {width})
    misfits = [(line, n) for line, n in rows if n not in widths]
    if 2 * len(misfits) > len(rows):
        line, n = misfits[0]
        common, count = Counter(n for _, n in misfits).most_common(1)[0]
        raise SourceError(
            "most rows have another number of cells than the header",
            expected=f"{width} cells, as in the header",
            found=f"{common} in {count} of {len(rows)} rows" + (f" (line {line} has {n})" if common != n else ""),
            todo=f"compare line {line} with the header: a name or a delimiter is lost or doubled",
        )
    return widths
