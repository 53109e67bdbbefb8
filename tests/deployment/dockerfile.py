"""The instructions of deploy/Dockerfile, as far as the file uses the language."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


@dataclass(frozen=True)
class Step:
    """One instruction: its word, such as ``RUN``, and what follows."""

    word: str
    text: str

    def paths(self) -> tuple[list[str], str]:
        """Sources and target of a COPY, without its options."""
        *sources, target = (word for word in shlex.split(self.text) if not word.startswith("--"))
        return sources, target


@dataclass
class Stage:
    """What begins with FROM."""

    image: str
    steps: list[Step] = field(default_factory=list)


def stages(path: Path = DOCKERFILE) -> list[Stage]:
    """The stages of a Dockerfile; what is before the first one (ARG) is left out."""
    found: list[Stage] = []
    lines = path.read_text().replace("\\\n", " ").splitlines()
    for line in lines:
        word, _, text = line.partition(" ")
        if not line.strip() or line.startswith("#"):
            continue
        if word == "FROM":
            found.append(Stage(text))
        elif found:
            found[-1].steps.append(Step(word, text))
    return found


def environment(stage: Stage) -> dict[str, str]:
    """Variables that the ENV instructions of a stage set."""
    words = [word for step in stage.steps if step.word == "ENV" for word in shlex.split(step.text)]
    return {name: value for name, _, value in (word.partition("=") for word in words)}
