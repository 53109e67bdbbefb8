"""Ask every address that the documents name whether it answers: ``python -m scripts.links``. It needs the network.

Links inside of the documentation are checked when the site is built. Addresses of the machine itself, of examples and
in code blocks are left out.
"""

from __future__ import annotations

import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 20.0
_ADDRESS = re.compile(r"https?://[^\s<>\"'`)\]|]+")
_CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.S | re.M)
_NOWHERE = ("localhost", "127.0.0.1", "example", "example.com", "example.org")


def addresses(files: Iterable[Path]) -> dict[str, list[str]]:
    """Files by each address outside that they link to."""
    found: dict[str, list[str]] = {}
    for path in files:
        for match in _ADDRESS.finditer(_CODE.sub("", path.read_text(encoding="utf-8"))):
            address = match[0].rstrip(".,;:")
            host = urlsplit(address).hostname or ""
            if not host.endswith(_NOWHERE):
                found.setdefault(address, []).append(path.name)
    return found


def documents() -> list[Path]:
    """All documents of the project."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])


def trouble(address: str) -> str:
    """Why an address does not answer; empty where it does. A refusal of programs (403, 405, 429) is an answer."""
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (links of a documentation)"})  # noqa: S310, http only
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        return "" if error.code in (403, 405, 429) else f"status {error.code}"
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__


def report(found: dict[str, list[str]], ask: Callable[[str], str]) -> tuple[int, str]:
    """Exit status and text: how many addresses were asked, and those that do not answer with their files."""
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(found, pool.map(ask, found), strict=True))
    broken = [f"{address}: {why} ({', '.join(found[address])})" for address, why in answers.items() if why]
    return int(bool(broken)), "\n".join([*broken, f"{len(found)} addresses asked, {len(broken)} do not answer"])


if __name__ == "__main__":
    status, text = report(addresses(documents()), trouble)
    sys.stdout.write(f"{text}\n")
    sys.exit(status)
