"""Words of the commands that are not Hydra applications."""

from __future__ import annotations

import argparse
from typing import NoReturn

from engine.errors import UsageError


class Parser(argparse.ArgumentParser):
    """A parser whose failures are one line, as all others."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, todo=f"see `{self.prog} --help`")
