"""The judgement of the backtest on one instant at a time, its account, and settlement."""
