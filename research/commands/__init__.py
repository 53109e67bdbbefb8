"""The command line `bea`: one module for each command."""
