"""The page of runs side by side: one self-contained file."""
