"""Models fitted and tuned on the past, without a look at profit, and kept as artifacts."""
