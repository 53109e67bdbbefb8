"""Validation of a choice: folds of the days, what is learned from which, and what is chosen then."""
