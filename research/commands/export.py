"""`bea export`: a configuration of a run as a command or as an experiment file."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from research.commands.arguments import parser_of, print_json
from research.config.compose import Composer
from research.records.export import export, reference


def main(argv: Sequence[str]) -> int:
    """Run `bea export` with the words after it; returns the exit status."""
    about = "A configuration of a run as the command that runs it alone, or as an experiment file."
    parser = parser_of("export", about)
    parser.add_argument("run", metavar="RUN[#CONFIG]")
    parser.add_argument("--yaml", action="store_true", help="an experiment file, for experiment/NAME.yaml of a folder")
    parser.add_argument("--config-dir", metavar="DIR", help="folder with groups and strategies of your own")
    options = parser.parse_args(list(argv))
    folder = Path(options.config_dir).absolute() if options.config_dir else None
    run, config = reference(options.run)
    found = export(run, config, Composer("backtest", folder))
    if options.json:
        return print_json({"run": run.id, "config": config or 1, "overrides": found.words, "yaml": found.yaml})
    more = [] if folder is None else ["--config-dir", str(folder)]
    command = shlex.join(["bea", "backtest", *more, *found.words])
    sys.stdout.write(found.yaml if options.yaml else f"{command}\n")
    return 0
