"""A copy of one strip between two arrays as two vector moves: the compiler would unroll a loop to scalars first."""

from __future__ import annotations

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

#: bytes of a strip of 16 float64
_BYTES = 128


def _address(context, builder, kind, array, index):
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), ir.IntType(8).as_pointer())


@intrinsic
def _copy_strip(typingctx, target, to, source, start):
    def generate(context, builder, signature, arguments):
        pointer, size = ir.IntType(8).as_pointer(), ir.IntType(64)
        places = [_address(context, builder, signature.args[n], arguments[n], arguments[n + 1]) for n in (0, 2)]
        copy = builder.module.declare_intrinsic("llvm.memcpy", [pointer, pointer, size])
        builder.call(copy, [*places, size(_BYTES), ir.IntType(1)(0)])
        return context.get_dummy_value()

    return types.void(target, types.uint64, source, types.uint64), generate


def _copy_interpreted(target, to, source, start):
    target[int(to) : int(to) + _BYTES // 8] = source[int(start) : int(start) + _BYTES // 8]


#: copy the strip of `source` (float64) at `start` to `target` at `to`; the two do not overlap
copy_strip = _copy_interpreted if numba.config.DISABLE_JIT else _copy_strip
