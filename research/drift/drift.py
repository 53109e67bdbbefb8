"""The drift of a promotion: what was traded, the backtest of the same span, and every difference between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from engine.errors import LedgerError
from engine.live.ledger.entries import Recorded
from engine.promotion import Promotion
from engine.promotion.bands import Standing, band_position
from engine.strategy import Learner
from research.drift.causes import Cause
from research.drift.days import days_of
from research.drift.judged import Again
from research.drift.models import Artifact, compared
from research.drift.pairs import paired, with_money
from research.drift.replayed import cut, offered, replayed, with_quotes
from research.drift.span import covered
from research.drift.traded import Traded
from research.promotion.deployed import Deployed
from research.tapes.builder import Tapes

#: causes that call for a person
UNEXPLAINED: Final = (Cause.UNKNOWN,)


@dataclass(frozen=True)
class Line:
    """All differences of one cause.

    Attributes
    ----------
    cause : Cause
    decisions : int
        How many.
    cost_minor : int
        What they gained (above 0) or cost, commission included, minor units.
    """

    cause: Cause
    decisions: int
    cost_minor: int


@dataclass(frozen=True)
class Drift:
    """What reality did differently.

    Attributes
    ----------
    promotion : Promotion
    pairs : polars.DataFrame
        `research.drift.pairs.with_money`.
    lines : tuple of Line
        By cause, in the order of `Cause`; those with a decision or money, and always identical and unknown.
    profit_minor, profit_backtest_minor : int
        After commission and tax. Their difference is the sum of `cost_minor`, to the cent.
    equity_minor, equity_backtest_minor : int
        Cash and what is at risk, at cost.
    first_ns, last_ns : int
        First and last instant that were compared, UTC nanoseconds.
    standings : tuple of Standing
        Where each measure is in the promotion's bands.
    artifacts : tuple of Artifact
        Models fitted while trading.
    """

    promotion: Promotion
    pairs: pl.DataFrame
    lines: tuple[Line, ...]
    profit_minor: int
    profit_backtest_minor: int
    equity_minor: int
    equity_backtest_minor: int
    first_ns: int
    last_ns: int
    standings: tuple[Standing, ...]
    artifacts: tuple[Artifact, ...]

    @property
    def differs(self) -> bool:
        """Whether anything differs."""
        return any(line.decisions or line.cost_minor for line in self.lines if line.cause is not Cause.IDENTICAL)

    @property
    def unexplained(self) -> int:
        """Differences without a cause: decisions, sums of money, and models that came out as other ones."""
        rows = self.pairs.filter(pl.col("cause").is_in([cause.value for cause in UNEXPLAINED])).height
        return rows + sum(not artifact.is_same for artifact in self.artifacts)

    @property
    def n_decisions(self) -> int:
        """Decisions of either side."""
        return int(self.pairs["decision"].sum())

    def document(self) -> dict[str, Any]:
        """Everything but the pairs, as plain JSON."""
        return {
            "promotion": self.promotion.name,
            "digest": self.promotion.digest,
            "currency": self.promotion.currency,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "decisions": self.n_decisions,
            "unexplained": self.unexplained,
            "profit_minor": self.profit_minor,
            "profit_backtest_minor": self.profit_backtest_minor,
            "equity_minor": self.equity_minor,
            "equity_backtest_minor": self.equity_backtest_minor,
            "causes": {
                line.cause.value: {"decisions": line.decisions, "cost_minor": line.cost_minor} for line in self.lines
            },
            "bands": [_standing(standing) for standing in self.standings],
            "artifacts": [vars(artifact) | {"is_same": artifact.is_same} for artifact in self.artifacts],
        }


def _standing(standing: Standing) -> dict[str, Any]:
    numbers = {name: getattr(standing, name) for name in ("value", "lower", "upper")}
    plain = {name: float(value) if np.isfinite(value) else None for name, value in numbers.items()}
    return {"measure": standing.measure, "day": standing.day, **plain, "position": standing.position.value}


def drift_of(deployed: Deployed, entries: Sequence[Recorded], tapes: Tapes | None = None) -> Drift:
    """Compare a ledger with the backtest of its promotion over the store.

    Parameters
    ----------
    deployed : Deployed
    entries : sequence of Recorded
        All of the ledger, in their order.
    tapes : Tapes, optional

    Raises
    ------
    LedgerError
        The ledger is of another promotion, or nothing was decided yet.
    """
    traded = Traded.of(entries)
    _check(traded, deployed)
    assert traded.until_ns is not None and traded.since_ns is not None
    tapes = tapes or Tapes()
    spec = deployed.spec
    offers, quotes, events = offered(deployed, tapes)
    whole = tapes.tape(spec)
    tape = cut(whole, covered(traded, whole, events), traded.until_ns)
    backtest = replayed(deployed, tape)
    backtest = replace(backtest, decisions=with_quotes(backtest.decisions, offers, quotes))
    reproduced = Again(deployed.rules, offers, tapes.settled(spec, events)).reproduced(entries)
    pairs = with_money(paired(traded, backtest, tape, reproduced), traded, backtest)
    learner = deployed.strategy
    artifacts = compared(traded.artifacts, learner, tapes, spec) if isinstance(learner, Learner) else ()
    days = days_of(traded, tape, backtest.bankroll_minor)
    return Drift(
        deployed.promotion,
        pairs,
        lines_of(pairs),
        traded.profit_minor,
        backtest.profit_minor,
        traded.equity_minor,
        backtest.bankroll_minor + backtest.profit_minor,
        traded.since_ns,
        traded.until_ns,
        band_position(days, deployed.promotion.bands) if days else (),
        artifacts,
    )


def _check(traded: Traded, deployed: Deployed) -> None:
    promotion = deployed.promotion
    found = str(traded.opened.get("promotion", ""))
    if found != promotion.digest:
        raise LedgerError(
            "the ledger is of another promotion", where=promotion.name, expected=promotion.digest, found=found or "none"
        )
    if traded.since_ns is None or not traded.decided_ns:
        raise LedgerError("nothing was decided yet", where=promotion.name, todo=f"bea paper {promotion.name}")


def lines_of(pairs: pl.DataFrame) -> tuple[Line, ...]:
    """Decisions and money by cause."""
    totals = pairs.group_by("cause").agg(pl.col("decision").sum(), pl.col("cost_minor").sum())
    found = {row[0]: row[1:] for row in totals.iter_rows()}
    always = (Cause.IDENTICAL, Cause.UNKNOWN)
    return tuple(
        Line(cause, *map(int, found.get(cause.value, (0, 0))))
        for cause in Cause
        if cause.value in found or cause in always
    )
