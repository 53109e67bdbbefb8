"""Statistical inference on results: intervals, tests and scores, as functions of arrays."""
