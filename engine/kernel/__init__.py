"""The compiled rules of a bet: stake, limits, settlement, and the walks along a tape. Imports numpy and numba only."""

from engine.kernel.width import prefer_wide_vectors

prefer_wide_vectors()  # must run before any module of the package imports numba
