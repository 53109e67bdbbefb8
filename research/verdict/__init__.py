"""The verdict on a sweep: its evidence, the four conditions, and flags of implausible results."""
