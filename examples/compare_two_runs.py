"""Compare two backtests that differ in one setting: what changed, and whether the difference may be luck."""

import research
from research.report.comparison.differences import differences, write_page

base = ["data=sample", "strategy=value", "strategy.edge_min=0.03"]
flat = research.backtest([*base, "staking=flat"])
kelly = research.backtest([*base, "staking=kelly", "staking.fraction=0.25"])

pair = [(flat, None), (kelly, None)]
parts = differences(pair)
for part, rows in parts.items():
    print(part if rows else f"{part}: the same")
    for name, values in rows.items():
        print(f"  {name}: {values[0]} | {values[1]}")
print(write_page(pair, parts))
