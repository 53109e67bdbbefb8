"""Sweep a value strategy over the simulated sample, then read the verdict and the bets of the best configuration."""

import research

run = research.sweep(
    [
        "data=sample",
        "strategy=value",
        "strategy.edge_min=range(0,0.1,0.02)",
        "staking=flat,kelly",
        "staking.fraction=choice(0.1,0.25)",
    ]
)
verdict = run.verdict()
print(f"{len(run)} configurations, evidence of an edge: {verdict.evidence}")

board = run.leaderboard(5)
print(board.select("config", "strategy.edge_min", "staking.name", "staking.fraction", "n_bets", "yield", "roi"))

best = int(board["config"][0])
print(run.bets(best).select("decided_at", "selection", "odds_placed", "stake_minor", "state", "pnl_minor").head())
print(run.report_path)
