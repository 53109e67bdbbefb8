"""Results of tasks as files: created whole, never over another one, and compared where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.errors import DataError
from engine.files import digest_of, new_file


def publish(path: Path, pieces: Sequence[bytes | memoryview], what: str, worker: str, again: str) -> None:
    """Create the file of a result; one that is there already must have the same content.

    Parameters
    ----------
    path : Path
        The folder must exist.
    pieces : sequence of bytes or memoryview
        The content, in order.
    what : str
        What it is a result of: ``unit``.
    worker : str
        Who made it, for the error.
    again : str
        How to repeat the command, for the error.

    Raises
    ------
    DataError
        There is another result.
    """
    try:
        with new_file(path, durable=False) as made, made.open("wb") as file:
            file.writelines(pieces)
    except FileExistsError:
        there, ours = digest_of([path.read_bytes()], 16), digest_of(pieces, 16)
        if there != ours:
            raise DataError(
                f"a {what} has two results", where=str(path), expected=f"{there.hex()}, which was there first",
                found=f"{ours.hex()} by {worker}",
                todo=f"a machine computes wrongly, or not as the others do; find out which, and {again}",
            ) from None  # fmt: skip
