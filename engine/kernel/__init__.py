"""The compiled judgement: stake, limit, settle, decide, walk. Imports numpy, numba and the schema alone."""
