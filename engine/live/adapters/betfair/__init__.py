"""The Betfair Exchange: prices by its stream, orders by its API."""
