"""A betting exchange: the ladder of prices, the book of a market, how it settles, and how it matches orders."""
