"""`bea drift`: what was traded beside the backtest, decision by decision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.errors import printable
from research.commands.arguments import parser_of, print_json

if TYPE_CHECKING:
    from research.drift.drift import Drift

_ABOUT: Final = (
    "Compare what a promotion traded with the backtest of the same span, decision by decision: identical, or different "
    "with its cause and the money it cost. Then the bands of the promotion. Exit status: 0 every difference has a "
    "cause, 1 one has none, 2 a wrong command."
)


def main(argv: Sequence[str]) -> int:
    """Run `bea drift` with the words after it; returns the exit status."""
    parser = parser_of("drift", _ABOUT)
    parser.add_argument("name", metavar="NAME", help="a promotion that was traded")
    words = "folder of what the runner received; default: the store of the backtest"
    parser.add_argument("--recording", metavar="FOLDER", help=words)
    options = parser.parse_args(list(argv))
    drift = _measured(options.name, options.recording)
    path = write(drift)
    status = int(bool(drift.unexplained))
    if options.json:
        print_json({**drift.document(), "page": str(path), "pairs": str(path.with_name("pairs.parquet"))})
        return status
    show(drift, path)
    return status


def _measured(name: str, recording: str | None) -> Drift:
    from contextlib import ExitStack, closing
    from tempfile import TemporaryDirectory

    from engine.live.ledger.opening import look
    from engine.promotion import load
    from research.drift.drift import drift_of
    from research.drift.heard import over, recorded_store
    from research.promotion.deployed import deploy

    promotion = load(name)
    with ExitStack() as stack:
        if recording is not None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="bea-drift-")))
            promotion = over(promotion, recorded_store(Path(recording), folder / "store"))
        ledger = stack.enter_context(closing(look(name)))
        return drift_of(deploy(promotion), list(ledger.entries()))


def write(drift: Drift) -> Path:
    """Write the page and the pairs into ``BEA_HOME/data/drift/NAME``; returns the path of the page."""
    from engine.paths import home
    from research.drift.page import page

    folder = home() / "data" / "drift" / drift.promotion.name
    folder.mkdir(parents=True, exist_ok=True)
    drift.pairs.write_parquet(folder / "pairs.parquet")
    path = folder / "report.html"
    path.write_text(page(drift), encoding="utf-8")
    return path


def show(drift: Drift, path: Path) -> None:
    """Print the drift."""
    from research.commands.tables import print_line, print_table
    from research.drift.sentences import acknowledged, explained, headline, line_cells, span, standing_cells

    print_line(headline(drift))
    print_line(f"{explained(drift)} {span(drift)}")
    for line in acknowledged(drift):
        print_line(f"acknowledged {line}")
    money = f"gained or cost, {drift.promotion.currency}"
    print_table("", ["cause", "decisions", money], [list(line_cells(line)) for line in drift.lines])
    print_table("", ["measure", "value", "band", "position"], [list(standing_cells(s)) for s in drift.standings])
    for artifact in drift.artifacts:
        if not artifact.is_same:
            print_line(f"the model fitted at {artifact.fitted_ns} is another one: {artifact.backtest[:12]}")
    print_line(printable(path, 400))
