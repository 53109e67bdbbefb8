"""`bea leakage`: one configuration, composed like that of a backtest, held against changed futures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.kernel.params import Params
from engine.strategy import Learner
from research.application import plan_backtest
from research.arguments import Parser
from research.composition import Composer
from research.leakage.coverage import FEWEST_INSTANTS
from research.leakage.decided import Subject
from research.leakage.finder import Search, find_leaks
from research.leakage.findings import Findings
from research.leaks import leaking, path_of
from research.parameters import check
from research.run.facts import calendar_of
from research.run.fitted import fitted_at
from research.run.folder import plain, write_json
from research.run.job import numbers
from research.run.progress import Silence, progress_for
from research.run.tapes import Tapes, strategy_of
from research.slow import Slow, slow_of
from research.validation.folds import borders
from research.validation.rules import rules_of

_ABOUT = (
    "Try to break the claim that no decision of a configuration knows what only came later. The words are those of "
    "`bea backtest`. Exit status: 0 no leak, 1 a leak or too few decisions to judge, 2 a wrong command."
)


def run_leakage(argv: Sequence[str]) -> int:
    """Run the command; gives its exit status."""
    options = _options(argv)
    folder = Path(options.config_dir).absolute() if options.config_dir else None
    plan = plan_backtest(Composer("backtest", folder), options.overrides)
    settings, flat = plan.settings(), plan.flat(1)
    rows = numbers(plan, 0, 1)
    check(rows)
    memory_mb = int(settings["data.memory_mb"])
    tapes = Tapes(memory_mb)
    slow = _with_fits(tapes, slow_of(flat), settings)
    made_of = tapes.made_of(slow)
    as_json = options.json or settings["output"] == "json"
    subject = Subject(slow, Params(*rows[0].tolist()), int(flat["seed"]), memory_mb=memory_mb)
    search = Search(options.instants, int(flat["seed"]) if options.seed is None else options.seed)
    found = find_leaks(subject, search, Silence() if as_json else progress_for())
    document = {"command": ["leakage", *options.overrides], "strategy": slow.strategy, **found.document()}
    keep(made_of, document)
    if as_json:
        sys.stdout.write(json.dumps(plain(document), ensure_ascii=False, allow_nan=False) + "\n")
    else:
        from research.leakage.shown import show

        show(found, path_of(made_of))
    return status(found)


def _with_fits(tapes: Tapes, slow: Slow, settings: Mapping[str, Any]) -> Slow:
    """The slow part with the days at which a strategy with a model is fitted, as a backtest has them."""
    strategy = strategy_of(slow)
    if not isinstance(strategy, Learner):
        return slow
    rules = rules_of(settings)
    dates = borders(calendar_of(tapes.rows(slow).calendar), rules) if rules.on else ()
    return fitted_at(slow, strategy, dates)


def keep(made_of: str, document: dict[str, Any]) -> Path:
    """Write the findings where every report of such a tape reads them, in the place of earlier ones.

    What was too little to judge by takes no leak away that was found before.
    """
    path = path_of(made_of)
    if not document["judged"] and leaking([made_of]):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, document)
    return path


def status(found: Findings) -> int:
    """0: no leak, and enough was looked at to say so; else 1."""
    return int(found.outcome != "clean")


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="bea leakage", description=_ABOUT)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="as for `bea backtest`")
    parser.add_argument(
        "--instants",
        type=int,
        default=Search.instants,
        metavar="N",
        help=f"default: %(default)s; below {FEWEST_INSTANTS} nothing can pass",
    )
    parser.add_argument("--seed", type=int, metavar="SEED", help="of instants and changes; default: that of the run")
    parser.add_argument("--config-dir", "-cd", metavar="DIR", help="a folder of groups and experiments of your own")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    options = parser.parse_intermixed_args(list(argv))
    if options.instants < 1:
        raise UsageError("no instants", where="--instants", expected="1 or more", found=str(options.instants))
    if options.seed is not None and options.seed < 0:
        raise UsageError("a negative seed", where="--seed", expected="a whole number from 0", found=str(options.seed))
    return options
