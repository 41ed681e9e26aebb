"""From whatever the caller has to contiguous arrays of one shape, and long arrays on several threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh.kernels._jit import JIT

Floats = NDArray[np.float64]

# Chunks end at the same items for any number of threads, and their length is a multiple of every block and register width, so
# that an item meets the same instructions and gets the same bits. 16,384 items take 0.1 ms: long beside a hand-over (10 us).
CHUNK = 16_384
PARALLEL_FROM = 2 * CHUNK

_pool: ThreadPoolExecutor | None = None


def cpu_count() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _forget_pool() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)  # threads do not survive a fork


def _threads() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(max_workers=cpu_count(), thread_name_prefix="alvh-kernel")
    return _pool


def aligned(names: tuple[str, ...], values: tuple[ArrayLike, ...]) -> tuple[tuple[int, ...], list[Floats]]:
    """The common shape, and every value as a flat contiguous float64 array of that many items.

    Raises ValueError, naming the arguments and their shapes, where they do not broadcast.
    """
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    shape = arrays[0].shape
    if any(array.shape != shape for array in arrays):
        try:
            shape = np.broadcast_shapes(*(array.shape for array in arrays))
        except ValueError as error:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(names, arrays, strict=True))
            message = f"The arguments do not broadcast to one shape: {shapes}. Allowed: equal lengths, or scalars."
            raise ValueError(message) from error
        arrays = [np.broadcast_to(array, shape) for array in arrays]
    return shape, [np.ascontiguousarray(array).reshape(-1) for array in arrays]


def result(shape: tuple[int, ...], out: Floats | None, inputs: list[Floats]) -> Floats:
    """``out`` after its checks, or a new array. Raises ValueError where ``out`` cannot hold the result or overlaps an input."""
    if out is None:
        return np.empty(shape)
    if not isinstance(out, np.ndarray) or out.dtype != np.float64 or out.shape != shape or not out.flags.c_contiguous:
        found = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ValueError(f"out is {found}. Allowed: a C-contiguous float64 array of shape {shape}.")
    if not out.flags.writeable:
        raise ValueError("out is read-only. Allowed: an array that can be written to.")
    if any(np.may_share_memory(out, array) for array in inputs):
        raise ValueError("out shares memory with an argument. Allowed: an array of its own.")
    return out


def drive(kernel: Callable[..., Any], inputs: list[Floats], outputs: list[Floats], threads: int | None) -> None:
    """Run ``kernel(*inputs, *outputs)``; from ``PARALLEL_FROM`` items on in chunks over ``threads`` (None: all processors)."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}. Allowed: a whole number from 1 on, or None for all processors.")
    arrays = [*inputs, *outputs]
    size = outputs[0].size
    if not JIT:
        with np.errstate(all="ignore"):  # compiled code raises no floating-point warnings either
            kernel(*arrays)
        return
    workers = min(cpu_count() if threads is None else threads, -(-size // CHUNK))
    if size < PARALLEL_FROM or workers <= 1:
        kernel(*arrays)
        return

    def work(first: int) -> None:
        for low in range(first * CHUNK, size, workers * CHUNK):
            kernel(*(array[low : low + CHUNK] for array in arrays))

    for future in [_threads().submit(work, first) for first in range(workers)]:
        future.result()
