"""What all workers of a run must have in common, so that each computes the same bits.

Compiled code depends on the instruction set that it is compiled for, and logarithms and powers on the mathematical
libraries, which choose their code by the processor. The first is stated, the second is tried out.
"""

from __future__ import annotations

import hashlib
import math
import platform
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

import numpy as np

from engine.errors import ConfigurationError
from engine.kernel.width import choose, compiled_for, vector_bits
from engine.machine import version_of
from research.cluster.seam import worker_name

_LIBRARIES: Final = ("numpy", "numba", "llvmlite", "polars", "pyarrow", "duckdb")
_PROCESSOR: Final = ("processor", "features", "vector_bits", "arithmetic")
#: arguments for which the functions of the libraries are asked
_ARGUMENTS: Final = [0.001 + 0.3717 * number for number in range(400)]


def use(target: str | None) -> None:
    """Compile for `cluster.target`; None: for this processor.

    Raises
    ------
    ConfigurationError
        This processor cannot run it, or the compiler has begun with another one.
    """
    if target is not None and (against := choose(target)):
        raise ConfigurationError("a target that cannot be used", where="cluster.target", found=against)


@cache
def machine_facts() -> Mapping[str, str]:
    """What must be the same on all workers: name to text."""
    name, features = compiled_for()
    return {
        "processor": name,
        "features": hashlib.blake2b(features.encode(), digest_size=8).hexdigest() if features else "",
        "vector_bits": str(vector_bits()),
        "arithmetic": _arithmetic(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{library: version_of(library) for library in _LIBRARIES},
    }


def check_agreement(wanted: Mapping[str, str]) -> None:
    """Raise ConfigurationError if this worker is not as the command's own process is."""
    found = machine_facts()
    different = [name for name in wanted if found.get(name) != wanted[name]]
    if not different:
        return
    todo = "install the same versions everywhere"
    if set(different) <= {*_PROCESSOR}:
        todo = "set cluster.target to what all processors have, such as x86-64-v3"
    if different == ["arithmetic"]:
        todo = "use processors of one kind: their mathematical libraries give other last digits"
    raise ConfigurationError(
        "a worker computes otherwise", where=f"worker {worker_name()}",
        expected=", ".join(f"{name} {wanted[name]}" for name in different),
        found=", ".join(f"{name} {found.get(name)}" for name in different), todo=todo,
    )  # fmt: skip


def _arithmetic() -> str:
    """Hash of what the mathematical libraries answer: that of C, which compiled code calls, and that of NumPy."""
    singly: list[Callable[[float], float]] = [
        math.log,
        math.exp,
        math.log1p,
        math.sqrt,
        math.sin,
        lambda x: math.pow(x, 0.37),
    ]
    values = np.array(_ARGUMENTS)
    answers = [np.array([function(x) for x in _ARGUMENTS]) for function in singly]
    answers += [np.log(values), np.exp(values), np.power(values, 0.37), np.log1p(values), np.tanh(values)]
    return hashlib.blake2b(b"".join(answer.tobytes() for answer in answers), digest_size=8).hexdigest()
