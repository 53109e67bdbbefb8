"""The compiled rules of a bet: stake, limits, settlement, and the walks along a tape. Imports numpy and numba only."""
