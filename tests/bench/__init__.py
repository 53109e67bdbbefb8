"""This project and its peers, side by side in one run, on the nearest equal work. See docs/benchmarks.md."""
