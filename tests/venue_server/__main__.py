"""``python -m tests.venue_server FILE [--lists]``: the venue with faults as a process."""

from __future__ import annotations

import sys

from tests.venue_server.process import serve

if __name__ == "__main__":
    serve(sys.argv[1], with_references="--lists" not in sys.argv[2:])
