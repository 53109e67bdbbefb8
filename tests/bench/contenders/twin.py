"""The interpreted twin of this project: the same rules, bit for bit, in plain Python written to be read."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.twin import Twin

sys.path.insert(0, str(Path(__file__).parent))

from ours import configurations_of, tape_of


def prepare(job, threads):
    """Tape and configurations."""
    return tape_of(job), configurations_of(job)


def run(state):
    """All configurations."""
    tape, configurations = state
    walked = [Twin(tape, configuration).walk() for configuration in configurations]
    return {"final": [twin.equity for twin in walked], "bets": [len(twin.bets) for twin in walked]}
