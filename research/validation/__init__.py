"""Validation: folds of the days, training parts, selection of configurations, and the stitched path."""
