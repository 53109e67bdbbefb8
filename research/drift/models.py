"""Models fitted while trading, fitted again: the hash of each must be the one in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.live.judgement.models import artifact_hash
from engine.strategy import Learner
from research.config.tape_spec import TapeSpec
from research.tapes.builder import Tapes
from research.tapes.past import past_of


@dataclass(frozen=True)
class Artifact:
    """One model.

    Attributes
    ----------
    fitted_ns : int
        Instant of the fit, UTC nanoseconds.
    traded, backtest : str
        Its hash in the ledger, and that of the same fit over the store.
    """

    fitted_ns: int
    traded: str
    backtest: str

    @property
    def is_same(self) -> bool:
        """Whether it is the same model."""
        return self.traded == self.backtest


def compared(artifacts: Mapping[int, str], learner: Learner, tapes: Tapes, spec: TapeSpec) -> tuple[Artifact, ...]:
    """Fit every model of a ledger again, in the order of their instants."""
    if not artifacts:
        return ()
    past = past_of(tapes, spec)
    return tuple(
        Artifact(fitted_ns, found, artifact_hash(learner.fit(past.before(fitted_ns), fitted_ns)))
        for fitted_ns, found in sorted(artifacts.items())
    )
