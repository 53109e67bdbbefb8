"""`bea drift`: what was traded beside the backtest, decision by decision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.errors import printable
from research.commands.arguments import parser_of, print_json

if TYPE_CHECKING:
    from engine.live.ledger.entries import Recorded
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
    sources = parser.add_mutually_exclusive_group()
    sources.add_argument(
        "--recording", metavar="PATH",
        help="what the runner received; default: its own recording, or the store where it was fed from the store",
    )  # fmt: skip
    sources.add_argument("--store", action="store_true", help="the store of the backtest, as it is today")
    options = parser.parse_args(list(argv))
    drift = _measured(options.name, options.recording, from_store=options.store)
    path = write(drift)
    status = int(bool(drift.unexplained))
    if options.json:
        print_json({**drift.document(), "page": str(path), "pairs": str(path.with_name("pairs.parquet"))})
        return status
    show(drift, path)
    return status


def _measured(name: str, recording: str | None, *, from_store: bool) -> Drift:
    from contextlib import ExitStack, closing
    from tempfile import TemporaryDirectory

    from engine.live.ledger.opening import look
    from engine.promotion import load
    from research.config.live import ledger_settings
    from research.drift.drift import drift_of
    from research.drift.heard import over, recorded_store
    from research.promotion.deployed import deploy

    promotion = load(name)
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(look(name, settings=ledger_settings())))
        entries = list(ledger.entries())
        if recording is None and not from_store:
            recording = _own_recording(name, entries)
        if recording is not None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="bea-drift-")))
            promotion = over(promotion, recorded_store(Path(recording), folder / "store"))
        return drift_of(deploy(promotion), entries)


def _own_recording(name: str, entries: Sequence[Recorded]) -> str | None:
    """What the runner received; None where all of it came from the store, or nothing was kept."""
    from engine.live.feeds.recording import files_of
    from engine.live.ledger.entries import Kind
    from research.trading.history import REPLAY, STORE
    from research.trading.setup import recording_path

    feeds = {str(one.entry.body.get("feed", "")) for one in entries if one.entry.kind is Kind.STARTED}
    folder = recording_path(name)
    return str(folder) if feeds - {REPLAY, STORE} and files_of(folder) else None


def write(drift: Drift) -> Path:
    """Write the page and the pairs into ``BEA_HOME/data/drift/NAME``; returns the path of the page."""
    from engine.files import write_bytes
    from engine.paths import home
    from research.drift.page import page

    folder = home() / "data" / "drift" / drift.promotion.name
    folder.mkdir(parents=True, exist_ok=True)
    drift.pairs.write_parquet(folder / "pairs.parquet")
    path = folder / "report.html"
    write_bytes(path, page(drift).encode("utf-8", "replace"))
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
