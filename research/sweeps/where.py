"""Conditions of `sweep.where`: a small language of comparisons, parsed with an allow list, evaluated over columns."""

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
    """A condition as an expression over columns.

    The language has comparisons, ``and``, ``or``, ``not``, ``in (a, b)``, ``+ - * /``, numbers, quoted texts and keys.
    The name of a group stands for its key ``name``. A comparison with a key that a configuration does not have is null,
    and only configurations for which the condition is false are dropped.

    Parameters
    ----------
    text : str
        For example ``strategy.edge_min < 0.05 and staking.fraction < 0.5``.
    columns : mapping of str to polars.Expr
        Column of each key.
    where : str
        Place that error messages name.

    Returns
    -------
    polars.Expr
        Boolean, or null where a key is missing.

    Raises
    ------
    ConfigurationError
        The text is not in the language, or has an unknown key.
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
    value = _Reader(columns, where).read(tree.body)
    if not isinstance(tree.body, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant | ast.Name | ast.Attribute):
        raise ConfigurationError("the condition is not a comparison", where=where, found=repr(text))
    return value if isinstance(value, pl.Expr) else pl.lit(bool(value))


class _Reader:
    """Converts a syntax tree to an expression, node by node; nodes that are not allowed are errors."""

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
        chained = self.expression(nodes[0])
        for node in nodes[1:]:
            chained = join(chained, self.expression(node))
        return chained

    def compare(self, node: ast.Compare) -> pl.Expr:
        chained: pl.Expr | None = None
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            relation = self.relation(left, op, right)
            chained = relation if chained is None else chained & relation
            left = right
        assert chained is not None
        return chained

    def relation(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> pl.Expr:
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List | ast.Set):
                raise self.refusal(ast.unparse(right))
            contained = self.expression(left).is_in([self.read(item) for item in right.elts])
            return ~contained if isinstance(op, ast.NotIn) else contained
        if type(op) not in _COMPARE:
            raise self.refusal(type(op).__name__)
        first, second = self.read(left), self.read(right)
        if first is None or second is None:  # a comparison with null tests for a missing value
            value = self.expression(right if first is None else left)
            if isinstance(op, ast.Eq | ast.NotEq):
                return value.is_null() if isinstance(op, ast.Eq) else value.is_not_null()
            raise self.refusal("null in an order")
        result = _COMPARE[type(op)](first, second)
        return result if isinstance(result, pl.Expr) else pl.lit(bool(result))

    def expression(self, node: ast.expr) -> pl.Expr:
        value = self.read(node)
        return value if isinstance(value, pl.Expr) else pl.lit(value)

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

    def refusal(self, text: str) -> ConfigurationError:
        return ConfigurationError(
            f"{text} is not part of a condition",
            where=self.where,
            expected="comparisons of keys and numbers joined by and, or, not",
        )
