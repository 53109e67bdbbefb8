"""From an intent to what became of it: sending, reconciliation, recovery, and what a person decides."""
