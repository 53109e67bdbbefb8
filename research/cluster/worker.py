"""A worker process of `research.cluster.local`: tasks as lines of JSON on stdin, answers as lines on stdout.

It ends when its stdin does, in the middle of a task too, so it never outlives the command that started it.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from contextlib import suppress

from research.cluster.seam import performed


def main() -> None:
    """Carry out tasks until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not look like an answer
    waiting = queue.SimpleQueue[bytes]()
    threading.Thread(target=_listen, args=(waiting,), daemon=True).start()
    with suppress(BrokenPipeError):
        while True:
            task = json.loads(waiting.get())
            answers.write(json.dumps(performed(task["function"], task["values"])).encode() + b"\n")
            answers.flush()


def _listen(waiting: queue.SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        waiting.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
