"""Jobs on several processes, each result handed over as it is done; the market is loaded once and shared where it can be.

Where the platform forks safely, workers inherit what the parent loaded. Elsewhere each worker loads it anew. The keyboard's
interrupt reaches the parent alone: it starts nothing more, waits for the jobs that run (about a second each) and passes it on.
No job waits inside the pool, so that none is begun after an interrupt.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from alvh.core.errors import UsageError

Job = TypeVar("Job")
Done = TypeVar("Done")

_HELD: list[Any] = []
"""What this process's jobs work on: filled by the parent before it forks, or by a worker that starts bare."""


def forks() -> bool:
    """Whether workers may be forked. macOS has fork, but its system libraries do not survive one (Python's own default there)."""
    return sys.platform != "darwin" and "fork" in multiprocessing.get_all_start_methods()


def run_jobs(
    work: Callable[[Any, Job], Done],
    jobs: Sequence[Job],
    held: Any,
    *,
    load: Callable[[], Any],
    processes: int,
    fork: bool | None = None,
) -> Iterator[tuple[int, Done]]:
    """``work(held, job)`` of every job: its position and result, in the order in which they are done.

    ``held`` is what the parent has loaded; ``load`` gives the same in a worker that cannot inherit it, which must find both by
    their names. One process, or one job, runs here.
    """
    if processes <= 1 or len(jobs) <= 1:
        for position, job in enumerate(jobs):
            yield position, work(held, job)
        return
    fork = forks() if fork is None else fork
    context = multiprocessing.get_context("fork" if fork else "spawn")
    _HELD[:] = [held]
    executor = ProcessPoolExecutor(
        max_workers=min(processes, len(jobs)), mp_context=context, initializer=_start, initargs=(None if fork else load,)
    )
    waiting = iter(enumerate(jobs))
    running: dict[Future[Done], int] = {}
    try:
        while True:
            while len(running) < processes and (following := next(waiting, None)) is not None:
                running[executor.submit(_call, work, following[1])] = following[0]
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BrokenProcessPool as problem:
        raise UsageError(
            "a worker process ended without a word, most often for want of memory",
            where=f"--jobs {processes}",
            todo="run again with --jobs 1; what was finished is kept",
        ) from problem
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        _HELD.clear()


def _start(load: Callable[[], Any] | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if load is not None:
        _HELD[:] = [load()]


def _call(work: Callable[[Any, Job], Done], job: Job) -> Done:
    return work(_HELD[0], job)
