"""Mutants drawn by chance: ``python -m tests.mutants.sampled MODULE [--tests FILE...] [--most 60] [--seed 1]``.

Each mutant is one small change of a module: a comparison turned, `and` for `or`, a condition negated, a number one
more, a statement left out. It is loaded in a forked process in place of the module, and the tests are run there until
one fails. The lines printed are those of the mutants that no test finds; the last line is the share that is found.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutants.mutant import ROOT, Changed, run_forked


def tests_of(room: str, names: str) -> list[str]:
    """Files of tests of a room, by names that blanks separate."""
    return [f"tests/live/{room}/test_{name}.py" for name in names.split()]


#: what tests a module, the quickest first
TESTS = {
    "engine.live.execution.executor": tests_of("execution", "executor reconcile recovery crash_points"),
    "engine.live.bets.book": tests_of("bets", "book states") + tests_of("execution", "executor reconcile audit"),
    "engine.live.bets.bet": tests_of("bets", "book states") + tests_of("execution", "executor reconcile recovery"),
    "engine.live.execution.evidence": tests_of("execution", "executor reconcile faults"),
    "engine.live.execution.reconcile": tests_of("execution", "reconcile recovery audit crash_points"),
    "engine.live.execution.recovery": tests_of("execution", "recovery crash_points"),
    "engine.live.execution.audit": tests_of("execution", "audit recovery"),
    "engine.live.bets.postings": tests_of("bets", "book") + tests_of("execution", "reconcile executor audit"),
    "engine.live.execution.statements": tests_of("execution", "reconcile audit"),
    "engine.live.judgement.settlement": tests_of("judgement", "settlement restart"),
    "engine.live.judgement.account": tests_of("judgement", "account settlement judge restart"),
    "engine.live.ledger.chained": tests_of("ledger", "memory chained lease disk postgres"),
    "engine.live.ledger.store": tests_of("ledger", "memory lease postgres"),
    "engine.live.ledger.session": tests_of("ledger", "lease chained migrate disk verify postgres"),
    "engine.live.ledger.sql": tests_of("ledger", "chained lease backup verify postgres"),
    "engine.live.ledger.verify": tests_of("ledger", "verify backup"),
    "engine.live.ledger.backup": tests_of("ledger", "backup migrate"),
}
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Line, description and tree of every mutant of a module."""
    for index, node in enumerate(ast.walk(tree)):
        for what in _changes(node):
            changed = copy.deepcopy(tree)
            target = next(one for number, one in enumerate(ast.walk(changed)) if number == index)
            _apply(target, what)
            yield getattr(node, "lineno", 0), f"{what}: {ast.unparse(node).splitlines()[0][:70]}", changed


def _changes(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _TURNED:
        return ["turned"]
    if isinstance(node, ast.BoolOp):
        return ["and/or"]
    if isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Compare | ast.BoolOp | ast.Constant):
        return ["negated"]
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add | ast.Sub)
        and not isinstance(node.left, ast.Constant)
    ):
        return ["plus/minus"]
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return ["one more"]
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        return ["other"]
    documented = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return ["left out"] if isinstance(node, ast.Expr | ast.AugAssign | ast.Raise) and not documented else []


def _apply(node: ast.AST, what: str) -> None:
    if isinstance(node, ast.Compare):
        node.ops[0] = _TURNED[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.If | ast.While):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.BinOp):
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    elif isinstance(node, ast.Constant):
        node.value = (not node.value) if type(node.value) is bool else node.value + 1  # type: ignore[operator]
    else:
        fields, line = ast.Pass._fields, node.lineno  # type: ignore[attr-defined]
        node.__class__ = ast.Pass  # type: ignore[assignment]
        for name in list(vars(node)):
            if name not in (*fields, "lineno", "col_offset", "end_lineno", "end_col_offset"):
                delattr(node, name)
        node.lineno = line  # type: ignore[attr-defined]


def found(path: Path, tree: ast.Module, tests: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a test fails with the module changed."""
    base = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:randomly", "--timeout", "60"]
    return run_forked([*base, *words, *tests], Changed(path, ast.fix_missing_locations(tree)), seconds=3_600) != 0


def main() -> int:
    """Draw, try, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.sampled")
    parser.add_argument("module", help="such as engine.live.ledger.lease")
    parser.add_argument("--tests", nargs="+", help="files of tests; those that belong to the module if left out")
    parser.add_argument("--most", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="for pytest -k")
    options = parser.parse_args()
    tests = options.tests or TESTS[options.module]
    path = ROOT / Path(*options.module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text())
    drawn = list(mutants(tree))
    random.Random(options.seed).shuffle(drawn)
    words = ["-k", options.only] if options.only else []
    if found(path, tree, tests, words):
        sys.stderr.write("the tests fail without a mutant\n")
        return 1
    count = 0
    for line, what, changed in drawn[: options.most]:
        caught = found(path, changed, tests, words)
        count += caught
        if not caught:
            sys.stdout.write(f"{path.name}:{line} {what}\n")
            sys.stdout.flush()
    tried = min(len(drawn), options.most)
    sys.stdout.write(f"{options.module}: {count} of {tried} found ({len(drawn)} possible)\n")
    return 0


if __name__ == "__main__":
    import alembic.command  # loaded once, for all forked processes
    import hydra  # noqa: F401
    import hypothesis  # noqa: F401
    import polars  # noqa: F401
    import pytest  # noqa: F401
    import sqlalchemy.dialects.sqlite  # noqa: F401

    import engine.kernel.live  # noqa: F401  below what is changed, so that it may be shared

    assert alembic.command
    gc.freeze()  # what is loaded here is not searched again in each process
    sys.exit(main())
