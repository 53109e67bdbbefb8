"""`bea backtest` and `bea sweep`: Hydra applications whose configuration is checked before anything is made of it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from engine.errors import ConfigurationError, UsageError
from research.config.compose import Composer, flatten, quoted, resolved
from research.config.keys import complete
from research.config.mistakes import translate

if TYPE_CHECKING:
    from research.execution.progress import Progress
    from research.records.run import RunRecord
    from research.sweeps.plan import Plan


def run_application(kind: str, argv: Sequence[str]) -> int:
    """Run one of the two commands; gives its exit status."""
    options = _options(kind, argv)
    folder = Path(options.config_dir).absolute() if options.config_dir else None
    composer, words = Composer(kind, folder), quoted(options.overrides)
    if options.help or options.hydra_help or options.cfg or options.info:
        return _show(composer, options, words)
    from research.execution.progress import progress_for

    run, output = carry_out(composer, options.overrides, progress_for)
    _print(run, output)
    return 0


def carry_out(composer: Composer, words: Sequence[str], progress: Callable[[], Progress]) -> tuple[RunRecord, str]:
    """Plan and execute a command; gives its run and the output that was asked for."""
    from research.execution.execute import execute
    from research.execution.job import Command
    from research.execution.progress import Silence

    plan = plan_sweep(composer, words) if composer.name == "sweep" else plan_backtest(composer, words)
    output = str(plan.settings()["output"])
    told = Silence() if output == "json" else progress()
    run = execute(Command(composer.name, tuple(words), plan, told))
    if plan.settings()["report"]:
        from research.report import is_current, write

        if not is_current(run.report_path):
            write(run, run.report_path)
    return run, output


def plan_backtest(composer: Composer, words: Sequence[str]) -> Plan:
    """The plan of one configuration."""
    from research.sweeps.plan import Branch, plan_of

    swept = [one.input_line for one in composer.parse(quoted(words)) if one.is_sweep_override()]
    if swept:
        raise UsageError(f"{swept[0]} stands for several values", expected="one value", todo="use `bea sweep`")
    base = complete(flatten(resolved(composer.compose(quoted(words)))))
    return plan_of([Branch(base | {"sweep.where": None, "sweep.max": 1}, {})])


def plan_sweep(composer: Composer, words: Sequence[str]) -> Plan:
    """The plan of a sweep, expanded by the project's Hydra sweeper."""
    base = composer.compose([])
    context = HydraContext(config_loader=composer.loader, callbacks=_no_callbacks())
    try:
        sweeper = Plugins.instance().instantiate_sweeper(
            config=base, hydra_context=context, task_function=lambda plan: plan
        )
    except (RuntimeError, ImportError) as error:
        raise ConfigurationError("the sweeper is not installed", todo="install the project again") from error
    plan: Plan = sweeper.sweep(list(words))
    return plan


def _no_callbacks() -> Any:
    from hydra._internal.callbacks import Callbacks

    return Callbacks()


def _options(kind: str, argv: Sequence[str]) -> argparse.Namespace:
    parser = get_args_parser()
    parser.prog = f"bea {kind}"
    parser.error = partial(_refuse, kind)
    parser.add_argument("--force", action="store_true", help="Compute again what is stored (as force=true)")
    options: argparse.Namespace = parser.parse_intermixed_args(list(argv))
    options.overrides += ["force=true"] if options.force else []
    if options.multirun and kind == "backtest":
        raise UsageError("--multirun is another command here", todo="use `bea sweep`")
    for name, advice in (
        ("config_path", "use --config-dir for groups of your own"),
        ("config_name", "use experiment=NAME"),
        ("experimental_rerun", "repeat the command of the run's manifest"),
    ):
        if getattr(options, name, None) is not None:
            raise UsageError(f"--{name.replace('_', '-')} is never honoured", todo=advice)
    if options.shell_completion:
        from research.commands.completion import complete

        raise SystemExit(complete(options.overrides))
    return options


def _refuse(kind: str, message: str) -> Any:
    raise UsageError(message, todo=f"see `bea {kind} --help`")


def _show(composer: Composer, options: argparse.Namespace, words: list[str]) -> int:
    """--help, --hydra-help, --cfg and --info, as Hydra shows them."""
    single, params = _without_sweeps(composer, words)
    config = composer.compose(single)
    hydra = Hydra(task_name="bea", config_loader=composer.loader)
    HydraConfig.instance().set_config(config)
    options.overrides = single
    try:
        if options.help or options.hydra_help:
            show = hydra.app_help if options.help else hydra.hydra_help
            show(config_name=composer.name, args_parser=get_args_parser(), args=options)
        elif options.cfg:
            _show_config(hydra, config, options, params)
        else:
            hydra.show_info(options.info, config_name=composer.name, overrides=single)
    except SystemExit:
        raise
    except Exception as error:
        raise translate(error) from error
    return 0


def _without_sweeps(composer: Composer, words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Words of one value, and the swept ones as `sweep.params` would hold them."""
    single, params = [], {}
    for override in composer.parse(words):
        line = override.input_line or ""
        if override.is_sweep_override():
            params[override.get_key_element()] = line.split("=", 1)[1]
        else:
            single.append(line)
    if params and composer.name == "backtest":
        raise UsageError(f"{next(iter(params))} stands for several values", todo="use `bea sweep`")
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


def _print(run: RunRecord, output: str) -> None:
    from engine.files import plain
    from research.records.summary import summary

    if output == "json":
        sys.stdout.write(json.dumps(plain(summary(run)), ensure_ascii=False, allow_nan=False) + "\n")
        return
    from research.commands.text import print_run

    print_run(run)
