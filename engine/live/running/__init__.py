"""The loop of a runner, its parts put together, and what it says of itself."""
