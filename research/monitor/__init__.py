"""The monitor: a page and an API over the ledgers, in a process of its own. It reads, and appends rows of control."""
