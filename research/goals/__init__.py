"""Goal models: compiled fits of attack and defence, and the grid of scores that prices every market of a match."""
