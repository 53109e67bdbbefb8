"""Links of the documents that lead outside: found in the text, and told apart from those that answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scripts import links

TEXT = """[a](https://a.net/x). See https://b.net/y, and `https://code.net`; <https://a.net/x>
```text
https://block.net
```
http://127.0.0.1:8321 https://desk.example
"""


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Answers) as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join(5)


def test_addresses_outside_are_found_and_code_is_left_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(TEXT)
    assert links.addresses([page]) == {"https://a.net/x": ["page.md", "page.md"], "https://b.net/y": ["page.md"]}


def test_the_documents_link_outside() -> None:
    assert "https://appriseit.com" in links.addresses(links.documents())


def test_an_address_that_does_not_answer_is_named_with_its_file(server: str) -> None:
    asked = {
        f"{server}/200": ["a.md"],
        f"{server}/403": ["a.md"],
        f"{server}/404": ["b.md"],
        "http://127.0.0.1:1": ["c.md"],
    }
    status, text = links.report(asked, links.trouble)
    lines = text.splitlines()
    assert status == 1 and lines[0] == f"{server}/404: status 404 (b.md)" and "refused" in lines[1]
    assert lines[-1] == "4 addresses asked, 2 do not answer"
    assert links.report({f"{server}/200": ["a.md"]}, links.trouble) == (0, "1 addresses asked, 0 do not answer")
