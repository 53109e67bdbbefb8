"""The flat rule in DuckDB: one query that joins bets and configurations by their filters."""

from __future__ import annotations

import duckdb
import polars as pl

_QUERY = """
SELECT c.number, any_value(c.bankroll) + any_value(c.amount) * sum(b.profit) AS final, count(*) AS bets
FROM configurations AS c
JOIN bets AS b ON b.edge >= c.edge_min AND b.odds >= c.odds_min AND b.odds <= c.odds_max
GROUP BY c.number ORDER BY c.number
"""


def prepare(job, threads):
    """Two tables in memory."""
    bets = pl.DataFrame({name: job[name] for name in ("odds", "prob", "won")}).select(
        "odds",
        edge=pl.col("prob") * pl.col("odds") - 1.0,
        profit=pl.when(pl.col("won") == 1).then(pl.col("odds") - 1.0).otherwise(-1.0),
    )
    names = ("edge_min", "odds_min", "odds_max", "amount")
    configurations = pl.DataFrame({name: job[name] for name in names}).with_row_index("number")
    configurations = configurations.with_columns(bankroll=float(job["bankroll"]))
    connection = duckdb.connect(config={"threads": threads})
    for name, frame in (("bets", bets), ("configurations", configurations)):
        connection.register("frame", frame)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    return connection, len(job["edge_min"])


def run(state):
    """All configurations. One without a bet would have no row."""
    connection, count = state
    rows = connection.execute(_QUERY).fetchall()
    assert len(rows) == count, "a configuration without a bet"
    return {"final": [row[1] for row in rows], "bets": [row[2] for row in rows]}
