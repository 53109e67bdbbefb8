"""Logs of every command: one initialisation, rotation, one correlation id from quote to receipt, and no secret."""
