"""This project, `engine.backtesting.run.run_params`: all rules, with the reasons and metrics of every configuration."""

from __future__ import annotations

import numpy as np
import polars as pl

from engine import Configuration, Staking
from engine.backtesting.measures import COLUMNS
from engine.backtesting.run import run_params
from engine.configuration import params_matrix
from engine.tape import from_frame

_FINAL, _BETS = COLUMNS.index("bankroll_final_minor"), COLUMNS.index("n_bets")
_INF = float("inf")
_OFF = dict.fromkeys(
    ("drawdown_warn_frac", "drawdown_stop_frac", "streak_warn", "streak_stop", "daily_loss_frac"), _INF
)
_LIMITS = {
    "bet_cap_frac": 0.02,
    "event_cap_frac": 0.03,
    "competition_cap_frac": 0.2,
    "day_cap_frac": 0.3,
    "open_cap_frac": 0.5,
    "one_per_market": True,
}


def tape_of(job):
    """The tape of a job's arrays."""
    columns = {
        "decided_at": pl.Series(job["decided_at"]).cast(pl.Datetime("ns", "UTC")),
        "settled_at": pl.Series(job["settled_at"]).cast(pl.Datetime("ns", "UTC")),
        "odds": job["odds"],
        "prob": job["prob"],
    }
    if "won" in job:
        columns["result"] = pl.Series(["lose", "win"]).gather(job["won"].astype(np.uint32))
        return from_frame(pl.DataFrame(columns))
    columns |= {name: job[name] for name in ("event", "competition", "bookmaker")}
    columns["selection"] = pl.Series(["home", "draw", "away"]).gather(job["selection"].astype(np.uint32))
    columns["result"] = pl.Series(job["result"])
    frame = pl.DataFrame(columns).with_columns(
        competition=pl.format("C{}", "competition"), bookmaker=pl.format("book{}", "bookmaker"), market=pl.lit("1x2")
    )
    return from_frame(frame, commission_rates={"book1": 0.02})


def configurations_of(job):
    """The configurations of a job: without limits on a sequential tape, with all limits on an overlapping one."""
    rules = {"one_per_market": False, **_OFF} if "won" in job else _LIMITS
    kinds = (Staking.FLAT, Staking.PERCENT, Staking.KELLY)
    return [
        Configuration(
            bankroll_minor=float(job["bankroll"]),
            edge_min=float(job["edge_min"][c]),
            odds_min=float(job["odds_min"][c]),
            odds_max=float(job["odds_max"][c]),
            staking=kinds[int(job["staking"][c])],
            amount_minor=float(job["amount"][c]),
            fraction=float(job["fraction"][c]),
            stake_min_minor=1.0,
            **rules,
        )
        for c in range(len(job["edge_min"]))
    ]


def prepare(job, threads):
    """Tape and parameters. One walk compiles or loads the kernel."""
    state = (tape_of(job), params_matrix(configurations_of(job)), threads)
    run_params(state[0], state[1][:1], threads=1)
    return state


def run(state):
    """All configurations."""
    tape, matrix, threads = state
    measures = run_params(tape, matrix, threads=threads)
    return {"final": measures[:, _FINAL], "bets": measures[:, _BETS]}
