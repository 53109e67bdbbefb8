"""A fake of The Odds API over HTTP: its documented calls, costs, codes and faults, on a clock of the test."""
