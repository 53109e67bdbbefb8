"""The opinions: strategies, sweeps, runs, reports, and the command line."""
