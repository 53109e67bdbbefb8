"""`bea backtest` and `bea sweep`: Hydra's options, and the result on a terminal or as JSON."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from engine.errors import UsageError
from research.commands.first_run import interpret_if_cold
from research.config.compose import Composer, quoted, resolved
from research.config.mistakes import translate

if TYPE_CHECKING:
    from research.records.run import RunRecord


def backtest(argv: Sequence[str]) -> int:
    """Run `bea backtest` with the words after it; returns the exit status."""
    return _run("backtest", argv)


def sweep(argv: Sequence[str]) -> int:
    """Run `bea sweep` with the words after it; returns the exit status."""
    return _run("sweep", argv)


def _run(command: str, argv: Sequence[str]) -> int:
    options = _options(command, argv)
    folder = Path(options.config_dir).absolute() if options.config_dir else None
    composer = Composer(command, folder)
    if options.help or options.hydra_help or options.cfg or options.info:
        from research.records.export import expanded

        return _show(composer, options, quoted(expanded(composer, options.overrides)))
    if command == "backtest":
        interpret_if_cold(composer, options.overrides)
    from research.api import carry_out
    from research.execution.progress import progress_for

    run, output = carry_out(composer, options.overrides, progress_for)
    return _print(run, output)


def _options(command: str, argv: Sequence[str]) -> argparse.Namespace:
    parser = get_args_parser()
    parser.prog = f"bea {command}"
    parser.error = partial(_refuse, command)
    parser.add_argument("--force", action="store_true", help="Compute a stored run again (same as force=true)")
    options: argparse.Namespace = parser.parse_intermixed_args(list(argv))
    options.overrides += ["force=true"] if options.force else []
    if options.multirun and command == "backtest":
        raise UsageError("--multirun is a command of its own here", todo="use `bea sweep`")
    for name, advice in (
        ("config_path", "use --config-dir for your own groups"),
        ("config_name", "use experiment=NAME"),
        ("experimental_rerun", "repeat the command in the run's manifest"),
    ):
        if getattr(options, name, None) is not None:
            raise UsageError(f"--{name.replace('_', '-')} is not supported", todo=advice)
    if options.shell_completion:
        from research.commands.completion import complete

        raise SystemExit(complete(options.overrides))
    return options


def _refuse(command: str, message: str) -> Any:
    raise UsageError(message, todo=f"see `bea {command} --help`")


def _show(composer: Composer, options: argparse.Namespace, words: list[str]) -> int:
    """Print what --help, --hydra-help, --cfg or --info ask for, as Hydra does."""
    single, params = _without_sweeps(composer, words)
    config = composer.compose(single)
    hydra = Hydra(task_name="bea", config_loader=composer.loader)
    HydraConfig.instance().set_config(config)
    options.overrides = single
    try:
        if options.help:
            from research.commands.help import command_help

            choices = {str(group): option for group, option in config.hydra.runtime.choices.items()}
            sys.stdout.write(command_help(composer, resolved(config), choices))
        elif options.hydra_help:
            hydra.hydra_help(config_name=composer.name, args_parser=get_args_parser(), args=options)
        elif options.cfg:
            _show_config(hydra, config, options, params)
        else:
            logging.raiseExceptions = False  # Hydra logs to stdout: a reader such as `head` may leave early
            hydra.show_info(options.info, config_name=composer.name, overrides=single)
    except SystemExit:
        raise
    except Exception as error:
        raise translate(error) from error
    return 0


def _without_sweeps(composer: Composer, words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Overrides with one value, and those with several in the form of `sweep.params`."""
    single, params = [], {}
    for override in composer.parse(words):
        line = override.input_line or ""
        if override.is_sweep_override():
            params[override.get_key_element()] = line.split("=", 1)[1]
        else:
            single.append(line)
    if params and composer.name == "backtest":
        raise UsageError(f"{next(iter(params))} has several values", todo="use `bea sweep`")
    return single, params


def _show_config(hydra: Hydra, config: DictConfig, options: argparse.Namespace, params: dict[str, str]) -> None:
    if params:
        OmegaConf.set_struct(config, False)
        OmegaConf.update(config, "sweep.params", params, merge=True)
    OmegaConf.set_readonly(config.hydra, None)
    tree = hydra.get_sanitized_cfg(config, options.cfg)
    if options.resolve:
        OmegaConf.resolve(tree)
    package = options.package if options.package != "_global_" else None
    part = OmegaConf.select(tree, package) if package else tree
    if part is None:
        raise UsageError(f"no package {package} in the configuration")
    head = f"# @package {package}\n" if package else ""
    sys.stdout.write(head + (OmegaConf.to_yaml(part) if OmegaConf.is_config(part) else f"{part}\n"))


def _print(run: RunRecord, output: str) -> int:
    if output == "json":
        from research.commands.arguments import print_json
        from research.records.summary import summary

        return print_json(summary(run))
    from research.report.terminal import print_run

    print_run(run)
    return 0
