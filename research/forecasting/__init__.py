"""Forecasts: the contract of a model, and the rows that models learn from and answer for."""
