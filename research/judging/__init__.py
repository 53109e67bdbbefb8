"""Models judged against the market: walk-forward forecasts of one common set of events, scores, weights, verdicts."""
