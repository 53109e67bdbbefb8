"""Arithmetic of bets: Kelly stakes, and results settled to states of selections."""
