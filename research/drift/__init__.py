"""Drift: every decision that was traded beside the same decision in the backtest, and what each difference cost."""
