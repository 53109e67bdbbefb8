"""Write the table of environment variables into docs/deployment.md: ``python -m scripts.environment``.

The names come from the code that reads them; a test finds a variable that is read and has no row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.live.adapters.registry import TERMS
from engine.live.adapters.the_odds_api.client import KEY
from engine.live.venues.locks import VARIABLE
from research.monitor.settings import TOKEN, TOKEN_LEAST

PAGE = Path(__file__).resolve().parent.parent / "docs" / "deployment.md"
BEGIN: Final = "<!-- from here on written by `python -m scripts.environment` -->\n\n"
END: Final = "\n<!-- end of the table -->\n"

_HIDE: Final = "yes"
_WORDS: Final = {
    "USERNAME": "user name of the account",
    "PASSWORD": "its password",
    "APP_KEY": "application key",
}


def rows() -> list[tuple[str, str, str]]:
    """Name, meaning, and whether it is a secret, of each variable."""
    found = [
        ("BEA_HOME", "home folder: store, promotions, ledgers, logs; default: the checkout", ""),
        ("BEA_LEDGER_URL", "address of the PostgreSQL database of the ledgers; default: SQLite files", _HIDE),
        ("BEA_PROMOTION_KEY", "file of the key that signs promotions; default: below `~/.config`", ""),
        (VARIABLE, "file of the limits of real money; default: below `~/.config`", ""),
        ("BEA_NUMBA_CACHE", "folder of compiled code; default: below `~/.cache`", ""),
        ("BEA_CACHE_MB", "size that the cache of tapes is kept below, MB", ""),
        ("BEA_DEBUG", "1: an error that is a fault of the program shows its traceback", ""),
        (KEY, "The Odds API: key", _HIDE),
        (TOKEN, f"token of the monitor, at least {TOKEN_LEAST} characters; without it each start makes one", _HIDE),
    ]
    for venue, terms in TERMS.items():
        for name in terms.credentials:
            kind = name.removeprefix(f"BEA_{venue.upper()}_")
            found.append((name, f"{venue.capitalize()}: {_WORDS[kind]}", _HIDE))
    return [*found, ("a name of yours", "address of an alert channel; `alerts.channels` holds the name", _HIDE)]


def table() -> str:
    """The table in Markdown."""
    lines = ["| variable | holds | secret |", "|---|---|---|"]
    lines += [
        f"| {'`' + name + '`' if name.isupper() else name} | {words} | {secret} |" for name, words, secret in rows()
    ]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with the current table."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return head + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
