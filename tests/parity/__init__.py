"""Parity: the judgement of a runner, one message at a time, against the walk of the backtest."""
