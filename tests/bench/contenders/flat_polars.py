"""The flat rule in Polars: two expressions per configuration, all in one query on all cores."""

from __future__ import annotations

import polars as pl


def prepare(job, threads):
    """A frame of edge, odds and profit per unit; the expressions."""
    won = pl.col("won") == 1
    frame = pl.DataFrame({name: job[name] for name in ("odds", "prob", "won")}).select(
        "odds",
        edge=pl.col("prob") * pl.col("odds") - 1.0,
        profit=pl.when(won).then(pl.col("odds") - 1.0).otherwise(-1.0),
    )
    expressions = []
    for c in range(len(job["edge_min"])):
        taken = (pl.col("edge") >= job["edge_min"][c]) & pl.col("odds").is_between(
            job["odds_min"][c], job["odds_max"][c]
        )
        expressions.append(pl.col("profit").filter(taken).sum().alias(f"profit{c}"))
        expressions.append(taken.sum().alias(f"bets{c}"))
    return frame.lazy().select(expressions), job["amount"].tolist(), float(job["bankroll"])


def run(state):
    """All configurations."""
    query, amounts, bankroll = state
    sums = query.collect()
    return {
        "final": [bankroll + amount * sums[f"profit{c}"][0] for c, amount in enumerate(amounts)],
        "bets": [sums[f"bets{c}"][0] for c in range(len(amounts))],
    }
