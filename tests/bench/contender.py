"""The contenders: which of their work equals ours, which does not, and how much of it one repetition does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.bench.data import STAKINGS, Job

FOLDER = Path(__file__).with_name("contenders")


@dataclass(frozen=True)
class Contender:
    """One row of the comparison.

    Attributes
    ----------
    name, title : str
        File under ``contenders/``; name on the page.
    peer : bool
        Whether it runs in the environment of the peers.
    steps : int
        Rows times configurations of one repetition.
    most_rows : int
        Longer tapes are left out, with the reason `slow`.
    stakings : tuple of str
        Staking rules that it can express.
    equal, unequal : str
        Descriptions for the page.
    """

    name: str
    title: str
    peer: bool
    steps: int
    most_rows: int
    stakings: tuple[str, ...]
    equal: str
    unequal: str
    slow: str = "linear in the rows, so not repeated on a longer tape"

    @property
    def file(self) -> Path:
        """The file that the worker runs."""
        return FOLDER / f"{self.name}.py"

    def job(self, rows: int) -> Job | None:
        """Its job on a tape with this number of rows, or None if it is left out."""
        if rows > self.most_rows:
            return None
        return Job(rows, max(3, min(self.steps // rows, 500)), stakings=self.stakings)


OURS = FOLDER / "ours.py"
TWIN = FOLDER / "twin.py"
SWEEP_COMMAND = FOLDER / "sweep_command.py"

_PATH = "bets of flat, percent and Kelly stakes, edge and odds filters, bankroll after every bet"
CONTENDERS = (
    Contender(
        "python_loop",
        "plain Python loop",
        peer=False,
        steps=5_000_000,
        most_rows=1_000_000,
        stakings=STAKINGS,
        equal=f"{_PATH}, maximum drawdown",
        unequal="no caps, breakers, whole minor units, commission, states other than won and lost, CLV, streaks or "
        "reasons; one bet after another, no stake is locked while others are decided; the twin, below, is a loop with "
        "all the rules",
    ),
    *(
        Contender(
            f"flat_{name}",
            f"{title}, flat rule",
            peer=False,
            steps=10_000_000,
            most_rows=1_000_000,
            stakings=("flat",),
            equal="bets of flat stakes, edge and odds filters, final cash",
            unequal=f"no bankroll path: sums that need no order; {words}",
        )
        for name, title, words in (
            ("numpy", "NumPy", "a mask and a sum per configuration"),
            ("polars", "Polars", "all configurations in one query, on all cores"),
            ("duckdb", "DuckDB", "a join of bets and configurations, one thread"),
        )
    ),
    Contender(
        "vectorbt_orders",
        "vectorbt `Portfolio.from_orders`",
        peer=True,
        steps=1_000_000,
        most_rows=1_000_000,
        stakings=STAKINGS,
        equal=f"{_PATH}; a bet is a contract bought at 1/odds and sold at 1 or 0, two rows per bet",
        unequal="filters and stakes are one array of (rows, configurations), made inside the timed part; only the "
        "bankroll path and no drawdown (which would take two thirds of the time again); no overlapping bets at this "
        "cost, no caps, breakers or reasons",
    ),
    Contender(
        "vectorbt_order_func",
        "vectorbt `Portfolio.from_order_func`",
        peer=True,
        steps=1_000_000,
        most_rows=1_000_000,
        stakings=STAKINGS,
        equal=f"{_PATH}, decided in a compiled function that the user writes",
        unequal="as above; it could express caps, breakers and locked stakes, if the user writes them",
    ),
    Contender(
        "backtestbuddy_evaluate",
        "backtestbuddy `PredictionBacktest.evaluate`",
        peer=True,
        steps=30_000,
        most_rows=20_000,
        stakings=STAKINGS,
        equal=f"{_PATH}, maximum drawdown (metrics requested: final bankroll, drawdown, number of bets)",
        unequal="one configuration at a time; a match needs two outcomes (the second, at odds of 1, is never taken); "
        "it can settle all bets of a date at once and has other limits, both off here",
    ),
    Contender(
        "sportsbetting_backtest",
        "sports-betting `backtest`",
        peer=True,
        steps=400_000,
        most_rows=1_000_000,
        stakings=("flat",),
        equal="bets of flat stakes, edge and odds filters, final cash",
        unequal="no bankroll path at all (a flat stake needs none), no other stakes, no drawdown; frames in, two "
        "folds, one process; the bettor knows its probabilities and trains nothing",
    ),
    Contender(
        "penaltyblog_backtest",
        "penaltyblog `Backtest`",
        peer=True,
        steps=30_000,
        most_rows=20_000,
        stakings=STAKINGS,
        equal=f"{_PATH}, one function call per row",
        unequal="one configuration at a time, no drawdown; for each date it copies all earlier rows, for a model that "
        "could be trained on them",
        slow="cost grows with the square of the dates, so not repeated on a longer tape",
    ),
)
