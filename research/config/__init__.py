"""Configuration: its keys, how it is composed, and what it means for tape and kernel."""
