"""Jobs on processes: every result once, forked or started bare, and a clean end where one fails or the caller stops."""

from __future__ import annotations

import multiprocessing
import operator
from functools import partial

import pytest

from alvh.core.errors import DataMissing
from alvh.study.ablate.pool import forks, run_jobs

JOBS = [2, 5, 7, 11]


def nothing() -> int:
    raise AssertionError("a worker that inherits loads nothing")


def refuse(held: int, job: int) -> int:
    if job == 7:
        raise DataMissing("seven is missing", where="here", todo="add it")
    return held * job


@pytest.mark.parametrize("processes", [1, 2, 9])
def test_every_job_once(processes: int) -> None:
    found = dict(run_jobs(operator.mul, JOBS, 3, load=nothing if forks() else partial(int, 3), processes=processes))
    assert found == {0: 6, 1: 15, 2: 21, 3: 33}


def test_bare_workers_load_for_themselves() -> None:
    """``operator.mul`` and ``int`` are found by name in any interpreter; the parent's own 99 must not be what is used."""
    found = dict(run_jobs(operator.mul, JOBS, 99, load=partial(int, "3"), processes=2, fork=False))
    assert found == {0: 6, 1: 15, 2: 21, 3: 33}


def test_no_job_gives_nothing() -> None:
    assert list(run_jobs(operator.mul, [], 3, load=nothing, processes=2)) == []


@pytest.mark.skipif(not forks(), reason="this platform does not fork safely")
def test_an_error_comes_through_as_it_was() -> None:
    with pytest.raises(DataMissing, match=r"here: seven is missing\. Next: add it\."):
        list(run_jobs(refuse, JOBS, 3, load=nothing, processes=2))
    assert not multiprocessing.active_children()


def test_a_caller_that_stops_leaves_no_process() -> None:
    running = run_jobs(operator.mul, JOBS * 5, 3, load=partial(int, 3), processes=2)
    next(running)
    running.close()
    assert not multiprocessing.active_children()
