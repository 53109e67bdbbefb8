"""Live betting, on paper first: feed, judgement, breakers, executor, venue and ledger around one strategy object.

The strategy and the compiled judgement are those of the backtest. Start-up is recovery: everything that must survive a
crash is an entry of the ledger, and the state in memory is a fold over the entries.
"""
