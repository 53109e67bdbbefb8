"""The compiled judgement: stake, limit, settle, decide, walk. Imports numpy, numba and the schema alone."""

from engine.kernel.width import prefer_wide_vectors

prefer_wide_vectors()  # before any module of the package imports numba
