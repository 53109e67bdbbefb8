"""A promotion on its way: the parts of a runner put together, its view in the terminal, ledgers by name."""
