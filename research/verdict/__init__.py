"""The verdict on a sweep: its evidence, its conditions and their levels, and flags of implausible results."""
