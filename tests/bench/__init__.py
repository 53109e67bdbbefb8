"""Side by side in one run: this project and its peers on the nearest equal work. See docs/benchmarks.md."""
