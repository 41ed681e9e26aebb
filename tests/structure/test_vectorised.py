"""The hot loops run in vector registers: looked up in the machine code, because a loop can stop to without any other sign."""

from __future__ import annotations

import math
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alvh.kernels import _jit
from alvh.kernels.black import black_greeks_into, black_price_into
from alvh.kernels.implied import implied_vol_into
from alvh.kernels.strike import strike_for_delta_into

# kernel, number of array arguments, least number of packed-double instructions on full vector registers (a scalar loop has none).
HOT = (
    (black_price_into, 7, 60),
    (black_greeks_into, 11, 80),
    (implied_vol_into, 7, 120),
    (strike_for_delta_into, 6, 80),
)
PACKED = re.compile(r"^\s+v\w+pd\s.*%?(?:zmm|ymm)\d+", re.MULTILINE)
SCALAR_MATHS = re.compile(r"\$(?:exp|log|erfc?|pow|fma)\b")


def assembly(function: Any, arguments: int) -> str:
    """Machine code of a fresh compilation: one that comes from the disk cache cannot be looked into."""
    numba = pytest.importorskip("numba")
    fresh = numba.njit(error_model="numpy", fastmath=set(_jit.FAST_MATH), nogil=True)(function.py_func)
    fresh(*(np.full(4, 0.5) for _ in range(arguments)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return "\n".join(fresh.inspect_asm().values())


class _PlainLoop:
    """A loop over the maths library: one call a number."""

    @staticmethod
    def py_func(x: np.ndarray, out: np.ndarray) -> None:
        for i in range(out.size):
            out[i] = math.erfc(x[i])


def has_avx2() -> bool:
    from llvmlite import binding

    return bool(binding.get_host_cpu_features().get("avx2", False))


@pytest.mark.skipif(not _jit.JIT, reason="ALVH_JIT=0: nothing is compiled")
@pytest.mark.skipif(_jit.JIT and not has_avx2(), reason="this processor has no AVX2 registers to look for")
@pytest.mark.parametrize(("function", "arguments", "least"), HOT, ids=lambda value: getattr(value, "__name__", None))
def test_hot_loop_is_vectorised(function: Any, arguments: int, least: int) -> None:
    code = assembly(function, arguments)
    assert len(PACKED.findall(code)) >= least
    assert not SCALAR_MATHS.search(code), "a call into the scalar maths library stands in the loop"


@pytest.mark.skipif(not _jit.JIT, reason="ALVH_JIT=0: nothing is compiled")
def test_a_loop_over_the_maths_library_would_be_caught() -> None:
    assert SCALAR_MATHS.search(assembly(_PlainLoop, 2))


def test_only_the_compiler_room_configures_numba() -> None:
    room = Path(_jit.__file__).parent
    imports = re.compile(r"^\s*(?:from|import) (?:numba|llvmlite)", re.MULTILINE)
    assert [path.name for path in room.glob("*.py") if imports.search(path.read_text(encoding="utf-8"))] == ["_jit.py"]
