"""The condition of `sweep.where`: a small language of comparisons, read with an allow list and run over columns."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from engine.errors import ConfigurationError
from research.config.mistakes import unknown_key

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LONGEST = 2_000


def condition(text: str, columns: Mapping[str, pl.Expr], where: str = "sweep.where") -> pl.Expr:
    """The condition as an expression over columns.

    Comparisons, ``and``, ``or``, ``not``, ``in (a, b)``, ``+ - * /``, numbers, quoted texts, keys; a group's name
    stands for its ``name`` key. A comparison with a key that a configuration does not have is neither true nor
    false, and only what is false is dropped.

    Parameters
    ----------
    text : str
        For example ``strategy.edge_min < 0.05 and staking.fraction < 0.5``.
    columns : mapping of str to polars.Expr
        What each key stands for.

    Raises
    ------
    ConfigurationError
        Anything that is not in the language, or an unknown key (the nearest one is named).
    """
    if len(text) > _LONGEST:
        raise ConfigurationError("condition too long", where=where, expected=f"at most {_LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        place = f" at character {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise ConfigurationError(f"cannot read the condition{place}", where=where, found=repr(text)) from error
    except (RecursionError, MemoryError) as error:
        raise ConfigurationError("condition nested too deeply", where=where) from error
    made = _Reader(columns, where).read(tree.body)
    if not isinstance(tree.body, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant | ast.Name | ast.Attribute):
        raise ConfigurationError("the condition is no comparison", where=where, found=repr(text))
    return made if isinstance(made, pl.Expr) else pl.lit(bool(made))


class _Reader:
    """Turns an allowed syntax tree into an expression, node by node."""

    def __init__(self, columns: Mapping[str, pl.Expr], where: str) -> None:
        self.columns, self.where = columns, where

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.BoolOp(op=ast.And()):
                return self.chain(node.values, operator.and_)
            case ast.BoolOp(op=ast.Or()):
                return self.chain(node.values, operator.or_)
            case ast.UnaryOp(op=ast.Not()):
                return ~self.expression(node.operand)
            case ast.UnaryOp(op=ast.USub()):
                return -self.read(node.operand)
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                return _ARITHMETIC[type(node.op)](self.expression(node.left), self.expression(node.right))
            case ast.Compare():
                return self.compare(node)
            case ast.Constant(value=bool() | int() | float() | str() | None):
                return node.value
            case ast.Name(id="null"):
                return None
            case ast.Name(id="true" | "false"):
                return node.id == "true"
            case ast.Name() | ast.Attribute():
                return self.column(self.dotted(node))
        raise self.refusal(ast.unparse(node))

    def chain(self, nodes: list[ast.expr], join: Callable[[Any, Any], Any]) -> pl.Expr:
        made = self.expression(nodes[0])
        for node in nodes[1:]:
            made = join(made, self.expression(node))
        return made

    def compare(self, node: ast.Compare) -> pl.Expr:
        made: pl.Expr | None = None
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            one = self.relation(left, op, right)
            made = one if made is None else made & one
            left = right
        assert made is not None
        return made

    def relation(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> pl.Expr:
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List | ast.Set):
                raise self.refusal(ast.unparse(right))
            found = self.expression(left).is_in([self.read(item) for item in right.elts])
            return ~found if isinstance(op, ast.NotIn) else found
        if type(op) not in _COMPARE:
            raise self.refusal(type(op).__name__)
        one, other = self.read(left), self.read(right)
        if one is None or other is None:  # null asks whether a value is there
            value = self.expression(right if one is None else left)
            if isinstance(op, ast.Eq | ast.NotEq):
                return value.is_null() if isinstance(op, ast.Eq) else value.is_not_null()
            raise self.refusal("null in an order")
        made = _COMPARE[type(op)](one, other)
        return made if isinstance(made, pl.Expr) else pl.lit(bool(made))

    def expression(self, node: ast.expr) -> pl.Expr:
        made = self.read(node)
        return made if isinstance(made, pl.Expr) else pl.lit(made)

    def dotted(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute):
            return f"{self.dotted(node.value)}.{node.attr}"
        raise self.refusal(ast.unparse(node))

    def column(self, key: str) -> pl.Expr:
        if key in self.columns:
            return self.columns[key]
        if f"{key}.name" in self.columns:
            return self.columns[f"{key}.name"]
        raise unknown_key(key, self.columns, self.where)

    def refusal(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"{what} is not part of a condition",
            where=self.where,
            expected="comparisons of keys and numbers joined by and, or, not",
        )
