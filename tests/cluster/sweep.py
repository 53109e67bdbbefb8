"""``bea`` with units of few configurations, so that there are many of them: ``python -m tests.cluster.sweep 4 WORDS``.

With ``twice`` in front each task is carried out by two workers at once, as where one is stolen.
"""

from __future__ import annotations

import sys
from typing import Any

from research.cluster.local import LocalExecutor
from research.cluster.seam import Task
from research.commands.main import main
from research.execution import spread, units


class Twice(LocalExecutor):
    """Hands each task in twice, and gives back the second answer."""

    def submit(self, task: Task) -> None:
        """Hand a task in, twice."""
        super().submit(task)
        super().submit(task)

    def finished(self) -> tuple[Task, Any]:
        """Wait until a task has two answers."""
        while True:
            task, value = super().finished()
            self.seen = getattr(self, "seen", set()) ^ {task.name}
            if task.name not in self.seen:
                return task, value


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "twice":
        words = words[1:]
        spread.executor_of = lambda settings: Twice(settings["cluster.workers"], 0)
    units._FEWEST, units._MOST = 1, int(words[0])
    sys.exit(main(words[1:]))
