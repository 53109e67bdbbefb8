"""`bea judge`: models against the market, on one common set of events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError
from research.commands.arguments import parser_of, print_json

if TYPE_CHECKING:
    from research.judging.judgement import Judgement

_ABOUT: Final = (
    "Judge models against the market: log loss, ranked probability score, Brier and calibration error on one common "
    "set of events, the difference to the market with an interval, the weight in a blend with it, and one verdict line "
    "each. judge.* says what is judged, data.* what may be learned from. For example: "
    "bea judge experiment=judge/five_leagues data.store=DIR output=json. Exit status: 0, 1 if the self-test of the "
    "harness failed, 2 a wrong command."
)


def main(argv: Sequence[str]) -> int:
    """Run `bea judge` with the words after it; returns the exit status."""
    parser = parser_of("judge", _ABOUT)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="keys of conf/judge.yaml")
    parser.add_argument("--config-dir", "-cd", metavar="DIR", help="folder with your own experiments")
    options = parser.parse_intermixed_args(list(argv))
    from research.config.compose import Composer, quoted, resolved
    from research.config.keys import checked
    from research.execution.progress import Silence, progress_for
    from research.judging.judgement import judge
    from research.judging.kept import keep
    from research.judging.selftest import failed
    from research.judging.settings import settings_of

    folder = Path(options.config_dir).absolute() if options.config_dir else None
    composer, words = Composer("judge", folder), quoted(options.overrides)
    for override in composer.parse(words):
        if override.is_sweep_override():
            key, _, values = (override.input_line or "").partition("=")
            raise UsageError(f"{key} has several values", todo=f"write a list: {key}=[{values}]")
    tree = resolved(composer.compose(words))
    as_json = checked("output", tree["output"]) == "json" or options.json
    judgement = judge(settings_of(tree), Silence() if as_json else progress_for())
    place = keep(judgement, ["judge", *options.overrides], page=checked("report", tree["report"]))
    if as_json:
        print_json({**judgement.document(), **place})
    else:
        show(judgement, place)
    return int(bool(failed(judgement.checks)))


def show(judgement: Judgement, place: dict[str, Any]) -> None:
    """Print the table."""
    from engine.errors import printable
    from research.commands.tables import print_line, print_table
    from research.judging.sentences import (
        EARNING_HEADS,
        HEADS,
        cells,
        earning_cells,
        headline,
        money_words,
        self_test_lines,
    )

    print_line(headline(judgement))
    print_table("", list(HEADS), [list(cells(row)) for row in judgement.rows])
    print_table("", list(EARNING_HEADS), [list(earning_cells(one)) for one in judgement.earnings])
    print_line(money_words(judgement))
    for reason, count in judgement.sample.left_out.items():
        print_line(f"left out {count:,} events: {reason}")
    for note in judgement.notes:
        print_line(f"note    {note}")
    for line in self_test_lines(judgement):
        print_line(f"self-test {line}")
    for path in place.values():
        print_line(f"stored  {printable(path, 400)}")
