"""Use a strategy and a staking rule of your own: files beside this one, named by folder and path.

On the command line the same is::

    bea sweep --config-dir examples data=sample strategy=level_draws "strategy.prob=0.28,0.30" \
        staking=own staking.file=examples/staking_rules/root_kelly.py
"""

from pathlib import Path

import research

FOLDER = Path(__file__).resolve().parent

run = research.sweep(
    [
        "data=sample",
        "strategy=level_draws",
        "strategy.prob=0.28,0.30",
        "staking=own",
        f"staking.file={FOLDER / 'staking_rules' / 'root_kelly.py'}",
        "staking.fraction=0.05,0.1",
    ],
    config_dir=FOLDER,
)
print(run.leaderboard().select("config", "strategy.prob", "staking.fraction", "n_bets", "yield", "roi"))
