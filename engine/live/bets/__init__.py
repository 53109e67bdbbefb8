"""What a bet is on record: its states, its key, its entries, the book of all bets, and the journal that writes."""
