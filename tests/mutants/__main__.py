"""Try each mutant on a copy of the project: ``python -m tests.mutants``. ``--page docs/mutants.md`` writes the results.

The exit status is 1 if a test passes although the code is wrong.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, copy_project, passes

_HEAD = """# Mutants

Terms: [glossary](glossary.md).

This page is written by the command below; do not edit it by hand. Each line is a small wrong change of the code behind
the verdicts and the locks on real money. It is made in a copy of the project, and the named test is run there: it must
fail, and it passes where nothing is changed. Names are those of files below `tests/research`, or below `tests`.

```
python -m tests.mutants --page docs/mutants.md
```
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try them all, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", default="", help="only those whose description contains this text")
    parser.add_argument("--page", type=Path, help="file for the page of results")
    options = parser.parse_args(sys.argv[1:] if arguments is None else list(arguments))
    chosen = [mutant for mutant in MUTANTS if options.only in mutant.what]
    found: list[tuple[Mutant, bool]] = []
    with tempfile.TemporaryDirectory(prefix="bea-mutants-") as folder:
        copy = copy_project(Path(folder))
        for test in dict.fromkeys(mutant.test for mutant in chosen):
            if not passes(copy, test):
                sys.stderr.write(f"fails without a mutant: {test}\n")
                return 1
        for mutant in chosen:
            survives = mutant.survives(copy)
            found.append((mutant, survives))
            sys.stdout.write(f"{'SURVIVES' if survives else 'found   '} {mutant.what}: {mutant.test}\n")
            sys.stdout.flush()
    if options.page:
        options.page.write_text(page(found, dt.date.today()), encoding="utf-8")
    return int(any(survives for _, survives in found))


def page(found: Sequence[tuple[Mutant, bool]], day: dt.date) -> str:
    """The page of results."""
    lines = ["| change | file | found by | result |", "| --- | --- | --- | --- |"]
    for mutant, survives in found:
        test = mutant.test.removeprefix("tests/research/").removeprefix("tests/").replace("::", " ")
        lines.append(f"| {mutant.what} | `{mutant.path}` | {test} | {'**not found**' if survives else 'found'} |")
    count = sum(not survives for _, survives in found)
    written = f"On {day.day} {day:%B %Y}, {count} of {len(found)} are found."
    return "\n".join([_HEAD, written, "", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
