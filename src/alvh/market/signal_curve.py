"""Signals on two curves: VX settlements by rank of the monthly contracts, and Treasury yields."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from alvh.market import indicators as ind
from alvh.market.history import History
from alvh.market.signal_family import Family, Floats, WarmUp
from alvh.market.signal_inputs import nothing, yield_of

LONGEST_MONTH_DAYS = 36
"""Monthly VX contracts expire 28 or 35 days apart, a day more or less by a holiday: a wider step means that one is not listed
or has no file, and then the ranks behind it are not known."""
YEAR_DAYS = 365.0
BASIS_POINTS = 1e4
LONGEST_CHANGE = 60
"""With the 252 sessions of the standard deviation on top this still fits into the warm-up that a run keeps."""


def vx_ranks(history: History, rank: int) -> tuple[Floats, Floats]:
    """Settle and expiry day of the ``rank``-th monthly contract that expires after each session, both (sessions,).

    NaN where that contract is not listed or has no settle that day; the next one never takes its place.
    """
    settle, expiry = nothing(history), nothing(history)
    columns = np.flatnonzero(history.vx.monthly)
    if not columns.size:
        return settle, expiry
    days = history.vx.expiry[columns]
    first = np.searchsorted(days, history.sessions, side="right")
    last = first + rank - 1
    inside = last < days.size
    at, begin = np.minimum(last, days.size - 1), np.minimum(first, days.size - 1)
    gaps = np.concatenate(([0], np.cumsum(np.diff(days) > LONGEST_MONTH_DAYS)))
    known = inside & (days[begin] - history.sessions <= LONGEST_MONTH_DAYS) & (gaps[at] == gaps[begin])
    settle[known] = history.vx.settle[np.flatnonzero(known), columns[at[known]]]
    expiry[known] = days[at[known]]
    return settle, expiry


def vx_slope(history: History, near: int, far: int) -> Floats:
    """VX of rank ``far`` over VX of rank ``near``, less one: above zero in contango."""
    return ind.ratio(vx_ranks(history, far)[0], vx_ranks(history, near)[0]) - 1.0


def vx_roll_yield_pct(history: History) -> Floats:
    """Per cent a year by which the second monthly stands above the first, by the days between their expiries."""
    (_, first), (_, second) = vx_ranks(history, 1), vx_ranks(history, 2)
    return 100.0 * vx_slope(history, 1, 2) * YEAR_DAYS / (second - first)


def spread_bp(history: History, short: str, long: str) -> Floats:
    """Yield of ``long`` less yield of ``short`` in basis points."""
    return BASIS_POINTS * (yield_of(history, long) - yield_of(history, short))


def change_in_deviations(values: Floats, sessions: int) -> Floats:
    """The change over some sessions ÷ the sample standard deviation of such changes over a year, this one included.

    Zero where nothing changed all year.
    """
    change = ind.change_over(values, sessions)
    deviation = ind.rolling_deviation(change, ind.TRADING_DAYS)
    return np.where((deviation == 0.0) & (change == 0.0), 0.0, ind.ratio(change, deviation))


def _steepness(name: str, short: str, words: str, rules: tuple[str, ...]) -> tuple[Family, ...]:
    inputs = (f"yields.{short}", "yields.dgs10")

    def spread(h: History) -> Floats:
        return spread_bp(h, short, "dgs10")

    return (
        Family(
            form=f"curve_{name}_bp",
            examples=(f"curve_{name}_bp",),
            unit="basis points",
            formula=f"10-year Treasury yield - {words} yield, as known at the close",
            inputs=inputs,
            rules=rules,
            make=lambda p: spread,
        ),
        Family(
            form=f"curve_{name}_change_{{n}}_bp",
            examples=(f"curve_{name}_change_20_bp",),
            unit="basis points",
            formula=f"curve_{name}_bp - its value {{n}} sessions before; above zero where the curve steepened",
            inputs=inputs,
            rules=("R28",),
            ranges={"n": (1, 252)},
            warm_up=WarmUp(plus_n=True),
            make=lambda p: lambda h: ind.change_over(spread(h), p.n),
        ),
        Family(
            form=f"curve_{name}_change_{{n}}_z",
            examples=(f"curve_{name}_change_20_z",),
            unit="standard deviations",
            formula=f"curve_{name}_change_{{n}}_bp / sample standard deviation of its last 252 values, this one included",
            inputs=inputs,
            rules=("R28",),
            ranges={"n": (1, LONGEST_CHANGE)},
            warm_up=WarmUp(sessions=ind.TRADING_DAYS - 1, plus_n=True),
            make=lambda p: lambda h: change_in_deviations(spread(h), p.n),
        ),
    )


def _vx(
    form: str, unit: str, formula: str, inputs: tuple[str, ...], rules: tuple[str, ...], read: Callable[[History], Floats]
) -> Family:
    return Family(form=form, examples=(form,), unit=unit, formula=formula, inputs=inputs, rules=rules, make=lambda p: read)


FAMILIES: tuple[Family, ...] = (
    _vx(
        "vx_front",
        "VIX points",
        "settle of the nearest monthly VX contract that does not expire today",
        ("vx",),
        ("R30", "R34"),
        lambda h: vx_ranks(h, 1)[0],
    ),
    Family(
        form="vx_slope_{a}_{b}",
        examples=("vx_slope_1_2", "vx_slope_1_4"),
        unit="ratio",
        formula="VX{b} / VX{a} - 1, settles of the monthly contracts by rank, VX1 = vx_front; above zero in contango",
        inputs=("vx",),
        rules=("R30",),
        rising=("a", "b"),
        make=lambda p: lambda h: vx_slope(h, p.numbers["a"], p.numbers["b"]),
    ),
    _vx(
        "vx_front_to_vix",
        "ratio",
        "vx_front / VIX close",
        ("vx", "vix_close"),
        ("R30",),
        lambda h: ind.ratio(vx_ranks(h, 1)[0], h.vix_close),
    ),
    _vx(
        "vx_roll_yield_pct",
        "per cent a year",
        "100 (VX2 / VX1 - 1) 365 / days between their expiries; above zero in contango, where holding VX costs it",
        ("vx",),
        ("R29", "R30"),
        vx_roll_yield_pct,
    ),
    _vx(
        "vx_funding_pct",
        "per cent a year",
        "vx_roll_yield_pct - 100 x bill rate",
        ("vx", "bill_rate"),
        ("R29",),
        lambda h: vx_roll_yield_pct(h) - 100.0 * h.bill_rate,
    ),
    *_steepness("2s10s", "dgs2", "2-year", ("R28",)),
    *_steepness("3m10y", "dgs3mo", "3-month", ("R28", "R29")),
    Family(
        form="dgs10_change_{n}_bp",
        examples=("dgs10_change_20_bp",),
        unit="basis points",
        formula="10-year Treasury yield - its value {n} sessions before, as known at the closes",
        inputs=("yields.dgs10",),
        rules=("R38",),
        ranges={"n": (1, 252)},
        warm_up=WarmUp(plus_n=True),
        make=lambda p: lambda h: BASIS_POINTS * ind.change_over(yield_of(h, "dgs10"), p.n),
    ),
)
