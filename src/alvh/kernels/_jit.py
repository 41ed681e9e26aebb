"""The one place that configures the compiler.

``ALVH_JIT=0`` in the environment turns compiling off: every kernel is then the plain Python function that is written here, slow
but open to a debugger. Compiled kernels are serial, release the interpreter lock and are kept on disk; the folder they are kept
in carries a fingerprint of this room's source, because numba notices a change only in the file of the kernel itself and not in
the inlined functions that the kernel took from its neighbours.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

JIT = os.environ.get("ALVH_JIT", "1") != "0"
"""Whether kernels are compiled; read once, at import."""

# No 'reassoc': it undoes the two-part range reduction of exp and log. No 'arcp' or 'afn': they trade accuracy. No 'contract'
# either: the compiler would fuse a multiplication and an addition in one loop and not in another, and the same option would
# differ in its last bit between the vector body of a loop, its remainder and another kernel; what is to be fused is written
# with `fma`. With 'nnan' the compiler may assume that no operand is NaN, so a test for NaN or infinity has to go through a
# `strict` function.
FAST_MATH = frozenset({"nnan", "ninf", "nsz"})


def source_fingerprint() -> str:
    """Twelve hexadecimal digits that change with any kernel's source."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _cache_folder() -> str:
    """Where compiled kernels are kept: below ``NUMBA_CACHE_DIR`` if set, else beside the source, else by numba's own rule."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    room = Path(__file__).parent
    if not named and not os.access(room, os.W_OK):
        return ""
    return str((Path(named) if named else room / "__pycache__") / f"kernels-{source_fingerprint()}")


if JIT:
    from llvmlite import ir
    from numba import config as _numba_config
    from numba import njit, types
    from numba.extending import intrinsic as _numba_intrinsic

    config: Any = _numba_config  # its entries are made at run time
    intrinsic: Any = _numba_intrinsic  # what it makes has another signature than what it decorates

    _CACHE_FOLDER = _cache_folder()

    def _compiled(function: Function, **options: Any) -> Function:
        # error_model="numpy": Python's own puts a branch for a zero divisor into every loop, and such loops do not vectorise.
        before = config.CACHE_DIR
        config.CACHE_DIR = _CACHE_FOLDER or before  # numba looks at it while it decorates; other users of numba keep theirs
        try:
            return njit(error_model="numpy", **options)(function)  # type: ignore[no-any-return]  # numba has no types
        finally:
            config.CACHE_DIR = before

    def kernel(function: Function) -> Function:
        """Compile a loop over arrays: serial, without the interpreter lock, kept on disk."""
        return _compiled(function, fastmath=set(FAST_MATH), nogil=True, cache=True)

    def inline(function: Function) -> Function:
        """Compile a scalar function that every caller takes into its own loop."""
        return _compiled(function, fastmath=set(FAST_MATH), nogil=True, forceinline=True)

    def strict(function: Function) -> Function:
        """As :func:`inline`, under IEEE rules: NaN and infinity are real values here."""
        return _compiled(function, fastmath=set(), nogil=True, forceinline=True)  # said, or the caller's flags would hold

    @intrinsic
    def bits_of(typing_context, value):
        """The 64 bits of a double as an integer."""
        del typing_context, value
        return types.int64(types.float64), lambda _context, builder, _signature, args: builder.bitcast(args[0], ir.IntType(64))

    @intrinsic
    def double_of(typing_context, bits):
        """The double that these 64 bits spell."""
        del typing_context, bits
        return types.float64(types.int64), lambda _context, builder, _signature, args: builder.bitcast(args[0], ir.DoubleType())

    @intrinsic
    def fma(typing_context, a, b, c):
        """``a * b + c`` rounded once."""
        del typing_context, a, b, c
        double = types.float64
        return double(double, double, double), lambda _context, builder, _signature, args: builder.fma(*args)

else:

    def kernel(function: Function) -> Function:
        """Leave the function as it is (``ALVH_JIT=0``)."""
        return function

    inline = strict = kernel

    def bits_of(value: float) -> np.int64:
        """The 64 bits of a double as an integer."""
        return np.float64(value).view(np.int64)

    def double_of(bits: int) -> np.float64:
        """The double that these 64 bits spell."""
        return np.int64(bits).view(np.float64)

    def fma(a: float, b: float, c: float) -> float:
        """``a * b + c``, here rounded twice."""
        return a * b + c
