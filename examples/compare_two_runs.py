"""Compare two backtests that differ in one setting: what changed, and whether the difference may be luck."""

import research

base = ["data=sample", "strategy=value", "strategy.edge_min=0.03"]
flat = research.backtest(base, "staking=flat")
kelly = research.backtest(base, "staking=kelly", "staking.fraction=0.25")

comparison = research.compare(flat, kelly)
for part, name, one, other in comparison.table().iter_rows():
    print(f"{part} {name}: {one} | {other}")
print(comparison.render())
